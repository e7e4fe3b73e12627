"""What leaves the source, what is substituted, and what happens when the config changes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from include.catalog.model import CellExclusion, SubstitutionRule
from include.engine.chunks import content_salt
from include.engine.verify import verify_table
from include.errors import StructureError
from include.source.keys import paging_key
from include.source.statement import PreparedStatement, ResultBuffer
from tests.engine.oracle import Excluded, assert_equal
from tests.engine.practice import Practice


def test_excluded_columns_and_cells_never_leave_the_source(
    practice: Practice, monkeypatch: pytest.MonkeyPatch
) -> None:
    practice.execute(
        "create table Preference (Id int primary key, PrefName varchar(50) collate utf8mb4_bin, "
        "ValueString text, Comments text)",
        "insert into Preference values (1, 'PracticeTitle', 'shown', 'hidden-1'), "
        "(2, 'SmtpPassword', 'hidden-2', null), (3, 'PASSWORDsalt', 'hidden-3', ''), "
        "(4, null, 'shown', 'hidden-4')",
    )
    table = practice.config(
        "Preference",
        excluded=("Comments",),
        cells=(CellExclusion("ValueString", "PrefName", r"pass\S*(word)?"),),
    )
    seen: list[bytes] = []
    drain = PreparedStatement.drain

    def listening(
        self: PreparedStatement, buffer: ResultBuffer, *, byte_limit: int | None = None
    ) -> bool:
        is_end = drain(self, buffer, byte_limit=byte_limit)
        seen.extend(buffer.payload(row) for row in range(buffer.rows.count))
        return is_end

    monkeypatch.setattr(PreparedStatement, "drain", listening)
    practice.load(table)
    assert practice.query("select * from raw.preference limit 0") == []
    assert practice.query("select id, valuestring from raw.preference order by id") == [
        (1, "shown"),
        (2, None),
        (3, None),
        (4, "shown"),
    ]
    assert practice.query(
        "select string_agg(column_name, ',' order by ordinal_position) "
        "from information_schema.columns where table_schema = 'raw'"
    ) == [("id,prefname,valuestring,_loaded_at,_batch_id,_deleted_at",)]
    assert_equal(
        practice.source,
        practice.warehouse,
        "Preference",
        excluded=Excluded(("Comments",), [("ValueString", "PrefName", r"pass\S*(word)?")]),
    )
    assert verify_table(practice.source, practice.warehouse, table).is_equal
    assert len(seen) > 4
    assert not [row for row in seen if b"hidden" in row]

    # An edit of what is excluded moves nothing; excluding more takes the values away.
    practice.execute("update Preference set Comments = 'new', ValueString = 'x' where Id = 2")
    assert practice.load(table).moved == 0
    more = replace(table, excluded_cells=(CellExclusion("ValueString", "PrefName", "^p|pass"),))
    assert practice.load(more).changed == 1
    assert practice.query("select count(valuestring) from raw.preference") == [(1,)]


def test_substitutions_are_counted_over_the_rows_held_now(practice: Practice) -> None:
    practice.execute(
        "create table T (Id int primary key, Born date, Note text)",
        "insert into T select seq, if(seq % 10 = 0, '0000-00-00', '2020-01-01'), "
        "if(seq % 50 = 0, 'a\\0b', 'x') from seq_1_to_1000",
    )
    table = practice.config("T", chunk_rows=100)
    counted = "select column_name, rule, value_count from ops.substitution order by 1"
    practice.load(table)
    assert practice.query(counted) == [
        ("born", "zero_date", 100),
        ("note", "nul_character", 20),
    ]
    # Only two chunks are read past their hash; the counts cover all ten.
    practice.execute(
        "update T set Born = '2021-01-01' where Id = 10",
        "update T set Born = '2021-02-29' where Id = 500",
        "delete from T where Id = 20",
    )
    assert practice.load(table).chunks_changed == 2
    assert practice.query(counted) == [
        ("born", "impossible_date", 1),
        ("born", "zero_date", 97),
        ("note", "nul_character", 20),
    ]
    practice.execute("truncate T")
    practice.load(table)
    assert practice.query(counted) == []


@pytest.mark.parametrize(
    ("definition", "value", "rule"),
    [
        ("K date", "'0000-00-00'", "zero_date"),
        ("K varchar(20)", "'a\\0b'", "nul_character"),
    ],
)
def test_a_key_that_postgres_cannot_hold_fails_the_table(
    practice: Practice, definition: str, value: str, rule: str
) -> None:
    practice.execute(
        f"create table T ({definition} primary key, Note text)",
        f"insert into T values ({value}, 'x')",
    )
    with pytest.raises(StructureError, match=rf"T\.K: .*belongs to the key.*{rule}"):
        practice.load(practice.config("T"))
    assert practice.query("select count(*) from raw.t") == [(0,)]


def test_text_keys_that_the_source_takes_for_equal_are_told_apart_by_bytes(
    practice: Practice,
) -> None:
    practice.execute(
        "create table T (K varchar(20) collate utf8mb4_general_ci primary key, N int)",
        "insert into T values ('abc', 1), ('b ', 2), ('straße', 3), ('Z', 4), ('_', 5)",
    )
    table = practice.config("T", chunk_rows=2)
    practice.load(table)
    practice.execute(
        "update T set K = 'ABC' where N = 1",
        "update T set K = 'b' where N = 2",
        "update T set K = 'STRASSE' where N = 3",
    )
    load = practice.load(table)
    assert (load.inserted, load.deleted, load.changed) == (3, 3, 0)
    assert_equal(practice.source, practice.warehouse, "T")
    practice.execute("update T set K = 'abc' where N = 1")
    assert practice.load(table).undeleted == 1
    assert_equal(practice.source, practice.warehouse, "T")


def test_equal_rows_without_a_key_are_counted(practice: Practice) -> None:
    practice.execute(
        "create table T (A int, B text)",
        "insert into T values (1, 'x'), (1, 'x'), (1, 'x'), (2, null), (2, ''), (null, null)",
    )
    table = practice.config("T", restate_by=("A",))
    practice.load(table)
    practice.execute("delete from T where A = 1 limit 2", "insert into T values (2, null)")
    load = practice.load(table)
    assert (load.inserted, load.deleted, load.moved) == (1, 2, 3)
    assert_equal(practice.source, practice.warehouse, "T")
    practice.execute("insert into T values (1, 'x')")
    load = practice.load(table)
    assert (load.undeleted, load.moved) == (1, 1)
    assert_equal(practice.source, practice.warehouse, "T")
    assert practice.query(f"select value from ops.affected where batch_id = {load.batch_id}") == [
        ("1",)
    ]


def test_a_table_that_was_given_another_key_is_built_again(practice: Practice) -> None:
    practice.execute(
        "create table T (A int primary key, B int, Note text)",
        "insert into T select seq, seq % 3, 'x' from seq_1_to_50",
    )
    practice.load(practice.config("T"))
    practice.execute(
        "alter table T drop primary key, add primary key (B, A)",
        "insert into T values (1, 99, 'same A')",
    )
    load = practice.load(practice.config("T"))
    assert (load.rows_read, load.inserted) == (51, 51)
    assert_equal(practice.source, practice.warehouse, "T")
    practice.execute("alter table T drop primary key", "insert into T values (1, 99, 'same A')")
    load = practice.load(practice.config("T"))
    assert load.moved == 1
    assert assert_equal(practice.source, practice.warehouse, "T") == 52


def test_verify_finds_rows_by_key_and_shows_no_value(practice: Practice) -> None:
    practice.execute(
        "create table T (Id int primary key, Note text, Ratio float, At datetime(3))",
        "insert into T select seq, concat('n\\b\\t', seq), seq / 7, '2024-01-01 10:00:00.120' "
        "from seq_1_to_500",
    )
    table = practice.config("T", chunk_rows=100)
    practice.load(table)
    equal = verify_table(practice.source, practice.warehouse, table)
    assert equal.is_equal
    assert (equal.source_rows, equal.warehouse_rows) == (500, 500)
    practice.command("update raw.t set note = 'tampered' where id = 100")
    practice.command("delete from raw.t where id in (200, 201)")
    practice.command("insert into raw.t (id, _loaded_at, _batch_id) values (900, now(), 1)")
    found = verify_table(practice.source, practice.warehouse, table)
    assert (found.missing, found.surplus, found.different) == (2, 1, 1)
    assert found.keys == ("100", "200", "201", "900")
    assert "tampered" not in repr(found)


def test_names_that_mean_something_in_sql_are_only_names(practice: Practice) -> None:
    practice.execute(
        "create table `Order` (`kind` int, `Select` varchar(9), `page` int, `from` datetime, "
        '`a b` int, `q"uote` int, `%s {{x}}` int, primary key (`kind`, `Select`))',
        "insert into `Order` values (1, 'x', 1, now(), 1, 1, 1), (2, 'y', 2, now(), 2, 2, 2)",
    )
    table = practice.config("Order", restate_by=("kind", "from"))
    practice.load(table)
    practice.execute(
        "update `Order` set `a b` = 7, `%s {{x}}` = 8 where `kind` = 1",
        "delete from `Order` where `kind` = 2",
    )
    load = practice.load(table)
    assert (load.changed, load.deleted) == (1, 1)
    assert_equal(practice.source, practice.warehouse, "Order")
    assert verify_table(practice.source, practice.warehouse, table).is_equal


def test_a_substitution_that_the_config_forbids_fails_the_table(practice: Practice) -> None:
    practice.execute(
        "create table T (Id int primary key, Born date, Note text)",
        "insert into T values (1, '2020-01-01', 'a\\0b')",
    )
    strict = replace(practice.config("T"), failing_rules=(SubstitutionRule.ZERO_DATE,))
    assert practice.load(strict).inserted == 1
    practice.execute("insert into T values (2, '0000-00-00', 'x'), (3, '0000-00-00', 'x')")
    with pytest.raises(StructureError, match="born: 2 by rule zero_date"):
        practice.load(strict)
    assert practice.query("select id from raw.t") == [(1,)]
    # Forbidden later, it also counts for chunks that have not changed since.
    assert practice.load(practice.config("T")).inserted == 2
    with pytest.raises(StructureError, match="born: 2 by rule zero_date"):
        practice.load(strict)


def test_an_upgrade_does_not_compare_everything_again(practice: Practice) -> None:
    practice.execute("create table T (Id int primary key)")
    table = practice.config("T")
    salt = content_salt(table, paging_key(table))
    assert salt == (
        b'{"cells": [], "columns": [["Id", "int(11)", "integer"]], "key": ["id"], '
        b'"session": {"character_set_results": "utf8mb4", "sql_mode": "", "time_zone": "+00:00", '
        b'"tx_read_only": "1"}, "transcoder": "binary-1"}'
    )
