"""Months of edits that no front desk makes, under models that restate the accounts that moved."""

from __future__ import annotations

import random
from datetime import date
from pathlib import Path

import pytest

import simulator
from include.endpoints import Endpoint
from include.transform.manifest import bake_manifest
from tests.transform.restating import restated_practice

pytestmark = pytest.mark.soak

ROUNDS = 25
NOWHERE = Endpoint("postgres", "localhost", 5432, "nobody", "", "nowhere")


@pytest.mark.parametrize("seed", range(1, 5))
def test_after_each_of_many_rounds_the_rows_are_those_of_a_full_build(
    mariadb: Endpoint, postgres: Endpoint, tmp_path: Path, seed: int
) -> None:
    plan = simulator.PracticePlan(patients=250, years=1, seed=seed, until=date(2026, 6, 30))
    manifest = bake_manifest(tmp_path / "baked", NOWHERE)
    chance = random.Random(seed)  # noqa: S311
    with restated_practice(
        plan, mariadb=mariadb, postgres=postgres, manifest=manifest, directory=tmp_path
    ) as practice:
        for number in range(ROUNDS):
            practice.edit(chance, edits=1 + number % 12)
            if number % 5 == 4:
                simulator.advance(practice.source, days=1, truth=tmp_path / "truth.json")
            practice.refresh()
            assert practice.build().return_code == 0
            assert (number, practice.wrong()) == (number, {})
