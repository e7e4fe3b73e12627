"""What a node of the dbt project is made by, besides the rows of raw: SQL, settings and days.

All of it is read from a manifest whose nodes are compiled. A node is also what the nodes are that
it reads: another expression in a view, or another line of the code dictionary, is another mart.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from include.transform.lineage import SNAPSHOT_SCHEMA, Lineage, Node

SETTINGS_MODEL = "int_preferences_pivoted"
# The column of that model that `refuse_unknown_settings` reads, without any reference to it.
UNKNOWN_SETTINGS = "unknown_settings"
# What the macro `office_today` reads.
OFFICE_DAY = "ops.office_day"
# Past days that somebody wants snapshots of.
ASKED_DAYS = "ops.snapshot_day"
# What decides about the relation of a node beside its SQL.
_CONFIG = (
    *("materialized", "schema", "alias", "indexes", "unique_key", "incremental_strategy"),
    *("where", "limit", "severity", "fail_calc", "warn_if", "error_if"),
)
_WORD = re.compile(r"\w+")


class Definitions:
    """The definition of each node of a project, worked out once. Nodes go by their unique ids.

    `snapshots` has the tables of snapshots, each with the name of its mart.
    """

    def __init__(self, lineage: Lineage) -> None:
        self._digests: dict[str, str] = {}
        self._settings: dict[str, frozenset[str]] = {}
        self._day_readers: set[str] = set()
        self._day_listers: set[str] = set()
        settings_model = next(
            (key for key, node in lineage.nodes.items() if node["name"] == SETTINGS_MODEL), None
        )
        columns = frozenset(
            lineage.nodes[settings_model].get("columns", ()) if settings_model else ()
        )
        for unique_id, node in lineage.nodes.items():
            parents = [one for one in lineage.parents_of(unique_id) if one in lineage.nodes]
            text = _code(node)
            self._digests[unique_id] = digest(
                [_own(node), sorted(self._digests[parent] for parent in parents)]
            )
            if OFFICE_DAY in text or self._day_readers.intersection(parents):
                self._day_readers.add(unique_id)
            if ASKED_DAYS in text:
                self._day_listers.add(unique_id)
            found = frozenset[str]().union(*(self._settings[parent] for parent in parents))
            if settings_model in lineage.ancestors_of(unique_id):
                named = columns.intersection(_WORD.findall(text))
                # Who reads the view and names none of its columns takes all of them.
                found |= named or (columns if settings_model in parents else frozenset())
            if _meta(node).get("settings"):
                found |= {UNKNOWN_SETTINGS}
            self._settings[unique_id] = found
        self.settings_model = settings_model
        self.snapshots = {
            key: str(node.get("alias") or node["name"])
            for key, node in lineage.nodes.items()
            if node.get("schema") == SNAPSHOT_SCHEMA
        }
        needed = frozenset(self.snapshots).union(*map(lineage.ancestors_of, self.snapshots))
        self._past_day_readers = {
            key
            for key in needed
            if not self._day_listers.isdisjoint({key, *lineage.ancestors_of(key)})
        }

    def sql_digest(self, node: str) -> str:
        """Return what changes when the node's SQL does, or that of anything below it."""
        return self._digests[node]

    def settings_of(self, node: str) -> frozenset[str]:
        """Return the columns of the settings that the node's rows can depend on."""
        return self._settings[node]

    def reads_day(self, node: str) -> bool:
        """Whether the node's rows can depend on the practice's today."""
        return node in self._day_readers

    def lists_past_days(self, node: str) -> bool:
        """Whether the node itself lists the past days that snapshots are asked of."""
        return node in self._day_listers

    def reads_past_days(self, node: str) -> bool:
        """Whether a snapshot of a past day needs the node: it is one of snapshots, or below one.

        What reads a snapshot beside it, such as a list of today, has no rows of the day.
        """
        return node in self._past_day_readers


def digest(content: Any) -> str:
    """Return a short digest of plain values, the same in every process."""
    return sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()[:32]


def _code(node: Node) -> str:
    """Return the compiled SQL; the name of the database that it was compiled for is left out."""
    text = str(node.get("compiled_code") or node.get("raw_code") or "")
    return text.replace(f'"{node.get("database")}".', "")


def _own(node: Node) -> list[Any]:
    config: Mapping[str, Any] = node.get("config") or {}
    columns: Mapping[str, Mapping[str, Any]] = node.get("columns") or {}
    described = bool(config.get("persist_docs"))
    return [
        _code(node),
        # One that is built row by row is compiled as for every build but the first.
        node.get("raw_code") if config.get("materialized") == "incremental" else None,
        node.get("checksum") if node["resource_type"] == "seed" else None,
        {name: config.get(name) for name in _CONFIG},
        (config.get("contract") or {}).get("enforced"),
        {name: column.get("data_type") for name, column in columns.items()},
        [node.get("description"), {n: c.get("description") for n, c in columns.items()}]
        if described
        else None,
    ]


def _meta(node: Node) -> Mapping[str, Any]:
    found: Mapping[str, Any] = (node.get("config") or {}).get("meta") or {}
    return found
