"""PyMySQL's connection, for a server that may be broken or hostile.

PyMySQL believes the numbers in a packet: a wrong one ends in any of Python's errors, and an answer
without end in all of the memory. Here both end in one error of the driver's family.
"""

from __future__ import annotations

import logging
import re
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import pymysql
from pymysql.constants import CR, FIELD_TYPE
from pymysql.converters import conversions
from pymysql.cursors import Cursor
from pymysql.protocol import MysqlPacket

from include.errors import PipelineError

# The memory of one answer in the text protocol, in which only catalog and settings are read:
# the columns of 424 tables take 10 MB.
ANSWER_LIMIT = 256 * 1024 * 1024
# What a packet, a cell and the definition of a column cost beside their bytes, so that many tiny
# ones count as the memory that they take.
_READ_COST = 128
_CELL_COST = 64
_DEFINITION_COST = 1024
_DECIMALS = (FIELD_TYPE.DECIMAL, FIELD_TYPE.NEWDECIMAL)
_PLAIN_DECIMAL = re.compile(r"-?\d{1,65}(\.\d{1,38})?", re.ASCII)
# What our own code meets in an answer that is well formed, but to another question.
_NOT_UNDERSTOOD = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)

log = logging.getLogger(__name__)

if TYPE_CHECKING:
    _Base: TypeAlias = pymysql.Connection[Cursor]
else:
    _Base = pymysql.Connection


def malformed() -> pymysql.MySQLError:
    """Return the error for bytes that are no packet of the protocol, or not the expected one."""
    return pymysql.InternalError(CR.CR_MALFORMED_PACKET, "malformed packet")


def too_large() -> pymysql.MySQLError:
    """Return the error for a row or an answer beyond every limit."""
    return pymysql.InternalError(CR.CR_NET_PACKET_TOO_LARGE, "packet too large")


@contextmanager
def understood() -> Iterator[None]:
    """Turn what the code inside cannot read in an answer into the error for a malformed one.

    The log says where that was; the error's own text may hold a value.
    """
    try:
        yield
    except _NOT_UNDERSTOOD as error:
        place = traceback.extract_tb(error.__traceback__)[-1]
        log.warning(
            "an answer of the practice database is not one to what was asked: %s in %s, line %s",
            type(error).__name__,
            Path(place.filename).name,
            place.lineno,
        )
        raise malformed() from None


class CheckedConnection(_Base):
    """A connection whose every failure is a pymysql.MySQLError with a code, and then closed.

    An answer in the text protocol takes ANSWER_LIMIT bytes of memory at most.
    """

    _answer_size = 0

    def __init__(self, **options: Any) -> None:
        converters: dict[Any, Any] = {**conversions, **dict.fromkeys(_DECIMALS, _decimal)}
        super().__init__(conv=converters, **options)

    def spend(self, size: int) -> None:
        """Count memory of this answer; raises the driver's error when it is too much."""
        self._answer_size += size
        if self._answer_size > ANSWER_LIMIT:
            parent: Any = super()
            parent._force_close()
            raise too_large()

    def _get_server_information(self) -> None:
        self._answer_size = 0
        with self._checked() as parent:
            parent._get_server_information()

    def _execute_command(self, command: int, sql: str | bytes) -> None:
        # It reads what is left of the last answer before it sends.
        with self._checked() as parent:
            parent._execute_command(command, sql)
        self._answer_size = 0

    def _read_query_result(self, unbuffered: bool = False) -> Any:
        with self._checked() as parent:
            return parent._read_query_result(unbuffered)

    def _read_packet(self, *packet_type: Any) -> Any:
        with self._checked() as parent:
            if packet_type:
                self.spend(_DEFINITION_COST)
                return parent._read_packet(*packet_type)
            return parent._read_packet(partial(_CountedPacket, self))

    def _read_bytes(self, num_bytes: int) -> Any:
        self.spend(num_bytes + _READ_COST)
        parent: Any = super()
        return parent._read_bytes(num_bytes)

    @contextmanager
    def _checked(self) -> Iterator[Any]:
        """Yield the parent's methods; what they raise about a packet is one error of the driver."""
        parent: Any = super()
        try:
            yield parent
        except Exception as error:
            if isinstance(error, OSError | PipelineError) or _has_code(error):
                raise
            parent._force_close()
            raise malformed() from None


class _CountedPacket(MysqlPacket):
    """A packet each of whose cells counts for its connection, a NULL as well."""

    def __init__(self, connection: CheckedConnection, data: bytes, encoding: str) -> None:
        super().__init__(data, encoding)
        self._connection = connection

    def read_length_coded_string(self) -> bytes | None:
        self._connection.spend(_CELL_COST)
        parent: Any = super()
        cell: bytes | None = parent.read_length_coded_string()
        return cell


def _decimal(text: str) -> Decimal:
    # Python would write all digits of 1e999999999 out wherever it becomes an integer.
    if not _PLAIN_DECIMAL.fullmatch(text):
        raise ValueError("no decimal of MySQL")
    return Decimal(text)


def _has_code(error: Exception) -> bool:
    # Without a code it is the driver's own complaint about a packet.
    return isinstance(error, pymysql.MySQLError) and isinstance(error.args[0], int)
