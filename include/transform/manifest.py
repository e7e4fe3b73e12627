"""The manifest of the dbt project, from which Cosmos renders its tasks."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from include.endpoints import Endpoint
from include.errors import TerminalError
from include.settings import DBT_SHOWN
from include.transform.dbt import run_dbt
from include.transform.lineage import STAGING_SCHEMA
from include.transform.project import FILES_DIGEST, digest_files
from include.transform.raw_indexes import RAW_INDEXES, derive_indexes, dump_indexes

MANIFEST = "manifest.json"
_NOT_SHOWN = {"raw_code", "compiled_code", "columns"}
# Compiled models say what they join; the warehouse is asked neither for its cache nor for columns.
_COMPILE = ("compile", "--no-populate-cache", "--no-introspect", "--select", "resource_type:model")


def bake_manifest(target_path: Path, warehouse: Endpoint) -> Path:
    """Write `manifest.json` and the indexes it asks for into `target_path`; return its path.

    What Airflow shows of it, and a digest of the project's files, stand beside it. Each file is
    replaced at once: a reader sees the old one or the new one, never a part. They are made with the
    profile and target that Cosmos passes. The warehouse is not contacted. Raises TerminalError when
    the project does not compile; the old manifest stays.
    """
    target_path.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".manifest-", dir=target_path) as directory:
        fresh = Path(directory)
        files = digest_files()
        done = run_dbt(_COMPILE, warehouse, target_path=fresh)
        if done.return_code != 0 or not (fresh / MANIFEST).exists():
            raise TerminalError(
                f"does not compile; the manifest is as it was:\n{done.output[-2000:]}",
                where="include/dbt",
            )
        manifest = json.loads((fresh / MANIFEST).read_text(encoding="utf-8"))
        (fresh / RAW_INDEXES).write_bytes(dump_indexes(derive_indexes(manifest)))
        (fresh / DBT_SHOWN.name).write_text(json.dumps(_shown(manifest)), encoding="utf-8")
        (fresh / FILES_DIGEST).write_text(files, encoding="utf-8")
        for name in (RAW_INDEXES, DBT_SHOWN.name, MANIFEST, FILES_DIGEST):
            (fresh / name).replace(target_path / name)
    return target_path / MANIFEST


def _shown(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Return the models above staging, without their SQL and columns."""
    return {
        "metadata": manifest["metadata"],
        "nodes": {
            unique_id: {name: value for name, value in node.items() if name not in _NOT_SHOWN}
            for unique_id, node in manifest["nodes"].items()
            if node["resource_type"] == "model" and node["schema"] != STAGING_SCHEMA
        },
    }
