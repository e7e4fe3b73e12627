"""overrides.yml: the decisions of a person. They override tables.yml; discovery keeps them.

Every table, column and setting that it names must exist: a misspelt name is an error that suggests
the nearest valid one, never a setting that silently does nothing.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Hashable, Iterator
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from include.catalog.document import NOT_HELD, in_plain_words, parse_yaml
from include.catalog.model import (
    Catalog,
    CellExclusion,
    ColumnConfig,
    IndexChoice,
    ReferenceOrigin,
    SubstitutionRule,
    TableConfig,
    Tier,
)
from include.errors import ConfigError
from include.open_dental.protection import PhiClass

ADVICE = "Nothing was loaded and nothing was changed. Correct the file; its header lists the keys."


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _ColumnOverride(_Strict):
    excluded: bool | None = None
    phi: PhiClass | None = None
    references: str | None = None


class _CellOverride(_Strict):
    column: str
    when_column: str
    pattern: str


class _Defaults(_Strict):
    """Settings that may be given for all tables at once, and again for one table."""

    substitutions: dict[SubstitutionRule, Literal["allow", "fail"]] = {}
    indexes: IndexChoice | None = None
    tombstone_days: Annotated[int | None, Field(ge=1)] = None


class _TableOverride(_Defaults):
    tier: Tier | None = None
    chunk_rows: Annotated[int | None, Field(ge=1)] = None
    expected_minutes: Annotated[float | None, Field(gt=0)] = None
    sla_minutes: Annotated[float | None, Field(gt=0)] = None
    quality_threshold: Annotated[float | None, Field(ge=0, le=1)] = None
    is_alerting: bool | None = None
    restate_by: tuple[str, ...] | None = None
    consistency_group: str | None = None
    excluded_cells: tuple[_CellOverride, ...] = ()
    columns: dict[str, _ColumnOverride] = {}


class _Document(_Strict):
    defaults: _Defaults = _Defaults()
    tables: dict[str, _TableOverride] = {}
    exclude_tables: dict[str, Annotated[str, Field(min_length=1)]] = {}
    include_tables: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Overrides:
    """A parsed overrides.yml, valid by itself; `apply` checks its names against a catalog."""

    document: _Document
    where: str

    @property
    def included_tables(self) -> frozenset[str]:
        """Tables to replicate although a pattern of discovery excludes them."""
        return frozenset(self.document.include_tables)

    @property
    def excluded_tables(self) -> frozenset[str]:
        """Tables that a person leaves out."""
        return frozenset(self.document.exclude_tables)

    def excluded_columns(self, table: str) -> frozenset[str]:
        """The columns of a table that a person has excluded."""
        override = self.document.tables.get(table)
        if override is None:
            return frozenset()
        return frozenset(name for name, column in override.columns.items() if column.excluded)

    def kept_columns(self, table: str) -> frozenset[str]:
        """The columns of a table that are to be read, whatever a pattern says of them."""
        override = self.document.tables.get(table)
        if override is None:
            return frozenset()
        return frozenset(
            name for name, column in override.columns.items() if column.excluded is False
        )

    def apply(self, catalog: Catalog) -> Catalog:
        """Return the catalog with the overrides applied.

        Raises ConfigError for a table or column that the catalog does not know, and for excluded
        cells that a column told which the source no longer has.
        """
        known = {*catalog.tables, *catalog.left_out}
        for section, names in (
            ("tables", self.document.tables),
            ("exclude_tables", self.document.exclude_tables),
            ("include_tables", self.document.include_tables),
        ):
            for name in names:
                self._check(name, known, f"{section}.{name}", "table")
        tables = {
            name: _apply_defaults(t, self.document.defaults) for name, t in catalog.tables.items()
        }
        for name, override in self.document.tables.items():
            # An excluded table has no columns in the catalog, so there is nothing to apply.
            if name in tables:
                tables[name] = self._apply_table(tables[name], override, known)
        left_out = self.document.exclude_tables
        return Catalog(
            tables={name: table for name, table in tables.items() if name not in left_out},
            excluded_tables=dict(sorted({**catalog.excluded_tables, **left_out}.items())),
            refused_tables={
                name: reason
                for name, reason in catalog.refused_tables.items()
                if name not in left_out
            },
        )

    def _apply_table(
        self, table: TableConfig, override: _TableOverride, known: Collection[str]
    ) -> TableConfig:
        place = f"tables.{table.name}"
        names = [column.name for column in table.columns]
        for name in (*override.columns, *(override.restate_by or ())):
            self._check(name, names, f"{place}.{name}", "column")
        for cell in override.excluded_cells:
            for name in (cell.column, cell.when_column):
                self._check(name, names, f"{place}.excluded_cells.{name}", "column")
        for name, column in override.columns.items():
            if column.excluded and name in table.key:
                raise self._error(f"{place}.{name}", "is part of the key and cannot be excluded")
            if column.excluded is False and table.column(name).warehouse_type == NOT_HELD:
                raise self._error(
                    f"{place}.{name}",
                    f"the warehouse cannot hold its type {table.column(name).source_type}",
                )
            if column.references:
                self._check(column.references, known, f"{place}.{name}.references", "table")
        columns = tuple(
            _apply_column(column, override.columns.get(column.name)) for column in table.columns
        )
        values: dict[str, Any] = {
            field: getattr(override, field)
            for field in (
                "tier",
                "chunk_rows",
                "expected_minutes",
                "sla_minutes",
                "quality_threshold",
                "is_alerting",
                "restate_by",
                "consistency_group",
            )
            if getattr(override, field) is not None
        }
        if override.consistency_group == "":
            values["consistency_group"] = None
        restate_by = tuple(values.get("restate_by", table.restate_by))
        applied = replace(_apply_defaults(table, override), columns=columns, **values)
        read = {column.name for column in applied.replicated_columns}
        return replace(
            applied,
            excluded_cells=(*table.excluded_cells, *self._cells(applied, override, place)),
            restate_by=tuple(name for name in restate_by if name in read),
        )

    def _cells(
        self, table: TableConfig, override: _TableOverride, place: str
    ) -> Iterator[CellExclusion]:
        """Yield the excluded cells of columns that the source still has."""
        retired = {column.name for column in table.columns if column.is_retired}
        for cell in override.excluded_cells:
            if cell.column in retired:
                continue
            if cell.when_column in retired:
                raise self._error(
                    f"{place}.excluded_cells.{cell.when_column}",
                    f"the source no longer has this column, and only it told which cells of "
                    f"{cell.column} to leave out; exclude {cell.column} instead",
                )
            yield CellExclusion(cell.column, cell.when_column, cell.pattern)

    def _check(self, name: str, known: Collection[str], place: str, kind: str) -> None:
        if name not in known:
            hint = nearest(name, known)
            raise self._error(place, f"no {kind} is called {name}{hint}")

    def _error(self, place: str, what: str) -> ConfigError:
        return ConfigError(f"{place}: {what}. {ADVICE}", where=self.where)


def parse_overrides(data: bytes, *, where: str) -> Overrides:
    """Return the parsed overrides; an empty document overrides nothing.

    Raises ConfigError, naming `where` and the line or the entry.
    """
    content = parse_yaml(data, where=where, advice=ADVICE)
    _refuse_duplicates(data, where)
    try:
        return Overrides(_Document.model_validate(content if content is not None else {}), where)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        what = in_plain_words(first)
        if first["type"] == "extra_forbidden":
            valid = _keys_at(first["loc"])
            what = f"this key is not known{nearest(str(first['loc'][-1]), valid)}"
        raise ConfigError(f"{place or 'the document'}: {what}. {ADVICE}", where=where) from None


def nearest(name: str, known: Collection[str]) -> str:
    """Return a hint at the known name that was probably meant, or an empty text."""
    folded = {candidate.lower(): candidate for candidate in sorted(known)}
    found = difflib.get_close_matches(name.lower(), folded, n=1, cutoff=0.5)
    return f"; the nearest is {folded[found[0]]}" if found else ""


def _keys_at(location: tuple[int | str, ...]) -> list[str]:
    if len(location) == 1:
        return list(_Document.model_fields)
    if location[0] == "defaults":
        return list(_Defaults.model_fields)
    if "excluded_cells" in location:
        return list(_CellOverride.model_fields)
    if "columns" in location:
        return list(_ColumnOverride.model_fields)
    return list(_TableOverride.model_fields)


def _apply_defaults(table: TableConfig, said: _Defaults) -> TableConfig:
    verdicts = dict.fromkeys(table.failing_rules, "fail") | said.substitutions
    return replace(
        table,
        failing_rules=tuple(rule for rule in SubstitutionRule if verdicts.get(rule) == "fail"),
        index_choice=said.indexes or table.index_choice,
        tombstone_days=said.tombstone_days or table.tombstone_days,
    )


def _apply_column(column: ColumnConfig, override: _ColumnOverride | None) -> ColumnConfig:
    if override is None:
        return column
    changed = replace(
        column,
        is_excluded=column.is_excluded if override.excluded is None else override.excluded,
        phi=override.phi or column.phi,
    )
    if override.references is None:
        return changed
    # An empty name removes the reference.
    return replace(
        changed,
        references=override.references or None,
        reference_origin=ReferenceOrigin.CONFIRMED if override.references else None,
    )


def _refuse_duplicates(data: bytes, where: str) -> None:
    """Raise ConfigError for a key that is given twice: YAML would silently keep the last."""
    node = yaml.compose(data, Loader=yaml.CSafeLoader)
    waiting: list[yaml.Node] = [node] if node is not None else []
    while waiting:
        node = waiting.pop()
        if isinstance(node, yaml.SequenceNode):
            waiting.extend(node.value)
        if isinstance(node, yaml.MappingNode):
            seen: dict[Hashable, int] = {}
            for key, value in node.value:
                line = key.start_mark.line + 1
                if key.value in seen:
                    raise ConfigError(
                        f"line {line}: {key.value} is already given on line {seen[key.value]}. "
                        f"{ADVICE}",
                        where=where,
                    )
                seen[key.value] = line
                waiting.append(value)
