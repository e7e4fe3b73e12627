import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event

from include.catalog.model import ReferenceOrigin, Tier
from include.errors import TerminalError
from tests.validation.loaded_warehouse import PATIENT, PROCEDURE, LoadedWarehouse, column, table

ALL_KINDS = {
    "not_null procnum": 1,
    "unique procnum": 2,
    "code procstatus": 2,
    "date procdate": 3,
    "finite procfee": 3,
    "reference patnum": 2,
}


def test_flawless_tables_are_publishable_with_quality_one(loaded: LoadedWarehouse) -> None:
    verdict = loaded.validate()
    assert verdict.blocked == {}
    assert verdict.qualities == {"procedurelog": 1.0}
    assert loaded.gate("procedurelog") == (True, None)
    assert loaded.gate("patient") == (False, "never loaded")  # of another tier


def test_a_table_exactly_at_its_threshold_is_publishable(loaded: LoadedWarehouse) -> None:
    loaded.execute("update raw.procedurelog set procstatus = 99 where procnum <= 10")
    assert loaded.validate().qualities == {"procedurelog": 0.99}
    assert loaded.gate("procedurelog") == (True, None)


def test_one_row_below_the_threshold_blocks_the_table_and_says_which_rules_it_broke(
    loaded: LoadedWarehouse,
) -> None:
    loaded.execute("update raw.procedurelog set procstatus = 99 where procnum <= 11")
    verdict = loaded.validate()
    reason = (
        "quality 0.9890 is below its threshold 0.99: 11 of 1000 rows break a rule. procstatus "
        "holds no code of the list ProcStat: 11 rows. Correct these rows in the source, or set "
        "tables.procedurelog.quality_threshold in overrides.yml to what you tolerate."
    )
    assert verdict.blocked == {"procedurelog": reason}
    assert loaded.gate("procedurelog") == (False, reason)


def test_a_row_that_breaks_several_rules_counts_once(loaded: LoadedWarehouse) -> None:
    loaded.execute(
        "update raw.procedurelog set procstatus = 99, procdate = '1500-01-01', procfee = 'NaN',"
        " patnum = 4000 where procnum <= 8"
    )
    loaded.execute("update raw.procedurelog set procfee = '-Infinity' where procnum = 9")
    assert loaded.validate().qualities == {"procedurelog": 0.991}
    assert loaded.breaches("procedurelog") == {
        "code procstatus": 8,
        "date procdate": 8,
        "finite procfee": 9,
        "reference patnum": 8,
    }


def test_every_kind_of_breach_is_counted_where_it_is(loaded: LoadedWarehouse) -> None:
    for assignment, rows in {
        "procnum = null": "1",
        "procnum = 3": "2",  # row 3 has it already
        "procstatus = 0": "10",
        "procstatus = 9": "11",
        "procdate = '1879-12-31'": "20",
        "procdate = make_date(extract(year from now())::int + 101, 1, 1)": "21",
        "procdate = '0001-01-02'": "22",
        "procfee = 'NaN'": "30",
        "procfee = 'Infinity'": "31",
        "procfee = '-Infinity'": "32",
        "patnum = 101": "40",
        "patnum = 7": "41",  # whose patient is a tombstone
    }.items():
        loaded.execute(f"update raw.procedurelog set {assignment} where note = '{rows}'")
    loaded.execute("update raw.procedurelog set patnum = 8 where patnum = 7 and note <> '41'")
    loaded.execute("update raw.patient set _deleted_at = now() where patnum = 7")
    loaded.load("patient")
    assert loaded.validate().qualities == {"procedurelog": 0.987}
    assert loaded.breaches("procedurelog") == {**ALL_KINDS, "quality": 13}


@pytest.mark.parametrize("key", [(), ("ProcStatus", "ProcNum")], ids=["none", "another"])
def test_the_documented_key_is_judged_where_the_source_has_lost_it(
    loaded: LoadedWarehouse, key: tuple[str, ...]
) -> None:
    loaded.start_run(PATIENT, replace(PROCEDURE, key=key))
    loaded.execute(
        "update raw.procedurelog set procnum = nullif((procnum + 1) / 2, 1) where procnum <= 20"
    )
    loaded.load("patient", "procedurelog")
    assert loaded.validate().blocked.keys() == {"procedurelog"}
    breaches = loaded.breaches("procedurelog")
    assert (breaches["not_null procnum"], breaches["unique procnum"]) == (2, 18)


