"""Aging of a family's account, the way Open Dental's own report does it.

How payment plans are aged is decided by their version (the books know it), and whether rows tied
to a procedure net inside the bucket of that procedure by AgingProcLifo.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from simulator.books import Books, Cents, Kind, LedgerEntry, Posting
from simulator.closed_years import ClosedYears
from simulator.codes import BILL_IN_ADVANCE_DAYS
from simulator.settings import AGE_CREDITS_AND_DEBITS, OfficeSettings

# The oldest day of each bucket but the last, in days before the day of the report.
_BUCKET_DAYS = (30, 60, 90)
_TIED = (Kind.ADJUSTMENT, Kind.PLAN_CREDIT, Kind.LINK_CREDIT)
_DATED_BY_CHARGE = (Kind.PLAN_DEBIT, Kind.PLAN_CREDIT)


@dataclass(frozen=True, slots=True)
class FamilyAging:
    """What a family owes, by age, on the day of the report."""

    buckets: tuple[Cents, Cents, Cents, Cents]
    total: Cents
    insurance_estimate: Cents
    plan_due: Cents

    @property
    def is_empty(self) -> bool:
        """Say whether nothing is owed and nothing expected."""
        return not (any(self.buckets) or self.total or self.insurance_estimate or self.plan_due)


def age(
    books: Books,
    closed: ClosedYears,
    *,
    guarantor_of: dict[int, int],
    day: date,
    settings: OfficeSettings,
) -> dict[int, FamilyAging]:
    """Return the aging of every family that has any, by guarantor, as of a day."""
    old: dict[int, tuple[Cents, Cents]] = {}
    for patient, charged, credited in closed.accounts():
        known = old.get(guarantor_of[patient], (0, 0))
        old[guarantor_of[patient]] = (known[0] + charged, known[1] + credited)
    entries: dict[int, list[LedgerEntry]] = defaultdict(list)
    for entry in books.ledger():
        # Charges that have not come due are no transactions yet.
        if entry.kind not in _DATED_BY_CHARGE or entry.posting.day <= day:
            entries[guarantor_of[entry.posting.patient]].append(entry)
    estimates = _sum_by_family(
        books.posted(Kind.ESTIMATE).values(), guarantor_of=guarantor_of, until=None
    )
    billed = day + timedelta(days=BILL_IN_ADVANCE_DAYS)
    due = _sum_by_family(
        _of_counted_plans(books, Kind.PLAN_DEBIT, settings=settings),
        guarantor_of=guarantor_of,
        until=billed,
    )
    paid = _sum_by_family(
        _of_counted_plans(books, Kind.PLAN_PAYMENT, settings=settings),
        guarantor_of=guarantor_of,
        until=None,
    )
    families = sorted({*old, *entries, *estimates, *due, *paid})
    aged = {
        family: FamilyAging(
            age_entries(
                entries[family], day, old=old.get(family, (0, 0)), ties_rows=settings.ties_rows
            ),
            sum(entry.cents for entry in entries[family]) + _balance(old.get(family, (0, 0))),
            estimates.get(family, 0),
            due.get(family, 0) - paid.get(family, 0),
        )
        for family in families
    }
    return {family: result for family, result in aged.items() if not result.is_empty}


def _balance(old: tuple[Cents, Cents]) -> Cents:
    charged, credited = old
    return charged - credited


def _of_counted_plans(books: Books, kind: Kind, *, settings: OfficeSettings) -> Iterator[Posting]:
    """Yield what is posted on plans: on open ones only where these charge and credit accounts."""
    are_closed_left_out = settings.plans_version == AGE_CREDITS_AND_DEBITS
    closed = books.posted(Kind.CLOSED_PLAN) if are_closed_left_out else {}
    return (posting for posting in books.posted(kind).values() if posting.account not in closed)


def age_entries(
    entries: Iterable[LedgerEntry],
    day: date,
    *,
    old: tuple[Cents, Cents] = (0, 0),
    ties_rows: bool = True,
) -> tuple[Cents, Cents, Cents, Cents]:
    """Return one family's buckets, youngest first, after credits have paid the oldest first.

    `old` are the charges and credits of years that are closed.
    """
    buckets = [0, 0, 0, old[0]]
    credit = old[1]
    groups: dict[tuple[int, int, date], tuple[Cents, date]] = {}
    for entry in entries:
        posting = entry.posting
        if ties_rows and entry.kind in _TIED and posting.procedure:
            key = (posting.patient, posting.procedure, posting.day)
            total = groups[key][0] if key in groups else 0
            groups[key] = (total + entry.cents, posting.procedure_day or posting.day)
        elif posting.day > day:
            continue
        elif entry.cents > 0:
            buckets[bucket_of(posting.day, day)] += entry.cents
        else:
            credit -= entry.cents
    for (_, _, own_day), (total, procedure_day) in groups.items():
        dated = procedure_day if total < 0 else own_day
        if dated <= day:
            buckets[bucket_of(dated, day)] += total
    for index in range(4):
        if buckets[index] < 0:
            credit -= buckets[index]
            buckets[index] = 0
    for index in (3, 2, 1, 0):
        used = min(credit, buckets[index])
        buckets[index] -= used
        credit -= used
    return buckets[0], buckets[1], buckets[2], buckets[3]


def bucket_of(transaction: date, day: date) -> int:
    """Return the bucket of a transaction: 0 for up to 30 days old, 3 for over 90."""
    days = (day - transaction).days
    return next((i for i, oldest in enumerate(_BUCKET_DAYS) if days <= oldest), 3)


def _sum_by_family(
    postings: Iterable[Posting], *, guarantor_of: dict[int, int], until: date | None
) -> dict[int, Cents]:
    sums: dict[int, Cents] = defaultdict(int)
    for posting in postings:
        if until is None or posting.day <= until:
            sums[guarantor_of[posting.patient]] += posting.cents
    return sums
