"""The manifest of the dbt project, from which Cosmos renders its tasks."""

from __future__ import annotations

import tempfile
from pathlib import Path

from include.endpoints import Endpoint
from include.errors import TerminalError
from include.transform.dbt import run_dbt

MANIFEST = "manifest.json"


def bake_manifest(target_path: Path, warehouse: Endpoint) -> Path:
    """Write `manifest.json` into `target_path` and return its path.

    The file is replaced at once: a reader sees the old one or the new one, never a part. It is made
    with the profile and target that Cosmos passes. The warehouse is not contacted.
    Raises TerminalError when the project does not parse; the old manifest stays.
    """
    target_path.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".manifest-", dir=target_path) as directory:
        fresh = Path(directory)
        done = run_dbt(["parse"], warehouse, target_path=fresh)
        if done.return_code != 0 or not (fresh / MANIFEST).exists():
            raise TerminalError(
                f"does not parse; the manifest is as it was:\n{done.output[-2000:]}",
                where="include/dbt",
            )
        (fresh / MANIFEST).replace(target_path / MANIFEST)
    return target_path / MANIFEST
