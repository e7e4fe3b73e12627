"""Faults at every moment, at many bytes, and all at once for long."""

from __future__ import annotations

import logging
import multiprocessing
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from include.endpoints import Endpoint
from include.errors import PipelineError, SourceError, WarehouseError
from tests.engine.faults.crashing import CrashingSource, CrashingWarehouse
from tests.engine.faults.cuts import break_refreshes
from tests.engine.faults.kills import CASES, kill_first_loads, kill_refreshes
from tests.engine.faults.moments import EVERY, at_moment, commit_batches_of, killed_at
from tests.engine.faults.range_kills import kill_ranges
from tests.engine.faults.subject import MARK, SHAPES, Subject, told
from tests.engine.practice import Practice, open_practice, writing
from tests.missing import skipped_where_missing

pytestmark = pytest.mark.soak

SEED = 20261122
CUTS = 30
CRASHES = 25
ROUNDS = 60
# About: what is behind a load's last moment happens to nobody.
MOMENTS_OF_A_LOAD = 100
CHANCE = random.Random(SEED)  # noqa: S311  # reproducible, not secret
# Moments of two loads differ by a few: what is behind the last one ends undisturbed.
FEW = 12


@pytest.fixture
def practice(source: Endpoint, warehouse: Endpoint) -> Practice:
    return open_practice(source, warehouse)


@pytest.mark.parametrize(("shape", "batch_rows"), CASES)
def test_a_first_load_killed_at_every_moment_is_mended(
    practice: Practice, monkeypatch: pytest.MonkeyPatch, shape: str, batch_rows: int
) -> None:
    commit_batches_of(batch_rows, monkeypatch)
    assert kill_first_loads(practice, shape, EVERY) > FEW


@pytest.mark.parametrize(("shape", "batch_rows"), CASES)
def test_a_refresh_killed_at_every_moment_is_mended(
    practice: Practice, monkeypatch: pytest.MonkeyPatch, shape: str, batch_rows: int
) -> None:
    commit_batches_of(batch_rows, monkeypatch)
    assert kill_refreshes(practice, shape, EVERY) > FEW


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("victim", ["source", "warehouse"])
@pytest.mark.parametrize("batch_rows", [40, 1_000_000])
def test_connections_cut_at_many_bytes_are_mended(
    practice: Practice,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    *,
    victim: str,
    shape: str,
    batch_rows: int,
) -> None:
    caplog.set_level(logging.DEBUG)
    commit_batches_of(batch_rows, monkeypatch)
    places = [CHANCE.random() for _ in range(CUTS)]
    errors = break_refreshes(practice, shape, victim=victim, places=places)
    assert len(errors) > CUTS
    kind = SourceError if victim == "source" else WarehouseError
    assert {type(error) for error in errors} == {kind}
    assert MARK not in caplog.text


@pytest.mark.parametrize("is_first", [True, False])
def test_ranges_killed_at_every_moment_are_mended(
    practice: Practice, monkeypatch: pytest.MonkeyPatch, *, is_first: bool
) -> None:
    commit_batches_of(40, monkeypatch)
    assert kill_ranges(practice, EVERY, is_first=is_first) > FEW


@pytest.fixture
def crashing(
    server_directory: Path,
) -> Iterator[tuple[CrashingSource, CrashingWarehouse]]:
    with skipped_where_missing():
        source = CrashingSource(server_directory / "crashing-source")
        warehouse = CrashingWarehouse(server_directory / "crashing-warehouse")
    yield source, warehouse
    source.server.stop()
    warehouse.server.stop()


def test_servers_that_crash_at_random_moments_are_mended(
    crashing: tuple[CrashingSource, CrashingWarehouse],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    source, warehouse = crashing
    endpoint = source.server.endpoint
    with writing(endpoint.with_database("mysql")) as cursor:
        cursor.execute("create database practice character set utf8mb4")
    practice = open_practice(endpoint.with_database("practice"), warehouse.server.endpoint)
    commit_batches_of(40, monkeypatch)
    subjects = [Subject(practice, f"T_{shape}", shape) for shape in SHAPES]
    for subject in subjects:
        subject.create()
        subject.load()
    failed = 0
    for _ in range(CRASHES):
        subject = CHANCE.choice(subjects)
        subject.edit()
        # What the practice has written is on its disk; a crash of MyISAM is another matter.
        practice.execute("flush tables")
        victim = CHANCE.choice([source.crash, warehouse.crash])
        with at_moment(CHANCE.randint(1, MOMENTS_OF_A_LOAD), victim):
            try:
                practice.load(subject.config)
            except PipelineError as error:
                failed += 1
                subject.hold_no_value_was_recorded(told(error))
        subject.hold_what_readers_see()
        subject.hold_what_the_next_load_mends()
    assert failed > CRASHES // 3
    assert MARK not in caplog.text


def test_two_loaders_of_one_table_that_are_killed_in_turn_double_nothing(
    practice: Practice, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit_batches_of(40, monkeypatch)
    subject = Subject(practice, "T", "number")
    subject.create()
    subject.load()
    context = multiprocessing.get_context("fork")
    killed = 0
    for _ in range(ROUNDS):
        subject.edit()
        config = subject.config
        other = context.Process(target=practice.load, args=(config,))
        other.start()
        moment = CHANCE.randint(1, MOMENTS_OF_A_LOAD)
        killed += killed_at(moment, lambda: practice.load(config))  # noqa: B023
        other.join(120)
        assert other.exitcode == 0
        subject.hold_what_readers_see()
        subject.hold_what_the_next_load_mends()
    assert killed > ROUNDS // 4
