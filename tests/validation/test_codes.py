from include.demo import facts
from include.validation.codes import code_list, columns_with_lists


def test_every_list_is_the_documented_one_of_an_existing_column() -> None:
    columns = {
        f"{table.name}.{column.name}".lower()
        for table in facts.tables().values()
        for column in table.columns
    }
    assert set(columns_with_lists()) <= columns
    for name in ("ProcStat", "ApptStatus", "ClaimProcStatus", "PatientStatus"):
        used = [code_list(*one.split(".")) for one in columns_with_lists()]
        [numbers] = {codes.numbers for codes in used if codes is not None and codes.name == name}
        assert set(numbers) == set(facts.enums()[name].values())


def test_codes_that_open_dental_writes_as_text_are_known_with_their_spelling() -> None:
    claim_status = code_list("claim", "ClaimStatus")
    assert claim_status is not None
    assert set("UHWSRIPA") == set(claim_status.labels)


def test_bit_sets_and_free_columns_have_no_list() -> None:
    assert code_list("emailmessage", "HideIn") is None
    assert code_list("patient", "LName") is None