def test_what_open_dental_means_by_empty_or_none_is_no_breach(loaded: LoadedWarehouse) -> None:
    for assignment, row in {
        "procdate = '0001-01-01'": 1,
        "procdate = null, datetstamp = null, procfee = null, patnum = null, procstatus = null": 2,
        "procdate = '2200-01-01'": 3,
        "procdate = '9999-12-31'": 4,
        "procdate = '9999-01-01'": 10,
        "procdate = make_date(extract(year from now())::int + 100, 12, 31)": 5,
        "procdate = '1880-01-01'": 6,
        "patnum = 0": 7,
        "patnum = -1": 8,
        "procfee = -1": 9,
    }.items():
        loaded.execute(f"update raw.procedurelog set {assignment} where procnum = {row}")
    assert loaded.validate().qualities == {"procedurelog": 1.0}
    assert loaded.breaches("procedurelog") == {}


@pytest.mark.parametrize("origin", ReferenceOrigin)
def test_only_a_reference_that_somebody_told_counts(
    loaded: LoadedWarehouse, origin: ReferenceOrigin
) -> None:
    told = tuple(
        replace(one, reference_origin=origin) if one.references else one
        for one in PROCEDURE.columns
    )
    loaded.start_run(PATIENT, replace(PROCEDURE, columns=told))
    loaded.execute("update raw.procedurelog set patnum = 4000, procstatus = 99 where procnum <= 8")
    loaded.execute("update raw.procedurelog set patnum = 4000 where procnum between 9 and 600")
    loaded.load("patient", "procedurelog")
    verdict = loaded.validate()
    assert loaded.breaches("procedurelog")["reference patnum"] == 600
    assert verdict.qualities == {
        "procedurelog": 0.992 if origin is ReferenceOrigin.GUESSED else 0.4
    }
    [(effect,)] = loaded.execute(
        "select effect from ops.validation_result where check_name = 'reference'"
    )
    assert effect == ("finding" if origin is ReferenceOrigin.GUESSED else "blocks")
    assert bool(verdict.blocked) == (origin is not ReferenceOrigin.GUESSED)


def test_a_row_of_the_past_that_names_a_row_that_is_gone_is_a_finding(
    loaded: LoadedWarehouse,
) -> None:
    documented = ReferenceOrigin.DOCUMENTED
    history = table(
        "histappointment",
        "HistApptNum",
        column("ClaimNum", "bigint", "bigint", references="claim", reference_origin=documented),
    )
    claim = table("claim", "ClaimNum", tier=Tier.REFERENCE)
    loaded.start_run(history, claim)
    loaded.execute("insert into raw.claim values (1)")
    loaded.execute("insert into raw.histappointment values (1, 1), (2, 5), (3, 6), (4, 7)")
    loaded.load("histappointment", "claim")
    assert loaded.validate().qualities == {"histappointment": 1.0}
    assert loaded.breaches("histappointment") == {"reference claimnum": 3}


def test_tables_of_other_software_are_not_held_to_the_dates_and_codes_of_this_one(
    loaded: LoadedWarehouse,
) -> None:
    loaded.start_run(
        replace(
            PROCEDURE,
            key=("id",),
            columns=(column("id", "bigint", "bigint"), *PROCEDURE.columns[1:]),
        )
    )
    loaded.execute("alter table raw.procedurelog rename procnum to id")
    loaded.execute("update raw.procedurelog set procdate = '1066-10-14', procstatus = 99")
    loaded.load("procedurelog")
    assert loaded.validate().qualities == {"procedurelog": 1.0}
    assert loaded.breaches("procedurelog") == {}


def test_a_verdict_names_who_told_the_reference_and_how_it_is_taken_away(
    loaded: LoadedWarehouse,
) -> None:
    loaded.execute("update raw.procedurelog set patnum = 4000 where procnum <= 30")
    loaded.execute("update raw.procedurelog set procstatus = 99 where procnum between 30 and 70")
    assert loaded.validate().blocked == {
        "procedurelog": "quality 0.9300 is below its threshold 0.99: 70 of 1000 rows break a rule. "
        "procstatus holds no code of the list ProcStat: 41 rows; patnum names no row of patient "
        "(documented by the practice software): 30 rows. Correct these rows in the source, or set "
        "tables.procedurelog.quality_threshold in overrides.yml to what you tolerate. What is no "
        "reference is taken away there by tables.procedurelog.columns.PatNum.references: ''."
    }


