"""Every cell of every mart against the second calculation of its report, on 300 hostile offices."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from include.endpoints import Endpoint
from tests.transform.equality.calculations import calculate, compared_marts
from tests.transform.equality.comparison import MartComparison
from tests.transform.equality.keys import SNAPSHOTS
from tests.transform.equality.reduction import golden_ledger, reduce
from tests.transform.equality.warehouse import BuildError, BuiltOffice, OfficeWarehouse
from tests.transform.offices import SEEDS, random_office
from tests.transform.reports.practice import Practice

pytestmark = pytest.mark.soak

OFFICES = 300
LONGEST_PAST_DAYS = 400
MARTS = compared_marts()
MARTS_WITH_SNAPSHOTS = [mart for mart in MARTS if mart in SNAPSHOTS]


@pytest.fixture(scope="module")
def warehouse(
    postgres: Endpoint, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[OfficeWarehouse]:
    opened = OfficeWarehouse(postgres, tmp_path_factory.mktemp("offices"))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def reduced() -> set[str]:
    """The marts of which a reduced office was written already: one of each is enough to read."""
    return set()


@pytest.mark.parametrize("seed", range(SEEDS.stop, SEEDS.stop + OFFICES))
def test_every_cell_of_every_mart_of_many_offices(
    warehouse: OfficeWarehouse, reduced: set[str], tmp_path: Path, seed: int
) -> None:
    office = random_office(seed)
    wrong = _wrong_marts(warehouse.build(office), MARTS)
    if MARTS_WITH_SNAPSHOTS:
        past = office.today - timedelta(days=1 + seed % LONGEST_PAST_DAYS)
        built = warehouse.build(office, as_of=past, marts=MARTS_WITH_SNAPSHOTS)
        wrong += _wrong_marts(built, MARTS_WITH_SNAPSHOTS)
    told = []
    for built, compared in wrong:
        told.append(str(compared))
        if compared.mart not in reduced:
            reduced.add(compared.mart)
            ledger = _smallest_ledger(warehouse, built, compared.mart)
            (tmp_path / f"{compared.mart}_of_seed_{seed}.yml").write_text(ledger)
            told.append(ledger)
    if told:
        pytest.fail("\n".join(told), pytrace=False)


def _wrong_marts(
    built: BuiltOffice, marts: Sequence[str]
) -> list[tuple[BuiltOffice, MartComparison]]:
    compared = [built.compare(mart) for mart in marts]
    return [(built, one) for one in compared if one.differences]


def _smallest_ledger(warehouse: OfficeWarehouse, built: BuiltOffice, mart: str) -> str:
    """Return a golden ledger of the smallest office on which the mart is wrong in the same way."""
    as_of = built.day.as_of

    def is_wrong(practice: Practice) -> bool:
        try:
            smaller = warehouse.build(practice, as_of=as_of, marts=[mart])
            return bool(smaller.compare(mart).differences)
        except BuildError:
            return False

    practice = reduce(
        built.practice, read=warehouse.lineage.marts()[mart] | {"preference"}, is_wrong=is_wrong
    )
    expected = calculate(mart, practice, as_of=as_of)
    day = as_of if mart in SNAPSHOTS else None
    return golden_ledger(practice, mart=mart, as_of=day, expected=expected)
