"""A practice of the size of a real one: its volumes, its books, and its life afterwards."""

from __future__ import annotations

import json
import multiprocessing
import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pymysql
import pytest

from include.endpoints import Endpoint
from include.source import session
from include.source.session import SourceConnection
from simulator import PracticePlan, advance, build, memory, natural_years
from tests.simulator import accounts
from tests.simulator.volumes import PATIENTS, TOLERANCE, VOLUMES

pytestmark = pytest.mark.soak

UNTIL = date(2026, 11, 20)
PLAN = PracticePlan(PATIENTS, natural_years(PATIENTS), seed=1, until=UNTIL)
MOST_MEMORY_MB = 2_048
LARGEST_MEMORY_FILE_MB = 100
TOTAL_ROWS = 20_500_000


@pytest.fixture(scope="module")
def practice(mariadb: Endpoint, tmp_path_factory: pytest.TempPathFactory) -> tuple[Endpoint, Path]:
    """The practice as a process of its own has built it, and the path of its truth."""
    endpoint = mariadb.with_database("practice_of_35000")
    truth = tmp_path_factory.mktemp("practice") / "truth.json"
    _in_a_process(_build, endpoint, truth)
    return endpoint, truth


def _build(endpoint: Endpoint, truth: Path) -> None:
    build(endpoint, PLAN, truth=truth)
    _check_memory()


def _advance(endpoint: Endpoint, truth: Path) -> None:
    advance(endpoint, days=7, truth=truth)
    _check_memory()


def _check_memory() -> None:
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    assert used < MOST_MEMORY_MB, f"{used:.0f} MB"


def _in_a_process(work: Callable[[Endpoint, Path], None], endpoint: Endpoint, truth: Path) -> None:
    process = multiprocessing.get_context("spawn").Process(target=work, args=(endpoint, truth))
    process.start()
    process.join()
    assert process.exitcode == 0


def _truth(path: Path) -> dict[str, Any]:
    truth: dict[str, Any] = json.loads(path.read_text())
    return truth


@contextmanager
def _whole_answers(endpoint: Endpoint) -> Iterator[SourceConnection]:
    """Connect without the limit that the product sets to the memory of an answer."""
    with pymysql.connect(
        host=endpoint.host,
        port=endpoint.port,
        user=endpoint.user,
        password=endpoint.password,
        database=endpoint.database,
        charset="utf8mb4",
    ) as connection:
        yield connection


def test_every_table_has_as_many_rows_as_in_a_real_practice(
    practice: tuple[Endpoint, Path],
) -> None:
    with session.connect(practice[0]) as connection, connection.cursor() as cursor:
        counted = {}
        for table in VOLUMES:
            cursor.execute(f"select count(*) from {session.quote(table)}")
            counted[table] = int((cursor.fetchone() or (0,))[0])
    off = {
        table: (counted[table], wanted)
        for table, wanted in VOLUMES.items()
        if abs(counted[table] - wanted) > TOLERANCE * wanted
    }
    assert off == {}
    assert abs(sum(counted.values()) - TOTAL_ROWS) < TOLERANCE * TOTAL_ROWS


def test_its_books_agree_with_the_rows_to_the_cent(practice: tuple[Endpoint, Path]) -> None:
    endpoint, path = practice
    truth = _truth(path)
    assert truth["patients"] >= PATIENTS
    with _whole_answers(endpoint) as connection:
        accounts.assert_figures_agree(connection, truth)
        accounts.assert_aging_agrees(connection, truth)


def test_it_lives_on_from_a_memory_that_is_soon_read(practice: tuple[Endpoint, Path]) -> None:
    endpoint, path = practice
    assert memory.path_of(path).stat().st_size < LARGEST_MEMORY_FILE_MB * 1_000_000
    _in_a_process(_advance, endpoint, path)
    truth = _truth(path)
    assert truth["last_day"] == (UNTIL + timedelta(days=7)).isoformat()
    with _whole_answers(endpoint) as connection:
        accounts.assert_figures_agree(connection, truth)
        accounts.assert_aging_agrees(connection, truth)
