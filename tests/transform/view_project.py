"""A dbt project of a few models with the macros of the real one, in a warehouse of its own."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, LiteralString

import pytest

from include.endpoints import Endpoint
from include.settings import DBT_PROJECT
from include.transform import dbt
from include.transform.dbt import DbtRun, run_dbt
from include.warehouse.session import connect

PROJECT = """
name: small
version: "1.0"
profile: open_dental
models:
  small:
    +persist_docs: {relation: true, columns: true}
    staging:
      +schema: staging
      +materialized: view
    intermediate:
      +schema: intermediate
      +materialized: view
    marts:
      +schema: marts
      +materialized: table
      +pre-hook: "{{ refuse_absent_columns() }}"
"""


@dataclass(frozen=True, slots=True)
class SmallProject:
    """The directory of the project and the warehouse that it is built in."""

    directory: Path
    warehouse: Endpoint
    said: dict[str, str] = field(default_factory=dict)

    def write(self, files: Mapping[str, str]) -> None:
        """Write files by their paths below `models`."""
        for name, text in files.items():
            path = self.directory / "models" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")

    def run(self) -> DbtRun:
        """Run all models; what each of them said is kept by its name."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(dbt, "DBT_PROJECT", self.directory)
            done = run_dbt(("run",), self.warehouse, target_path=self.directory / "target")
        assert done.results, done.output
        self.said.clear()
        self.said.update({result.name: result.message for result in done.results})
        return done

    def execute(self, *statements: LiteralString) -> None:
        """Change the warehouse."""
        with connect(self.warehouse) as connection:
            for statement in statements:
                connection.execute(statement)

    def ask(self, query: LiteralString) -> list[tuple[Any, ...]]:
        """Return what the warehouse answers."""
        with connect(self.warehouse) as connection:
            return connection.execute(query).fetchall()


def create_small_project(directory: Path, warehouse: Endpoint) -> SmallProject:
    """Return a project without models."""
    shutil.copy(DBT_PROJECT / "profiles.yml", directory)
    shutil.copytree(DBT_PROJECT / "macros", directory / "macros")
    (directory / "dbt_project.yml").write_text(PROJECT, encoding="utf-8")
    return SmallProject(directory, warehouse)
