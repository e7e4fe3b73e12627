"""Visits of the years before: the work, its discounts, and the payments for it.

The former system kept one account for each family: a visit's bill is paid in parts, each of which
is spread over all of the visit's work. Where the office later moved income to another provider, it
did so by transfers that sum to nothing.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from typing import NamedTuple

from include.open_dental.values import EMPTY_DATE
from simulator.books import Cents, Kind
from simulator.past.careers import COMES_ALONG, FormerFamily, FormerPatient
from simulator.past.claims import Claims, Line
from simulator.past.desk import Desk
from simulator.statuses import (
    APPOINTMENT_COMPLETE,
    PROCEDURE_COMPLETE,
    PROCEDURE_DELETED,
    PROCEDURE_EXISTING,
    PROCEDURE_PLANNED,
    PROCEDURES_FOUND,
)
from simulator.world import Code

# What a visit is made of, by kind.
_FIRST = (("D0150", "D0210", "D1110"), ("D0150", "D0210", "D1110", "D1208"), ("D0150", "D0274"))
_FIRST_OF_CHILD = (("D0150", "D0272", "D1120", "D1206"),)
_HYGIENE = (
    ("D0120", "D0274", "D1110"),
    ("D0120", "D1110", "D1208"),
    ("D0120", "D0274", "D1110", "D1208"),
)
_HYGIENE_OF_CHILD = (
    ("D0120", "D1120", "D1206"),
    ("D0120", "D0272", "D1120", "D1206"),
    ("D0120", "D1120", "D1206", "D1351", "D1351"),
)
_PERIO = (("D4910", "D0120", "D0274"), ("D4910", "D4381", "D4381", "D0120"))
_TREATMENT = (
    ("D2391", "D2392", "D9230"),
    ("D2392", "D2392", "D2391"),
    ("D2330", "D2331", "D2391", "D9230"),
    ("D0140", "D0220", "D0230"),
    ("D2950", "D2740", "D0220"),
    ("D3330", "D2950", "D0220", "D0230"),
    ("D7140", "D7140", "D0220"),
    ("D4341", "D4341", "D4341", "D4341"),
    ("D2140", "D2150", "D2391"),
    ("D0140", "D0220", "D9110"),
)
TREATMENT_SHARE = 0.38
# Fees grew by so much a year.
_GROWTH = 1.025
# Of a discounted family's procedures, those that carry a discount.
DISCOUNTED_WORK = 0.7
_DISCOUNTS = (("Senior discount", 5), ("Cash discount", 10), ("Staff discount", 15))
# In how many parts bills are paid; how often the last part never comes.
_PARTS = (1, 2, 2, 2, 3)
UNPAID = 0.02
WRITTEN_OFF = 0.85
# Payments whose income is moved to another provider later.
TRANSFERRED = 0.115
PREPAID = 0.04
# Work that is planned and never done, a visit; how many existing works a first visit charts.
PLANNED = 0.4
_CHARTED = 4
GROUPED = 0.065
_METHODS = ("Check", "Cash", "Card", "Card", "Card")
_DATE_TIMES = ("08:10:00", "09:20:00", "10:40:00", "11:30:00", "13:10:00", "14:20:00", "15:50:00")


class Work(NamedTuple):
    """A completed procedure and what its patient owes for it."""

    procedure: int
    patient: int
    provider: int
    clinic: int
    due: Cents
    day: str


class Ledger:
    """Writes the work and the money of families, and enters both into the closed books."""

    def __init__(self, desk: Desk, claims: Claims) -> None:
        self._desk = desk
        self._claims = claims
        self._fees: dict[str, Cents] = {}
        self._year = 0
        practice = desk.practice
        self._codes = practice.codes
        self._rooms: dict[int, list[int]] = defaultdict(list)
        for dentist in practice.dentists:
            self._rooms[dentist.clinic] += dentist.operatories
        self._definition = practice.definition
        self._planned = [c for c in practice.codes.values() if c.benefit in ("basic", "major")]
        self._providers = [(p.num, p.clinic) for p in (*practice.dentists, *practice.hygienists)]

    def visit(self, family: FormerFamily) -> None:
        """Let the members of a family that come today be treated, and plan the payments."""
        desk = self._desk
        self._price()
        chance = desk.random.random
        present = [m for m in family.members if chance() < COMES_ALONG]
        works: list[Work] = []
        for patient in present or [desk.random.choice(family.members)]:
            works += self._treat(family, patient)
        if family.unearned:
            works = self._use_prepayment(family, works)
        self._collect(family, works)
        if desk.day < family.days[-1] and chance() < PREPAID:
            self._prepay(family)

    def _price(self) -> None:
        year = int(self._desk.text[:4])
        if year != self._year:
            grown = _GROWTH ** (self._desk.practice.plan.until.year - year)
            self._year = year
            self._fees = {
                name: round(code.fee / grown / 100) * 100 for name, code in self._codes.items()
            }

    def _treat(self, family: FormerFamily, patient: FormerPatient) -> list[Work]:
        """Write one patient's work of the day; return what is left to pay for it."""
        desk, random = self._desk, self._desk.random
        names = self._menu(patient)
        is_insured = family.plan is not None and desk.day >= desk.claims_from
        is_discounted = family.is_discounted and not is_insured
        appointment = 0
        if desk.day >= desk.appointments_from:
            appointment = self._keep_appointment(family, patient, names=names)
        works: list[Work] = []
        lines: list[Line] = []
        for name in names:
            code, fee = self._codes[name], self._fees[name]
            provider = family.hygienist if code.is_hygiene else family.dentist
            num = self._procedure(
                family, patient.num, code, fee=fee, provider=provider, apt=appointment
            )
            desk.enter[Kind.PRODUCTION](patient.num, desk.day, fee, provider, family.clinic)
            due = fee
            if is_insured:
                line = self._claims.expect(family, num, code=code, fee=fee)
                lines.append(line._replace(provider=provider))
                due -= line.paid + line.write_off
            elif is_discounted and random.random() < DISCOUNTED_WORK:
                name_of_discount, percent = random.choice(_DISCOUNTS)
                less = -(fee * percent // 100)
                off = Work(num, patient.num, provider, family.clinic, less, desk.text)
                self._adjust(off, name=name_of_discount)
                due += off.due
            if due > 0:
                works.append(Work(num, patient.num, provider, family.clinic, due, desk.text))
        if lines:
            self._claims.bill(family, patient, lines=lines)
        if not patient.visits:
            desk.practice.closed.first_visits[patient.num] = desk.day
            self._chart(family, patient)
        patient.visits += 1
        if random.random() < PLANNED:
            self._plan(family, patient)
        if random.random() < GROUPED:
            self._procedure(
                family,
                patient.num,
                self._codes["D9430"],
                fee=0,
                provider=family.dentist,
                status=PROCEDURE_EXISTING,
            )
        return works

    def _menu(self, patient: FormerPatient) -> tuple[str, ...]:
        random = self._desk.random
        is_child = patient.is_child(self._desk.day)
        if not patient.visits:
            return random.choice(_FIRST_OF_CHILD if is_child else _FIRST)
        if random.random() < TREATMENT_SHARE and not is_child:
            return random.choice(_TREATMENT)
        if is_child:
            return random.choice(_HYGIENE_OF_CHILD)
        return random.choice(_PERIO if patient.is_perio else _HYGIENE)

    def _procedure(
        self,
        family: FormerFamily,
        patient: int,
        code: Code,
        *,
        fee: Cents,
        provider: int,
        status: int = PROCEDURE_COMPLETE,
        apt: int = 0,
    ) -> int:
        desk = self._desk
        pen, day = desk.pens["procedurelog"], desk.text
        pen.key += 1
        tooth = pen.key * 7 % 32 + 1 if code.area in ("tooth", "surface") else ""
        surface = "MOD"[pen.key % 3] if code.area == "surface" else ""
        done = day if status == PROCEDURE_COMPLETE else EMPTY_DATE
        pen.write(
            f"{pen.key}\t{patient}\t{apt}\t{day}\t{fee / 100}\t{surface}\t{tooth}\t\t{status}"
            f"\t{provider}\t{day}\t{code.num}\t1\t{day}\t1\t{day} 12:00:00\t{done}\t{day} 17:00:00"
            f"\t{family.clinic}"
        )
        return pen.key

    def _keep_appointment(
        self, family: FormerFamily, patient: FormerPatient, *, names: tuple[str, ...]
    ) -> int:
        desk, random = self._desk, self._desk.random
        pen, day = desk.pens["appointment"], desk.text
        pen.key += 1
        is_hygiene = int(self._codes[names[-1]].is_hygiene)
        length = min(36, max(4, sum(self._codes[name].minutes for name in names) // 5))
        at = f"{day} {random.choice(_DATE_TIMES)}"
        entered = date.fromordinal(desk.day - random.randint(1, 120)).isoformat()
        plan = family.plan.num if family.plan else 0
        kind = desk.practice.lists["appointmenttype"][0 if is_hygiene else 1]
        pen.write(
            f"{pen.key}\t{patient.num}\t{APPOINTMENT_COMPLETE}\t/{'X' * (length - 2)}/"
            f"\t{self._definition('Arrived')}\t{random.choice(self._rooms[family.clinic])}\t\t{family.dentist}"
            f"\t{family.hygienist if is_hygiene else 0}\t{at}\t{int(not patient.visits)}"
            f"\t{', '.join(names)}\t{is_hygiene}\t{at}\t{at}\t{at}\t{plan}\t{kind}\t{desk.user()}"
            f"\t{entered} 11:00:00\t{day} 17:00:00\t{family.clinic}"
        )
        return pen.key

    def _chart(self, family: FormerFamily, patient: FormerPatient) -> None:
        """Chart what other dentists did before."""
        random = self._desk.random
        for _ in range(random.randint(0, _CHARTED)):
            code = self._codes[random.choice(("D2391", "D2740", "D7140", "D2150"))]
            status = random.choice(PROCEDURES_FOUND)
            self._procedure(
                family, patient.num, code, fee=0, provider=family.dentist, status=status
            )

    def _plan(self, family: FormerFamily, patient: FormerPatient) -> None:
        """Plan work that nobody ever does; some of it is deleted."""
        random = self._desk.random
        code = random.choice(self._planned)
        status = PROCEDURE_DELETED if random.random() < 0.15 else PROCEDURE_PLANNED
        fee = self._fees[code.code]
        num = self._procedure(
            family, patient.num, code, fee=fee, provider=family.dentist, status=status
        )
        if family.plan is not None and status == PROCEDURE_PLANNED:
            line = self._claims.expect(family, num, code=code, fee=fee)
            self._claims.estimate(family, patient, line=line._replace(provider=family.dentist))

    def _adjust(self, work: Work, *, name: str) -> None:
        """Write an adjustment that is tied to a procedure: the work's amount due, signed."""
        desk = self._desk
        pen, day = desk.pens["adjustment"], desk.text
        pen.key += 1
        pen.write(
            f"{pen.key}\t{day}\t{work.due / 100}\t{work.patient}\t{self._definition(name)}"
            f"\t{work.provider}\t\t{work.day}\t{work.procedure}\t{day}\t{desk.user()}"
            f"\t{day} 16:00:00\t{work.clinic}"
        )
        desk.enter_tied(work.patient, desk.day, work.due, work.provider, work.clinic)

    def _collect(self, family: FormerFamily, works: list[Work]) -> None:
        """Plan the parts in which a bill is paid; the last part of a few never comes."""
        if not works:
            return
        desk, random = self._desk, self._desk.random
        parts = random.choice(_PARTS)
        day = desk.day + (0 if random.random() < 0.66 else random.randint(3, 15))
        for part in range(1, parts + 1):
            is_last = part == parts
            share = [
                w._replace(due=w.due - w.due // parts * (parts - 1) if is_last else w.due // parts)
                for w in works
            ]
            share = [work for work in share if work.due]
            if is_last and random.random() < UNPAID:
                if family.stays or random.random() < WRITTEN_OFF:
                    desk.plan(day + 90, self._write_off, share)
            elif share:
                desk.plan(day, self._pay, family, share)
            day += random.randint(12, 35)

    def _write_off(self, works: list[Work]) -> None:
        for work in works:
            self._adjust(work._replace(due=-work.due), name="Bad debt")

    def _pay(self, family: FormerFamily, works: list[Work]) -> None:
        desk, random = self._desk, self._desk.random
        amount = sum(work.due for work in works)
        num = self._payment(family, amount=amount, method=random.choice(_METHODS))
        for work in works:
            self._split(num, work)
        if random.random() < TRANSFERRED:
            desk.plan(desk.day + random.randint(5, 200), self._transfer, family, works)

    def _transfer(self, family: FormerFamily, works: list[Work]) -> None:
        """Move a payment's income to another provider, who may work at another clinic."""
        num = self._payment(family, amount=0, method="")
        provider, clinic = self._desk.random.choice(self._providers)
        for work in works:
            source = self._split(num, work._replace(due=-work.due))
            self._split(num, work._replace(provider=provider, clinic=clinic), source=source)

    def _prepay(self, family: FormerFamily) -> None:
        amount = self._desk.random.randrange(5_000, 30_000, 500)
        num = self._payment(family, amount=amount, method="Card")
        self._split(num, self._unearned(family, amount))
        family.unearned += amount

    def _use_prepayment(self, family: FormerFamily, works: list[Work]) -> list[Work]:
        """Move what was paid in advance onto work; return what is left to pay."""
        amount = min(family.unearned, sum(work.due for work in works))
        if not amount:
            return works
        family.unearned -= amount
        num = self._payment(family, amount=0, method="")
        source = self._split(num, self._unearned(family, -amount))
        left: list[Work] = []
        for work in works:
            part = min(amount, work.due)
            if part:
                self._split(num, work._replace(due=part), source=source)
                amount -= part
            if part < work.due:
                left.append(work._replace(due=work.due - part))
        return left

    def _unearned(self, family: FormerFamily, amount: Cents) -> Work:
        return Work(0, family.guarantor, 0, family.clinic, amount, self._desk.text)

    def _payment(self, family: FormerFamily, *, amount: Cents, method: str) -> int:
        """Write a family's payment; an empty method is an income transfer."""
        desk = self._desk
        pen, day = desk.pens["payment"], desk.text
        pen.key += 1
        kind = self._definition(method) if method else 0
        check = pen.key % 9_000 + 1_000 if method == "Check" else ""
        pen.write(
            f"{pen.key}\t{kind}\t{day}\t{amount / 100}\t{check}\t\t{family.guarantor}\t{day}"
            f"\t{desk.user()}\t{day} 16:00:00\t{family.clinic}"
        )
        if amount:
            desk.enter[Kind.PAYMENT](family.guarantor, desk.day, amount, 0, family.clinic)
            desk.practice.closed.receive("patient", desk.day, kind, amount)
        return pen.key

    def _split(self, payment: int, work: Work, *, source: int = 0) -> int:
        """Write a split for work, or of unearned money when there is no procedure."""
        desk = self._desk
        pen, day = desk.pens["paysplit"], desk.text
        pen.key += 1
        unearned = 0 if work.procedure else self._definition("Prepayment")
        pen.write(
            f"{pen.key}\t{work.due / 100}\t{work.patient}\t{work.day}\t{payment}\t{work.provider}"
            f"\t{day}\t{work.procedure}\t{day}\t{unearned}\t{payment % 7 + 1}\t{day} 16:00:00"
            f"\t{source}\t{work.clinic}"
        )
        kind = Kind.UNEARNED_SPLIT if unearned else Kind.SPLIT
        desk.enter[kind](work.patient, desk.day, work.due, work.provider, work.clinic)
        return pen.key
