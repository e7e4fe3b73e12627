"""Convert between a `Catalog` and the bytes of tables.yml, which ops.config stores as well.

The most frequent settings of a tier are listed once under `defaults`, and the warehouse type of
each source type once under `warehouse_types`; a table lists only what differs. Tables are sorted by
name and columns keep the order of the source, so equal decisions give equal bytes.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from include.catalog.model import (
    TOMBSTONE_DAYS,
    Catalog,
    CellExclusion,
    ColumnConfig,
    IndexChoice,
    IndexConfig,
    ReferenceOrigin,
    SubstitutionRule,
    TableConfig,
    Tier,
)
from include.errors import ConfigError
from include.open_dental.protection import PhiClass, protect
from include.open_dental.schema import facts_of

FORMAT = 1
_ADVICE = (
    "Nothing was loaded and nothing was changed. The file is generated: run discover_open_dental "
    "to write it anew."
)
_MAPPING, _NUMBER = "should be keys with values, like `key: value`", "should be a number"
_PLAIN_WORDS = {
    "dict_type": _MAPPING,
    "model_type": _MAPPING,
    "model_attributes_type": _MAPPING,
    "list_type": "should be a list, like [one, two]",
    "tuple_type": "should be a list, like [one, two]",
    "string_type": "should be a text",
    "int_type": _NUMBER,
    "int_parsing": _NUMBER,
    "int_from_float": "should be a whole number",
    "float_type": _NUMBER,
    "float_parsing": _NUMBER,
    "bool_type": "should be true or false",
    "bool_parsing": "should be true or false",
}
HEADER = """\
# Written by discovery (the DAG discover_open_dental, or ./dental discover). Do not edit: what you
# want otherwise belongs into overrides.yml, which wins. Measurements are in ops.table_profile.
"""
_TIER_FIELDS = (
    "chunk_rows",
    "expected_minutes",
    "sla_minutes",
    "quality_threshold",
    "is_alerting",
)
# Stands for the warehouse type of a column that PostgreSQL cannot hold; it must be excluded.
NOT_HELD = "none"
_BARE_TYPE = re.compile(r"[a-z]+")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _TierDefaults(_Strict):
    chunk_rows: Annotated[int, Field(ge=1)]
    expected_minutes: Annotated[float, Field(gt=0)]
    sla_minutes: Annotated[float, Field(gt=0)]
    quality_threshold: Annotated[float, Field(ge=0, le=1)]
    is_alerting: bool


class _Reference(_Strict):
    table: str
    # Configs of before this was asked name the table alone.
    origin: ReferenceOrigin | None = None


def _expand_reference(value: object) -> object:
    return {"table": value} if isinstance(value, str) else value


class _Column(_Strict):
    type: str
    references: Annotated[_Reference | None, BeforeValidator(_expand_reference)] = None
    phi: PhiClass | None = None
    excluded: bool | None = None
    retired: bool = False


def _expand(value: object) -> object:
    return {"type": value} if isinstance(value, str) else value


class _Cell(_Strict):
    column: str
    when_column: str
    pattern: str


class _Index(_Strict):
    columns: tuple[str, ...]
    expression: str | None = None


class _Table(_Strict):
    tier: Tier
    key: tuple[str, ...] = ()
    key_index: str = "PRIMARY"
    fingerprint: str
    restate_by: tuple[str, ...] = ()
    consistency_group: str | None = None
    excluded_cells: tuple[_Cell, ...] = ()
    chunk_rows: Annotated[int | None, Field(ge=1)] = None
    expected_minutes: Annotated[float | None, Field(gt=0)] = None
    sla_minutes: Annotated[float | None, Field(gt=0)] = None
    quality_threshold: Annotated[float | None, Field(ge=0, le=1)] = None
    is_alerting: bool | None = None
    failing_rules: tuple[SubstitutionRule, ...] = ()
    tombstone_days: Annotated[int, Field(ge=1)] = TOMBSTONE_DAYS
    index_choice: IndexChoice = IndexChoice.DBT
    indexes: tuple[_Index, ...] | None = None
    columns: dict[str, Annotated[_Column, BeforeValidator(_expand)]]


class _Document(_Strict):
    format: int
    defaults: dict[Tier, _TierDefaults]
    warehouse_types: dict[str, str]
    tables: dict[str, _Table]
    excluded_tables: dict[str, str] = {}
    refused_tables: dict[str, str] = {}


class _Flow(dict[str, Any]):
    """A mapping that is written on one line."""


class _Dumper(yaml.CSafeDumper):
    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002
        return True


def _represent_flow(dumper: yaml.CSafeDumper, data: _Flow) -> yaml.Node:
    return dumper.represent_mapping("tag:yaml.org,2002:map", data, flow_style=True)


def _represent_tuple(dumper: yaml.CSafeDumper, data: tuple[object, ...]) -> yaml.Node:
    return dumper.represent_sequence("tag:yaml.org,2002:seq", data, flow_style=True)


_Dumper.add_representer(_Flow, _represent_flow)
_Dumper.add_representer(tuple, _represent_tuple)


def dump_catalog(catalog: Catalog) -> bytes:
    """Return the catalog as the bytes of tables.yml; equal catalogs give equal bytes."""
    defaults = _tier_defaults(catalog.tables.values())
    types = {
        column.source_type: column.warehouse_type
        for table in catalog.tables.values()
        for column in table.columns
        if column.warehouse_type != NOT_HELD
    }
    body: dict[str, Any] = {
        "format": FORMAT,
        "defaults": {tier.value: _Flow(values) for tier, values in defaults.items()},
        "warehouse_types": dict(sorted(types.items())),
        "tables": {
            name: _dump_table(table, defaults[table.tier])
            for name, table in sorted(catalog.tables.items())
        },
        "excluded_tables": dict(sorted(catalog.excluded_tables.items())),
    }
    if catalog.refused_tables:
        body["refused_tables"] = dict(sorted(catalog.refused_tables.items()))
    text = yaml.dump(body, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100, indent=2)
    return (HEADER + str(text)).encode()


def parse_catalog(data: bytes, *, where: str) -> Catalog:
    """Return the catalog that `dump_catalog` wrote.

    Raises ConfigError, naming `where` and the line or the entry, when the bytes are not valid.
    """
    try:
        document = _Document.model_validate(parse_yaml(data, where=where, advice=_ADVICE))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise _broken(f"{place or 'the document'}: {in_plain_words(first)}", where) from None
    if document.format != FORMAT:
        raise _broken(f"has format {document.format}, this version reads {FORMAT}", where)
    return Catalog(
        tables={
            name: _table(name, table, document, where) for name, table in document.tables.items()
        },
        excluded_tables=dict(document.excluded_tables),
        refused_tables=dict(document.refused_tables),
    )


def in_plain_words(error: ErrorDetails) -> str:
    """Return what pydantic has found, without the names of our classes and Python's words."""
    return _PLAIN_WORDS.get(error["type"], error["msg"].lower())


