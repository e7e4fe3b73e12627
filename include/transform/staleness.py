"""What of the dbt project has to be built, and which of its tests have to be asked.

    look at ops and at the catalog (`look`) -> decide about each node (`decide`)

A table is stale when a load has moved rows of what it reads since it read them, when its SQL or a
setting that it reads has changed, when it reads the practice's day and that is another, when a
snapshot of a past day is asked for that needs it, or when nobody knows by what it was made. A view
shows what is there and is never stale by data: only by its SQL or the columns of its raw table, and
with whatever it reads that is made anew, because dbt drops it then. A test is due when anything
that it reads may have changed since it passed. Who reads a table whose gate is closed, however far
down, waits. A test waits with what it speaks about: where only something that this refers to waits,
it leaves those references out.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from psycopg import sql

from include.ops.mart_states import read_model_inputs
from include.ops.node_states import NodeState, read_node_states
from include.ops.runs import read_office_day
from include.ops.snapshot_days import asked_days
from include.ops.table_states import newest_batches, publishable_tables
from include.transform.definitions import Definitions, digest
from include.transform.lineage import MART_SCHEMA, Lineage, Node
from include.warehouse.relations import read_raw_forms, read_relations
from include.warehouse.session import WarehouseConnection

_VIEWS = ("view", "ephemeral")


class Reason(StrEnum):
    """Why a model or seed is stale."""

    MISSING = "it is not in the warehouse"
    UNKNOWN = "nobody knows by what it was made"
    SQL = "its SQL, or that of what it reads, has changed"
    SETTING = "a setting that it reads has changed"
    DAY = "it reads the practice's day, which is another"
    ASKED = "the past days that snapshots are asked of are others"
    INPUT = "rows of what it reads have moved"
    COLUMNS = "its raw table has got other columns"
    BELOW = "what it reads is made anew"


# A table that is built row by row has to be built from the beginning then.
FROM_THE_BEGINNING = {Reason.MISSING, Reason.UNKNOWN, Reason.SQL, Reason.SETTING, Reason.DAY}


@dataclass(frozen=True, slots=True)
class Seen:
    """What `ops` and the catalog say: raw tables by their names in raw, nodes by unique ids.

    `closed` are tables of the project that may not be read, `inputs` the load up to which each
    model has read each table, `asked_days` the past days that snapshots are wanted of, `settings`
    the practice's, None where their view is missing.
    """

    closed: frozenset[str]
    batches: Mapping[str, int]
    forms: Mapping[str, str]
    inputs: Mapping[tuple[str, str], int]
    states: Mapping[str, NodeState]
    relations: Mapping[tuple[str, str], str]
    office_on: date | None
    asked_days: tuple[date, ...]
    settings: Mapping[str, object] | None


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do with each node; `stale` and `waiting` overlap where a stale one has to wait.

    `stale` has models and seeds with the reason, `waiting` everything with the closed tables that
    it reads, `tests` those that are due and need not wait. `states` are recorded of what succeeds.
    """

    stale: Mapping[str, Reason]
    waiting: Mapping[str, frozenset[str]]
    tests: frozenset[str]
    states: Mapping[str, NodeState]

    @property
    def built(self) -> tuple[str, ...]:
        """What is to be built, each after all that it reads."""
        return tuple(node for node in self.stale if node not in self.waiting)

    @property
    def is_nothing_to_do(self) -> bool:
        """Whether dbt need not be started."""
        return not self.built and not self.tests


def look(connection: WarehouseConnection, lineage: Lineage, definitions: Definitions) -> Seen:
    """Return what the warehouse knows, in a handful of small queries."""
    relations = read_relations(
        connection, {str(node["schema"]) for node in lineage.nodes.values() if _is_made(node)}
    )
    return Seen(
        closed=lineage.tables - publishable_tables(connection),
        batches=newest_batches(connection),
        forms=read_raw_forms(connection),
        inputs=read_model_inputs(connection),
        states=read_node_states(connection),
        relations=relations,
        office_on=read_office_day(connection),
        asked_days=asked_days(connection, definitions.snapshots.values()),
        settings=read_settings(connection, lineage, definitions)
        if definitions.settings_model is not None
        and _relation(lineage.nodes[definitions.settings_model]) in relations
        else None,
    )


def read_settings(
    connection: WarehouseConnection, lineage: Lineage, definitions: Definitions
) -> dict[str, object] | None:
    """Return the practice's settings by their names; None for a project without any."""
    if definitions.settings_model is None:
        return None
    schema, name = _relation(lineage.nodes[definitions.settings_model])
    cursor = connection.execute(sql.SQL("select * from {}").format(sql.Identifier(schema, name)))
    names = [column.name for column in cursor.description or ()]
    return dict(zip(names, cursor.fetchone() or (), strict=False))


