"""A small dbt project with the macros and tests of the real one, on a warehouse of its own."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from include.endpoints import Endpoint
from include.ops.migrate import migrate
from include.settings import DBT_PROJECT
from include.transform import dbt, project
from include.transform.build import BuildOutcome, build_stale
from include.transform.manifest import MANIFEST, bake_manifest
from include.transform.outcomes import ModelState
from include.warehouse.session import connect
from tests.nowhere import NOWHERE
from tests.ops.gates import OPEN_GATES
from tests.transform.office_day import set_office_day


@dataclass(frozen=True, slots=True)
class Small:
    """The project's files, and the warehouse that it is built in."""

    warehouse: Endpoint
    directory: Path

    @property
    def target(self) -> Path:
        """Where dbt writes when a test keeps that."""
        return self.directory / "target"

    @property
    def manifest(self) -> Path:
        """Where the project is baked."""
        return self.target / "baked" / MANIFEST

    def write(self, files: Mapping[str, str]) -> None:
        """Write or replace files of the project."""
        for name, text in files.items():
            path = self.directory / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def bake(self) -> None:
        """Bake the project as it is now."""
        bake_manifest(self.manifest.parent, NOWHERE)

    def build(self) -> BuildOutcome:
        """Build what is stale, as a run does."""
        return build_stale(self.warehouse, manifest=self.manifest)

    def execute(self, *statements: str) -> None:
        """Change raw or the bookkeeping."""
        with connect(self.warehouse) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        """Return what the warehouse answers."""
        with connect(self.warehouse) as connection:
            return connection.execute(query.encode()).fetchall()

    def move(self, *tables: str) -> None:
        """Do to the bookkeeping what a load does that moved rows of these tables."""
        for table in tables:
            self.execute(
                "update ops.table_state set batch_id = nextval('ops.batch_id')"
                f" where table_name = '{table}'"
            )

    def close(self, table: str) -> None:
        """Close a table's gate, as a bad quality does."""
        self.execute(
            "update ops.table_state set is_publishable = false, blocked_code = 'quality',"
            f" blocked_reason = 'quality 0.5' where table_name = '{table}'"
        )

    def open(self) -> None:
        """Open every gate."""
        self.execute(OPEN_GATES)


def in_state(outcome: BuildOutcome, state: ModelState) -> set[str]:
    """Return the names of the models and seeds that are in this state after a build."""
    return {node.split(".")[2] for node, one in outcome.models.items() if one.state is state}


@contextmanager
def small_project(
    postgres: Endpoint, directory: Path, files: Mapping[str, str], raw: Mapping[str, str]
) -> Iterator[Small]:
    """Yield a project of these files, on a warehouse with these raw tables, all gates open.

    `raw` has the columns of each table. It is the first of March 2026 at the practice.
    """
    name = f"warehouse_of_{directory.name}".lower()
    shutil.copy(DBT_PROJECT / "profiles.yml", directory)
    shutil.copytree(DBT_PROJECT / "macros", directory / "macros")
    shutil.copytree(DBT_PROJECT / "tests" / "generic", directory / "tests" / "generic")
    with connect(postgres, autocommit=True) as connection:
        connection.execute(f'create database "{name}"'.encode())
    small = Small(postgres.with_database(name), directory)
    migrate(small.warehouse)
    small.write(files)
    set_office_day(small.warehouse, "2026-03-01")
    small.execute(
        *(f"create table raw.{table} ({columns})" for table, columns in raw.items()),
        *(
            "insert into ops.table_state (table_name, batch_id)"
            f" values ('{table}', nextval('ops.batch_id'))"
            for table in raw
        ),
        OPEN_GATES,
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AIRFLOW_HOME", str(directory / "home"))
        for module in (dbt, project):
            patch.setattr(module, "DBT_PROJECT", directory)
        yield small
    with connect(postgres, autocommit=True) as connection:
        connection.execute(f'drop database "{name}" with (force)'.encode())