def test_tombstones_are_not_judged(loaded: LoadedWarehouse) -> None:
    loaded.execute(
        "update raw.procedurelog set procstatus = 99, _deleted_at = now() where procnum <= 500"
    )
    loaded.load("procedurelog")
    assert loaded.validate().qualities == {"procedurelog": 1.0}


def test_an_empty_table_has_quality_one(loaded: LoadedWarehouse) -> None:
    loaded.execute("delete from raw.procedurelog")
    loaded.load("procedurelog")
    assert loaded.validate().qualities == {"procedurelog": 1.0}
    assert loaded.gate("procedurelog") == (True, None)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (
            "update ops.table_load set state = 'failed', error = 'the disk is full'"
            " where table_name = 'procedurelog'",
            "load failed: the disk is full",
        ),
        (
            "update ops.table_load set state = 'running' where table_name = 'procedurelog'",
            "load failed: it did not end; the task died, or still runs",
        ),
        (
            "update ops.table_state set state = 'loading' where table_name = 'procedurelog'",
            "its first load is not complete; the next refresh resumes it",
        ),
        (
            "insert into ops.quarantine values ('procedurelog', 'a key column is gone')",
            "quarantined: a key column is gone",
        ),
    ],
)
def test_a_table_that_was_not_loaded_whole_is_blocked_without_looking_at_its_rows(
    loaded: LoadedWarehouse, change: str, reason: str
) -> None:
    loaded.validate()
    loaded.execute(change)
    verdict = loaded.validate()
    assert verdict.blocked == {"procedurelog": reason}
    assert verdict.qualities == {}
    assert loaded.gate("procedurelog") == (False, reason)


def test_a_row_missing_from_raw_blocks_the_table_with_both_counts(loaded: LoadedWarehouse) -> None:
    loaded.execute("delete from raw.procedurelog where procnum = 500")
    verdict = loaded.validate()
    assert verdict.blocked["procedurelog"].startswith(
        "raw holds 999 living rows, but the engine recorded rows_read 1000, state_rows 1000, "
        "chunk_rows 1000."
    )
    assert loaded.breaches("procedurelog") == {"rows_read": 1, "state_rows": 1, "chunk_rows": 1}


def test_a_table_that_the_run_did_not_load_keeps_its_verdict(loaded: LoadedWarehouse) -> None:
    loaded.execute("update raw.procedurelog set procstatus = 99")
    before = loaded.validate().blocked
    loaded.start_run(PATIENT, PROCEDURE, requested=("patient",))
    loaded.load("patient")
    verdict = loaded.validate()
    assert (verdict.blocked, verdict.qualities) == ({}, {})
    assert loaded.gate("procedurelog") == (False, before["procedurelog"])
    assert loaded.validate(Tier.IMPORTANT).qualities == {"patient": 1.0}


def test_rows_newer_than_the_table_they_refer_to_are_not_held_against_it(
    loaded: LoadedWarehouse,
) -> None:
    # This run loads procedures only. Row 1 is older than the copy of the patients, so its patient
    # should be there; the others are newer and may name patients that the copy has not seen yet.
    loaded.start_run(PATIENT, PROCEDURE, phase=1)
    loaded.execute("update raw.procedurelog set patnum = 900, _loaded_at = now()")
    loaded.execute(
        "update raw.procedurelog set _loaded_at = loaded_at - interval '1 second'"
        " from ops.table_state where table_name = 'patient' and procnum = 1"
    )
    loaded.load("procedurelog")
    loaded.validate()
    assert loaded.breaches("procedurelog") == {"reference patnum": 1}


def test_a_check_that_another_part_of_the_run_recorded_stays(loaded: LoadedWarehouse) -> None:
    loaded.execute(
        "insert into ops.validation_result (run_id, table_name, source, check_name, is_passed,"
        " unexpected_count) values (%s, 'procedurelog', 'reconciliation', 'settled', false, 3)",
        loaded.run_id,
    )
    loaded.validate()
    assert loaded.breaches("procedurelog") == {"settled": 3}


