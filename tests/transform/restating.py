"""A practice whose rows move under models that compute the accounts alone that moved.

Everything goes the way of a practice: edits in its own database, refreshes of the engine. What is
built step by step is held against what the same SQL makes of all rows.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import yaml
from psycopg import sql

import simulator
from include.catalog.files import OVERRIDES_FILE
from include.discovery import discover
from include.endpoints import Endpoint
from include.engine import load_table, settle
from include.open_dental.schema import tables
from include.ops.account_links import update_account_links
from include.ops.migrate import migrate
from include.planning import RefreshRequest, plan_refresh
from include.transform.dbt import RESTARTED_VARIABLE, DbtRun, run_dbt
from include.transform.lineage import Lineage, Node, read_lineage
from include.transform.looks import RESTATING
from include.warehouse.session import connect
from tests.engine.practice import writing
from tests.ops.gates import OPEN_GATES
from tests.transform.equality.warehouse import OfficeDay, tell_day

# What an account's figures are made of: each with the columns that name an account or its rows,
# and those that hold an amount or a day.
_NAMES = {
    "patient": ("Guarantor",),
    "procedurelog": ("PatNum", "ProvNum"),
    "claimproc": ("PatNum", "ProcNum", "ClaimNum", "ClaimPaymentNum"),
    "adjustment": ("PatNum", "ProcNum", "AdjType"),
    "payment": ("PatNum", "PayType"),
    "paysplit": ("PatNum", "ProcNum", "PayNum", "AdjNum", "PayPlanNum", "UnearnedType"),
    "claim": ("PatNum",),
    "payplan": ("PatNum", "Guarantor"),
    "payplancharge": ("PatNum", "Guarantor", "PayPlanNum", "ProcNum"),
    "claimsnapshot": ("ClaimProcNum",),
    "procnote": ("PatNum", "ProcNum"),
    "refattach": ("PatNum", "ReferralNum"),
    "insplan": ("CarrierNum",),
}
_VALUES = {
    "procedurelog": ("ProcFee", "ProcDate", "ProcStatus", "DateComplete"),
    "claimproc": ("InsPayAmt", "WriteOff", "Status", "DateCP", "ProcDate"),
    "adjustment": ("AdjAmt", "AdjDate", "ProcDate"),
    "payment": ("PayAmt", "PayDate"),
    "paysplit": ("SplitAmt", "DatePay", "IsDiscount"),
    "payplan": ("CompletedAmt", "PayPlanDate"),
    "payplancharge": ("Principal", "ChargeDate", "ChargeType"),
    "claimsnapshot": ("Writeoff",),
    "claimpayment": ("CheckDate",),
    "definition": ("ItemValue", "ItemName", "Category"),
    "payplanlink": ("FKey",),
    "procnote": ("EntryDateTime", "Note"),
    "refattach": ("RefType",),
    "insplan": ("PlanType",),
}
_DELETED = (
    "procedurelog", "claimproc", "adjustment", "paysplit", "payment", "claimsnapshot", "procnote"
)  # fmt: skip
_SHARE_DELETED = 0.4
# Of the rows that move to another account, those that then belong to none.
_SHARE_OF_NONE = 0.3


@dataclass
class RestatedPractice:
    """A practice in a database of its own, with a warehouse that follows it."""

    source: Endpoint
    warehouse: Endpoint
    today: date
    directory: Path
    lineage: Lineage = field(init=False)

    def open(self, manifest: Path) -> None:
        """Load everything and build the models for the first time."""
        migrate(self.warehouse)
        (self.directory / OVERRIDES_FILE).write_text(yaml.safe_dump({"tables": {}}))
        discover(self.source, self.warehouse, config_directory=self.directory)
        self.lineage = read_lineage(manifest)
        self.refresh()
        assert self.build().return_code == 0

    def restating(self) -> Sequence[Node]:
        """Return the models that restate accounts."""
        return [
            node
            for node in self.lineage.models().values()
            if node["config"].get("incremental_strategy") == RESTATING
        ]

    def refresh(self) -> None:
        """Load what the source has changed, and let everything be read."""
        plan = plan_refresh(
            self.source, self.warehouse, RefreshRequest(config_directory=self.directory)
        )
        if plan.run_id is None:
            raise AssertionError("the plan opened no run")
        for table in plan.tables:
            load_table(self.source, self.warehouse, run_id=plan.run_id, table=table)
        settle(self.source, self.warehouse, run_id=plan.run_id)
        with connect(self.warehouse) as connection:
            connection.execute(OPEN_GATES)
        tell_day(self.warehouse, OfficeDay(self.today, self.today))

    def build(self) -> DbtRun:
        """Build the restating models and all that they read; what fails keeps its rows."""
        return self.make(*(str(node["name"]) for node in self.restating()))

    def make(self, *models: str) -> DbtRun:
        """Build these models and all that they read, without a test."""
        tests = ("--exclude-resource-type", "test", "--exclude-resource-type", "unit_test")
        selected = [f"+{model}" for model in models]
        with connect(self.warehouse) as connection:
            update_account_links(connection)
        return run_dbt(
            ["build", *tests, "--select", *selected],
            self.warehouse,
            target_path=self.directory,
            named={RESTARTED_VARIABLE: ()},
        )

    def ask(self, test: str) -> DbtRun:
        """Ask one test of dbt."""
        return run_dbt(["test", "--select", test], self.warehouse, target_path=self.directory)

    def wrong(self) -> dict[str, int]:
        """Return in how many rows models differ from what their SQL makes of everything."""
        counted = {str(node["name"]): self._wrong_rows(node) for node in self.restating()}
        return {name: rows for name, rows in counted.items() if rows}

    def _wrong_rows(self, node: Node) -> int:
        held = sql.Identifier(str(node["schema"]), str(node["name"]))
        compiled = str(node["compiled_code"]).replace(f'"{node["database"]}".', "")
        made = sql.SQL(compiled)
        query = sql.SQL(
            "with held as (select * from {held}), made as ({made}) select"
            " (select count(*) from (select * from held except all select * from made) as a)"
            " + (select count(*) from (select * from made except all select * from held) as b)"
        ).format(held=held, made=made)
        with connect(self.warehouse) as connection:
            ((differing,),) = connection.execute(query).fetchall()
        return int(differing)

    def kept_rows(self, node: Node, before: int) -> int:
        """Return how many rows of the model an older transaction than this one has written."""
        query = sql.SQL("select count(*) from {} where xmin::text::bigint < %s").format(
            sql.Identifier(str(node["schema"]), str(node["name"]))
        )
        with connect(self.warehouse) as connection:
            ((kept,),) = connection.execute(query, (before,)).fetchall()
        return int(kept)

    def transaction(self) -> int:
        """Return the number of a transaction of now."""
        with connect(self.warehouse) as connection:
            ((number,),) = connection.execute("select pg_current_xact_id()::text").fetchall()
        return int(number)

    @contextmanager
    def refused(self, node: Node) -> Iterator[None]:
        """Let the warehouse refuse every new row of a model."""
        table = sql.Identifier(str(node["schema"]), str(node["name"]))
        with connect(self.warehouse) as connection:
            connection.execute(
                sql.SQL("alter table {} add constraint refused check (false) not valid").format(
                    table
                )
            )
        try:
            yield
        finally:
            with connect(self.warehouse) as connection:
                connection.execute(sql.SQL("alter table {} drop constraint refused").format(table))

    def edit(self, chance: random.Random, *, edits: int, edited_tables: Sequence[str] = ()) -> None:
        """Change, move and delete rows as no front desk would: a value becomes another row's."""
        columns = _merged()
        with writing(self.source) as cursor:
            for _ in range(edits):
                table = chance.choice(edited_tables or [*columns, *_DELETED])
                key = tables()[table].key
                cursor.execute(f"select `{key}` from `{table}` order by 1")
                rows = [row[0] for row in cursor.fetchall()]
                if not rows:
                    continue
                edited, other = chance.choice(rows), chance.choice(rows)
                if table in _DELETED and chance.random() < _SHARE_DELETED:
                    cursor.execute(f"delete from `{table}` where `{key}` = %s", (edited,))
                    continue
                column = chance.choice(columns[table])
                if column in ("PatNum", "Guarantor") and chance.random() < _SHARE_OF_NONE:
                    cursor.execute(
                        f"update `{table}` set `{column}` = 0 where `{key}` = %s", (edited,)
                    )
                    continue
                cursor.execute(f"select `{column}` from `{table}` where `{key}` = %s", (other,))
                cursor.execute(
                    f"update `{table}` set `{column}` = %s where `{key}` = %s",
                    (*(cursor.fetchone() or ()), edited),
                )


@contextmanager
def restated_practice(
    plan: simulator.PracticePlan,
    *,
    mariadb: Endpoint,
    postgres: Endpoint,
    manifest: Path,
    directory: Path,
) -> Iterator[RestatedPractice]:
    """Yield a simulated practice whose models were built for the first time."""
    name = f"restated_practice_{plan.seed}"
    source = mariadb.with_database(name)
    simulator.build(source, plan, truth=directory / "truth.json")
    with connect(postgres, autocommit=True) as connection:
        connection.execute(f"create database {name}".encode())
    practice = RestatedPractice(source, postgres.with_database(name), plan.until, directory)
    practice.open(manifest)
    yield practice
    with connect(postgres, autocommit=True) as connection:
        connection.execute(f"drop database {name} with (force)".encode())
    with writing(source) as cursor:
        cursor.execute(f"drop database {name}")


def _merged() -> Mapping[str, tuple[str, ...]]:
    return {
        table: (*_NAMES.get(table, ()), *_VALUES.get(table, ())) for table in {**_NAMES, **_VALUES}
    }
