"""A prepared statement in the binary protocol, whose result is read into memory as it comes.

The binary protocol costs the server the least per row and is the closest to PostgreSQL's binary
format. PyMySQL logs in and keeps the session; this module reads its socket directly, because
PyMySQL's cursors would unpack and convert every cell.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import pymysql
from pymysql.constants import COMMAND, CR, FIELD_TYPE

from include.source.packets import malformed, too_large
from include.source.session import READ_TIMEOUT_SECONDS, SourceConnection
from include.transcoder.core import Core, RowTable, ScanStatus
from include.transcoder.wire import (
    MOST_COLUMNS,
    MalformedPacketError,
    WireColumn,
    parse_column,
    read_length,
)

_PREPARE = COMMAND.COM_STMT_PREPARE
_EXECUTE = COMMAND.COM_STMT_EXECUTE
_CLOSE = COMMAND.COM_STMT_CLOSE
_LONGLONG = FIELD_TYPE.LONGLONG
_UNSIGNED = 0x80
_SIGNED_END = 1 << 63
_HEADER_BYTES = 4
_ERROR_PACKET = 0xFF
# With its number and a first letter.
_SHORTEST_ERROR = 4
_END_PACKET = 0xFE
_LONGEST_END_PACKET = 8
# A column's definition holds six names of 256 bytes at most.
_LONGEST_DEFINITION = 16 * 1024
# MySQL's largest packet, and PostgreSQL's largest row. A server that goes on sending a row beyond
# it would fill the memory.
ROW_LIMIT = 1 << 30
_SMALLEST_BUFFER = 256 * 1024
_LARGEST_STEP = 256 * 1024 * 1024
# The free room that a buffer must have before the socket is read.
_RECEIVE_BYTES = 64 * 1024


# A zero byte, the statement's number, and how many columns and parameters follow.
_PREPARED = struct.Struct("<BIHH")


class ResultBuffer:
    """The memory that one result is read into, reused for the next one.

    `data[first:end]` holds the row packets as received, and `rows` the position of each row's
    payload in `data`.
    """

    def __init__(self) -> None:
        self.data = bytearray(_SMALLEST_BUFFER)
        self.rows = RowTable(1)
        self.first = 0
        self.end = 0
        self.description = b""

    @property
    def columns(self) -> tuple[WireColumn, ...]:
        """The result's columns, from the definitions that came with it; pymysql.MySQLError."""
        columns = []
        position = 0
        while position < len(self.description):
            length = int.from_bytes(self.description[position : position + 3], "little")
            position += _HEADER_BYTES
            try:
                columns.append(parse_column(self.description[position : position + length]))
            except MalformedPacketError:
                raise malformed() from None
            position += length
        return tuple(columns)

    @property
    def byte_count(self) -> int:
        """The size of the row packets in bytes."""
        return self.end - self.first

    def payload(self, row: int) -> bytes:
        """Return a copy of one row's bytes."""
        start = self.rows.starts[row]
        return bytes(self.data[start : start + self.rows.lengths[row]])

    def reserve(self, row_count: int) -> None:
        """Make room for the positions of that many rows, and forget those that are there."""
        if self.rows.capacity < row_count:
            self.rows = RowTable(row_count)
        self.rows.reset()

    def empty(self) -> None:
        """Forget the rows, and keep the memory."""
        self.first = self.end = 0
        self.rows.reset()

    def grow(self) -> None:
        """Double the memory in its place, in steps of _LARGEST_STEP at most."""
        self.data += bytes(min(len(self.data), _LARGEST_STEP))