def test_a_raw_table_that_does_not_fit_the_config_is_blocked_and_the_others_are_judged(
    loaded: LoadedWarehouse,
) -> None:
    loaded.start_run(replace(PATIENT, tier=Tier.CRITICAL), PROCEDURE)
    loaded.load("patient", "procedurelog")
    loaded.execute("alter table raw.procedurelog drop column procdate")
    verdict = loaded.validate()
    assert verdict.qualities == {"patient": 1.0}
    assert "expectations could not run" in verdict.blocked["procedurelog"]


def test_judging_again_after_a_repair_opens_the_gate(loaded: LoadedWarehouse) -> None:
    loaded.execute("update raw.procedurelog set procstatus = 99")
    assert loaded.validate().blocked
    loaded.execute("update raw.procedurelog set procstatus = 2")
    assert loaded.validate().blocked == {}
    assert loaded.gate("procedurelog") == (True, None)
    assert loaded.breaches("procedurelog") == {}


def test_a_validation_that_breaks_off_leaves_the_gate_closed(
    loaded: LoadedWarehouse, docs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert loaded.validate().blocked == {}
    loaded.load("procedurelog")
    docs.parent.joinpath("file").write_text("")
    monkeypatch.setenv("DENTAL_DATA_DOCS_DIRECTORY", str(docs.parent / "file" / "docs"))
    with pytest.raises(TerminalError, match="stay closed"):
        loaded.validate()
    assert loaded.gate("procedurelog") == (
        False,
        f"the validation of run {loaded.run_id} has not ended",
    )


def test_a_run_that_does_not_exist_is_a_terminal_error(loaded: LoadedWarehouse) -> None:
    loaded.run_id += 1
    with pytest.raises(TerminalError, match="every verdict stands"):
        loaded.validate()


def test_great_expectations_scans_a_table_once_and_takes_no_row_in(
    loaded: LoadedWarehouse,
) -> None:
    loaded.execute("alter table raw.procedurelog add primary key (procnum)")
    scans = []

    def look(_: Any, cursor: Any, statement: str, *__: Any) -> None:
        assert cursor.rowcount <= 1
        if not statement.endswith("limit 0"):
            scans.append(statement.count('"raw"."procedurelog"'))

    event.listen(Engine, "after_cursor_execute", look)
    try:
        loaded.validate()
    finally:
        event.remove(Engine, "after_cursor_execute", look)
    assert sum(scans) == 1
    [(rows,)] = loaded.execute(
        "select element_count from ops.validation_result where check_name = 'unique'"
    )
    assert rows == 1000


def test_no_row_value_and_no_password_reaches_pages_logs_or_ops(
    loaded: LoadedWarehouse,
    docs: Path,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    marks = {"2187-06-05", "7654321", "Hieronymus", "654.321"}
    one = replace(
        PATIENT,
        tier=Tier.CRITICAL,
        columns=(*PATIENT.columns, column("Balance", "double", "double precision")),
    )
    loaded.execute("drop table raw.patient")
    loaded.start_run(one, PROCEDURE)
    loaded.execute(
        "insert into raw.patient select n, 'Hieronymus', '2187-06-05', 98, 654.321"
        " from generate_series(1, 9) n"
    )
    loaded.execute("update raw.patient set patnum = 7654321")
    loaded.execute(
        "update raw.procedurelog set patnum = 7654321, note = 'Hieronymus', procstatus = 97,"
        " procdate = '2187-06-05'"
    )
    loaded.load("patient", "procedurelog")
    with caplog.at_level(logging.DEBUG):
        assert set(loaded.validate().blocked) == {"patient", "procedurelog"}
    ops = "".join(
        str(loaded.execute(f"select t::text from ops.{name} t"))
        for (name,) in loaded.execute("select tablename from pg_tables where schemaname = 'ops'")
    )
    pages = [path for path in docs.rglob("*") if path.is_file()]
    assert any(path.suffix == ".html" and "procedurelog" in path.read_text() for path in pages)
    written = "".join(path.read_text(errors="replace") for path in pages)
    said = caplog.text + "".join(capfd.readouterr())
    for mark in {*marks, loaded.endpoint.password}:
        assert mark not in written
        assert mark not in said
        assert mark not in ops
