"""The tables that are judged: what raw holds of each, its rules, and what decides its counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from include.catalog.model import Catalog, TableConfig
from include.ops.table_states import LoadedAs, loaded_as
from include.validation.contents import (
    Content,
    RawTable,
    read_content,
    read_keys,
    read_raw_tables,
)
from include.validation.inputs import inputs_digest
from include.validation.rules import Rule, rules_for
from include.validation.scope import RunScope
from include.warehouse.session import WarehouseConnection

_MISSING = RawTable(0, (), frozenset())


@dataclass(frozen=True, slots=True)
class Subject:
    """A table that is judged; `inputs` is the digest of all that decides what its rules count.

    `inputs` is None where that is not known: then the rules count anew each time. `targets` are the
    tables that its rows refer to, as they were loaded when the inputs were read.
    """

    table: TableConfig
    content: Content
    rules: tuple[Rule, ...]
    inputs: str | None
    targets: Mapping[str, LoadedAs]


def read_subjects(
    connection: WarehouseConnection,
    scope: RunScope,
    catalog: Catalog,
    tables: Sequence[TableConfig],
) -> Mapping[str, Subject]:
    """Look at each table once, and at the keys of those that it refers to; return them by raw name.

    A raw table that does not fit its config is a subject as well: its rules will say so.
    """
    loads = loaded_as(connection)
    targets = {table.raw_name: scope.targets(table, catalog) for table in tables}
    keys = {one.table: one.key for found in targets.values() for one in found.values()}
    raw_tables = read_raw_tables(connection, {*targets, *keys})
    types = {name: raw_tables.get(name, _MISSING).type_of(column) for name, column in keys.items()}
    contents = {
        name: read_content(connection, name, key=keys.get(name), key_type=types.get(name, ""))
        for name in targets
    }
    target_keys = {
        name: contents[name].keys
        if name in contents
        else read_keys(connection, name, key=column, key_type=types[name])
        for name, column in keys.items()
    }
    subjects = {}
    for table in tables:
        name = table.raw_name
        raw_table = raw_tables.get(name, _MISSING)
        rules = rules_for(table, targets[name], year=scope.year, primary_key=raw_table.primary_key)
        inputs = inputs_digest(
            rules,
            raw_table=raw_table,
            rows=contents[name].rows,
            target_keys=target_keys,
            server_version=connection.info.server_version,
        )
        loads_of_targets = {target: loads[target] for target in targets[name]}
        subjects[name] = Subject(table, contents[name], rules, inputs, loads_of_targets)
    return subjects