def parse_yaml(data: bytes, *, where: str, advice: str) -> object:
    """Return the document; raises ConfigError with the line when the bytes are not valid YAML."""
    try:
        return yaml.load(data, Loader=yaml.CSafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f" at line {mark.line + 1}" if mark else ""
        raise ConfigError(
            f"is not valid YAML{line}: {getattr(error, 'problem', None) or 'unreadable'}. {advice}",
            where=where,
        ) from None


def _broken(what: str, where: str) -> ConfigError:
    return ConfigError(f"{what}. {_ADVICE}", where=where)


def _is_credential(table: str, key: Sequence[str], column: str, source_type: str) -> bool:
    """Whether a column is excluded of which a file does not say so.

    A file of an earlier release may list columns that this one knows for credentials.
    """
    bare = _BARE_TYPE.match(source_type.lower())
    is_excluded = protect(table, column, bare[0] if bare else "").is_excluded
    return is_excluded and column not in key


def _tier_defaults(tables: Iterable[TableConfig]) -> dict[Tier, dict[str, Any]]:
    """Return each tier's most frequent value of every field; ties go to the smaller one."""
    listed = list(tables)
    defaults = {}
    for tier in Tier:
        members = [table for table in listed if table.tier is tier]
        if members:
            defaults[tier] = {
                name: min(
                    Counter(getattr(table, name) for table in members).items(),
                    key=lambda item: (-item[1], item[0]),
                )[0]
                for name in _TIER_FIELDS
            }
    return defaults


def _dump_table(table: TableConfig, defaults: Mapping[str, Any]) -> dict[str, Any]:
    entry: dict[str, Any] = {"tier": table.tier.value}
    if table.key:
        entry["key"] = table.key
    if table.key_index != "PRIMARY":
        entry["key_index"] = table.key_index
    entry["fingerprint"] = table.fingerprint
    entry.update(
        {
            name: getattr(table, name)
            for name in _TIER_FIELDS
            if getattr(table, name) != defaults[name]
        }
    )
    if table.consistency_group:
        entry["consistency_group"] = table.consistency_group
    if table.restate_by:
        entry["restate_by"] = table.restate_by
    if table.excluded_cells:
        entry["excluded_cells"] = [
            _Flow(column=cell.column, when_column=cell.when_column, pattern=cell.pattern)
            for cell in table.excluded_cells
        ]
    entry.update(_dump_choices(table))
    entry["columns"] = {column.name: _dump_column(table, column) for column in table.columns}
    return entry


def _dump_choices(table: TableConfig) -> dict[str, Any]:
    """Return the entries that overrides and plans decide; discovery never changes them."""
    entry: dict[str, Any] = {}
    if table.failing_rules:
        entry["failing_rules"] = tuple(rule.value for rule in table.failing_rules)
    if table.tombstone_days != TOMBSTONE_DAYS:
        entry["tombstone_days"] = table.tombstone_days
    if table.index_choice is not IndexChoice.DBT:
        entry["index_choice"] = table.index_choice.value
    if table.indexes is not None:
        entry["indexes"] = [
            _Flow(columns=index.columns)
            if index.expression is None
            else _Flow(columns=index.columns, expression=index.expression)
            for index in table.indexes
        ]
    return entry


def _dump_column(table: TableConfig, column: ColumnConfig) -> str | _Flow:
    extras: dict[str, Any] = {}
    if column.references:
        extras["references"] = (
            _Flow(table=column.references, origin=column.reference_origin.value)
            if column.reference_origin
            else column.references
        )
    if column.phi:
        extras["phi"] = column.phi.value
    if column.is_excluded:
        extras["excluded"] = True
    elif _is_credential(table.name, table.key, column.name, column.source_type):
        extras["excluded"] = False
    if column.is_retired:
        extras["retired"] = True
    return _Flow(type=column.source_type, **extras) if extras else column.source_type


def _origin(name: str, column: str, table: _Table) -> ReferenceOrigin | None:
    """Return who told a reference: the facts where they list it and nobody is named, else none."""
    reference = table.columns[column].references
    if reference is None or reference.origin is not None:
        return reference.origin if reference else None
    facts = facts_of(name, table.columns)
    documented = facts.target_of(column) if facts is not None else None
    if documented is not None and documented.lower() == reference.table.lower():
        return ReferenceOrigin.DOCUMENTED
    return ReferenceOrigin.GUESSED


def _table(name: str, table: _Table, document: _Document, where: str) -> TableConfig:
    defaults = document.defaults.get(table.tier)
    if defaults is None:
        raise _broken(f"defaults: has no entry for the tier {table.tier}", where)
    values = {
        field: getattr(defaults, field) if getattr(table, field) is None else getattr(table, field)
        for field in _TIER_FIELDS
    }
    columns = []
    for column_name, column in table.columns.items():
        held = document.warehouse_types.get(column.type, NOT_HELD)
        is_excluded = column.excluded
        if is_excluded is None:
            is_excluded = _is_credential(name, table.key, column_name, column.type)
        if held == NOT_HELD and not is_excluded:
            raise _broken(f"warehouse_types: has no entry for {column.type}", where)
        columns.append(
            ColumnConfig(
                name=column_name,
                source_type=column.type,
                warehouse_type=held,
                references=column.references.table if column.references else None,
                phi=column.phi,
                is_excluded=is_excluded,
                is_retired=column.retired,
                reference_origin=_origin(name, column_name, table),
            )
        )
    for listed in (*table.key, *table.restate_by):
        if listed not in table.columns:
            raise _broken(
                f"tables.{name}: names the column {listed}, which it does not list", where
            )
    return TableConfig(
        name=name,
        key=table.key,
        columns=tuple(columns),
        tier=table.tier,
        fingerprint=table.fingerprint,
        restate_by=table.restate_by,
        excluded_cells=tuple(
            CellExclusion(cell.column, cell.when_column, cell.pattern)
            for cell in table.excluded_cells
        ),
        consistency_group=table.consistency_group,
        key_index=table.key_index,
        failing_rules=table.failing_rules,
        tombstone_days=table.tombstone_days,
        index_choice=table.index_choice,
        indexes=(
            None
            if table.indexes is None
            else tuple(IndexConfig(index.columns, index.expression) for index in table.indexes)
        ),
        **values,
    )
