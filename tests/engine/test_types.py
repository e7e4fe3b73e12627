from __future__ import annotations

import pytest

from tests.engine.hostile_rows import COLUMNS, HOSTILE, ROWS
from tests.engine.oracle import assert_equal
from tests.engine.practice import Practice


@pytest.mark.parametrize("engine", ["MyISAM", "InnoDB"])
def test_every_type_arrives_value_by_value(practice: Practice, engine: str) -> None:
    practice.execute(
        HOSTILE.format(engine=engine),
        *(
            f"insert into Hostile ({COLUMNS}) values ({row})".replace("\\U0001f9b7", "\U0001f9b7")
            for row in ROWS
        ),
    )
    table = practice.config("Hostile", chunk_rows=2)

    load = practice.load(table)

    assert (load.rows_read, load.inserted) == (5, 5)
    assert assert_equal(practice.source, practice.warehouse, "Hostile") == 5
    assert practice.query(
        "select column_name, rule, value_count from ops.substitution order by 1, 2"
    ) == [
        ("at", "impossible_date", 1),
        ("at", "zero_date", 1),
        ("atfine", "impossible_date", 2),
        ("born", "impossible_date", 1),
        ("born", "zero_date", 1),
        ("fixed", "nul_character", 1),
        ("name", "nul_character", 1),
        ("stamp", "zero_date", 1),
    ]
    before = practice.raw_versions(table)
    assert practice.load(table).moved == 0
    assert practice.load(table, mode="full").moved == 0
    assert practice.raw_versions(table) == before


def test_doubles_and_floats_keep_every_bit(practice: Practice) -> None:
    practice.execute("create table F (Id int primary key auto_increment, D double, R float)")
    practice.execute(
        "insert into F (D, R) select (rand(seq) - 0.5) * pow(10, cast(seq as signed) % 600 - 300), "
        "(rand(seq + 9999) - 0.5) * pow(10, cast(seq as signed) % 70 - 35) from seq_1_to_5000"
    )
    table = practice.config("F")
    practice.load(table)
    assert_equal(practice.source, practice.warehouse, "F")
    practice.execute("update F set D = 0.3, R = 0.1 where Id = 7")
    assert practice.load(table).changed == 1
    # One unit in the last place: a text of 6 or 15 digits would not show it.
    practice.execute("update F set D = 0.30000000000000004, R = 0.10000000894069672 where Id = 7")
    assert practice.load(table).changed == 1
    assert_equal(practice.source, practice.warehouse, "F")
