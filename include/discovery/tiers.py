"""Which tier a table belongs to, how it is cut into chunks, and when it is due.

Decisions are pure functions of measurements and of the decision before. A decision is kept until a
measurement lies clearly beyond its boundary, so that a table does not change its place every week.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from include.catalog.model import Tier
from include.discovery.importance import Importance
from include.discovery.profile import TableMeasurement
from include.discovery.references import Reference, ReferenceKind, words
from include.source.structure import TableStructure

CRITICAL_SCORE = 42.0
IMPORTANT_SCORE = 24.0
# A score must pass a boundary by this much to change a tier that was given before.
SCORE_MARGIN = 3.0

QUALITY_THRESHOLDS = {
    Tier.CRITICAL: 0.99,
    Tier.IMPORTANT: 0.98,
    Tier.AUDIT: 0.97,
    Tier.REFERENCE: 0.95,
}
SLA_MINUTES = {
    Tier.CRITICAL: 60.0,
    Tier.IMPORTANT: 120.0,
    Tier.AUDIT: 180.0,
    Tier.REFERENCE: 240.0,
}
ALERTING_TIERS = frozenset({Tier.CRITICAL, Tier.IMPORTANT})

# A chunk is what one changed row makes us copy: small enough to be cheap, large enough to be few.
CHUNK_BYTES = 4_000_000
CHUNK_STEPS = (1_000, 2_000, 5_000, 10_000, 20_000)
# What a slow practice server gives; the SLA leaves room for several times that.
ROWS_A_MINUTE = 1_000_000
BYTES_A_MINUTE = 200_000_000
MINUTE_STEPS = (1.0, 2.0, 5.0, 10.0, 20.0, 40.0, 60.0, 90.0, 120.0, 240.0)
SLA_FACTOR = 3
# A measure must pass a step by this factor to change a decision that was made before.
STEP_MARGIN = 1.25

AUDIT_SCORE = 0.6
_LOG_NAME = re.compile(r"(?:log|hist|history|audit|attempt)$|^(?:hist|audit|deleted)")
_LOG_STAMPS = frozenset({"log", "entry", "stamp", "saved", "updated", "fail", "logged"})
_ACTION_WORDS = frozenset({"action", "perm"})


def audit_signals(
    structure: TableStructure,
    references: Sequence[Reference],
    importance: Importance,
) -> dict[str, float]:
    """Return the named signs that a table records who did what, each with its weight.

    Amounts of money, and tables that depend on this one, speak against it: a log of procedures is
    the practice's business itself.
    """
    names = [set(words(column.name)) for column in structure.columns]
    own = [reference for reference in references if reference.table == structure.name]
    dependents = {
        reference.table
        for reference in references
        if reference.target == structure.name and reference.table != structure.name
    }
    signs = {
        "named_like_a_log": (0.4, bool(_LOG_NAME.search(structure.name.lower()))),
        "old_and_new_values": (
            0.3,
            any("previous" in name for name in names)
            or (any("old" in name for name in names) and any("new" in name for name in names)),
        ),
        "stamped_on_insert": (
            0.2,
            any(
                _LOG_STAMPS & set(words(column.name))
                for column in structure.columns
                if column.data_type in ("datetime", "timestamp")
            ),
        ),
        "names_the_user": (0.2, any("user" in name for name in names)),
        "about_any_row": (
            0.2,
            any(r.kind is ReferenceKind.POLYMORPHIC for r in own)
            or any(_ACTION_WORDS & name for name in names),
        ),
        "holds_money": (-0.4, importance.signals["money"] > 0),
        "depended_on": (-0.4, len(dependents) > 1),
    }
    return {sign: weight for sign, (weight, holds) in signs.items() if holds}


def choose_tier(importance: Importance, audit: dict[str, float], previous: Tier | None) -> Tier:
    """Return the tier; the previous one stands until the score is clearly beyond its boundary."""
    if "named_like_a_log" in audit and round(sum(audit.values()), 2) >= AUDIT_SCORE:
        return Tier.AUDIT
    score = importance.score
    chosen = _by_score(score)
    if previous in (None, Tier.AUDIT, chosen):
        return chosen
    # The previous tier stands if the score, moved back by the margin, would still give it.
    if previous in (_by_score(score - SCORE_MARGIN), _by_score(score + SCORE_MARGIN)):
        return previous
    return chosen


def choose_chunk_rows(measurement: TableMeasurement, previous: int | None) -> int:
    """Return how many rows a chunk holds, from the measured width of a row."""
    if measurement.row_count < CHUNK_STEPS[0]:
        # Too few rows to say how wide they are: pages of the file dominate.
        return previous or CHUNK_STEPS[-1]
    width = max(measurement.byte_count / measurement.row_count, 1.0)
    return int(_step_below(CHUNK_BYTES / width, [float(s) for s in CHUNK_STEPS], previous))


def choose_expected_minutes(measurement: TableMeasurement, previous: float | None) -> float:
    """Return how long the table takes at most when nothing is wrong."""
    minutes = measurement.row_count / ROWS_A_MINUTE + measurement.byte_count / BYTES_A_MINUTE
    return _step_above(minutes, MINUTE_STEPS, previous)


def choose_sla_minutes(tier: Tier, expected_minutes: float) -> float:
    """Return when the table is late: its tier's limit, or more for one that takes long."""
    return max(SLA_MINUTES[tier], expected_minutes * SLA_FACTOR)


def _by_score(score: float) -> Tier:
    if score >= CRITICAL_SCORE:
        return Tier.CRITICAL
    return Tier.IMPORTANT if score >= IMPORTANT_SCORE else Tier.REFERENCE


def _step_below(value: float, steps: Sequence[float], previous: float | None) -> float:
    """Return the largest step that does not exceed the value; the previous one within a margin."""

    def choose(measure: float) -> float:
        return max((step for step in steps if step <= measure), default=steps[0])

    return _kept(choose(value), choose(value * STEP_MARGIN), choose(value / STEP_MARGIN), previous)


def _step_above(value: float, steps: Sequence[float], previous: float | None) -> float:
    """Return the smallest step that the value does not exceed; the previous one within a margin."""

    def choose(measure: float) -> float:
        return min((step for step in steps if step >= measure), default=steps[-1])

    return _kept(choose(value), choose(value * STEP_MARGIN), choose(value / STEP_MARGIN), previous)


def _kept(chosen: float, upper: float, lower: float, previous: float | None) -> float:
    return previous if previous is not None and previous in (upper, lower) else chosen
