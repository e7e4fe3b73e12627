"""How the live structure of a table has changed since its config was written.

A pure comparison: changes that need no person give an adapted config, all others a reason for
quarantine.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from include.catalog.model import CellExclusion, ColumnConfig, TableConfig
from include.errors import StructureError
from include.open_dental.protection import protect
from include.source.rights import MissingRight
from include.source.structure import ColumnStructure, TableStructure
from include.source.warehouse_types import check_columns, check_names, warehouse_type

_INTEGERS = ("smallint", "integer", "bigint")
_INTEGER_DIGITS = {"smallint": 5, "integer": 10, "bigint": 19}
_NUMERIC = re.compile(r"numeric\((\d+),(\d+)\)")
_KEPT = "The rows of the last good load are intact, and marts that read the table keep theirs."
_LATER = "The next refresh takes the new structure over if it can read the table."


@dataclass(frozen=True, slots=True)
class Drift:
    """How a table differs from its config.

    `table` is the config adapted to the live table. It is None if the table has to go into
    quarantine, for `reason`. `changes` describes for people what was adapted.
    """

    table: TableConfig | None
    changes: tuple[str, ...] = ()
    reason: str | None = None


def find_drift(
    table: TableConfig, live: TableStructure | None, *, refused: MissingRight | None = None
) -> Drift:
    """Compare a table's config with the live table; `live` is None if the source lists none.

    `refused` is the right that is missing if the source refuses the account the table.
    """
    if live is None:
        gone = (
            f"the source no longer has this table. {_KEPT} Restore it, and the next refresh takes "
            "it back; if it was renamed or dropped on purpose, exclude it in overrides.yml."
        )
        return Drift(None, reason=_without(refused) if refused else gone)
    if not live.is_open:
        # What cannot be opened has not changed, as far as is known; its load says what is wrong.
        return Drift(replace(table, name=live.name))
    missing = _missing_right(table, live)
    if missing:
        return Drift(None, reason=_without(missing))
    if live.fingerprint == table.fingerprint and live.name == table.name:
        return Drift(table)
    if _lower(live.key) != _lower(table.key):
        return Drift(
            None,
            reason=f"its key was {_listed(table.key)} and is {_listed(live.key)} now. {_KEPT} "
            f"{_LATER}",
        )
    try:
        unread = {column.raw_name for column in table.columns if column.is_excluded}
        excluded = {column.name for column in live.columns if column.name.lower() in unread}
        check_names(live, excluded=excluded)
        check_columns(live, excluded=excluded)
        return _adapt(table, live)
    except StructureError as error:
        return Drift(None, reason=f"{error.where} {error.message}")


def is_wider(old: str, new: str) -> bool:
    """Whether the warehouse type `new` holds every value of `old` unchanged."""
    if old in _INTEGERS:
        if new in _INTEGERS:
            return _INTEGERS.index(new) > _INTEGERS.index(old)
        if new == "double precision":
            return old != "bigint"
        wide = _NUMERIC.fullmatch(new)
        return wide is not None and int(wide[1]) - int(wide[2]) >= _INTEGER_DIGITS[old]
    narrow, wide = _NUMERIC.fullmatch(old), _NUMERIC.fullmatch(new)
    if narrow is not None and wide is not None:
        (p, s), (wide_p, wide_s) = map(int, narrow.groups()), map(int, wide.groups())
        return (wide_p, wide_s) != (p, s) and wide_s >= s and wide_p - wide_s >= p - s
    return (old, new) in (("real", "double precision"), ("date", "timestamp"))


def _adapt(table: TableConfig, live: TableStructure) -> Drift:
    known = {column.raw_name: column for column in table.columns}
    changes: list[str] = []
    columns: list[ColumnConfig] = []
    for column in live.columns:
        before = known.get(column.name.lower())
        if before is None or before.is_retired:
            columns.append(_added(live, column))
            what = "left out: it holds credentials" if columns[-1].is_excluded else "added"
            changes.append(f"column {column.name} ({column.column_type}) was {what}")
            continue
        after, change = _retyped(table, before, column)
        columns.append(after)
        if change:
            changes.append(change)
    names = {column.raw_name for column in columns}
    for before in table.columns:
        if before.raw_name in names:
            continue
        if before.is_excluded:
            if live.hidden_from:
                columns.append(before)
            continue
        columns.append(replace(before, is_retired=True, references=None, reference_origin=None))
        if not before.is_retired:
            changes.append(f"column {before.name} is gone from the source; it stays, NULL")
    index = live.key_index
    live_names = {column.raw_name: column.name for column in columns if not column.is_retired}
    after_table = replace(
        table,
        name=live.name,
        key=live.key,
        key_index=index.name if index else table.key_index,
        columns=tuple(columns),
        fingerprint=live.fingerprint,
        restate_by=tuple(
            live_names[name.lower()] for name in table.restate_by if name.lower() in live_names
        ),
        excluded_cells=_cells(table, live_names),
    )
    return Drift(after_table, tuple(changes))


def _added(live: TableStructure, column: ColumnStructure) -> ColumnConfig:
    protection = protect(live.name, column.name, column.data_type)
    return ColumnConfig(
        name=column.name,
        source_type=column.column_type,
        warehouse_type=warehouse_type(column),
        phi=protection.phi,
        is_excluded=protection.is_excluded and column.name not in live.key,
    )


def _retyped(
    table: TableConfig, before: ColumnConfig, column: ColumnStructure
) -> tuple[ColumnConfig, str | None]:
    if before.is_excluded:
        return replace(before, name=column.name, source_type=column.column_type), None
    new = warehouse_type(column)
    after = replace(before, name=column.name, source_type=column.column_type, warehouse_type=new)
    if new == before.warehouse_type:
        return after, None
    if not is_wider(before.warehouse_type, new):
        raise StructureError(
            f"was {before.source_type} and is {column.column_type} now, which the warehouse's "
            f"{before.warehouse_type} cannot follow by itself. {_KEPT} {_LATER}",
            where=f"{table.name}.{column.name}",
        )
    return after, f"column {column.name} was widened from {before.warehouse_type} to {new}"


def _cells(table: TableConfig, live_names: dict[str, str]) -> tuple[CellExclusion, ...]:
    """Return the excluded cells with the live names of their columns.

    Raises StructureError when the column that tells credentials from other settings is gone.
    """
    cells = []
    for cell in table.excluded_cells:
        if cell.column.lower() not in live_names:
            continue
        if cell.when_column.lower() not in live_names:
            raise StructureError(
                f"is gone, and only it told which cells of {cell.column} hold credentials. {_KEPT} "
                f"Exclude {cell.column} in overrides.yml.",
                where=f"{table.name}.{cell.when_column}",
            )
        cells.append(
            replace(
                cell,
                column=live_names[cell.column.lower()],
                when_column=live_names[cell.when_column.lower()],
            )
        )
    return tuple(cells)


def _missing_right(table: TableConfig, live: TableStructure) -> MissingRight | None:
    known = {column.raw_name for column in table.columns}
    added = [column.name for column in live.columns if column.name.lower() not in known]
    return live.missing_right([*(column.name for column in table.replicated_columns), *added])


def _without(missing: MissingRight) -> str:
    return f"{missing.seen}. {_KEPT} {missing.advice}"


def _lower(names: Sequence[str]) -> tuple[str, ...]:
    return tuple(name.lower() for name in names)


def _listed(names: Sequence[str]) -> str:
    return f"({', '.join(names)})" if names else "nothing"
