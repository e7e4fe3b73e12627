"""A warehouse for one office after the other: the same empty one each time, built by dbt at once.

dbt runs within this process on a manifest that is parsed once: its own start, and a parse for every
day that an office calls today, would take longer than the marts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from dbt.artifacts.schemas.run import RunExecutionResult
from dbt.cli.main import dbtRunner
from dbt.contracts.graph.manifest import Manifest
from dbt.contracts.graph.nodes import ModelNode
from psycopg import sql
from psycopg.rows import dict_row

from include.endpoints import Endpoint
from include.ops.migrate import migrate
from include.settings import DBT_PROFILE, DBT_PROJECT, DBT_TARGET
from include.transform.dbt import FAILED, environment
from include.transform.lineage import MART_SCHEMA, Lineage, read_lineage
from include.transform.manifest import MANIFEST
from include.warehouse.session import connect
from tests.transform.equality import raw
from tests.transform.equality.calculations import calculate
from tests.transform.equality.comparison import MartComparison, compare
from tests.transform.equality.keys import KEYS, SNAPSHOTS
from tests.transform.reports.practice import Practice

DBT_PROJECT_NAME = "open_dental"


@dataclass(frozen=True, slots=True)
class OfficeDay:
    """The office's today, and the day that its accounts are aged as of."""

    today: date
    as_of: date


def tell_day(endpoint: Endpoint, day: OfficeDay) -> None:
    """Let a build take both days for the office's, as a run records them."""
    with connect(endpoint) as connection:
        connection.execute(
            """
            with config as (
                insert into ops.config (sha256, tables_yml, overrides_yml) values ('', '', '')
                returning config_version
            )
            insert into ops.run (mode, phase, config_version, office_on)
            select 'compare', 4, config_version, %s from config
            """,
            (day.today,),
        )
        if day.as_of != day.today:
            connection.execute("insert into ops.snapshot_day (as_of_on) values (%s)", (day.as_of,))


class BuildError(Exception):
    """dbt did not build all that it was asked for."""


