"""PyMySQL's connection, for a server that may be broken or hostile.

PyMySQL believes the numbers in a packet: a wrong one ends in any of Python's errors, and an answer
without end in all of the memory. Here both end in one error of the driver's family.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import pymysql
from pymysql.constants import CR
from pymysql.cursors import Cursor

from include.errors import PipelineError

# Of one answer in the text protocol, which is read for the catalog and the settings only: the
# columns of 424 tables take 2 MB.
ANSWER_LIMIT = 256 * 1024 * 1024
# What a packet costs beside its bytes, so that many tiny rows count as the memory that they take.
_READ_COST = 128
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

    An answer in the text protocol takes ANSWER_LIMIT bytes at most.
    """

    _answer_size = 0

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
            return parent._read_packet(*packet_type)

    def _read_bytes(self, num_bytes: int) -> Any:
        self._answer_size += num_bytes + _READ_COST
        parent: Any = super()
        if self._answer_size > ANSWER_LIMIT:
            parent._force_close()
            raise too_large()
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


def _has_code(error: Exception) -> bool:
    # Without a code it is the driver's own complaint about a packet.
    return isinstance(error, pymysql.MySQLError) and isinstance(error.args[0], int)
