"""Measure the source's limit: read tables in the binary protocol and hash the bytes.

It shares no code with the engine. The result of one prepared statement per table is read into one
buffer, whose bytes are hashed by XXH3-128; rows are not parsed. The end of a result is recognised
by the answer to a ping: it is sent right after the statement, and the server answers it after the
rows. `python -m bench.wire_reader` reads a request per line, as `bench.worker` does.
"""

from __future__ import annotations

import json
import struct
import sys
import time
from typing import Any

import xxhash
from pymysql.constants import COMMAND

from include import settings
from include.endpoints import Endpoint
from include.source import session as source_session

COM_STMT_PREPARE = 0x16
COM_STMT_EXECUTE = 0x17
BUFFER_BYTES = 1 << 20
# The end-of-rows packet and the answer to the ping; the bytes between vary.
_END_OF_ROWS = b"\x05\x00\x00"
_OK = b"\x07\x00\x00\x01\x00\x00\x00"
_TAIL = 9 + 11


def read(endpoint: Endpoint, statements: list[str]) -> tuple[int, str]:
    """Run the statements; return the number of bytes that were received, and their hash."""
    digest = xxhash.xxh3_128()
    size = 0
    with source_session.connect(endpoint) as connection:
        for statement in statements:
            size += _drain(connection, statement, digest)
    return size, digest.hexdigest()


def _drain(connection: Any, statement: str, digest: Any) -> int:
    connection._execute_command(COM_STMT_PREPARE, statement)
    answer = connection._read_packet()._data
    number, columns, _ = struct.unpack_from("<IHH", answer, 1)
    _skip(connection, columns)
    connection._execute_command(COM_STMT_EXECUTE, struct.pack("<IBI", number, 0, 1))
    connection._read_packet()
    _skip(connection, columns)
    connection._sock.sendall(b"\x01\x00\x00\x00" + bytes([COMMAND.COM_PING]))
    buffer = bytearray(BUFFER_BYTES)
    view = memoryview(buffer)
    # What PyMySQL's own buffer has already taken from the socket comes first.
    first = connection._rfile.read1(BUFFER_BYTES)
    digest.update(first)
    size, tail = len(first), first[-_TAIL:]
    while not _is_end(tail):
        count = connection._sock.recv_into(buffer)
        if count == 0:
            raise ConnectionError("the source closed the connection before the last row")
        digest.update(view[:count])
        size += count
        tail = (tail + bytes(view[max(0, count - _TAIL) : count]))[-_TAIL:]
    connection._next_seq_id = 0
    return size - _TAIL


def _skip(connection: Any, columns: int) -> None:
    """Read the definitions of a result's columns and the packet that ends them."""
    for _ in range(columns + 1):
        connection._read_packet()


def _is_end(tail: bytes) -> bool:
    return (
        len(tail) == _TAIL
        and tail.startswith(_END_OF_ROWS)
        and tail[4] == 0xFE
        and tail[9 : 9 + len(_OK)] == _OK
    )


def main() -> None:
    """Answer requests until the input ends."""
    _answer({"idle_bytes": 0})
    for line in sys.stdin:
        request = json.loads(line)
        endpoint = settings.source_endpoint().with_database(request["database"])
        started, cpu = time.perf_counter(), time.process_time()
        size, digest = read(endpoint, request["statements"])
        _answer(
            {
                "seconds": time.perf_counter() - started,
                "cpu": time.process_time() - cpu,
                "bytes": size,
                "hash": digest,
            }
        )


def _answer(answer: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
