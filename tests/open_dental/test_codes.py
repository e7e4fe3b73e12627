import csv
from collections import defaultdict

import pytest

from include.open_dental import schema
from include.open_dental.codes import CodeList, code_list, labels, number
from include.settings import DBT_PROJECT


@pytest.fixture(scope="module")
def held() -> dict[str, CodeList]:
    return {
        f"{table.name}.{column.name}": codes
        for table in schema.tables().values()
        for column in table.columns
        if (codes := code_list(table.name, column.name))
    }


def test_every_list_of_numbers_is_the_documented_one_of_its_column(
    held: dict[str, CodeList],
) -> None:
    documented = {
        f"{table.name}.{column.name}": set(schema.enums()[column.enum].values())
        for table in schema.tables().values()
        for column in table.columns
        if column.enum is not None
    }
    numbers = {name: set(one.numbers) for name, one in held.items() if one.numbers}
    assert len(numbers) > 250
    assert numbers == {name: documented[name] for name in numbers}


def test_the_code_dictionary_of_the_dbt_project_knows_the_same_codes(
    held: dict[str, CodeList],
) -> None:
    dictionary = defaultdict(set)
    with (DBT_PROJECT / "seeds" / "open_dental_codes.csv").open(newline="") as lines:
        for row in csv.DictReader(lines):
            # The dictionary spells texts as staging does, in upper case.
            dictionary[row["code_list"]].add(row["code"])
    lists = {one.name: one for one in held.values()}
    shared = dictionary.keys() & lists.keys()
    assert {"ProcStat", "ApptStatus", "ClaimProcStatus", "ClaimStatus", "InsPlanType"} <= shared
    for name in shared:
        codes = {*map(str, lists[name].numbers), *map(str.upper, lists[name].texts)}
        assert dictionary[name] == codes, name


def test_bit_sets_and_free_columns_have_no_list() -> None:
    assert code_list("emailmessage", "HideIn") is None
    assert code_list("patient", "LName") is None


def test_names_are_found_in_any_case() -> None:
    assert code_list("PROCEDURELOG", "procstatus") == CodeList("ProcStat", tuple(range(1, 9)))
    assert code_list("Claim", "CLAIMTYPE") == CodeList(
        "ClaimType", texts=("P", "S", "PreAuth", "Other", "Cap")
    )


def test_a_text_list_that_the_schema_has_too_is_stored_by_its_names() -> None:
    for name in ("ClaimTrackingType", "StmtType"):
        assert labels(name).keys() == schema.enums()[name].keys()


def test_a_label_has_a_number() -> None:
    assert number("ProcStat", "C") == 2
    with pytest.raises(KeyError):
        number("ProcStat", "Complete")
