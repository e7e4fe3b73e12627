import csv
import json
from collections import defaultdict

from include.open_dental.schema import SCHEMA_FILE
from include.settings import DBT_PROJECT
from include.validation.codes import code_list, columns_with_lists


def test_every_list_of_numbers_is_the_documented_one_of_its_column() -> None:
    facts = json.loads(SCHEMA_FILE.read_text())
    documented = {
        f"{table}.{column['name']}".lower(): set(facts["enums"][column["enum"]].values())
        for table, described in facts["tables"].items()
        for column in described["columns"]
        if "enum" in column
    }
    held = {name: code_list(*name.split(".")) for name in columns_with_lists()}
    numbers = {name: set(one.numbers) for name, one in held.items() if one and one.numbers}
    assert len(numbers) > 250
    assert numbers == {name: documented[name] for name in numbers}


def test_the_code_dictionary_of_the_dbt_project_knows_the_same_codes() -> None:
    dictionary = defaultdict(set)
    with (DBT_PROJECT / "seeds" / "open_dental_codes.csv").open(newline="") as lines:
        for row in csv.DictReader(lines):
            # The dictionary spells texts as staging does, in upper case.
            dictionary[row["code_list"]].add(row["code"])
    held = {one.name: one for name in columns_with_lists() if (one := code_list(*name.split(".")))}
    shared = dictionary.keys() & held.keys()
    assert {"ProcStat", "ApptStatus", "ClaimProcStatus", "ClaimStatus"} <= shared
    for name in shared:
        codes = {*map(str, held[name].numbers), *map(str.upper, held[name].labels)}
        assert dictionary[name] == codes, name


def test_bit_sets_and_free_columns_have_no_list() -> None:
    assert code_list("emailmessage", "HideIn") is None
    assert code_list("patient", "LName") is None
