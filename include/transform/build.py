"""Build the dbt project in the warehouse and say what came of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from include.endpoints import Endpoint
from include.errors import ConfigError
from include.ops import schema
from include.ops.mart_states import MartState, mark_marts
from include.ops.table_states import blocked_tables
from include.transform.dbt import DbtRun, NodeResult, run_dbt
from include.transform.lineage import read_lineage
from include.transform.manifest import MANIFEST
from include.warehouse.rights import Denial, find_missing


@dataclass(frozen=True, slots=True)
class BuildOutcome:
    """How a build ended: dbt's results, closed tables with the reason, and marts not rebuilt.

    `broken` is what failed, apart from the gates of tables that are not publishable, and `denied`
    the rights that the role lacks if anything did.
    """

    run: DbtRun
    closed: Mapping[str, str]
    kept: tuple[MartState, ...]
    broken: tuple[NodeResult, ...]
    denied: Denial | None

    @property
    def is_right(self) -> bool:
        """Whether everything was built and every test passed."""
        return self.run.return_code == 0


def build(
    warehouse: Endpoint,
    *,
    select: Sequence[str] = (),
    variables: Mapping[str, str] | None = None,
    target_path: Path | None = None,
    is_sql_tested: bool = False,
) -> BuildOutcome:
    """Run `dbt build`, mark every mart that it was asked for, and return what came of it.

    The gates and tests of everything that the selection reads are asked, selected or not, so that
    nothing is built on what one of them refuses. The unit tests, which prove the SQL and not the
    data, run only when `is_sql_tested`. What dbt writes goes to `target_path`, or to a directory
    that is removed afterwards. Raises ConfigError if the selection matches nothing, TerminalError
    or WarehouseError when the warehouse cannot be used.
    """
    with schema.connect(warehouse) as connection:
        ((started_at,),) = connection.execute("select now()").fetchall()
    arguments = ["build"]
    if not is_sql_tested:
        arguments += ["--exclude-resource-type", "unit_test"]
    if select:
        gates = [f"+{item.lstrip('+@')},resource_type:test" for item in select]
        arguments += ["--select", *select, *gates]
    place = nullcontext(target_path) if target_path else TemporaryDirectory(prefix="dental-dbt-")
    with place as directory:
        target = Path(directory)
        run = run_dbt(arguments, warehouse, target_path=target, variables=variables)
        lineage = read_lineage(target / MANIFEST)
    if not run.results:
        raise ConfigError(
            f"nothing in the dbt project matches {' '.join(select)}; nothing was built. Models are "
            "selected by name, tag, folder or path, with dbt's signs around them.",
            where="--select",
        )
    asked = {r.name for r in run.results if r.kind == "model"}
    marts = {mart: tables for mart, tables in lineage.marts().items() if mart in asked}
    with schema.connect(warehouse) as connection:
        closed = blocked_tables(connection)
        marked = mark_marts(connection, marts, since=started_at)
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
    for result in outcome.run.warned:
        yield f"{result.kind} {result.name} found: {_first_line(result.message)}"
    for result in outcome.broken:
        yield f"{result.kind} {result.name} failed: {_first_line(result.message)}"
    if outcome.denied:
        yield f"{outcome.denied.seen}. {outcome.denied.advice}"
    counts = Counter(result.status for result in outcome.run.results)
    yield "dbt: " + ", ".join(f"{number} {status}" for status, number in sorted(counts.items()))


def _first_line(message: str) -> str:
    return message.strip().splitlines()[0] if message.strip() else "no message"
