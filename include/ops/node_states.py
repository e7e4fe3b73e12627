"""By what each node of dbt was made, or last passed as a test (`ops.node_state`).

A node without a row is to be built, or asked, whatever else is known of it. Every model deletes its
own row in the transaction in which it is built (the macro `record_model_input`), so that one that
was built by hand is never taken for what a run has built.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date

from include.warehouse.session import WarehouseConnection


@dataclass(frozen=True, slots=True)
class NodeState:
    """Digests of the SQL, the settings and the inputs; the day where the node reads it."""

    sql_digest: str
    settings_digest: str
    inputs_digest: str
    office_on: date | None


def read_node_states(connection: WarehouseConnection) -> dict[str, NodeState]:
    """Return what is known of each node, by dbt's unique ids."""
    return {
        node: NodeState(*state)
        for node, *state in connection.execute(
            """
            select node, sql_digest, settings_digest, inputs_digest, office_on
            from ops.node_state
            """
        )
    }


def replace_node_states(
    connection: WarehouseConnection,
    states: Mapping[str, NodeState],
    *,
    forgotten: Collection[str] = (),
) -> None:
    """Record these states, and forget those of the nodes that are named besides."""
    connection.execute("delete from ops.node_state where node = any(%s)", ([*forgotten],))
    connection.execute(
        """
        insert into ops.node_state (
            node, sql_digest, settings_digest, inputs_digest, office_on
        )
        select * from unnest(%s::text [], %s::text [], %s::text [], %s::text [], %s::date [])
        on conflict (node) do update set
            sql_digest = excluded.sql_digest,
            settings_digest = excluded.settings_digest,
            inputs_digest = excluded.inputs_digest,
            office_on = excluded.office_on,
            recorded_at = excluded.recorded_at
        """,
        (
            [*states],
            [state.sql_digest for state in states.values()],
            [state.settings_digest for state in states.values()],
            [state.inputs_digest for state in states.values()],
            [state.office_on for state in states.values()],
        ),
    )
