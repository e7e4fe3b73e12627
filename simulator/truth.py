"""Writes the books as truth.json, what the warehouse's figures are measured against."""

from __future__ import annotations

import json
import os
from collections import Counter, defaultdict
from dataclasses import asdict
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from simulator import report_totals
from simulator.aging import FamilyAging
from simulator.books import FIGURES, WRITEOFF_FIGURES, Cents, Kind
from simulator.world import Practice


def dollars(cents: Cents) -> str:
    """Return an amount with two decimals."""
    sign = "-" if cents < 0 else ""
    return f"{sign}{abs(cents) // 100}.{abs(cents) % 100:02}"


def describe(practice: Practice, aged: dict[int, FamilyAging]) -> dict[str, Any]:
    """Return the content of truth.json as of the practice's day; days are without gaps."""
    plan, last = practice.plan, practice.day
    return {
        "seed": plan.seed,
        "patients": len(practice.patients) + len(practice.former),
        "first_day": plan.first_day.isoformat(),
        "last_day": last.isoformat(),
        "settings": asdict(plan.settings),
        "days": _days(practice, last),
        "receivables": _receivables(practice, last),
        "aging": {str(family): _aging(result) for family, result in aged.items()},
        "production_income": _in_dollars(report_totals.production_income(practice)),
        "daily_payments": _in_dollars(report_totals.daily_payments(practice)),
        "payment_plans": {
            str(plan): _plan(balance)
            for plan, balance in report_totals.plan_balances(practice).items()
        },
    }


def write_atomically(path: Path, content: bytes) -> None:
    """Replace a file, so that a reader or a crash never sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.new")
    with fresh.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def encode(truth: dict[str, Any]) -> bytes:
    """Return truth as JSON text, a line for each part: indented text takes ten times as long."""
    parts = (
        f"{json.dumps(name)}: {json.dumps(part, sort_keys=True)}" for name, part in truth.items()
    )
    return ("{\n" + ",\n".join(parts) + "\n}\n").encode()


def guarantors(practice: Practice) -> dict[int, int]:
    """Return each patient's current guarantor."""
    known = {patient.num: patient.family.guarantor for patient in practice.patients}
    # Checks belong to no patient.
    return {0: 0, **practice.former, **known}


def _days(practice: Practice, last: date) -> dict[str, dict[str, Any]]:
    books, first = practice.books, practice.plan.first_day
    figures = books.figures(last)
    for day, figure, cents in practice.closed.figures():
        figures.setdefault(day, dict.fromkeys(FIGURES, 0))[figure] += cents
    closed = practice.closed.first_visits
    visits = {patient: date.fromordinal(day) for patient, day in closed.items()}
    for patient, day in books.first_visits().items():
        visits[patient] = min(day, visits.get(patient, day))
    new = Counter(visits.values())
    broken = Counter(posting.day for posting in books.posted(Kind.BROKEN_APPOINTMENT).values())
    start = min([first, *figures])
    # As the office's own mode of write-offs counts them.
    writeoffs = WRITEOFF_FIGURES[practice.plan.settings.writeoff_mode]
    days: dict[str, dict[str, Any]] = {}
    for offset in range((last - start).days + 1):
        day = start + timedelta(days=offset)
        known = figures.get(day, {})
        days[day.isoformat()] = {
            **{figure: dollars(known.get(figure, 0)) for figure in FIGURES},
            "writeoffs": dollars(sum(known.get(figure, 0) for figure in writeoffs)),
            "new_patients": new[day],
            "broken_appointments": broken[day],
        }
    return days


def _receivables(practice: Practice, last: date) -> dict[str, dict[str, str]]:
    guarantor_of = guarantors(practice)
    changes: dict[int, dict[date, Cents]] = defaultdict(lambda: defaultdict(int))
    for patient, day, cents in practice.closed.changes():
        changes[guarantor_of[patient]][day] += cents
    for entry in practice.books.ledger():
        if entry.posting.day <= last:
            changes[guarantor_of[entry.posting.patient]][entry.posting.day] += entry.cents
    return {
        str(family): {
            day.isoformat(): dollars(cents) for day, cents in sorted(days.items()) if cents
        }
        for family, days in sorted(changes.items())
    }


def _aging(result: FamilyAging) -> dict[str, str]:
    names = ("bal_0_30", "bal_31_60", "bal_61_90", "bal_over_90")
    return {
        **{name: dollars(cents) for name, cents in zip(names, result.buckets, strict=True)},
        "bal_total": dollars(result.total),
        "ins_est": dollars(result.insurance_estimate),
        "payplan_due": dollars(result.plan_due),
    }


def _plan(plan: report_totals.PlanBalance) -> dict[str, Any]:
    return {
        "principal": dollars(plan.principal),
        "paid": dollars(plan.paid),
        "balance": dollars(plan.balance),
        "due": dollars(plan.due),
        "is_closed": plan.is_closed,
    }


def _in_dollars(groups: Any) -> Any:
    """Return sums of cents, however deep they are grouped, as amounts."""
    if isinstance(groups, dict):
        return {name: _in_dollars(inner) for name, inner in groups.items()}
    return dollars(groups)
