"""The dbt project as it was baked: what reads what, and by what each node is made.

A digest of the project's files stands beside the manifest, so that a build never takes the SQL of
an earlier project for that of today's.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path

from include.errors import ConfigError
from include.settings import DBT_PROJECT
from include.transform.definitions import Definitions
from include.transform.lineage import Lineage, read_lineage

FILES_DIGEST = "project.sha256"
_SUFFIXES = {".sql", ".yml", ".csv"}
# What dbt itself writes.
_MADE = {"target", "logs", "dbt_packages"}


@dataclass(frozen=True)
class Project:
    """A baked project."""

    lineage: Lineage

    @cached_property
    def definitions(self) -> Definitions:
        """By what each node is made."""
        return Definitions(self.lineage)


def read_project(manifest: Path) -> Project:
    """Return what the manifest says; raises ConfigError when there is none.

    Raises it as well when the project's files have changed since the manifest was baked.
    """
    lineage = read_lineage(manifest)
    baked = manifest.with_name(FILES_DIGEST)
    if not baked.exists() or baked.read_text(encoding="utf-8") != digest_files():
        raise ConfigError(
            "is not that of the dbt project's files, which have changed since. Nothing was built. "
            "Write it anew with `./dental transform --bake`.",
            where=str(manifest),
        )
    return Project(lineage)


def digest_files() -> str:
    """Return what changes when a file of the project does, comes or goes."""
    found = sha256()
    for path in sorted(DBT_PROJECT.rglob("*")):
        name = path.relative_to(DBT_PROJECT)
        if path.suffix in _SUFFIXES and not _MADE.intersection(name.parts):
            found.update(f"{name.as_posix()}\n".encode())
            found.update(sha256(path.read_bytes()).digest())
    return found.hexdigest()
