"""Bytes that are no characters, as files of MyISAM hold them that old servers wrote."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from include.catalog.model import SubstitutionRule
from include.engine.verify import verify_table
from include.errors import StructureError
from tests.engine.practice import Practice, writing

# In latin1: an é alone, one before a letter, and one that is a character of UTF-8 by chance.
NOTES = ("caf\xe9", "\xe9t\xe9", "\xc3\xa9", "plain", "")
EXPECTED = [(1, "caf?"), (2, "?t?"), (3, "é"), (4, "plain"), (5, "")]


# Of each character set: what its bytes arrive as, where some stand for no character ...
UNCONVERTED = {
    "cp932": {b"a\xff": "a?", b"\x81?@": "??@", b"\xf0": "?"},
    "gbk": {b"\xd6\xd0\xff?": "中??", b"\xff": "?"},
    "big5": {b"\xa4\xa4\xff": "中?", b"\x81": "?"},
    "euckr": {b"\xb0\xa1\xff": "가?"},
    "ujis": {b"\xa4\xa2\xff": "あ?"},
    "hebrew": {b"\xe0\xa1": "א?", b"?\xff?": "???"},
    "greek": {b"\xe1\xff": "\u03b1?"},
    "cp1250": {b"\xe1\x81": "á?"},
    "cp1251": {b"\xe0\x98": "\u0430?"},
    "cp1257": {b"\xe0\xa1": "ą?"},
}
# ... and where all do, though the server would write some with other bytes (the second of these).
CONVERTED = {
    "cp932": {b"?\x82\xa0?": "?あ?", b"\x87\x90?": "≒?", b"": ""},
    "gbk": {b"\xd6\xd0??": "中??"},
    "greek": {b"?\xe1": "?\u03b1"},
}


def make(
    practice: Practice, written: str, declared: str, notes: Sequence[str | bytes] = NOTES
) -> None:
    """Create T, whose declared character set is not that of the bytes in its file."""
    for name, declaration in (("Old", written), ("T", declared)):
        practice.execute(
            f"create table {name} (Id int not null, Note {declaration} not null, "
            f"Other varchar(9) default 'ü', primary key (Id)) engine=MyISAM character set latin1"
        )
    with writing(practice.source) as cursor:
        for number, note in enumerate(notes, start=1):
            cursor.execute("insert into Old (Id, Note) values (%s, %s)", (number, note))
        cursor.execute("flush tables")
        cursor.execute("select @@datadir, database()")
        row = cursor.fetchone()
        assert row is not None
        directory = Path(row[0]) / row[1]
        for ending in ("MYD", "MYI"):
            shutil.copyfile(directory / f"Old.{ending}", directory / f"T.{ending}")
        cursor.execute("flush tables")


@pytest.mark.parametrize("character_set", ["utf8mb3", "utf8mb4", "ascii"])
def test_bytes_that_are_no_characters_are_counted_question_marks(
    practice: Practice, character_set: str
) -> None:
    make(practice, "text", f"text character set {character_set}")
    table = practice.config("T", chunk_rows=2)
    practice.load(table)
    assert practice.query("select id, note from raw.t order by id") == EXPECTED
    assert practice.query(
        "select column_name, rule, value_count from ops.substitution where value_count > 0"
    ) == [("note", "invalid_text", 2)]
    assert verify_table(practice.source, practice.warehouse, table).is_equal
    practice.execute("update T set Other = 'x' where Id = 1", "delete from T where Id = 2")
    load = practice.load(table)
    assert (load.changed, load.deleted) == (1, 1)
    assert practice.query("select sum(value_count) from ops.substitution where run_id > 0") == [
        (1,)
    ]
    assert practice.load(table).moved == 0


@pytest.mark.parametrize("character_set", UNCONVERTED)
def test_what_the_server_cannot_convert_is_counted(practice: Practice, character_set: str) -> None:
    odd, plain = UNCONVERTED[character_set], CONVERTED.get(character_set, {})
    make(practice, "blob", f"text character set {character_set}", [*odd, *plain])
    table = practice.config("T")
    practice.load(table)
    expected = list(enumerate([*odd.values(), *plain.values()], start=1))
    assert practice.query("select id, note from raw.t order by id") == expected
    assert practice.query(
        "select column_name, rule, value_count from ops.substitution where value_count > 0"
    ) == [("note", "invalid_text", len(odd))]
    assert verify_table(practice.source, practice.warehouse, table).is_equal
    assert practice.load(table).moved == 0


def test_in_a_key_what_the_server_cannot_convert_fails_the_table(practice: Practice) -> None:
    practice.execute(
        "create table T (Note varchar(9) character set hebrew primary key)",
        "insert into T values ('a'), (_hebrew x'e0a1'), ('b')",
    )
    with pytest.raises(StructureError, match=r"belongs to the key and holds .*invalid"):
        practice.load(practice.config("T"))
    assert practice.query("select count(*) from raw.t") == [(0,)]


def test_they_can_be_forbidden(practice: Practice) -> None:
    make(practice, "text", "text character set utf8mb3")
    table = replace(practice.config("T"), failing_rules=(SubstitutionRule.INVALID_TEXT,))
    with pytest.raises(StructureError, match="note: 2 by rule invalid_text"):
        practice.load(table)


@pytest.mark.parametrize("chunk_rows", [1, 100])
def test_in_a_key_they_fail_the_table(practice: Practice, chunk_rows: int) -> None:
    # The server takes half a pair of surrogates for a character.
    practice.execute(
        "create table T (Note varchar(9) character set utf8mb3 primary key)",
        "insert into T values ('a'), (_utf8mb3 x'eda0bd'), ('b')",
    )
    with pytest.raises(StructureError, match=r"belongs to the key and holds .*invalid"):
        practice.load(practice.config("T", chunk_rows=chunk_rows))
    assert practice.query("select count(*) from raw.t") == [(0,)]
