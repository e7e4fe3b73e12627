"""The inner loop of the engine: find rows in a buffer, hash them, write them as COPY tuples.

There are two implementations with the same bytes, counts and errors: one compiled from core.c, and
one in plain Python for where that was not built.
"""

from __future__ import annotations

import logging
from functools import cache
from typing import Protocol

from include.errors import ConfigError
from include.transcoder import build
from include.transcoder.layout import RowLayout
from include.transcoder.rows import (
    RULES,
    Numbers,
    OutputTooSmall,
    RowTable,
    ScanResult,
    ScanStatus,
    Transcoded,
    UnfitRow,
    split_row,
)

__all__ = [
    "RULES",
    "Core",
    "Numbers",
    "OutputTooSmall",
    "RowTable",
    "ScanResult",
    "ScanStatus",
    "Transcoded",
    "UnfitRow",
    "load_core",
    "split_row",
]

log = logging.getLogger(__name__)


class Core(Protocol):
    """The interface of both cores.

    A method writes to a buffer only where its docstring says so, and keeps no reference to it.
    """

    name: str

    def scan(
        self, buffer: bytearray, position: int, filled: int, rows: RowTable, *, number: int
    ) -> ScanResult:
        """Walk packets from `position` to `filled` and append the complete row payloads to `rows`.

        A row that spans packets is joined in place: the headers of the later packets are removed
        from the buffer. Ends before an incomplete packet (MORE), at an EOF (END) or error packet
        (ERROR), when `rows` is full (FULL), or at a packet whose number modulo 256 does not follow
        (DISORDER). `number` is that of the packet at `position`.
        """

    def hash_rows(self, buffer: bytearray, rows: RowTable, seed: int, out: Numbers) -> None:
        """Write the XXH3-64 of each payload to `out`."""

    def fold_rows(self, buffer: bytearray, rows: RowTable, seed: int, sums: Numbers) -> None:
        """Add the XXH3-128 of each payload to `sums`: low half, high half, each modulo 2^64.

        The sums depend on the rows and on how often each occurs, not on their order.
        """

    def transcode(
        self,
        buffer: bytearray,
        rows: RowTable,
        first: int,
        layout: RowLayout,
        out: bytearray,
        *,
        emit: bytearray | None,
        counts: Numbers,
    ) -> Transcoded:
        """Write rows from `first` on as COPY tuples to the beginning of `out`.

        With `emit`, rows whose flag is 0 are parsed and counted, but neither written nor checked
        against the range of their types. `counts` has a number for each of RULES, for each column
        of the result; the substitutions of these rows are added to them. Ends before a row that may
        not fit into the rest of `out`. Raises OutputTooSmall when that is the first row,
        UnfitRow for a cell that is malformed or not representable; `out` is then invalid.
        """


def load_core(*, compiled: bool | None = None) -> Core:
    """Return the compiled core if it is built, else the one in Python, with a warning once.

    `compiled` selects one of them. Raises ConfigError, which says how to build it, when the
    compiled core is selected and missing.
    """
    if compiled is False:
        return _fallback()
    core = _compiled()
    if core is not None:
        return core
    if compiled:
        raise ConfigError(build.ADVICE, where=str(build.library_path()))
    return _fallback_with_warning()


@cache
def _fallback() -> Core:
    from include.transcoder.fallback import FallbackCore

    return FallbackCore()


@cache
def _fallback_with_warning() -> Core:
    log.warning("rows are transcoded in plain Python, which is slow: %s", build.ADVICE)
    return _fallback()


@cache
def _compiled() -> Core | None:
    path = build.library_path()
    if not path.exists():
        return None
    from include.transcoder.compiled import CompiledCore

    try:
        return CompiledCore(path)
    except OSError as error:
        # Built for another kind of machine, for example.
        log.warning("the compiled core cannot be loaded: %s", error)
        return None
