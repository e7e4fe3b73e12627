"""What reads what in the dbt project, by its manifest."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cached_property
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

from include.errors import ConfigError

Manifest = Mapping[str, Any]
Node = Mapping[str, Any]

STAGING_SCHEMA = "staging"
MART_SCHEMA = "marts"
SNAPSHOT_SCHEMA = "snapshots"
_GATE = "is_publishable"


class Lineage:
    """What stands above each node of one manifest, worked out once, each node looked at once.

    Nodes go by dbt's unique ids, raw tables by their names in `raw`.
    """

    def __init__(self, manifest: Manifest) -> None:
        self._nodes: Mapping[str, Node] = manifest["nodes"]
        self._parents: Mapping[str, list[str]] = manifest["parent_map"]
        self._tables = {
            unique_id: str(source["identifier"])
            for unique_id, source in manifest["sources"].items()
        }
        # In this order every node comes after all that it reads.
        self._above: dict[str, frozenset[str]] = {}
        for unique_id in TopologicalSorter[str](self._parents).static_order():
            parents = self._parents.get(unique_id, ())
            self._above[unique_id] = frozenset(parents).union(
                *(self._above[parent] for parent in parents)
            )

    @cached_property
    def nodes(self) -> Mapping[str, Node]:
        """Every model, seed and test by unique id, each after all that it reads."""
        return {
            unique_id: self._nodes[unique_id]
            for unique_id in self._above
            if unique_id in self._nodes
            and self._nodes[unique_id]["resource_type"] in ("model", "seed", "test")
        }

    @cached_property
    def tables(self) -> frozenset[str]:
        """Every raw table that the project knows."""
        return frozenset(self._tables.values())

    def parents_of(self, unique_id: str) -> tuple[str, ...]:
        """Return what a node reads itself."""
        return tuple(self._parents.get(unique_id, ()))

    def source_tables_of(self, unique_id: str) -> frozenset[str]:
        """Return the raw tables that a node reads itself."""
        return frozenset(
            self._tables[parent] for parent in self.parents_of(unique_id) if parent in self._tables
        )

    def ancestors_of(self, unique_id: str) -> frozenset[str]:
        """Return all that a node reads, however far down; nothing for a node that is not known."""
        return self._above.get(unique_id, frozenset())

    def raw_tables_of(self, unique_id: str) -> frozenset[str]:
        """Return the raw tables that a node reads, through however many models."""
        return frozenset(
            self._tables[above] for above in self.ancestors_of(unique_id) if above in self._tables
        )

    def models(self) -> dict[str, Node]:
        """Return every model by unique id, each after the models that it reads."""
        return {
            unique_id: self._nodes[unique_id]
            for unique_id in self._above
            if unique_id in self._nodes and self._nodes[unique_id]["resource_type"] == "model"
        }

    def marts(self) -> dict[str, frozenset[str]]:
        """Return every mart by name, with the raw tables that it reads."""
        return {
            str(model["name"]): self.raw_tables_of(unique_id)
            for unique_id, model in self.models().items()
            if model["schema"] == MART_SCHEMA
        }

    def incremental_readers(self) -> dict[str, frozenset[str]]:
        """Return, for each raw table, the incremental models that read it, however far down.

        A table of snapshots is none: it keeps what it held and follows no row of raw.
        """
        readers: dict[str, set[str]] = {}
        for unique_id, model in self.models().items():
            if (
                model["config"].get("materialized") == "incremental"
                and model["schema"] != SNAPSHOT_SCHEMA
            ):
                for table in self.raw_tables_of(unique_id):
                    readers.setdefault(table, set()).add(model["name"])
        return {table: frozenset(models) for table, models in sorted(readers.items())}

    def tables_read_beyond_staging(self) -> frozenset[str]:
        """Return the raw tables that any model beyond staging reads.

        A staging model alone does not count: one may have been generated for every table.
        """
        return frozenset().union(
            *(
                self.raw_tables_of(unique_id)
                for unique_id, model in self.models().items()
                if model["schema"] != STAGING_SCHEMA
            )
        )

    @cached_property
    def gates(self) -> dict[str, str]:
        """The raw table of every test that asks whether its table may be read."""
        return {
            unique_id: self._tables[parent]
            for unique_id, node in self._nodes.items()
            if (node.get("test_metadata") or {}).get("name") == _GATE
            for parent in self._parents[unique_id]
            if parent in self._tables
        }

    def subjects_of(self, test: str) -> tuple[str, ...]:
        """Return the nodes that a test speaks about: the one it is attached to, else all it reads.

        Nothing for a test that is not known.
        """
        attached = self._nodes.get(test, {}).get("attached_node")
        return (str(attached),) if attached else tuple(self._parents.get(test, ()))


def read_lineage(manifest: Path) -> Lineage:
    """Return what the manifest says; raises ConfigError when there is none."""
    try:
        return Lineage(json.loads(manifest.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError):
        raise ConfigError(
            "is no manifest of the dbt project, so nobody can say which models read which tables. "
            "The marts themselves are as dbt left them. Write it with `./dental transform --bake`.",
            where=str(manifest),
        ) from None
