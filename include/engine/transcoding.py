"""From cells of the source's text protocol to lines of PostgreSQL's text COPY.

Two substitutions are made, and counted: a date that PostgreSQL has not becomes NULL, and U+0000
leaves text. Everything else arrives as it is or raises StructureError, with the column and the
row's place but never its value.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from include.catalog.model import ColumnConfig, TableConfig
from include.errors import StructureError
from include.source.pages import Cell, Row

ZERO_DATE = "zero_date"
IMPOSSIBLE_DATE = "impossible_date"
NUL_CHARACTER = "nul_character"

NULL = b"\\N"
_SPECIAL = re.compile(rb"[\\\t\n\r\0]")
_DATE_LENGTH = len("2000-01-01")
_ZERO = b"0000-00-00"

Cells = Sequence[Cell]
Counts = dict[str, int]
ColumnTranscoder = Callable[[Cells, Counts], list[bytes]]


@dataclass(frozen=True, slots=True)
class Transcoded:
    """COPY lines without their line ends, and how many values a rule changed by column."""

    lines: list[bytes]
    substitutions: dict[tuple[str, str], int]


class Transcoder:
    """Transcodes pages of one table. Raises StructureError for a type that it does not know."""

    def __init__(self, table: TableConfig) -> None:
        self._table = table
        self._columns = table.replicated_columns
        self._transcoders = [_column_transcoder(table, column) for column in self._columns]

    def transcode(self, rows: Sequence[Row]) -> Transcoded:
        """Return one line for each row, column by column because that is quicker."""
        substitutions: dict[tuple[str, str], int] = {}
        if not rows:
            return Transcoded([], substitutions)
        columns: list[list[bytes]] = []
        for column, transcode, cells in zip(
            self._columns, self._transcoders, zip(*rows, strict=True), strict=True
        ):
            counts: Counts = {}
            try:
                columns.append(transcode(cells, counts))
            except _UnfitCellError as error:
                raise self._unfit(column, error, rows) from None
            for rule, count in counts.items():
                if column.name in self._table.key:
                    raise StructureError(
                        f"belongs to the key and holds {count} values that PostgreSQL cannot hold "
                        f"({rule}). The rows of the last good load are intact. Correct them in the "
                        "source, or exclude the table in overrides.yml.",
                        where=f"{self._table.name}.{column.name}",
                    )
                substitutions[column.raw_name, rule] = count
        return Transcoded(
            [b"\t".join(cells) for cells in zip(*columns, strict=True)], substitutions
        )

    def _unfit(
        self, column: ColumnConfig, error: _UnfitCellError, rows: Sequence[Row]
    ) -> StructureError:
        return StructureError(
            f"holds {error.what} in the row with {self._place(rows[error.position])}, which "
            "PostgreSQL cannot hold and no rule covers. The rows of the last good load are "
            "intact. Correct it in the source, or exclude the column in overrides.yml.",
            where=f"{self._table.name}.{column.name}",
        )

    def _place(self, row: Row) -> str:
        """Name a row by its key where that is a number, else by the key's columns only."""
        names = [column.name for column in self._columns]
        parts = []
        for name in self._table.key:
            cell = row[names.index(name)] if name in names else None
            is_number = cell is not None and re.fullmatch(rb"-?\d+", cell) is not None
            shown = cell.decode() if cell is not None and is_number else "(not shown)"
            parts.append(f"{name} {shown}")
        return ", ".join(parts) or "no key"


class _UnfitCellError(Exception):
    """A cell that no rule covers; says what it is, never its value."""

    def __init__(self, what: str, position: int) -> None:
        super().__init__(what)
        self.what = what
        self.position = position


def _column_transcoder(table: TableConfig, column: ColumnConfig) -> ColumnTranscoder:
    name = re.split(r"[ (]", column.warehouse_type, maxsplit=1)[0]
    if name == "bit":
        return _bits(int(re.sub(r"\D", "", column.warehouse_type) or 1))
    transcoder = _BY_WAREHOUSE_TYPE.get(name)
    if transcoder is None:
        raise StructureError(
            f"has the type {column.source_type} and the config holds it as "
            f"{column.warehouse_type}, which the engine does not know. The rows of the last good "
            "load are intact. Run the discover_open_dental DAG, or exclude the column in "
            "overrides.yml.",
            where=f"{table.name}.{column.name}",
        )
    return transcoder


def _plain(cells: Cells, _counts: Counts) -> list[bytes]:
    return [NULL if cell is None else cell for cell in cells]


def _text(cells: Cells, counts: Counts) -> list[bytes]:
    # The separator keeps halves of characters in two cells from becoming a whole one.
    everything = b" ".join(cell for cell in cells if cell is not None)
    try:
        everything.decode()
    except UnicodeDecodeError:
        raise _UnfitCellError("invalid UTF-8", _first_undecodable(cells)) from None
    if not _SPECIAL.search(everything):
        return _plain(cells, counts)
    nul_count = sum(cell is not None and b"\0" in cell for cell in cells)
    if nul_count:
        counts[NUL_CHARACTER] = nul_count
    return [NULL if cell is None else _escape(cell) for cell in cells]


def _escape(cell: bytes) -> bytes:
    if not _SPECIAL.search(cell):
        return cell
    return (
        cell.replace(b"\0", b"")
        .replace(b"\\", b"\\\\")
        .replace(b"\t", b"\\t")
        .replace(b"\n", b"\\n")
        .replace(b"\r", b"\\r")
    )


def _first_undecodable(cells: Cells) -> int:
    for position, cell in enumerate(cells):
        try:
            (cell or b"").decode()
        except UnicodeDecodeError:
            return position
    return 0


def _bytes(cells: Cells, _counts: Counts) -> list[bytes]:
    return [NULL if cell is None else b"\\\\x" + cell.hex().encode() for cell in cells]


def _bits(width: int) -> ColumnTranscoder:
    def transcode(cells: Cells, _counts: Counts) -> list[bytes]:
        return [
            NULL if cell is None else f"{int.from_bytes(cell):0{width}b}".encode() for cell in cells
        ]

    return transcode


def _dates(suffix: bytes) -> ColumnTranscoder:
    def transcode(cells: Cells, counts: Counts) -> list[bytes]:
        # A page holds far fewer different days than rows.
        days = {cell[:_DATE_LENGTH] for cell in cells if cell is not None}
        broken = {day for day in days if not _is_date(day)}
        if not broken:
            return [NULL if cell is None else cell + suffix for cell in cells]
        out = []
        for cell in cells:
            if cell is None:
                out.append(NULL)
            elif (day := cell[:_DATE_LENGTH]) in broken:
                rule = ZERO_DATE if day == _ZERO else IMPOSSIBLE_DATE
                counts[rule] = counts.get(rule, 0) + 1
                out.append(NULL)
            else:
                out.append(cell + suffix)
        return out

    return transcode


def _is_date(day: bytes) -> bool:
    try:
        date.fromisoformat(day.decode())
    except ValueError:
        return False
    return True


_BY_WAREHOUSE_TYPE: dict[str, ColumnTranscoder] = {
    **dict.fromkeys(("smallint", "integer", "bigint", "numeric", "real", "double"), _plain),
    **dict.fromkeys(("interval",), _plain),
    "text": _text,
    "bytea": _bytes,
    "date": _dates(b""),
    "timestamp": _dates(b""),
    # The session's zone in the source is UTC.
    "timestamptz": _dates(b"+00"),
}
