"""The verdict on one table, from what was counted in it: pure.

It is passed anew each time, also on counts that are carried over: a threshold that was edited
decides at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from include.catalog.model import TableConfig
from include.ops.blocks import Block, BlockedCode
from include.ops.validation_results import GREAT_EXPECTATIONS, RECONCILIATION, CheckResult
from include.validation.counting import Counted, broken
from include.validation.reconciliation import Count
from include.validation.rules import RuleKind
from include.validation.suites import RuleResult

# A verdict names no more broken rules than a mail can show.
MOST_NAMED = 5


@dataclass(frozen=True, slots=True)
class Judgement:
    """A table's quality, and why its gate stays closed, if it does; with what both rest on."""

    row_count: int
    quality: float | None
    block: Block | None
    counts: tuple[Count, ...]
    counted: Counted


def judge(
    table: TableConfig, row_count: int, counts: tuple[Count, ...], counted: Counted
) -> Judgement:
    """Return the verdict on a table with so many living rows."""
    unequal = [count for count in counts if not count.is_equal]
    if unequal:
        seen = ", ".join(f"{count.check_name} {count.recorded}" for count in unequal)
        block = Block(
            BlockedCode.UNEQUAL,
            f"raw holds {row_count} living rows, but the engine recorded {seen}. "
            "Load the table again in full mode.",
        )
        return Judgement(row_count, None, block, counts, counted)
    results = counted.results
    failed = [result for result in results if result.breach_count is None and result.is_blocking]
    if failed:
        block = Block(
            BlockedCode.NOT_JUDGED,
            f"{len(failed)} of {len(results)} expectations could not run, the first on column "
            f"{failed[0].rule.columns[0]} ({failed[0].rule.kind}): raw does not fit the config of "
            "this run. Find out who changed the table in raw, then load it again in full mode.",
        )
        return Judgement(row_count, None, block, counts, counted)
    quality = (row_count - counted.breaking_rows) / row_count if row_count else 1.0
    low = None
    if quality < table.quality_threshold:
        low = Block(
            BlockedCode.QUALITY,
            f"quality {quality:.4f} is below its threshold {table.quality_threshold}: "
            f"{counted.breaking_rows} of {row_count} rows break a rule. {_breaches(results)}. "
            f"{_advice(table, results)}",
        )
    return Judgement(row_count, quality, low, counts, counted)


def checks(one: Judgement, threshold: float) -> Iterator[CheckResult]:
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
    for result in one.counted.results:
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
            element_count=one.row_count,
            unexpected_count=one.counted.breaking_rows,
            detail=f"quality {one.quality:.6f}, threshold {threshold}",
        )


def _breaches(results: Sequence[RuleResult]) -> str:
    """Say what the breaking rows do, the most frequent first."""
    found = sorted(broken(results), key=lambda result: -(result.breach_count or 0))
    said = [f"{result.rule.breach}: {result.breach_count} rows" for result in found[:MOST_NAMED]]
    if len(found) > MOST_NAMED:
        said.append(f"{len(found) - MOST_NAMED} more rules are in ops.validation_result")
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
        for result in broken(results)
        if result.rule.kind is RuleKind.REFERENCE
    ]
    if doubtful:
        advice += f". What is no reference is taken away there by {', '.join(doubtful)}: ''"
    return advice + "."
