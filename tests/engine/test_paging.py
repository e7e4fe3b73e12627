"""Pages of a key at the edges of its type, and what reading them costs and leaves on the server."""

from __future__ import annotations

import pytest

from include.engine import EngineConnections, context, load
from include.engine.verify import verify_table
from include.ops.load_results import Attempt
from include.source import session as source_session
from tests.engine.oracle import assert_equal
from tests.engine.practice import Practice


@pytest.mark.parametrize(
    ("key", "values"),
    [
        ("A bigint", "(-9223372036854775808), (-1), (0), (1), (9223372036854775807)"),
        ("A bigint unsigned", "(0), (9223372036854775807), (9223372036854775808), "
         "(18446744073709551615)"),
        ("A int zerofill", "(0), (2147483648), (4294967295)"),
        ("A year", "(0000), (1901), (2155)"),
        ("A uuid", "('00000001-7b1d-11ee-8001-0242ac120001'), "
         "('ffffffff-7b1c-11ee-8001-0242ac120001'), ('018bcfe5-6871-7abc-8def-0123456789ab'), "
         "('aaaaaaaa-aaaa-4aaa-aaaa-aaaaaaaaaaaa')"),
        ("A inet4", "('0.0.0.0'), ('10.0.0.9'), ('200.0.0.1'), ('255.255.255.255')"),
        ("A inet6", "('::'), ('::ffff:10.0.0.1'), ('2001:db8::1'), ('ffff::')"),
        ("A decimal(20, 2)", "(-3.5), (0), (99999999999999999.25)"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("before", ["", "Z varchar(5) collate utf8mb4_bin default 'x', "])
@pytest.mark.parametrize("after", ["", ", B smallint default -7"])
def test_every_page_is_one_row(
    practice: Practice, key: str, values: str, before: str, after: str
) -> None:
    names = [part.split()[0] for part in (before, key, after.lstrip(", ")) if part]
    practice.execute(
        f"create table T ({before}{key}{after}, N int not null default 0, "
        f"primary key ({', '.join(names)}))",
        f"insert into T (A) values {values}",
    )
    table = practice.config("T", chunk_rows=1)
    assert practice.load(table).inserted == values.count("(")
    practice.execute("update T set N = 1")
    assert practice.load(table).changed == values.count("(")
    assert practice.load(table).moved == 0
    assert_equal(practice.source, practice.warehouse, "T")
    assert verify_table(practice.source, practice.warehouse, table).is_equal


def test_one_statement_serves_all_pages_between_the_first_and_the_last(practice: Practice) -> None:
    practice.execute(
        "create table T (Id int primary key, N int)",
        "insert into T select seq, seq from seq_1_to_1000",
        "create table Text (Id varchar(9) primary key)",
        "insert into Text select seq from seq_1_to_300",
    )
    tables = [practice.config(name, chunk_rows=10) for name in ("T", "Text")]
    for table in tables:
        practice.load(table)
    practice.execute("update T set N = -N", "delete from Text where Id like '1%'")

    with (
        EngineConnections(practice.source, practice.warehouse) as connections,
        source_session.connect(practice.source) as counting,
        counting.cursor() as cursor,
    ):

        def status(name: str) -> int:
            cursor.execute(f"show global status like '{name}'")
            return int((cursor.fetchone() or ())[1])

        prepared, held = status("Com_stmt_prepare"), status("Prepared_stmt_count")
        assert load(connections, Attempt(practice.run_id, tables[0])).chunks_read == 100
        assert status("Com_stmt_prepare") - prepared == 3
        load(connections, Attempt(practice.run_id, tables[1]))
        assert status("Prepared_stmt_count") == held
    assert_equal(practice.source, practice.warehouse, "Text")


def test_the_last_chunk_of_a_growing_table_does_not_grow_with_it(
    practice: Practice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(context, "PAGE_BYTES", 10_000)
    practice.execute(
        "create table T (Id int auto_increment primary key, Note varchar(100)) engine=myisam",
        "insert into T (Note) select repeat('x', 100) from seq_1_to_90",
    )
    table = practice.config("T", chunk_rows=1000)
    practice.load(table)
    for _ in range(20):
        practice.execute("insert into T (Note) select repeat('y', 100) from seq_1_to_30")
        assert practice.load(table).inserted == 30
        assert practice.load(table).chunks_changed == 0
    sizes = [size for (size,) in practice.query("select row_count from ops.chunk order by ordinal")]
    assert sum(sizes) == 690
    # A page is some 90 rows; a chunk is cut once it holds twice as many.
    assert max(sizes) <= 2 * 90 + 30
    assert_equal(practice.source, practice.warehouse, "T")

    # One that doubles over night is cut in the same night, and changed rows only are written.
    practice.execute(
        "insert into T (Note) select repeat('z', 100) from seq_1_to_2000",
        "update T set Note = 'shorter' where Id in (1, 300, 689)",
    )
    load = practice.load(table)
    assert (load.inserted, load.changed) == (2000, 3)
    assert practice.query("select max(row_count) < 200 from ops.chunk") == [(True,)]
    assert practice.load(table).chunks_changed == 0
    assert_equal(practice.source, practice.warehouse, "T")