class PreparedStatement:
    """A prepared statement whose result can be read in parts; `close` must be called.

    It can be executed again once its result was read to the end. Every method raises
    pymysql.MySQLError; when the connection itself fails, or the server sends what is not the
    protocol, the connection is closed. One row takes ROW_LIMIT bytes of memory at most.
    """

    def __init__(
        self, connection: SourceConnection, core: Core, statement: str, buffer: ResultBuffer
    ) -> None:
        # The methods that are needed here are private to PyMySQL and have no annotations.
        private: Any = connection
        self._connection = private
        self._core = core
        self._position = self._filled = self._number = 0
        self._row_limit: int | None = None
        self._rest = b""
        self._is_open = self._is_cut = False
        self._send(_PREPARE, statement.encode())
        answer = self._packet(buffer)
        if len(answer) < _PREPARED.size or answer[0] != 0:
            raise self._malformed()
        _, self._id, columns, parameters = _PREPARED.unpack_from(answer)
        for count in (parameters, columns):
            self._skip_definitions(buffer, count)

    def execute(
        self, buffer: ResultBuffer, integers: Sequence[int] = (), *, row_limit: int | None = None
    ) -> None:
        """Execute the statement with these parameters, and read the columns of its result.

        `row_limit` is that of the statement: a server that sends more rows is not believed. The
        buffer must have been reserved for as many.
        """
        self._send(_EXECUTE, struct.pack("<IBI", self._id, 0, 1) + _packed(integers))
        self._row_limit = row_limit
        self._is_open = True
        try:
            count = read_length(self._packet(buffer), 0)[0]
        except MalformedPacketError:
            raise self._malformed() from None
        if count == 0:
            # A statement that has no result.
            raise self._malformed()
        start = self._position
        end = self._skip_definitions(buffer, count)
        buffer.description = bytes(buffer.data[start:end])
        buffer.first = buffer.end = self._position

    def drain(self, buffer: ResultBuffer, *, byte_limit: int | None = None) -> bool:
        """Read rows until the result ends; return whether it did.

        Returns False when `byte_limit` is reached, or `buffer.rows` is full of a result without a
        limit. The next call may pass another buffer.
        """
        if self._is_cut:
            self._put_rest(buffer)
        buffer.rows.reset()
        buffer.first = self._position
        while True:
            found = self._core.scan(
                buffer.data, self._position, self._filled, buffer.rows, number=self._number
            )
            self._position, self._filled = found.position, found.filled
            self._number = found.number
            buffer.end = self._position
            if found.status is ScanStatus.END:
                self._is_open = False
                return True
            if found.status is ScanStatus.ERROR:
                raise self._error(buffer.data, self._position)
            is_full = found.status is ScanStatus.FULL
            if found.status is ScanStatus.DISORDER or (is_full and self._row_limit is not None):
                raise self._malformed()
            is_enough = byte_limit is not None and buffer.byte_count >= byte_limit
            if is_full or is_enough:
                self._rest = bytes(memoryview(buffer.data)[self._position : self._filled])
                self._is_cut = True
                return False
            self._receive(buffer)

    def close(self) -> None:
        """Free the statement on the server; with a result half read, drop the session instead."""
        if self._is_open:
            self._connection._force_close()
        elif self._connection.open:
            # If the session has ended, the server has freed the statement.
            with suppress(pymysql.MySQLError):
                self._send(_CLOSE, struct.pack("<I", self._id))

    def _send(self, command: int, payload: bytes) -> None:
        self._connection._execute_command(command, payload)
        self._position = self._filled = 0
        self._number = 1

    def _put_rest(self, buffer: ResultBuffer) -> None:
        """Start a buffer with the bytes that were received after the rows of the last one."""
        while len(buffer.data) < len(self._rest) + _RECEIVE_BYTES:
            buffer.grow()
        buffer.data[: len(self._rest)] = self._rest
        self._position, self._filled = 0, len(self._rest)
        self._rest = b""
        buffer.first = buffer.end = 0

    def _skip_definitions(self, buffer: ResultBuffer, count: int) -> int:
        """Walk over the definitions of columns or parameters; return where the last one ends."""
        if count > MOST_COLUMNS:
            raise self._malformed()
        for _ in range(count):
            self._packet(buffer)
        end = self._position
        if count:
            packet = self._packet(buffer)
            if packet[0] != _END_PACKET or len(packet) > _LONGEST_END_PACKET:
                raise self._malformed()
        return end

    def _packet(self, buffer: ResultBuffer) -> bytes:
        """Read and return one packet that is not a row; such packets are short."""
        while True:
            body = self._position + _HEADER_BYTES
            if self._filled >= body:
                size = int.from_bytes(buffer.data[self._position : self._position + 3], "little")
                if not 0 < size <= _LONGEST_DEFINITION:
                    raise self._malformed()
                if self._filled >= body + size:
                    break
            self._receive(buffer)
        if buffer.data[body] == _ERROR_PACKET:
            raise self._error(buffer.data, self._position)
        if buffer.data[body - 1] != self._number:
            raise self._malformed()
        self._position = body + size
        self._number = (self._number + 1) % 256
        return bytes(buffer.data[body : self._position])

    def _receive(self, buffer: ResultBuffer) -> None:
        if self._filled - self._position > ROW_LIMIT:
            self._drop()
            raise too_large()
        if len(buffer.data) - self._filled < _RECEIVE_BYTES:
            buffer.grow()
        self._filled += _receive_into(self._connection, memoryview(buffer.data)[self._filled :])

    def _error(self, data: bytearray, position: int) -> pymysql.MySQLError:
        """Return the server's error; the connection stays open."""
        start = position + _HEADER_BYTES
        packet = bytes(
            data[start : start + int.from_bytes(data[position : position + 3], "little")]
        )
        self._is_open = False
        if len(packet) < _SHORTEST_ERROR:
            return self._malformed()
        try:
            pymysql.err.raise_mysql_exception(packet)
        except pymysql.MySQLError as error:
            return error

    def _malformed(self) -> pymysql.MySQLError:
        self._drop()
        return malformed()

    def _drop(self) -> None:
        self._is_open = False
        self._connection._force_close()


def _packed(integers: Sequence[int]) -> bytes:
    """Return the parameters of COM_STMT_EXECUTE: a bitmap without NULLs, types, 8-byte values."""
    if not integers:
        return b""
    types = [(_LONGLONG, _UNSIGNED if integer >= _SIGNED_END else 0) for integer in integers]
    return b"".join(
        [
            bytes((len(integers) + 7) // 8),
            b"\x01",
            *(bytes(one) for one in types),
            *(
                struct.pack("<Q" if flag else "<q", integer)
                for integer, (_, flag) in zip(integers, types, strict=True)
            ),
        ]
    )


def _receive_into(connection: Any, view: memoryview) -> int:
    # PyMySQL's own buffered reader is empty between commands, so its socket may be read directly.
    connection._sock.settimeout(READ_TIMEOUT_SECONDS)
    try:
        count: int = connection._sock.recv_into(view)
    except OSError:
        connection._force_close()
        raise _lost() from None
    if count == 0:
        connection._force_close()
        raise _lost()
    return count


def _lost() -> pymysql.MySQLError:
    return pymysql.OperationalError(
        CR.CR_SERVER_LOST, "Lost connection to MySQL server during query"
    )
