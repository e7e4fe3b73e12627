from __future__ import annotations

import pytest

from include.engine.verify import verify_table
from tests.engine.oracle import assert_equal
from tests.engine.practice import Practice

# Each step is what practices do to rows between two loads; {b} is how column B is made up.
STEPS = (
    (
        "update {t} set Note = concat(Note, '!') where A = 40",
        "delete from {t} where A in (1, 77, 200)",
        "update {t} set A = A + 5000 where A between 90 and 95",
    ),
    (
        "insert into {t} select A + 9000, B, Note, Day from {t} where A between 10 and 30",
        "insert into {t} select -A, B, Note, Day from {t} where A between 100 and 110",
        "update {t} set B = {b9} where A = 40",
        "delete from {t} where A between 120 and 180",
    ),
    ("truncate {t}",),
    ("insert into {t} select seq, {b}, concat('again ', seq), '2024-05-05' from seq_1_to_150 s",),
    (
        "delete from {t}",
        "insert into {t} select seq, {b}, concat('third ', seq), '2024-06-06' from seq_50_to_250 s",
    ),
)
NUMBERS = {"b": "seq % 7", "b9": "900"}
# Case, trailing space, accents and emoji: equal or ordered otherwise in the source than by bytes.
TEXTS = {
    "b": "elt(1 + seq % 7, 'a', 'B', 'c ', 'Éa', 'zz', '_', '\U0001f9b7')",
    "b9": "'C'",
}
BYTES = {
    "b": "unhex(elt(1 + seq % 7, '', '00', '0000', 'ff', '5c', '27', '61'))",
    "b9": "x'7f'",
}
SHAPES = {
    "one column": ("A int, B int, Note text, Day date, primary key (A)", NUMBERS),
    "composite": ("A int, B int, Note text, Day date, primary key (A, B)", NUMBERS),
    "decimal": ("A decimal(10,2), B int, Note text, Day date, primary key (A, B)", NUMBERS),
    "unique index": ("A int not null, B int, Note text, Day date, unique key U (A)", NUMBERS),
    "text": (
        "A int, B varchar(20) collate utf8mb4_general_ci, Note text, Day date, primary key (B, A)",
        TEXTS,
    ),
    "latin text": (
        "A int, B varchar(20) character set utf8mb3 collate utf8mb3_unicode_ci, Note text, "
        "Day date, primary key (A, B)",
        {
            **TEXTS,
            "b": TEXTS["b"].replace("\U0001f9b7", "q"),
        },
    ),
    "binary": ("A int, B varbinary(20), Note text, Day date, primary key (B, A)", BYTES),
    "enum key": (
        "A int, B enum('x','900','b','c','d','e','f') not null, Note text, Day date, "
        "primary key (B, A)",
        {**NUMBERS, "b": "1 + seq % 7", "b9": "2"},
    ),
    "no key": ("A int, B int, Note text, Day date", NUMBERS),
    "nullable unique": ("A int null, B int, Note text, Day date, unique key U (A, B)", NUMBERS),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_after_every_kind_of_edit_both_sides_are_equal(practice: Practice, shape: str) -> None:
    definition, values = SHAPES[shape]
    engine = "MyISAM" if len(shape) % 2 else "InnoDB"
    practice.execute(
        f"create table T ({definition}) engine={engine} character set utf8mb4",
        "insert into T select seq, {b}, concat('note ', seq), '2024-01-01' "
        "from seq_1_to_200 s".format(**values),
    )
    table = practice.config("T", chunk_rows=30)
    practice.load(table)
    assert_equal(practice.source, practice.warehouse, "T")
    for step in STEPS:
        practice.execute(*(statement.format(t="T", **values) for statement in step))
        load = practice.load(table)
        rows = assert_equal(practice.source, practice.warehouse, "T")
        assert load.rows_read == rows
        assert load.moved > 0
        assert verify_table(practice.source, practice.warehouse, table).is_equal
        before = practice.raw_versions(table)
        again = practice.load(table)
        assert again.moved == 0
        assert practice.raw_versions(table) == before
    assert practice.query("select row_count from ops.table_state") == [(rows,)]


def test_an_insert_changes_one_chunk_and_chunks_split_and_merge(practice: Practice) -> None:
    practice.execute(
        "create table T (Id int primary key, Note text)",
        "insert into T select seq * 10, 'x' from seq_1_to_1000",
    )
    table = practice.config("T", chunk_rows=50)
    practice.load(table)
    practice.execute("insert into T values (4321, 'new')")
    load = practice.load(table)
    assert (load.chunks_changed, load.inserted, load.moved) == (1, 1, 1)
    # 150 rows into a range that held 50.
    practice.execute("insert into T select seq, 'many' from seq_5001_to_5499 where seq % 10 > 6")
    assert practice.load(table).inserted == 150
    assert practice.query("select max(row_count) <= 100 from ops.chunk") == [(True,)]
    practice.execute("delete from T where Id between 1000 and 9000 and Id % 100 > 0")
    practice.load(table)
    practice.load(table)
    rows = practice.query("select lo, hi, row_count from ops.chunk order by ordinal")
    assert len(rows) < 12
    assert rows[0][0] is None
    assert rows[-1][1] is None
    assert [row[1] for row in rows[:-1]] == [row[0] for row in rows[1:]]
    assert all(row[2] for row in rows)
    assert_equal(practice.source, practice.warehouse, "T")


def test_a_tombstone_keeps_the_row_and_comes_back_alive(practice: Practice) -> None:
    practice.execute(
        "create table T (Id int primary key, Note text)", "insert into T values (1,'a'), (2,'b')"
    )
    table = practice.config("T")
    first = practice.load(table)
    practice.execute("delete from T where Id = 1")
    gone = practice.load(table)
    assert (gone.deleted, gone.moved) == (1, 1)
    assert practice.query(
        "select id, note, _batch_id, _deleted_at = _loaded_at from raw.t order by id"
    ) == [(1, "a", gone.batch_id, True), (2, "b", first.batch_id, None)]
    practice.execute("insert into T values (1, 'a')")
    back = practice.load(table)
    assert (back.undeleted, back.moved) == (1, 1)
    assert practice.query("select _batch_id, _deleted_at from raw.t where id = 1") == [
        (back.batch_id, None)
    ]
    assert first.batch_id < gone.batch_id < back.batch_id


def test_affected_names_old_and_new_values_of_moved_rows_only(practice: Practice) -> None:
    practice.execute(
        "create table T (Id int primary key, PatNum bigint, At datetime, Note text)",
        "insert into T values (1,10,'2024-01-01 10:00:00','a'), (2,20,'2024-02-02','b'), "
        "(3,30,'0000-00-00','c'), (4,40,'2024-04-04','d')",
    )
    table = practice.config("T", restate_by=("PatNum", "At"))
    practice.load(table)
    practice.execute(
        "update T set At = '2024-03-03 08:00:00' where Id = 1",
        "delete from T where Id = 2",
        "update T set PatNum = 31 where Id = 3",
    )
    load = practice.load(table)
    assert practice.query(
        "select column_name, value from ops.affected "
        f"where batch_id = {load.batch_id} order by 1, 2"
    ) == [
        ("at", "2024-01-01"),
        ("at", "2024-02-02"),
        ("at", "2024-03-03"),
        ("patnum", "10"),
        ("patnum", "20"),
        ("patnum", "30"),
        ("patnum", "31"),
    ]
