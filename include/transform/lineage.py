"""What reads what in the dbt project, by its manifest."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from include.errors import ConfigError

Manifest = Mapping[str, Any]


def read_manifest(path: Path) -> Manifest:
    """Return the manifest; raises ConfigError when there is none."""
    try:
        document: Manifest = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise ConfigError(
            "is no manifest of the dbt project, so nobody can say which models read which tables. "
            "The marts themselves are as dbt left them. Write it with `./dental transform --bake`.",
            where=str(path),
        ) from None
    return document


def raw_tables_of(manifest: Manifest, unique_id: str) -> frozenset[str]:
    """Return the raw tables that a node reads, through however many models."""
    found: set[str] = set()
    pending, seen = [unique_id], {unique_id}
    while pending:
        current = pending.pop()
        if current in manifest["sources"]:
            found.add(manifest["sources"][current]["identifier"])
        for parent in manifest["parent_map"].get(current, ()):
            if parent not in seen:
                seen.add(parent)
                pending.append(parent)
    return frozenset(found)


def incremental_readers(manifest: Manifest) -> dict[str, frozenset[str]]:
    """Return, for each raw table, the incremental models that read it, however far down."""
    readers: dict[str, set[str]] = {}
    for unique_id, node in manifest["nodes"].items():
        is_incremental = node["config"].get("materialized") == "incremental"
        if node["resource_type"] == "model" and is_incremental:
            for table in raw_tables_of(manifest, unique_id):
                readers.setdefault(table, set()).add(node["name"])
    return {table: frozenset(models) for table, models in sorted(readers.items())}
