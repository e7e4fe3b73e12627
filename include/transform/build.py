"""Build the dbt project in the warehouse and say what came of it.

A run builds what is stale (`build_stale`), with one dbt process at most. A person may build by hand
whatever they select (`build`); there dbt itself asks the gates of what the selection reads.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from include.endpoints import Endpoint
from include.errors import ConfigError
from include.ops import schema
from include.ops.account_links import update_account_links
from include.ops.mart_states import MartState, mark_marts
from include.ops.node_states import replace_node_states
from include.ops.snapshot_days import request_for_run, withdraw
from include.ops.table_states import blocked_tables, newest_batches
from include.ops.tested_models import forget_looks, models_looked_at_long_ago, record_looks
from include.sessions.locks import build_turn, lock_session
from include.settings import DBT_MANIFEST
from include.transform.dbt import (
    RESTARTED_VARIABLE,
    WAITING_VARIABLE,
    WARNED,
    DbtRun,
    NodeResult,
    run_dbt,
)
from include.transform.lineage import Lineage, read_lineage
from include.transform.looks import looked_at_whole, row_tests, seen_by_all_tests
from include.transform.manifest import MANIFEST
from include.transform.outcomes import SUCCEEDED, ModelOutcome, ModelState, outcomes
from include.transform.parse_cache import keep_parsed, take_parsed
from include.transform.project import Project, read_project
from include.transform.staleness import (
    FROM_THE_BEGINNING,
    Decision,
    Seen,
    decide,
    look,
    read_settings,
    renewed_marts,
    stale_marts,
)
from include.warehouse.rights import Denial, find_missing
from include.warehouse.session import WarehouseConnection

log = logging.getLogger(__name__)

# Unit tests prove the SQL, not the data; they run with the project's own tests.
_NO_UNIT_TESTS = ("--exclude-resource-type", "unit_test")
_RIGHT = {SUCCEEDED, "pass", WARNED}


@dataclass(frozen=True, slots=True)
class BuildOutcome:
    """How a build ended: dbt's results, closed tables with the reason, and marts not rebuilt.

    `run` is None if there was nothing to do. `broken` is what failed, apart from the gates of
    tables that are not publishable, and `denied` the rights that the role lacks if anything did.
    `models` has what became of each model, where a run asked for it.
    """

    run: DbtRun | None
    closed: Mapping[str, str]
    kept: tuple[MartState, ...]
    broken: tuple[NodeResult, ...]
    denied: Denial | None
    models: Mapping[str, ModelOutcome] = field(default_factory=dict)

    @property
    def is_right(self) -> bool:
        """Whether every mart holds what it should, and every test that was asked passed."""
        return not self.kept and (self.run is None or self.run.return_code == 0)

    @property
    def is_outage(self) -> bool:
        """Whether the warehouse was not there, so that trying again may help."""
        return any(result.is_outage for result in self.broken)


def build_stale(
    warehouse: Endpoint, *, run_id: int | None = None, manifest: Path = DBT_MANIFEST
) -> BuildOutcome:
    """Build every model that is stale and need not wait, with the tests that are due.

    Nothing is started where nothing is. Marks every mart, for the run if there is one; the run of a
    backfill asks for the snapshots of its day first. Waits for another build of this warehouse to
    end. Raises ConfigError without the manifest of today's project, and where a model needs the
    practice's day and no run knows it; TerminalError or WarehouseError when the warehouse cannot be
    used. What was built stays, and is not built again.
    """
    project = read_project(manifest)
    lineage, definitions = project.lineage, project.definitions
    with lock_session(warehouse) as session, build_turn(session):
        with schema.connect(warehouse) as connection:
            started_at = _now(connection)
            if run_id is not None:
                request_for_run(connection, run_id)
            update_account_links(connection)
            _look_anew(connection, lineage)
            seen = look(connection, lineage, definitions)
            decision = decide(lineage, definitions, seen)
            forget_looks(connection, looked_at_whole(lineage, decision, seen))
        _refuse_without_day(project, decision, seen)
        _tell(lineage, decision)
        run = None if decision.is_nothing_to_do else _run_stale(warehouse, lineage, decision)
        right = _right(run)
        stale = stale_marts(lineage, decision.stale.keys() - right)
        with schema.connect(warehouse) as connection:
            if run is not None:
                _record(connection, project, decision, seen, right)
                record_looks(connection, seen_by_all_tests(lineage, decision, run.results))
            if run_id is not None:
                withdraw(connection, run_id, definitions.snapshots.values())
            marked = mark_marts(
                connection,
                lineage.marts(),
                stale=stale,
                since=started_at,
                renewed=_renewed(lineage, right, stale=stale, closed=seen.closed),
                run_id=run_id,
            )
            blocked = blocked_tables(connection)
    broken = run.failed if run is not None else ()
    closed = sorted(seen.closed & lineage.tables_read_beyond_staging())
    return BuildOutcome(
        run,
        {name: blocked[name].reason if name in blocked else "never loaded" for name in closed},
        kept=tuple(mart for mart in marked if not mart.is_built),
        broken=broken,
        denied=find_missing(warehouse) if broken else None,
        models=outcomes(lineage, decision, run.results if run is not None else ()),
    )


def build(
    warehouse: Endpoint,
    *,
    select: Sequence[str] = (),
    variables: Mapping[str, str] | None = None,
    target_path: Path | None = None,
    is_sql_tested: bool = False,
) -> BuildOutcome:
    """Run `dbt build` on a selection, mark every mart in it, and return what came of it.

    The gates and tests of everything that the selection reads are asked, selected or not, so that
    nothing is built on what one of them refuses. The unit tests, which prove the SQL and not the
    data, run only when `is_sql_tested`. What dbt writes goes to `target_path`, or to a directory
    that is removed afterwards. Raises ConfigError if the selection matches nothing, TerminalError
    or WarehouseError when the warehouse cannot be used.
    """
    with schema.connect(warehouse) as connection:
        started_at = _now(connection)
    arguments = ["build", *(() if is_sql_tested else _NO_UNIT_TESTS)]
    if select:
        gates = [f"+{item.lstrip('+@')},resource_type:test" for item in select]
        arguments += ["--select", *select, *gates]
    with _target(target_path) as target, lock_session(warehouse) as session, build_turn(session):
        run = run_dbt(arguments, warehouse, target_path=target, variables=variables)
        lineage = read_lineage(target / MANIFEST)
    if not run.results:
        raise ConfigError(
            f"nothing in the dbt project matches {' '.join(select)}; nothing was built. Models are "
            "selected by name, tag, folder or path, with dbt's signs around them.",
            where="--select",
        )
    asked = {r.unique_id: r.name for r in run.results if r.kind == "model"}
    marts = {mart: tables for mart, tables in lineage.marts().items() if mart in asked.values()}
    right = _right(run)
    unmade = stale_marts(lineage, asked.keys() - right)
    with schema.connect(warehouse) as connection:
        closed = blocked_tables(connection)
        marked = mark_marts(
            connection,
            marts,
            stale=marts,
            since=started_at,
            renewed=_renewed(lineage, right, stale=unmade, closed=closed) & marts.keys(),
        )
    stopping = {lineage.gates[r.unique_id] for r in run.failed if r.unique_id in lineage.gates}
    broken = tuple(r for r in run.failed if r.unique_id not in lineage.gates)
    return BuildOutcome(
        run,
        {table: block.reason for table, block in closed.items() if table in stopping},
        kept=tuple(mart for mart in marked if not mart.is_built),
        broken=broken,
        denied=find_missing(warehouse) if broken else None,
    )


def report_lines(outcome: BuildOutcome) -> Iterator[str]:
    """Yield what a person needs to know: the closed tables, the kept marts, what broke, a total."""
    for table, reason in outcome.closed.items():
        yield f"table {table} is not publishable: {reason}"
    for mart in outcome.kept:
        why = f"reads {', '.join(mart.blocked_by)}" if mart.blocked_by else "see the failures"
        yield f"mart {mart.name} is {mart.state} and keeps the rows of its last build: {why}"
    for result in outcome.run.warned if outcome.run else ():
        yield f"{result.kind} {result.name} found: {result.line}"
    for result in outcome.broken:
        yield f"{result.kind} {result.name} failed: {result.line}"
    if outcome.denied:
        yield f"{outcome.denied.seen}. {outcome.denied.advice}"
    if outcome.models:
        states = Counter(one.state for one in outcome.models.values())
        yield "models: " + ", ".join(f"{states[s]} {s}" for s in ModelState if states[s])
    statuses = Counter(result.status for result in outcome.run.results) if outcome.run else {}
    if statuses:
        yield "dbt: " + ", ".join(f"{count} {status}" for status, count in sorted(statuses.items()))


def _now(connection: WarehouseConnection) -> datetime:
    now: datetime
    ((now,),) = connection.execute("select now()").fetchall()
    return now


def _look_anew(connection: WarehouseConnection, lineage: Lineage) -> None:
    """Let the tests of models that they have not seen in whole for a week be due, and do so."""
    models = models_looked_at_long_ago(connection)
    forget_looks(connection, models)
    due = [
        tests
        for model, tests in row_tests(lineage).items()
        if lineage.nodes[model]["name"] in models
    ]
    replace_node_states(connection, {}, forgotten=frozenset().union(*due))


def _refuse_without_day(project: Project, decision: Decision, seen: Seen) -> None:
    if seen.office_on is None and any(map(project.definitions.reads_day, decision.built)):
        raise ConfigError(
            "has no run that knows what day it is at the practice, which models read. Nothing was "
            "built. Start a refresh: its plan asks the practice's server.",
            where="ops.run",
        )


def _tell(lineage: Lineage, decision: Decision) -> None:
    """Log what is built, and why."""
    for unique_id in decision.built:
        log.info("%s is stale: %s", lineage.nodes[unique_id]["name"], decision.stale[unique_id])
    log.info(
        "to build: %s; tests that are due: %s; stale, but waiting for a blocked table: %s",
        len(decision.built),
        len(decision.tests),
        len(decision.stale.keys() & decision.waiting.keys()),
    )


def _run_stale(warehouse: Endpoint, lineage: Lineage, decision: Decision) -> DbtRun:
    arguments = ["build", *_NO_UNIT_TESTS, "--indirect-selection", "empty"]
    chosen = {*decision.built, *decision.tests}
    others = lineage.nodes.keys() - chosen
    option, listed = ("--select", chosen) if len(chosen) <= len(others) else ("--exclude", others)
    if listed:
        arguments += [option, *sorted(".".join(lineage.nodes[one]["fqn"]) for one in listed)]
    with _target() as target:
        return run_dbt(
            arguments,
            warehouse,
            target_path=target,
            named={
                RESTARTED_VARIABLE: [
                    str(lineage.nodes[one]["name"])
                    for one in decision.built
                    if decision.stale[one] in FROM_THE_BEGINNING
                ],
                WAITING_VARIABLE: {
                    str(lineage.nodes[parent]["name"])
                    for test in decision.tests
                    for parent in lineage.parents_of(test)
                    if parent in decision.waiting
                },
            },
        )


def _record(
    connection: WarehouseConnection,
    project: Project,
    decision: Decision,
    seen: Seen,
    right: set[str],
) -> None:
    """Record by what each node was made that succeeded, and forget tests that did not pass."""
    lineage, definitions = project.lineage, project.definitions
    states = decision.states
    if definitions.settings_model in right:
        # The view of the settings is another than the one that was looked at.
        tables = lineage.raw_tables_of(definitions.settings_model or "")
        batches = newest_batches(connection)
        if all(batches.get(table) == seen.batches.get(table) for table in tables):
            settings = read_settings(connection, lineage, definitions)
            states = decide(lineage, definitions, replace(seen, settings=settings)).states
    replace_node_states(
        connection,
        {unique_id: states[unique_id] for unique_id in right if unique_id in states},
        forgotten=decision.tests - right,
    )


@contextmanager
def _target(kept: Path | None = None) -> Iterator[Path]:
    """Yield the directory that dbt writes to, with what it has parsed before."""
    if kept is not None:
        yield kept
        return
    with TemporaryDirectory(prefix="dental-dbt-") as directory:
        target = Path(directory)
        take_parsed(target)
        yield target
        keep_parsed(target)


def _right(run: DbtRun | None) -> set[str]:
    """Return what dbt built, and the tests that passed."""
    return {one.unique_id for one in run.results if one.status in _RIGHT} if run else set()


def _renewed(
    lineage: Lineage, right: Collection[str], *, stale: Collection[str], closed: Collection[str]
) -> frozenset[str]:
    """Return the marts that are views over what was made now, and over nothing that was not."""
    marts = lineage.marts()
    return frozenset(
        mart
        for mart in renewed_marts(lineage, right)
        if mart not in stale and marts[mart].isdisjoint(closed)
    )
