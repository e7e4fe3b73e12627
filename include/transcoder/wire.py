"""The column definitions that the server sends with a result; they decide the encoding of its rows.

The types are those of the MySQL client/server protocol.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

BINARY_CHARACTER_SET = 63
# MySQL's and MariaDB's limit for a table, and so for a result that we ask for.
MOST_COLUMNS = 4096
_UNSIGNED_FLAG = 0x20


class WireType(IntEnum):
    """Type codes of column definitions. Texts, enums and sets arrive as one of the strings."""

    DECIMAL = 0
    TINY = 1
    SHORT = 2
    LONG = 3
    FLOAT = 4
    DOUBLE = 5
    NULL = 6
    TIMESTAMP = 7
    LONGLONG = 8
    INT24 = 9
    DATE = 10
    TIME = 11
    DATETIME = 12
    YEAR = 13
    NEWDATE = 14
    VARCHAR = 15
    BIT = 16
    JSON = 245
    NEWDECIMAL = 246
    ENUM = 247
    SET = 248
    TINY_BLOB = 249
    MEDIUM_BLOB = 250
    LONG_BLOB = 251
    BLOB = 252
    VAR_STRING = 253
    STRING = 254
    GEOMETRY = 255


_LENGTH_BYTES = {0xFC: 2, 0xFD: 3, 0xFE: 8}


class MalformedPacketError(Exception):
    """A packet that is not what the protocol has at this place."""


@dataclass(frozen=True, slots=True)
class WireColumn:
    """One column of a result; `length` is the display width in bytes."""

    name: str
    type_code: int
    is_unsigned: bool
    character_set: int
    length: int
    decimals: int


def parse_column(packet: bytes) -> WireColumn:
    """Parse the payload of a column definition packet (protocol 4.1); MalformedPacketError."""
    position = 0
    texts = []
    # catalog, schema, table, original table, name, original name
    for _ in range(6):
        length, position = read_length(packet, position)
        texts.append(packet[position : position + length])
        position += length
    _, position = read_length(packet, position)
    fields = packet[position : position + 10]
    if len(fields) < 10:
        raise MalformedPacketError
    try:
        name = texts[4].decode()
    except UnicodeDecodeError:
        raise MalformedPacketError from None
    return WireColumn(
        name=name,
        type_code=fields[6],
        is_unsigned=bool(int.from_bytes(fields[7:9], "little") & _UNSIGNED_FLAG),
        character_set=int.from_bytes(fields[0:2], "little"),
        length=int.from_bytes(fields[2:6], "little"),
        decimals=fields[9],
    )


def read_length(packet: bytes | memoryview, position: int) -> tuple[int, int]:
    """Return a length-encoded integer and the position after it; MalformedPacketError."""
    if position >= len(packet):
        raise MalformedPacketError
    first = packet[position]
    if first < 0xFB:
        return first, position + 1
    end = position + 1 + _LENGTH_BYTES.get(first, len(packet))
    if end > len(packet):
        raise MalformedPacketError
    return int.from_bytes(packet[position + 1 : end], "little"), end
