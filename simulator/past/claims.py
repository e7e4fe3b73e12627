"""Claims of the years before: what carriers paid, took back, and the checks it came on."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from typing import NamedTuple

from include.open_dental.values import BLANK, EMPTY_DATE
from simulator.books import Cents, Kind
from simulator.names import CARRIERS
from simulator.past.careers import FormerFamily, FormerPatient
from simulator.past.desk import Desk
from simulator.statuses import LINE_ESTIMATE, LINE_RECEIVED, LINE_SUPPLEMENTAL
from simulator.world import Code, InsurancePlan

# Claims that a carrier takes back and pays again, both on one check.
TAKEN_BACK = 0.36
DENIED, CUT = 0.03, 0.08
# Snapshots are kept of claims from this share of the claims' years on.
_SNAPSHOTS_AFTER = 0.25


class Line(NamedTuple):
    """A procedure on a claim, and what the carrier is going to pay for it."""

    procedure: int
    code: str
    fee: Cents
    percent: int
    paid: Cents
    write_off: Cents
    provider: int = 0
    day: str = ""


class Answer(NamedTuple):
    """Lines of a claim that go on the same check; `served` is the day of the work."""

    claim: int
    patient: int
    clinic: int
    served: int
    plan: InsurancePlan
    inssub: int
    status: int
    lines: list[Line]


class Claims:
    """Writes claims, their lines and checks, and enters the money into the closed books."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._today: dict[tuple[int, int], list[Answer]] = defaultdict(list)
        self._names: dict[int, str] = {}
        length = desk.last - desk.claims_from
        self._snapshots_from = desk.claims_from + round(length * _SNAPSHOTS_AFTER)

    def expect(self, family: FormerFamily, procedure: int, *, code: Code, fee: Cents) -> Line:
        """Return the line that a family's cover would give for a procedure."""
        plan, random = family.plan, self._desk.random
        if plan is None or not plan.percents[code.benefit]:
            return Line(procedure, code.code, fee, 0, 0, 0)
        percent = plan.percents[code.benefit]
        allowed = fee * plan.allowed_percent // 100
        paid = allowed * percent // 100
        fate = random.random()
        if fate < DENIED:
            return Line(procedure, code.code, fee, percent, 0, 0)
        if fate < DENIED + CUT:
            paid = paid * random.choice((50, 75, 90)) // 100
        return Line(procedure, code.code, fee, percent, paid, fee - allowed)

    def bill(self, family: FormerFamily, patient: FormerPatient, *, lines: list[Line]) -> None:
        """Write the claim of a visit; its lines follow when the carrier answers."""
        desk, plan = self._desk, family.plan
        if plan is None:
            return
        pen, day = desk.pens["claim"], desk.text
        pen.key += 1
        answered = min(desk.day + desk.random.randint(7, 42), desk.last)
        received = date.fromordinal(answered).isoformat()
        paid = sum(line.paid for line in lines)
        relation = 0 if patient is family.members[0] else 2 if patient.is_child(desk.day) else 1
        pen.write(
            f"{pen.key}\t{patient.num}\t{day}\t{day}\tR\t{received}\t{plan.num}"
            f"\t{lines[0].provider}\t{sum(line.fee for line in lines) / 100}\t{paid / 100}"
            f"\t{paid / 100}\t\tP\t{family.dentist}\t{relation}"
            f"\t{sum(line.write_off for line in lines) / 100}\tMail\t{family.inssub}"
            f"\t{desk.user()}\t{day}\t{received} 14:00:00\t{day}\t{family.clinic}"
        )
        kept = [line._replace(day=day) for line in lines]
        answer = Answer(
            pen.key, patient.num, family.clinic, desk.day, plan, family.inssub, LINE_RECEIVED, kept
        )
        desk.plan(answered, self._receive, answer)
        if desk.random.random() < TAKEN_BACK:
            back = [line._replace(paid=-line.paid, write_off=0) for line in kept]
            again = [line._replace(write_off=0) for line in kept]
            later = answer._replace(status=LINE_SUPPLEMENTAL, lines=[*back, *again])
            desk.plan(answered + desk.random.randint(20, 90), self._receive, later)

    def estimate(self, family: FormerFamily, patient: FormerPatient, *, line: Line) -> None:
        """Write the estimate for work that is planned."""
        plan = family.plan
        if plan is not None:
            self._row(
                Answer(
                    0, patient.num, family.clinic, self._desk.day, plan, family.inssub,
                    LINE_ESTIMATE, [],
                ),
                line._replace(day=self._desk.text), row=0, check=0,
            )  # fmt: skip

    def _receive(self, answer: Answer) -> None:
        """Put an answer on one of the carrier's two checks of the day."""
        plan = answer.plan
        self._names[plan.carrier] = plan.carrier_name
        self._today[plan.carrier, plan.num // len(CARRIERS) % 2].append(answer)

    def close_day(self) -> None:
        """Write the day's checks with their lines."""
        for (carrier, _), answers in self._today.items():
            self._check(self._names[carrier], answers)
        self._today.clear()

    def _check(self, carrier_name: str, answers: list[Answer]) -> None:
        desk = self._desk
        pen, day = desk.pens["claimpayment"], desk.text
        pen.key += 1
        total = sum(line.paid for answer in answers for line in answer.lines)
        kind = desk.practice.definition("Carrier check" if pen.key % 5 < 2 else "Carrier transfer")
        pen.write(
            f"{pen.key}\t{day}\t{total / 100}\t{100_000 + pen.key}\t\t\t{carrier_name}\t{day}"
            f"\t{kind}\t{desk.user()}\t{day}\t{day} 15:00:00\t{answers[0].clinic}"
        )
        desk.enter[Kind.CHECK](0, desk.day, total, 0, 0)
        desk.practice.closed.receive("insurance", desk.day, kind, total)
        row = 0
        for answer in answers:
            for line in answer.lines:
                row += 1
                self._row(answer, line, row=row, check=pen.key)
                self._enter(answer, line)

    def _enter(self, answer: Answer, line: Line) -> None:
        """Enter what a carrier paid for a line into the books."""
        enter, day = self._desk.enter, self._desk.day
        patient, place = answer.patient, (line.provider, answer.clinic)
        enter[Kind.INSURANCE](patient, day, line.paid, *place)
        enter[Kind.CHECK_LINE](patient, day, line.paid, *place)
        if line.write_off:
            enter[Kind.WRITE_OFF](patient, day, line.write_off, *place)
            enter[Kind.CLAIMED_WRITE_OFF](patient, answer.served, line.write_off, *place)
            if self._has_snapshot(answer):
                enter[Kind.EXPECTED_WRITE_OFF](patient, answer.served, line.write_off, *place)
            else:
                enter[Kind.CHANGED_WRITE_OFF](patient, day, -line.write_off, *place)

    def _has_snapshot(self, answer: Answer) -> bool:
        return answer.status == LINE_RECEIVED and self._desk.day >= self._snapshots_from

    def _row(self, answer: Answer, line: Line, *, row: int, check: int) -> None:
        desk = self._desk
        pen, day = desk.pens["claimproc"], desk.text
        pen.key += 1
        is_estimate = answer.status == LINE_ESTIMATE
        paid = 0 if is_estimate else line.paid
        expected = 0 if answer.status == LINE_SUPPLEMENTAL else max(line.paid, 0)
        written_off = 0 if is_estimate else line.write_off
        blank_or_off = line.write_off / 100 if line.write_off else BLANK
        received = EMPTY_DATE if is_estimate else day
        pen.write(
            f"{pen.key}\t{line.procedure}\t{answer.claim}\t{answer.patient}\t{line.provider}"
            f"\t{line.fee / 100}\t{expected / 100}\t{answer.status}\t{paid / 100}\t\t{check}"
            f"\t{answer.plan.num}\t{day}\t{written_off / 100}\t{line.code}\t{BLANK}"
            f"\t{line.percent}\t{expected / 100}\t{line.day}\t{day}\t{row % 100}\t0\t{BLANK}"
            f"\t{expected / 100}\t{BLANK}\t{BLANK}\t{blank_or_off}\t{BLANK}\t{answer.inssub}"
            f"\t{row}\t1\t{line.day}\t{day} 15:00:00\t{received}\t{received}\t{answer.clinic}"
        )
        if self._has_snapshot(answer):
            snapshot = desk.pens["claimsnapshot"]
            snapshot.key += 1
            snapshot.write(
                f"{snapshot.key}\t{line.procedure}\tP\t{blank_or_off}\t{expected / 100}"
                f"\t{line.fee / 100}\t{line.day} 17:00:00\t{pen.key}\t0"
            )
