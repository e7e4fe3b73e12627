"""Build the dbt project in the warehouse and say what came of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from include.endpoints import Endpoint
from include.ops import schema
from include.transform.dbt import DbtRun, NodeResult, run_dbt

GATE = "source_is_publishable_"


@dataclass(frozen=True, slots=True)
class MartState:
    """What stands in a mart; `blocked_by` names the tables that are not publishable."""

    mart: str
    state: str
    blocked_by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BuildOutcome:
    """How a build ended: dbt's results, closed tables with the reason, and marts not rebuilt."""

    run: DbtRun
    closed: Mapping[str, str]
    kept: tuple[MartState, ...]

    @property
    def is_right(self) -> bool:
        """Whether everything was built and every test passed."""
        return self.run.return_code == 0

    @property
    def broken(self) -> tuple[NodeResult, ...]:
        """What failed, apart from the gates of tables that are not publishable."""
        return tuple(r for r in self.run.failed if not r.name.startswith(GATE))


def build(
    warehouse: Endpoint,
    *,
    select: Sequence[str] = (),
    variables: Mapping[str, str] | None = None,
    target_path: Path | None = None,
    is_sql_tested: bool = False,
) -> BuildOutcome:
    """Run `dbt build` and read back which tables closed their gate and which marts were kept.

    The gates and tests of everything that the selection reads are asked, selected or not, so that
    nothing is built on what one of them refuses. The unit tests,
    which prove the SQL and not the data, run only when `is_sql_tested`. Raises TerminalError or
    WarehouseError when the warehouse cannot be used.
    """
    schema.connect(warehouse).close()
    arguments = ["build"]
    if not is_sql_tested:
        arguments += ["--exclude-resource-type", "unit_test"]
    if select:
        gates = [f"+{item.lstrip('+@')},resource_type:test" for item in select]
        arguments += ["--select", *select, *gates]
    run = run_dbt(arguments, warehouse, target_path=target_path, variables=variables)
    asked = tuple(r.name for r in run.results if r.kind == "model")
    with schema.connect(warehouse) as connection:
        closed = connection.execute(
            "select table_name, coalesce(blocked_reason, 'not publishable') from ops.table_state"
            " where is_publishable is not true order by table_name"
        ).fetchall()
        kept = connection.execute(
            "select mart, state, blocked_by from ops.mart_state"
            " where state <> 'built' and mart = any(%s) order by mart",
            (list(asked),),
        ).fetchall()
    failed_gates = {r.name for r in run.failed if r.name.startswith(GATE)}
    return BuildOutcome(
        run,
        {table: reason for table, reason in closed if _gate_of(table) in failed_gates},
        tuple(MartState(mart, state, tuple(tables)) for mart, state, tables in kept),
    )


def report_lines(outcome: BuildOutcome) -> Iterator[str]:
    """Yield what a person needs to know: the closed tables, the kept marts, what broke, a total."""
    for table, reason in outcome.closed.items():
        yield f"table {table} is not publishable: {reason}"
    for mart in outcome.kept:
        why = f"reads {', '.join(mart.blocked_by)}" if mart.blocked_by else "see the failures"
        yield f"mart {mart.mart} is {mart.state} and keeps the rows of its last build: {why}"
    for result in outcome.broken:
        yield f"{result.kind} {result.name} failed: {_first_line(result.message)}"
    counts = Counter(result.status for result in outcome.run.results)
    yield "dbt: " + ", ".join(f"{number} {status}" for status, number in sorted(counts.items()))


def _gate_of(table: str) -> str:
    return f"{GATE}open_dental_{table}_"


def _first_line(message: str) -> str:
    return message.strip().splitlines()[0] if message.strip() else "no message"
