"""Fills large tables without their secondary indexes, and builds those at the end.

A MyISAM table that is filled without them has its indexes sorted once instead of searched for every
row. InnoDB knows no such thing and takes no notice.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from pymysql.cursors import Cursor

from include.endpoints import Endpoint
from include.open_dental import schema
from include.source.session import SourceConnection, quote
from simulator.background import Background

# So many bytes of a table's keys are sorted in memory.
_SORT_BUFFER_BYTES = 256 << 20
_SESSIONS = 2
# The tables that grow fast.
FAST_GROWING = (
    "adjustment",
    "appointment",
    "claim",
    "claimproc",
    "claimsnapshot",
    "commlog",
    "histappointment",
    "patient",
    "payment",
    "paysplit",
    "periomeasure",
    "procedurelog",
    "procnote",
    "schedule",
    "securitylog",
    "securityloghash",
    "sheetfield",
)
# The past fills these, too.
LARGE_WITH_PAST = (
    "benefit",
    "document",
    "fee",
    "insbluebook",
    "insbluebooklog",
    "inseditlog",
    "inseditpatlog",
    "insverifyhist",
    "patfield",
    "recall",
    "rxnorm",
    "statementprod",
    "toothinitial",
    "treatplanattach",
)


@contextmanager
def left_out(connection: SourceConnection, *, endpoint: Endpoint, has_past: bool) -> Iterator[None]:
    """Leave the secondary indexes of the large tables out while the block fills them.

    They are built when the block is left: one after the other, those of an old practice in several
    sessions side by side. After an error the database is of no use, and nothing is built.
    """
    names = FAST_GROWING + LARGE_WITH_PAST if has_past else FAST_GROWING
    with connection.cursor() as cursor:
        for name in names:
            cursor.execute(f"alter table {quote(name)} disable keys")
        yield
        if has_past:
            _build_side_by_side(endpoint, _by_work(cursor, names))
        else:
            for name in names:
                _build(cursor, name)


def _by_work(cursor: Cursor, names: tuple[str, ...]) -> list[str]:
    """Return the tables by what there is to sort, most first."""
    work = {}
    for name in names:
        cursor.execute(f"select count(*) from {quote(name)}")  # noqa: S608 - quoted facts
        (rows,) = cursor.fetchone() or (0,)
        work[name] = int(rows) * len(schema.tables()[name].indexes)
    return sorted(names, key=lambda name: -work[name])


def _build_side_by_side(endpoint: Endpoint, names: list[str]) -> None:
    waiting = iter(names)

    def build_next(cursor: Cursor) -> None:
        # Both sessions take from the same list, so that neither waits for the other.
        for name in waiting:
            _build(cursor, name)

    with ExitStack() as stack:
        for _ in range(_SESSIONS):
            stack.enter_context(Background(endpoint)).do(build_next)


def _build(cursor: Cursor, name: str) -> None:
    cursor.execute(f"set session myisam_sort_buffer_size = {_SORT_BUFFER_BYTES}")
    cursor.execute(f"alter table {quote(name)} enable keys")
