"""Every cell of every mart against the second calculation of its report, on hostile offices."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import pytest

import simulator
from include.endpoints import Endpoint
from include.warehouse.session import connect
from tests.engine.practice import writing
from tests.transform.equality.calculations import compared_marts
from tests.transform.equality.keys import SNAPSHOTS
from tests.transform.equality.replication import replicate
from tests.transform.equality.source import read_practice
from tests.transform.equality.warehouse import BuiltOffice, OfficeWarehouse
from tests.transform.offices import SEEDS, bare_practices, random_office

MARTS = compared_marts()
# Every provider is deleted, one of three clinics hidden, and of each column that names rows of
# another table up to 30 references dangle.
LOST = random_office(2, lost_references=30)
OTHERS = {**bare_practices(), "lost references": LOST}
SIMULATED = simulator.PracticePlan(patients=60, years=2, seed=6, until=date(2026, 6, 30))
MARTS_WITH_SNAPSHOTS = [mart for mart in MARTS if mart in SNAPSHOTS]


@pytest.fixture(scope="module")
def warehouse(
    postgres: Endpoint, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[OfficeWarehouse]:
    opened = OfficeWarehouse(postgres, tmp_path_factory.mktemp("offices"))
    yield opened
    opened.close()


@pytest.fixture(scope="module", params=[*SEEDS, *OTHERS])
def office(warehouse: OfficeWarehouse, request: pytest.FixtureRequest) -> BuiltOffice:
    practice = OTHERS.get(request.param) or random_office(request.param)
    return warehouse.build(practice)


@pytest.fixture(scope="module")
def simulated_office(
    warehouse: OfficeWarehouse, mariadb: Endpoint, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[BuiltOffice]:
    """A small simulated practice, whose rows hang together as those of real ones do."""
    source = mariadb.with_database("simulated_office")
    simulator.build(source, SIMULATED, truth=tmp_path_factory.mktemp("simulated") / "truth.json")
    yield warehouse.build(read_practice(source, SIMULATED.until))
    with writing(source) as cursor:
        cursor.execute("drop database simulated_office")


@pytest.fixture(scope="module", params=SEEDS)
def past_office(warehouse: OfficeWarehouse, request: pytest.FixtureRequest) -> BuiltOffice:
    """The snapshots of an office as of a day whose buckets have edges where today's have some."""
    practice = random_office(request.param)
    as_of = practice.today - timedelta(days=(1, 30, 31, 60)[request.param % 4])
    return warehouse.build(practice, as_of=as_of, marts=MARTS_WITH_SNAPSHOTS)


@pytest.mark.parametrize("mart", MARTS)
def test_every_cell_of_a_mart_is_the_one_of_the_second_calculation(
    office: BuiltOffice, mart: str
) -> None:
    _require_equality(office, mart)


@pytest.mark.parametrize("mart", MARTS)
def test_a_practice_that_lives_by_the_rules_has_the_same_marts(
    simulated_office: BuiltOffice, mart: str
) -> None:
    _require_equality(simulated_office, mart)


@pytest.mark.parametrize("mart", MARTS_WITH_SNAPSHOTS)
def test_a_past_day_is_aged_as_the_second_calculation_ages_it(
    past_office: BuiltOffice, mart: str
) -> None:
    _require_equality(past_office, mart)


@pytest.fixture(scope="module")
def replicated_office(
    mariadb: Endpoint, postgres: Endpoint, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[BuiltOffice]:
    """The office of lost references, from its own database through the whole pipeline."""
    source = mariadb.with_database("replicated_office")
    with connect(postgres, autocommit=True) as connection:
        connection.execute("create database replicated_office")
    directory = tmp_path_factory.mktemp("replicated")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DENTAL_DATA_DOCS_DIRECTORY", str(directory / "docs"))
        yield replicate(LOST, source, postgres.with_database("replicated_office"), directory)
    with connect(postgres, autocommit=True) as connection:
        connection.execute("drop database replicated_office with (force)")
    with writing(source) as cursor:
        cursor.execute("drop database replicated_office")


@pytest.mark.parametrize("mart", MARTS)
def test_an_office_that_was_discovered_loaded_and_validated_gives_the_same_marts(
    replicated_office: BuiltOffice, mart: str
) -> None:
    _require_equality(replicated_office, mart)


def _require_equality(office: BuiltOffice, mart: str) -> None:
    compared = office.compare(mart)
    if compared.differences:
        pytest.fail(str(compared), pytrace=False)
