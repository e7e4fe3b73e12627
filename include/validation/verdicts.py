"""The verdict on each table of a tier: may what was copied be published?"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from psycopg import sql

from include import settings
from include.catalog.model import Catalog, TableConfig, Tier
from include.endpoints import Endpoint
from include.names import counted
from include.ops import schema, table_states
from include.ops.blocks import Block, BlockedCode
from include.ops.config_versions import load_catalog
from include.ops.runs import read_run
from include.ops.validation_results import (
    GREAT_EXPECTATIONS,
    RECONCILIATION,
    CheckResult,
    replace_results,
)
from include.sessions.locks import lock_session, tables_at_rest, validation_turn
from include.validation.pages import TableLine, new_site, page_errors, publish
from include.validation.reconciliation import CHECK_NAMES, Count, living_rows, reconcile
from include.validation.rules import RuleKind, raw, rules_for
from include.validation.scope import read_scope
from include.validation.suites import RuleResult, Suite, run_suites
from include.warehouse.session import WarehouseConnection

log = logging.getLogger(__name__)

# A verdict names no more broken rules than a mail can show.
MOST_NAMED = 5


@dataclass(frozen=True, slots=True)
class TierVerdict:
    """The tables of a tier that may not be published, with reasons, and every quality measured.

    Names are names in `raw`. A table that this run neither loaded nor was meant to load keeps its
    verdict and is in neither mapping.
    """

    tier: Tier
    blocked: Mapping[str, str]
    qualities: Mapping[str, float]

    def to_dict(self) -> dict[str, Any]:
        """Return the verdict for an XCom."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class _Judgement:
    quality: float | None
    block: Block | None
    counts: tuple[Count, ...]
    results: tuple[RuleResult, ...] = ()
    breaking_rows: int = 0


def validate_tier(warehouse: Endpoint, *, run_id: int, tier: Tier) -> TierVerdict:
    """Judge the tier's tables that the run loaded; write the results and open or close the gate.

    Call it when all tables of the run are loaded, since rows refer to other tables. The gate of a
    table that was loaded since its last verdict is closed first and opened last, so that a
    validation that dies publishes nothing. Bad data never raises; running it again gives the same
    verdicts.

    Runs may overlap: what raw holds is judged, whichever run loaded it last. Loaders of the tier's
    tables and other validations of the tier wait meanwhile. A table that another run is in the
    middle of loading is left to that run.
    """
    with (
        schema.connect(warehouse, autocommit=True) as connection,
        lock_session(warehouse) as session,
        validation_turn(session, tier),
    ):
        run = read_run(connection, run_id)
        catalog = load_catalog(connection, run.config_version)
        covered = [table.raw_name for table in catalog.of_tier(tier) if run.covers(table)]
        with tables_at_rest(session, covered):
            blocks, judged = _validate(warehouse, connection, catalog, run_id=run_id, tier=tier)
    qualities = {name: one.quality for name, one in judged.items() if one.quality is not None}
    log.info(
        "tier %s: %s judged, %s may not be published",
        tier,
        counted(len(judged), "table"),
        len(blocks),
    )
    reasons = {name: block.reason for name, block in sorted(blocks.items())}
    for name, reason in reasons.items():
        log.warning("table %s is blocked: %s", name, reason)
    return TierVerdict(tier, reasons, dict(sorted(qualities.items())))


def _validate(
    warehouse: Endpoint,
    connection: WarehouseConnection,
    catalog: Catalog,
    *,
    run_id: int,
    tier: Tier,
) -> tuple[dict[str, Block], dict[str, _Judgement]]:
    """Judge the tables and record it; return what is blocked, and each judgement."""
    scope = read_scope(connection, run_id)
    tables = {table.raw_name: table for table in catalog.of_tier(tier)}
    blocked = {
        name: block
        for name, table in tables.items()
        if scope.covers(table) and (block := scope.table(name).block)
    }
    loaded = [name for name in tables if scope.table(name).is_loaded_in_run]
    for name in tables:
        if (other := scope.table(name).loading_run_id) is not None:
            log.info("table %s is left to run %s, which is loading it", name, other)
    with connection.transaction():
        table_states.begin_validation(connection, loaded, run_id=run_id)
        table_states.close(connection, blocked)
    counts = reconcile(connection, loaded)
    suites = [
        Suite(name, rules_for(tables[name], scope.targets(tables[name], catalog)))
        for name in loaded
        if living_rows(counts[name]) and all(count.is_equal for count in counts[name])
    ]
    judged = {}
    if loaded or blocked:
        docs = settings.data_docs_directory()
        with page_errors(docs):
            site = new_site(docs, tier)
            results = run_suites(warehouse, suites, name=f"run-{run_id}", site=site)
            judged = {
                name: _judge(connection, tables[name], counts[name], results.get(name, ()))
                for name in loaded
            }
            lines = [_line(tables[name], judged[name]) for name in loaded]
            lines += [_missing(tables[name], block) for name, block in blocked.items()]
            publish(site, docs, tier, sorted(lines, key=lambda line: line.table))
    _write(connection, tables, judged, run_id=run_id)
    blocked |= {name: one.block for name, one in judged.items() if one.block is not None}
    return blocked, judged


