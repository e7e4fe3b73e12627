"""The report of one run, as frozen values and as lines to read. Counts and names, no values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from include.catalog.model import Tier
from include.names import counted, shown
from include.ops.freshness import Freshness
from include.ops.loads import RunTotals
from include.ops.mart_states import MartState
from include.ops.service_levels import SlaMiss
from include.ops.substitutions import Substitution
from include.ops.validation_results import Finding
from include.reporting.balances import StoredBalances

# More findings than a mail can show are listed by `./dental config show --findings`.
MOST_FINDINGS = 10


@dataclass(frozen=True, slots=True)
class TableFreshness:
    """A raw table of a tier, and when it was last compared with its source."""

    table: str
    tier: Tier
    freshness: Freshness


@dataclass(frozen=True, slots=True)
class RunReport:
    """One run: what it moved, how fresh everything is, and all that is not right.

    `failed`, `blocked` and `quarantined` map raw tables to reasons; a table is in one of them. A
    late table is reported and does not make the run wrong, and neither does a finding; `findings`
    are those that no report before has told. `as_of_on` is the past day of a backfill.
    """

    run_id: int
    mode: str
    started_at: datetime
    finished_at: datetime
    totals: RunTotals
    tables: tuple[TableFreshness, ...] = ()
    failed: Mapping[str, str] = field(default_factory=dict)
    blocked: Mapping[str, str] = field(default_factory=dict)
    quarantined: Mapping[str, str] = field(default_factory=dict)
    substitutions: tuple[Substitution, ...] = ()
    sla_misses: tuple[SlaMiss, ...] = ()
    marts: tuple[MartState, ...] = ()
    failed_tasks: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    clock_warning: str | None = None
    balances: StoredBalances | None = None
    as_of_on: date | None = None

    @property
    def is_right(self) -> bool:
        """Whether every table of the run may be published, every mart is built, no task failed."""
        return not (
            self.failed
            or self.blocked
            or self.quarantined
            or self.unbuilt_marts
            or self.failed_tasks
        )

    @property
    def unbuilt_marts(self) -> tuple[MartState, ...]:
        """The marts that are blocked or failed; they keep their rows."""
        return tuple(mart for mart in self.marts if not mart.is_built)

    @property
    def _name(self) -> str:
        past_day = f", receivables as of {self.as_of_on}" if self.as_of_on else ""
        return f"Run {self.run_id} ({self.mode}{past_day})"

    @property
    def _new_marts(self) -> int:
        return sum(mart.is_new for mart in self.marts)

    @property
    def text(self) -> str:
        """The lines as one text."""
        return "\n".join(self.lines())

    def lines(self) -> list[str]:
        """Return the report for a log, a terminal or a mail; what is wrong stands first."""
        lines = (
            *self._verdict(),
            *self._wrong(),
            *self._found(),
            *self._movement(),
            *self._freshness(),
        )
        return [shown(line) for line in lines]

    def summary(self) -> dict[str, Any]:
        """Return what `ops.run` keeps."""
        return {
            "tables": self.totals.tables,
            "rows_read": self.totals.rows_read,
            "inserted": self.totals.inserted,
            "changed": self.totals.changed,
            "undeleted": self.totals.undeleted,
            "deleted": self.totals.deleted,
            "failed": dict(self.failed),
            "blocked": dict(self.blocked),
            "quarantined": dict(self.quarantined),
            "failed_tasks": list(self.failed_tasks),
            "late": [miss.table for miss in self.sla_misses],
            "new_findings": len(self.findings),
            "marts_built": self._new_marts,
            "marts_unchanged": len(self.marts) - len(self.unbuilt_marts) - self._new_marts,
            "marts_not_built": [mart.name for mart in self.unbuilt_marts],
            "families_that_differ": self.balances.differing if self.balances else None,
        }

    def _verdict(self) -> Iterator[str]:
        duration = _duration(self.finished_at - self.started_at)
        if self.is_right:
            yield f"{self._name}: all is right, after {duration}."
        else:
            yield (
                f"{self._name}: {counted(len(self.failed), 'table')} failed, "
                f"{len(self.blocked)} blocked, {len(self.quarantined)} quarantined, "
                f"{counted(len(self.unbuilt_marts), 'mart')} not built, "
                f"{counted(len(self.failed_tasks), 'task')} failed, "
                f"after {duration}. What is not named here is fresh; what is named keeps its last "
                "good rows."
            )

    def _wrong(self) -> Iterator[str]:
        for word, tables in (
            ("failed", self.failed),
            ("blocked", self.blocked),
            ("quarantined", self.quarantined),
        ):
            for name, reason in sorted(tables.items()):
                yield f"{word}: {name}: {reason}"
        for task in self.failed_tasks:
            yield f"failed: task {task}"
        for mart in self.unbuilt_marts:
            why = (
                f"blocked by {', '.join(mart.blocked_by)}"
                if mart.blocked_by
                else "its build failed"
            )
            held = (
                f"holds the build of {mart.built_at:%Y-%m-%d %H:%M} UTC"
                if mart.built_at
                else "is empty"
            )
            yield f"mart {mart.name}: {why}; it {held}"
        for miss in self.sla_misses:
            seen = "has not ended" if miss.minutes is None else f"ended after {miss.minutes:.1f}"
            limit = f"{miss.sla_minutes:g} minutes from the start of the run"
            yield f"late: {miss.table} ({miss.tier}): {seen}, expected within {limit}"
        if self.clock_warning:
            yield f"warning: {self.clock_warning}"

    def _found(self) -> Iterator[str]:
        for one in self.findings[:MOST_FINDINGS]:
            yield f"new finding: {one.place}: {one}"
        if self.findings:
            more = len(self.findings) - MOST_FINDINGS
            yield (
                (f"{counted(more, 'more new finding')}. " if more > 0 else "")
                + "Findings close no gate and are told once; `./dental config show --findings` "
                "lists those that stand. A reference is confirmed or taken away in overrides.yml."
            )

    def _movement(self) -> Iterator[str]:
        totals = self.totals
        yield (
            f"{counted(totals.tables, 'table')} compared, {counted(totals.rows_read, 'row')} read: "
            f"{totals.inserted} inserted, {totals.changed} changed, {totals.deleted} deleted, "
            f"{totals.undeleted} undeleted"
        )
        for one in self.substitutions:
            yield f"substituted: {one.table}.{one.column}: {one.value_count} by {one.rule}"
        if self.marts:
            built, kept = self._new_marts, len(self.unbuilt_marts)
            yield (
                f"{built} of {len(self.marts)} marts built, "
                f"{len(self.marts) - built - kept} unchanged, {kept} kept back"
            )
        if self.balances:
            yield self.balances.line()
        yield from self._earlier_marts()

    def _earlier_marts(self) -> Iterator[str]:
        """Say as of when the marts are of which the run has not compared every table."""
        earlier: dict[datetime, list[str]] = {}
        for mart in self.marts:
            if mart.is_built and mart.as_of is not None and mart.as_of < self.started_at:
                earlier.setdefault(mart.as_of, []).append(mart.name)
        for as_of, names in sorted(earlier.items()):
            yield f"as of the run of {as_of:%Y-%m-%d %H:%M} UTC: {', '.join(names)}"

    def _freshness(self) -> Iterator[str]:
        for tier in Tier:
            tables = [one for one in self.tables if one.tier is tier]
            if tables:
                oldest = min(tables, key=lambda one: one.freshness.loaded_at)
                age = _duration(self.finished_at - oldest.freshness.loaded_at)
                count = counted(len(tables), "table")
                yield f"{tier}: {count}, the oldest copy ({oldest.table}) is {age} old"


def _duration(span: timedelta) -> str:
    seconds = max(0, int(span.total_seconds()))
    if seconds < 120:
        return f"{seconds} s"
    minutes, hours = seconds // 60, seconds // 3600
    if minutes < 120:
        return f"{minutes} min"
    return f"{hours} h" if hours < 48 else f"{hours // 24} days"
