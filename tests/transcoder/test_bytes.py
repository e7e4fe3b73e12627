"""Both cores write the same tuples, and PostgreSQL reads the source's values out of them."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.transcoder.core import RULES, Core, OutputTooSmall, RowTable, load_core
from include.transcoder.layout import RowLayout, plan_layout
from tests.transcoder.wire_rows import (
    COLUMN_KINDS,
    Value,
    config,
    counts_for,
    row,
    rows_of,
    table_of,
)

NAMED = [(f"c{at}", kind) for at, kind in enumerate(COLUMN_KINDS)]
TABLE = config(*NAMED)
LAYOUT = plan_layout(TABLE, [kind.sent(name) for name, kind in NAMED])
COPY_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
COPY_TRAILER = b"\xff\xff"


@pytest.fixture(params=["compiled", "python"])
def core(request: pytest.FixtureRequest) -> Core:
    return load_core(compiled=request.param == "compiled")


def transcode_all(
    core: Core, buffer: bytearray, rows: RowTable, layout: RowLayout, *, room: int = 1 << 20
) -> tuple[bytes, list[int]]:
    """Write all rows through an output of `room` bytes that grows when a row needs more."""
    out, written, first = bytearray(room), b"", 0
    counts = counts_for(layout)
    while first < rows.count:
        try:
            step = core.transcode(buffer, rows, first, layout, out, emit=None, counts=counts)
        except OutputTooSmall as error:
            out = bytearray(error.needed)
            continue
        written += out[: step.size]
        first = step.rows
    return written, list(counts)


def expected_counts(rows: Sequence[Sequence[Value]]) -> list[int]:
    return [
        sum(values[column].rule == rule for values in rows)
        for column in range(len(COLUMN_KINDS))
        for rule in RULES
    ]


@given(rows_of(COLUMN_KINDS), st.integers(1, 4000))
@settings(deadline=None, max_examples=60)
def test_both_cores_write_the_same_bytes_and_counts(rows: list[list[Value]], room: int) -> None:
    buffer, table = table_of([row(values) for values in rows])
    compiled = transcode_all(load_core(compiled=True), buffer, table, LAYOUT)
    assert transcode_all(load_core(compiled=False), buffer, table, LAYOUT) == compiled
    assert transcode_all(load_core(compiled=True), buffer, table, LAYOUT, room=room) == compiled
    assert compiled[1] == expected_counts(rows)