def decide(lineage: Lineage, definitions: Definitions, seen: Seen) -> Decision:
    """Return what to do; pure."""
    tables = _tables_beside_settings(lineage, definitions)
    stale: dict[str, Reason] = {}
    waiting: dict[str, frozenset[str]] = {}
    states: dict[str, NodeState] = {}
    made: set[str] = set()
    tests: set[str] = set()
    for unique_id, node in lineage.nodes.items():
        closed = lineage.raw_tables_of(unique_id) & seen.closed
        if closed:
            waiting[unique_id] = closed
        states[unique_id] = _state(unique_id, lineage, definitions, seen, tables[unique_id])
        is_below_made = not made.isdisjoint(lineage.parents_of(unique_id))
        if node["resource_type"] == "test":
            is_due = is_below_made or seen.states.get(unique_id) != states[unique_id]
            subject = node.get("attached_node")
            waits = subject in waiting if subject else bool(closed)
            if is_due and not waits and unique_id not in lineage.gates:
                tests.add(unique_id)
        elif _is_made(node):
            state = states[unique_id]
            reason = _why_stale(
                node,
                seen,
                (seen.states.get(unique_id), state),
                tables[unique_id],
                is_asked=bool(seen.asked_days) and definitions.reads_past_days(unique_id),
            )
            if reason is None and is_below_made and _is_view(node):
                reason = Reason.BELOW
            if reason is not None:
                stale[unique_id] = reason
                if not closed:
                    made.add(unique_id)
    return Decision(stale, waiting, frozenset(tests), states)


def stale_marts(lineage: Lineage, stale: Collection[str]) -> frozenset[str]:
    """Return the names of the marts that do not hold what a build would make of them.

    `stale` are the models and seeds that are. A mart that is a view shows what is below it.
    """
    return frozenset(
        str(model["name"])
        for unique_id, model in lineage.models().items()
        if unique_id in stale
        or (_is_view(model) and not lineage.ancestors_of(unique_id).isdisjoint(stale))
    )


def renewed_marts(lineage: Lineage, made: Collection[str]) -> frozenset[str]:
    """Return the names of the marts that are views and were made now, or show what was."""
    models = lineage.models()
    return frozenset(
        str(model["name"])
        for unique_id, model in models.items()
        if model["schema"] == MART_SCHEMA
        and _is_view(model)
        and not {unique_id, *lineage.ancestors_of(unique_id)}.isdisjoint(models.keys() & made)
    )


def _why_stale(
    node: Node,
    seen: Seen,
    states: tuple[NodeState | None, NodeState],
    tables: frozenset[str],
    *,
    is_asked: bool,
) -> Reason | None:
    """Return why a node is stale, by the state that it was made in and the one of now.

    `is_asked` tells that a snapshot of a past day needs it.
    """
    held, state = states
    if _relation(node) not in seen.relations:
        return Reason.MISSING
    if held is None:
        return Reason.UNKNOWN
    if held.sql_digest != state.sql_digest:
        return Reason.SQL
    if node["resource_type"] == "seed":
        return None
    if _is_view(node):
        return Reason.COLUMNS if held.inputs_digest != state.inputs_digest else None
    if held.settings_digest != state.settings_digest:
        return Reason.SETTING
    if held.office_on != state.office_on:
        return Reason.DAY
    # A list of days that nobody asks for any more goes, or they would be computed again and again.
    if is_asked or held.inputs_digest != state.inputs_digest:
        return Reason.ASKED
    name = str(node["name"])
    # What a load has left may have a smaller number than what was read: they do not end in order.
    if any(seen.inputs.get((name, table)) != seen.batches.get(table, 0) for table in tables):
        return Reason.INPUT
    return None


def _state(
    unique_id: str,
    lineage: Lineage,
    definitions: Definitions,
    seen: Seen,
    tables: frozenset[str],
) -> NodeState:
    """Return by what the node would be made now."""
    node = lineage.nodes[unique_id]
    inputs: list[tuple[str, object]] = []
    if node["resource_type"] == "test":
        # It may have passed without the references into a table that is closed.
        inputs = [
            (table, None if table in seen.closed else seen.batches.get(table, 0))
            for table in sorted(tables)
        ]
    elif _is_view(node):
        own = sorted(lineage.source_tables_of(unique_id))
        inputs = [(table, seen.forms.get(table)) for table in own]
    elif definitions.lists_past_days(unique_id):
        inputs = [("asked", day) for day in seen.asked_days]
    settings = seen.settings or {}
    read = sorted(definitions.settings_of(unique_id))
    return NodeState(
        sql_digest=definitions.sql_digest(unique_id),
        settings_digest=digest([(name, settings.get(name)) for name in read]),
        inputs_digest=digest(inputs),
        office_on=seen.office_on if definitions.reads_day(unique_id) else None,
    )


def _tables_beside_settings(
    lineage: Lineage, definitions: Definitions
) -> dict[str, frozenset[str]]:
    """Return the raw tables that each node reads, less those that it reads as settings alone.

    The practice's software writes other preferences by the minute.
    """
    found: dict[str, frozenset[str]] = {}
    for unique_id in lineage.nodes:
        found[unique_id] = lineage.source_tables_of(unique_id).union(
            *(
                found.get(parent, frozenset())
                for parent in lineage.parents_of(unique_id)
                if parent != definitions.settings_model
            )
        )
    return found


def _relation(node: Node) -> tuple[str, str]:
    return str(node["schema"]), str(node.get("alias") or node["name"])


def _is_made(node: Node) -> bool:
    """Whether dbt makes a relation of the node."""
    kind = (node.get("config") or {}).get("materialized")
    return node["resource_type"] != "test" and kind != "ephemeral"


def _is_view(node: Node) -> bool:
    return (node.get("config") or {}).get("materialized") in _VIEWS