def _judge(
    connection: WarehouseConnection,
    table: TableConfig,
    counts: tuple[Count, ...],
    results: tuple[RuleResult, ...],
) -> _Judgement:
    unequal = [count for count in counts if not count.is_equal]
    if unequal:
        seen = ", ".join(f"{count.check_name} {count.recorded}" for count in unequal)
        return _Judgement(
            None,
            Block(
                BlockedCode.UNEQUAL,
                f"raw holds {unequal[0].living} living rows, but the engine recorded {seen}. "
                "Load the table again in full mode.",
            ),
            counts,
        )
    living = living_rows(counts)
    failed = [result for result in results if result.breach_count is None and result.is_blocking]
    if failed:
        return _Judgement(
            None,
            Block(
                BlockedCode.NOT_JUDGED,
                f"{len(failed)} of {len(results)} expectations could not run, the first on column "
                f"{failed[0].rule.columns[0]} ({failed[0].rule.kind}): raw does not fit the config "
                "of this run. Find out who changed the table in raw, then load it again in full "
                "mode.",
            ),
            counts,
            results,
        )
    breaking = _breaking_rows(connection, table, results)
    quality = (living - breaking) / living if living else 1.0
    block = None
    if quality < table.quality_threshold:
        block = Block(
            BlockedCode.QUALITY,
            f"quality {quality:.4f} is below its threshold {table.quality_threshold}: {breaking} "
            f"of {living} rows break a rule. {_breaches(results)}. {_advice(table, results)}",
        )
    return _Judgement(quality, block, counts, results, breaking)


def _breaches(results: Sequence[RuleResult]) -> str:
    """Say what the breaking rows do, the most frequent first."""
    broken = sorted(_broken(results), key=lambda result: -(result.breach_count or 0))
    said = [f"{result.rule.breach}: {result.breach_count} rows" for result in broken[:MOST_NAMED]]
    if len(broken) > MOST_NAMED:
        said.append(f"{len(broken) - MOST_NAMED} more rules are in ops.validation_result")
    return "; ".join(said)


def _advice(table: TableConfig, results: Sequence[RuleResult]) -> str:
    """Say what a person can do about the breaches."""
    place = f"tables.{table.name}"
    advice = (
        f"Correct these rows in the source, or set {place}.quality_threshold in overrides.yml to "
        "what you tolerate"
    )
    names = {column.raw_name: column.name for column in table.columns}
    doubtful = [
        f"{place}.columns.{names[result.rule.columns[0]]}.references"
        for result in _broken(results)
        if result.rule.kind is RuleKind.REFERENCE
    ]
    if doubtful:
        advice += f". What is no reference is taken away there by {', '.join(doubtful)}: ''"
    return advice + "."


def _broken(results: Sequence[RuleResult]) -> list[RuleResult]:
    """Return the results that count against the quality of their table."""
    return [result for result in results if result.is_blocking and not result.is_passed]


def _line(table: TableConfig, one: _Judgement) -> TableLine:
    return TableLine(
        table.raw_name,
        living_rows(one.counts),
        one.quality,
        table.quality_threshold,
        one.block.reason if one.block else None,
    )


def _missing(table: TableConfig, block: Block) -> TableLine:
    """Return the line of a table that the run should have loaded and did not."""
    return TableLine(table.raw_name, None, None, table.quality_threshold, block.reason)


def _breaking_rows(
    connection: WarehouseConnection, table: TableConfig, results: tuple[RuleResult, ...]
) -> int:
    """Count the living rows that break a rule, each once however many rules it breaks.

    A finding is no breach.
    """
    broken = _broken(results)
    if len(broken) <= 1:
        return sum(result.breach_count or 0 for result in broken)
    row = connection.execute(
        sql.SQL("select count(*) from {} where _deleted_at is null and not ({})").format(
            raw(table.raw_name),
            sql.SQL(" and ").join(result.rule.condition for result in broken),
        )
    ).fetchone()
    return int(row[0]) if row else 0


def _write(
    connection: WarehouseConnection,
    tables: Mapping[str, TableConfig],
    judged: Mapping[str, _Judgement],
    *,
    run_id: int,
) -> None:
    with connection.transaction():
        # Checks that other parts of the run have recorded stay.
        replace_results(
            connection,
            run_id,
            {
                name: list(_checks(one, tables[name].quality_threshold))
                for name, one in judged.items()
            },
            reconciled=CHECK_NAMES,
        )
        table_states.judge(
            connection, {name: (one.block, one.quality) for name, one in judged.items()}
        )


def _checks(one: _Judgement, threshold: float) -> Iterator[CheckResult]:
    """Yield what is recorded of a judgement: counts, never a value."""
    for count in one.counts:
        yield CheckResult(
            RECONCILIATION,
            count.check_name,
            is_passed=count.is_equal,
            element_count=count.living,
            unexpected_count=abs(count.living - count.recorded),
            detail=f"recorded {count.recorded}",
        )
    for result in one.results:
        yield CheckResult(
            GREAT_EXPECTATIONS,
            result.rule.kind,
            is_passed=result.is_passed,
            element_count=result.row_count,
            unexpected_count=result.breach_count,
            column_name=", ".join(result.rule.columns),
            detail=result.rule.description,
            effect=result.rule.effect,
        )
    if one.quality is not None:
        yield CheckResult(
            GREAT_EXPECTATIONS,
            "quality",
            is_passed=one.block is None,
            element_count=living_rows(one.counts),
            unexpected_count=one.breaking_rows,
            detail=f"quality {one.quality:.6f}, threshold {threshold}",
        )
