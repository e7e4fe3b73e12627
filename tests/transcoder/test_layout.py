"""What the server sends must be what the config says; otherwise the load stops before a row."""

from __future__ import annotations

from dataclasses import replace

import pytest

from include.catalog.model import CellExclusion, TableConfig
from include.errors import StructureError
from include.transcoder.layout import Field, Kind, RowLayout, plan_layout
from include.transcoder.wire import BINARY_CHARACTER_SET, WireColumn, WireType
from tests.transcoder.wire_rows import KINDS, LAYOUT, UTF8MB4, ColumnKind, config


def plan(kind: ColumnKind, **sent: object) -> Field:
    table = config(("Amount", kind))
    return plan_layout(table, [altered(kind, **sent)]).fields[0]


def altered(kind: ColumnKind, **sent: object) -> WireColumn:
    return replace(kind.sent("Amount"), **sent)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("configured", "sent", "seen"),
    [
        ("int(11)", {"type_code": WireType.LONGLONG}, "LONGLONG (length"),
        ("int(11)", {"is_unsigned": True}, "LONG unsigned"),
        ("tinyint(4)", {"type_code": WireType.SHORT, "is_unsigned": True}, "SHORT unsigned"),
        ("bigint(20)", {"is_unsigned": True}, "LONGLONG unsigned"),
        ("bigint(20) unsigned", {"is_unsigned": False}, "LONGLONG"),
        ("bigint(20)", {"type_code": WireType.NEWDECIMAL}, "NEWDECIMAL"),
        ("decimal(10,2)", {"type_code": WireType.LONG}, "LONG"),
        ("decimal(10,2)", {"decimals": 3}, "NEWDECIMAL (length 20, decimals 3"),
        ("float", {"type_code": WireType.DOUBLE}, "DOUBLE"),
        ("double", {"type_code": WireType.FLOAT}, "FLOAT"),
        ("bit(13)", {"length": 14}, "BIT unsigned (length 14"),
        ("date", {"type_code": WireType.DATETIME}, "DATETIME"),
        ("datetime(6)", {"type_code": WireType.TIMESTAMP}, "TIMESTAMP"),
        ("timestamp(6)", {"type_code": WireType.DATETIME}, "DATETIME"),
        ("time(6)", {"type_code": WireType.VAR_STRING}, "VAR_STRING"),
        ("mediumtext", {"character_set": BINARY_CHARACTER_SET}, "BLOB"),
        ("longblob", {"character_set": UTF8MB4}, "BLOB (length 20, decimals 0, text)"),
        ("mediumtext", {"type_code": WireType.GEOMETRY}, "GEOMETRY"),
        ("mediumtext", {"type_code": 99}, "99"),
    ],
)
def test_a_column_that_was_altered_since_discovery_is_refused(
    configured: str, sent: dict[str, object], seen: str
) -> None:
    kind = KINDS[configured]
    with pytest.raises(StructureError) as refusal:
        plan(kind, **sent)
    assert refusal.value.where == "Sample.Amount"
    text = refusal.value.message
    assert f"the config says {configured}, held as {kind.warehouse_type}" in text
    assert f"the server sends {seen}" in text
    assert "The next refresh follows what has changed" in text


def test_columns_must_come_in_the_order_of_the_config() -> None:
    number, text = KINDS["int(11)"], KINDS["mediumtext"]
    table = config(("A", number), ("B", text))
    with pytest.raises(StructureError, match="column 2 is B, the server sends b"):
        plan_layout(table, [number.sent("A"), text.sent("b")])
    with pytest.raises(StructureError, match="has 2 columns, the server sends 1"):
        plan_layout(table, [number.sent("A")])


def hiding(kind: ColumnKind) -> TableConfig:
    table = config(("Amount", kind))
    return replace(table, excluded_cells=(CellExclusion("Amount", "Name", "password"),))


def test_a_column_with_hidden_cells_may_come_as_a_wider_number() -> None:
    fields = [
        plan_layout(hiding(kind), [altered(kind, **sent)]).fields[0]
        for kind, sent in (
            (KINDS["tinyint(4)"], {"type_code": WireType.LONGLONG}),
            (KINDS["bigint(20) unsigned"], {"is_unsigned": False}),
            (KINDS["timestamp(6)"], {"type_code": WireType.DATETIME}),
        )
    ]
    assert fields == [
        Field(Kind.INT64, 2, True),
        Field(Kind.INT64, 0, True),
        Field(Kind.DATETIME, 0, True),
    ]


def test_bits_with_hidden_cells_are_refused_because_the_source_sends_text_for_them() -> None:
    kind = KINDS["bit(13)"]
    with pytest.raises(StructureError, match="Exclude the whole column"):
        plan_layout(hiding(kind), [kind.sent("Amount")])


def test_a_narrower_number_and_a_medium_one_are_taken() -> None:
    assert plan(KINDS["int(11)"], type_code=WireType.TINY).kind is Kind.INT8
    assert plan(KINDS["mediumint(8) unsigned"]) == Field(Kind.UINT32, 4, True)


def test_a_layout_for_some_columns_emits_them_alone() -> None:
    suffixed = LAYOUT.with_suffix(b"\0\0\0\1x", 1)
    assert suffixed.field_count == len(LAYOUT.fields) + 1
    some = suffixed.only([1, 3])
    assert [at for at, field in enumerate(some.fields) if field.is_emitted] == [1, 3]
    assert (some.field_count, some.suffix, some.suffix_count) == (2, b"", 0)
    assert [field.kind for field in some.fields] == [field.kind for field in LAYOUT.fields]


def test_a_parameter_that_no_type_has_is_refused() -> None:
    for kind, parameter in ((Kind.INT32, 3), (Kind.BITS, 0), (Kind.BITS, 65), (Kind.TEXT, 1)):
        with pytest.raises(ValueError, match=f"{kind.name} has no parameter {parameter}"):
            RowLayout((Field(kind, parameter, True),))
