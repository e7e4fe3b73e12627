"""Builds a practice from its first day, and lets it live on."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

from include.endpoints import Endpoint
from include.source.session import SourceConnection
from simulator import (
    aging,
    carriers,
    corrections,
    dirt,
    discount_plans,
    indexes,
    memory,
    office,
    people,
    schedule,
    writer,
)
from simulator import truth as truth_file
from simulator.day import live
from simulator.past import story
from simulator.plan import PracticePlan
from simulator.world import Practice

# So many pending operations are saved at once; bounds the memory.
_SAVED_AT_ONCE = 200_000


def build(endpoint: Endpoint, plan: PracticePlan, *, truth: Path) -> None:
    """Simulate a practice into the database that `endpoint` names, and write its truth.

    The database is made anew; one that holds tables of another origin is refused. The account must
    be allowed to create databases. Interrupted, it leaves a half-filled database without a truth:
    run it again.
    """
    memory.forget(truth)
    practice = Practice(plan)
    with writer.connect(endpoint) as connection:
        if plan.has_past:
            writer.require_sequences(connection)
        writer.create_database(connection, endpoint.database, engine=plan.engine)
        with indexes.left_out(connection, endpoint=endpoint, has_past=plan.has_past):
            office.furnish(practice)
            carriers.open_plans(practice)
            discount_plans.open_plan(practice)
            if plan.has_past:
                writer.save(connection, practice.journal)
                story.tell(practice, connection, endpoint=endpoint)
            schedule.extend(practice)
            people.plan_arrivals(practice)
            dirt.plan_dirt(practice)
            _live_until(practice, connection, days=(plan.until - plan.lived_from).days + 1)
            _close_books(practice)
            writer.save(connection, practice.journal)
    memory.keep(practice, truth, content=_truth(practice))


def advance(endpoint: Endpoint, *, days: int, truth: Path) -> date:
    """Let the practice live on for some days and correct a little of everything.

    The truth and the practice's memory beside it are replaced once the rows are in. Interrupted
    before that, both still tell of the last complete day, the database may hold a part of the days
    after it, and the same call brings it to the same end: every operation is by key. Returns the
    last day lived.
    """
    practice = memory.recall(truth)
    with writer.connect(endpoint) as connection:
        writer.use(connection, endpoint.database)
        practice.clock.turn(practice.day + timedelta(days=1))
        practice.plan_for(practice.day, "family", 2)
        _live_until(practice, connection, days=days)
        corrections.correct_everything(practice)
        _close_books(practice)
        writer.save(connection, practice.journal)
    memory.keep(practice, truth, content=_truth(practice))
    return practice.day


def _live_until(practice: Practice, connection: SourceConnection, *, days: int) -> None:
    """Live the practice's day and those after it; the clock stays on the last one."""
    first = practice.day
    for offset in range(days):
        practice.clock.turn(first + timedelta(days=offset))
        live(practice)
        if practice.journal.pending > _SAVED_AT_ONCE:
            writer.save(connection, practice.journal)


def _close_books(practice: Practice) -> None:
    """Write every family's aging on its guarantor, as the nightly task does."""
    practice.clock.tell(22 * 60)
    practice.journal.update(
        "preference", practice.preferences["DateLastAging"], ValueString=practice.clock.text
    )
    aged = _aged(practice)
    for family in sorted({*aged, *practice.balances}):
        result = aged.get(family, aging.FamilyAging((0, 0, 0, 0), 0, 0, 0))
        amounts = (
            *result.buckets,
            result.total,
            result.insurance_estimate,
            result.plan_due,
        )
        if practice.balances.get(family) == amounts:
            continue
        practice.journal.update(
            "patient",
            family,
            Bal_0_30=amounts[0] / 100,
            Bal_31_60=amounts[1] / 100,
            Bal_61_90=amounts[2] / 100,
            BalOver90=amounts[3] / 100,
            BalTotal=amounts[4] / 100,
            InsEst=amounts[5] / 100,
            PayPlanDue=amounts[6] / 100,
        )
        practice.balances[family] = amounts


def _truth(practice: Practice) -> bytes:
    aged = _aged(practice)
    return truth_file.encode(truth_file.describe(practice, aged))


def _aged(practice: Practice) -> dict[int, aging.FamilyAging]:
    return aging.age(
        practice.books,
        practice.closed,
        guarantor_of=truth_file.guarantors(practice),
        day=practice.day,
        settings=practice.plan.settings,
    )
