"""The benchmark's reader is the limit that the engine is held against: it must read everything."""

from __future__ import annotations

import pymysql
import pytest

from bench import wire_reader
from bench.servers import writing
from include.endpoints import Endpoint

# The packets behind the last row, as they would look inside of a cell.
LOOKALIKE = b"\x05\x00\x00\x02\xfe\x00\x00\x22\x00\x07\x00\x00\x01\x00\x00\x00\x02\x00\x00\x00"


@pytest.fixture
def table(source: Endpoint) -> Endpoint:
    with writing(source, source.database) as cursor:
        cursor.execute("create table t (id int primary key, v longblob)")
        cursor.executemany(
            "insert into t values (%s, %s)",
            [(n, bytes([n % 256]) * (n * 7 % 3000)) for n in range(2000)],
        )
        cursor.execute("insert into t values (5000, %s)", (LOOKALIKE * 3,))
    return source


def expected_bytes(source: Endpoint) -> int:
    """Count the bytes of the rows' packets as the protocol defines them."""
    total = 0
    with writing(source, source.database) as cursor:
        cursor.execute("select length(v) from t")
        for (length,) in cursor.fetchall():
            prefix = 1 if length < 251 else 3 if length < 65536 else 4
            # header, packet type, bitmap of NULLs, the integer, the blob with its length
            total += 4 + 1 + 1 + 4 + prefix + length
    return total


def test_every_byte_of_every_row_is_read(table: Endpoint) -> None:
    size, _ = wire_reader.read(table, ["select id, v from t", "select id, v from t"])
    assert size == 2 * expected_bytes(table)


def test_the_hash_moves_with_one_bit(table: Endpoint) -> None:
    _, before = wire_reader.read(table, ["select id, v from t"])
    _, again = wire_reader.read(table, ["select id, v from t"])
    with writing(table, table.database) as cursor:
        cursor.execute("update t set id = 6000 where id = 5000")
    _, after = wire_reader.read(table, ["select id, v from t"])
    assert before == again
    assert before != after


def test_a_statement_that_the_server_refuses_is_an_error(table: Endpoint) -> None:
    with pytest.raises(pymysql.MySQLError):
        wire_reader.read(table, ["select nothing from t"])