class OfficeWarehouse:
    """One database, made anew for each office from one that holds all that offices have in common.

    These are the raw tables without rows, the seeds, and the views that stand on nothing else.
    """

    def __init__(self, administrator: Endpoint, directory: Path) -> None:
        self._administrator = administrator
        self._directory = directory
        self.endpoint = administrator.with_database("office")
        self._administer("create database office")
        migrate(self.endpoint)
        self._manifest = self._parsed()
        self.lineage = read_lineage(directory / MANIFEST)
        self._tables = self.lineage.tables_read_beyond_staging()
        with connect(self.endpoint) as connection:
            raw.create_tables(connection, self._tables)
        self._require_all(self._invoke("seed"))
        self._require_all(self._invoke("run", "--select", *self._lasting_views()))
        self._administer("alter database office rename to office_before")

    def build(
        self, practice: Practice, *, as_of: date | None = None, marts: Sequence[str] = ()
    ) -> BuiltOffice:
        """Build all marts of an office, or those that are named, in one run of dbt.

        As of another day than the office's today, if one is named. The office that was built before
        is gone after that.
        """
        day = OfficeDay(practice.today, as_of or practice.today)
        self._administer("drop database if exists office with (force)")
        self._administer("create database office template office_before")
        with connect(self.endpoint) as connection:
            raw.fill_tables(connection, practice, self._tables)
        tell_day(self.endpoint, day)
        failures = self._invoke("run", "--select", *self._models_to_build(marts))
        return BuiltOffice(practice, day, self.endpoint, self.lineage, failures)

    def close(self) -> None:
        """Remove the databases."""
        for name in ("office", "office_before"):
            self._administer(f"drop database if exists {name} with (force)")

    def _lasting_views(self) -> list[str]:
        """Return the views below the marts that no build drops, as a table's drops those on it."""
        models = self.lineage.models()
        views = {one for one, node in models.items() if node["config"]["materialized"] == "view"}
        return [
            str(models[one]["name"])
            for one in self._needed(self.lineage.marts())
            if {one, *self.lineage.ancestors_of(one)} & models.keys() <= views
        ]

    def _models_to_build(self, marts: Sequence[str]) -> list[str]:
        """Return what is not there yet."""
        lasting = set(self._lasting_views())
        models = self.lineage.models()
        names = (str(models[one]["name"]) for one in self._needed(marts or self.lineage.marts()))
        return [name for name in names if name not in lasting]

    def _needed(self, marts: Iterable[str]) -> list[str]:
        """Return marts and every model that they read, however far down."""
        wanted = {f"model.{DBT_PROJECT_NAME}.{mart}" for mart in marts}
        return sorted(
            wanted.union(*map(self.lineage.ancestors_of, wanted)) & self.lineage.models().keys()
        )

    def _invoke(self, *arguments: str) -> Mapping[str, str]:
        """Run a command of dbt; return what it says of each node that failed, by unique id."""
        with self._environment():
            # Writing the manifest down again takes longer than many a mart.
            done = dbtRunner(manifest=self._manifest).invoke(
                [*arguments, *self._options(), "--no-write-json"]
            )
        if not isinstance(done.result, RunExecutionResult):
            raise BuildError(f"dbt {arguments[0]}: {done.exception}")
        return {
            one.node.unique_id: str(one.message)
            for one in done.result.results
            if str(one.status) in FAILED
        }

    def _parsed(self) -> Manifest:
        with self._environment():
            done = dbtRunner().invoke(["parse", *self._options()])
        if not isinstance(done.result, Manifest):
            raise BuildError(f"dbt parse: {done.exception}")
        for node in done.result.nodes.values():
            if isinstance(node, ModelNode):
                # Comments on columns are not compared, and a quarter of the time of a mart.
                node.config.persist_docs = {}
        return done.result

    def _options(self) -> Sequence[str]:
        return (
            *("--project-dir", str(DBT_PROJECT), "--profiles-dir", str(DBT_PROJECT)),
            *("--profile", DBT_PROFILE, "--target", DBT_TARGET),
            *("--target-path", str(self._directory), "--log-path", str(self._directory / "logs")),
            *("--quiet", "--log-level", "none", "--log-level-file", "none"),
        )

    @contextmanager
    def _environment(self) -> Iterator[None]:
        with pytest.MonkeyPatch.context() as patch:
            for name, value in environment(self.endpoint).items():
                patch.setenv(name, value)
            yield

    def _administer(self, statement: str) -> None:
        with connect(self._administrator, autocommit=True) as connection:
            connection.execute(statement.encode())

    @staticmethod
    def _require_all(failures: Mapping[str, str]) -> None:
        if failures:
            raise BuildError("\n".join(f"{one}: {why}" for one, why in failures.items()))


@dataclass(frozen=True, slots=True)
class BuiltOffice:
    """An office whose marts are built, and what dbt said of those that are not."""

    practice: Practice
    day: OfficeDay
    endpoint: Endpoint
    lineage: Lineage
    failures: Mapping[str, str]

    def compare(self, mart: str) -> MartComparison:
        """Hold a mart against the second calculation; raises BuildError if it was not built."""
        node = f"model.{DBT_PROJECT_NAME}.{mart}"
        needed = {node, *self.lineage.ancestors_of(node)}
        if failed := {one: why for one, why in self.failures.items() if one in needed}:
            raise BuildError("\n".join(f"{one}: {why}" for one, why in failed.items()))
        return compare(
            mart,
            in_mart=self._rows(mart),
            calculated=calculate(mart, self.practice, as_of=self.day.as_of),
            key=KEYS[mart],
        )

    def _rows(self, mart: str) -> list[dict[str, Any]]:
        table = sql.Identifier(MART_SCHEMA, mart)
        with (
            connect(self.endpoint) as connection,
            connection.cursor(row_factory=dict_row) as cursor,
        ):
            if mart in SNAPSHOTS:
                statement = sql.SQL("select * from {} where as_of_on = %s").format(table)
                return cursor.execute(statement, [self.day.as_of]).fetchall()
            return cursor.execute(sql.SQL("select * from {}").format(table)).fetchall()
