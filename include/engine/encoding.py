"""Turns pages of a table into rows of a binary COPY, and counts substituted values by rule."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from typing import Any

from include.catalog.model import TableConfig
from include.errors import PipelineError, SourceError, StructureError
from include.source.keys import paging_key
from include.source.statement import ResultBuffer
from include.transcoder.core import RULES, Core, OutputTooSmall, UnfitRow, split_row
from include.transcoder.layout import RowLayout

# A block is one write to the warehouse. A small table gets along with the smallest size.
_BLOCK_BYTES = 512 * 1024
_SMALLEST_BLOCK_BYTES = 16 * 1024
_KEPT = "The rows of the last good load are intact."


class PageEncoder:
    """Encodes pages of one table with one layout; all pages share its memory."""

    def __init__(self, core: Core, table: TableConfig, layout: RowLayout) -> None:
        self._core = core
        self._table = table
        self._columns = table.replicated_columns
        self._layout = layout
        self._out = bytearray(_SMALLEST_BLOCK_BYTES)
        self._counts: Any = (ctypes.c_uint64 * (len(RULES) * len(layout.fields)))()
        self.substitutions: dict[tuple[str, str], int] = {}

    def blocks(self, page: ResultBuffer, *, emit: bytearray | None = None) -> Iterator[memoryview]:
        """Yield the page's rows, or those flagged in `emit`, as blocks, each valid until the next.

        Afterwards `substitutions` has the number of substituted values in all rows of the page, by
        column and rule. Raises StructureError for a value that no rule covers, and for a
        substitution in the key; it names the column and the row's key, never the value. Raises
        SourceError for what is no row of these columns.
        """
        ctypes.memset(self._counts, 0, ctypes.sizeof(self._counts))
        self.substitutions = {}
        row = 0
        if len(self._out) < min(page.byte_count, _BLOCK_BYTES):
            self._out = bytearray(_BLOCK_BYTES)
        while row < page.rows.count:
            try:
                done = self._core.transcode(
                    page.data,
                    page.rows,
                    row,
                    self._layout,
                    self._out,
                    emit=emit,
                    counts=self._counts,
                )
            except OutputTooSmall as error:
                self._out = bytearray(max(error.needed, 2 * len(self._out)))
                continue
            except UnfitRow as error:
                raise self._unfit(page, error) from None
            row = done.rows
            if done.size:
                yield memoryview(self._out)[: done.size]
        self._read_counts()

    def _read_counts(self) -> None:
        rule_count = len(RULES)
        for at, column in enumerate(self._columns):
            for number, rule in enumerate(RULES):
                count = self._counts[at * rule_count + number]
                if count:
                    self._refuse_in_key(column.name, rule, count)
                    self.substitutions[column.raw_name, rule] = count

    def _refuse_in_key(self, column: str, rule: str, count: int) -> None:
        if column in self._table.key:
            raise StructureError(
                f"belongs to the key and holds {count} values that PostgreSQL cannot hold "
                f"({rule}). {_KEPT} Correct them in the source, or exclude the table in "
                "overrides.yml.",
                where=f"{self._table.name}.{column}",
            )

    def _unfit(self, page: ResultBuffer, error: UnfitRow) -> PipelineError:
        if error.is_malformed:
            place = f" in {self._columns[error.column].name}" if error.column >= 0 else ""
            return SourceError(
                f"the source sent {error.what}{place}, not a row of the columns that it announced. "
                f"{_KEPT} Try again; if it happens again, check what lies between.",
                where=f"table {self._table.name}",
            )
        return StructureError(
            f"holds {error.what} in the row with {self._place(page, error.row)}, which PostgreSQL "
            f"cannot hold and no rule covers. {_KEPT} Correct it in the source, or exclude the "
            "column in overrides.yml.",
            where=f"{self._table.name}.{self._columns[error.column].name}",
        )

    def _place(self, page: ResultBuffer, row: int) -> str:
        """Identify a row by the integers of its key; other columns of the key are only named."""
        key = paging_key(self._table)
        if not key.columns:
            return "no key"
        try:
            cells = split_row(page.payload(row), self._layout)
        except UnfitRow:
            return "a key that cannot be read"
        names = [column.name for column in self._columns]
        return ", ".join(
            f"{column.name} "
            + (column.to_text(cells[names.index(column.name)]) if column.is_integer else "(hidden)")
            for column in key.columns
        )
