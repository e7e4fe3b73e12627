"""What people correct after the fact: edits in place, deletions, late and backdated entries.

The books follow every correction at the business date that it names. Some edits touch tables
without a stamp, or leave the stamp alone, as direct edits in the database do.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from simulator import adjustments, audit, claims, clerical, schedule, treatment
from simulator.adjustments import EnteredAdjustment
from simulator.books import Kind
from simulator.money import EnteredPayment
from simulator.statuses import PROCEDURE_DELETED
from simulator.world import Practice, Procedure

# How many of each a day, for every thousand patients on the books.
_RATE_PER_THOUSAND = 0.05


def correct(practice: Practice) -> None:
    """Do what a normal day brings of each kind of correction."""
    probability = _RATE_PER_THOUSAND * len(practice.patients) / 1_000
    for action in CORRECTIONS:
        if practice.chance(probability):
            action(practice)


def correct_everything(practice: Practice) -> None:
    """Do each kind of correction once, as far as there is anything to correct."""
    for action in CORRECTIONS:
        action(practice)


def _take(practice: Practice, kind: str) -> object | None:
    kept = practice.recent.of(kind)
    return kept.pop(practice.random.randrange(len(kept))) if kept else None


def _remove_payment(practice: Practice) -> None:
    """Delete a payment with its splits; the work is due again."""
    entered = _take(practice, "payment")
    if not isinstance(entered, EnteredPayment):
        return
    for row, part, work in entered.splits:
        practice.journal.delete("paysplit", row)
        practice.books.void(Kind.SPLIT, row)
        work.paid -= part
        _reopen(practice, work)
    practice.journal.delete("payment", entered.num)
    practice.books.void(Kind.PAYMENT, entered.num)
    user = practice.desk_user()
    audit.log(
        practice,
        "PaymentEdit",
        user=user,
        patient=entered.payer.num,
        text="Payment deleted",
    )


def _backdate_payment(practice: Practice) -> None:
    """Move a payment to an earlier day: it had been entered late."""
    entered = _take(practice, "payment")
    if not isinstance(entered, EnteredPayment):
        return
    entered_on = practice.books.posted(Kind.PAYMENT)[entered.num].day
    day = entered_on - timedelta(days=practice.random.randint(1, 12))
    practice.journal.update("payment", entered.num, PayDate=day)
    practice.books.move(Kind.PAYMENT, entered.num, day)
    for row, _, _ in entered.splits:
        practice.journal.update("paysplit", row, DatePay=day)
        practice.books.move(Kind.SPLIT, row, day)


def _change_adjustment(practice: Practice) -> None:
    """Correct the amount of an adjustment, without moving its stamp."""
    entered = _take(practice, "adjustment")
    if not isinstance(entered, EnteredAdjustment):
        return
    amount = entered.amount * 9 // 10
    posting = practice.books.posted(Kind.ADJUSTMENT)[entered.num]
    practice.journal.update_quietly("adjustment", entered.num, AdjAmt=amount / 100)
    practice.books.post(Kind.ADJUSTMENT, entered.num, posting._replace(cents=amount))
    if entered.work is not None:
        entered.work.adjusted += amount - entered.amount
        _reopen(practice, entered.work)


def _remove_adjustment(practice: Practice) -> None:
    entered = _take(practice, "adjustment")
    if not isinstance(entered, EnteredAdjustment):
        return
    practice.journal.delete("adjustment", entered.num)
    practice.books.void(Kind.ADJUSTMENT, entered.num)
    if entered.work is not None:
        entered.work.adjusted -= entered.amount
        _reopen(practice, entered.work)
    user = practice.desk_user()
    text = "Adjustment deleted"
    audit.log(practice, "AdjustmentEdit", user=user, patient=entered.patient.num, text=text)


def _untouched(practice: Practice) -> Procedure | None:
    """Find recent work that nobody has paid, billed, discounted or asked a carrier about."""
    for work in practice.recent.of("procedure"):
        is_settled = work.paid or work.adjusted or work.capitation
        if not (is_settled or work.lines or work.is_preauthorized):
            practice.recent.of("procedure").remove(work)
            found: Procedure = work
            return found
    return None


def _remove_procedure(practice: Practice) -> None:
    """Delete completed work: its row stays with the status "deleted"."""
    work = _untouched(practice)
    if work is None:
        return
    practice.journal.update("procedurelog", work.num, ProcStatus=PROCEDURE_DELETED)
    practice.books.void(Kind.PRODUCTION, work.num)
    if work in work.patient.family.open:
        work.patient.family.open.remove(work)
    user = practice.desk_user()
    text = "Procedure deleted"
    audit.log(practice, "ProcDelete", user=user, patient=work.patient.num, text=text)


def _change_fee(practice: Practice) -> None:
    """Correct the fee of work that has been completed."""
    work = _untouched(practice)
    if work is None or not work.fee:
        return
    work.fee += 1_000
    practice.journal.update("procedurelog", work.num, ProcFee=work.fee / 100)
    posting = practice.books.posted(Kind.PRODUCTION)[work.num]
    practice.books.post(Kind.PRODUCTION, work.num, posting._replace(cents=work.total))


def _backdate_procedure(practice: Practice) -> None:
    """Move completed work to the day it was really done on, with no stamp moved."""
    work = _untouched(practice)
    if work is None or work.completed_on is None:
        return
    day = work.completed_on - timedelta(days=practice.random.randint(1, 9))
    work.completed_on = day
    practice.journal.update_quietly("procedurelog", work.num, ProcDate=day)
    practice.books.move(Kind.PRODUCTION, work.num, day)


def _enter_late(practice: Practice) -> None:
    """Enter an X-ray that was forgotten weeks ago."""
    recent = practice.recent.of("procedure")
    if not recent:
        return
    patient = practice.random.choice(recent).patient
    day = practice.day - timedelta(days=practice.random.randint(8, 45))
    work = treatment.plan_procedure(practice, patient, code=practice.codes["D0230"])
    treatment.complete_without_visit(practice, work, day=day)
    practice.plan_for(practice.in_days(3, 9), "bill_family", patient.family)


def _withdraw_claim(practice: Practice) -> None:
    """Delete a claim that is still open and send it again."""
    kept = practice.recent.of("claim")
    for claim in kept:
        is_open = not any(line.is_received for line in claim.lines)
        if is_open and claim.secondary is None and claim.kind == "P" and not claim.is_deleted:
            kept.remove(claim)
            works = [line.procedure for line in claim.lines]
            claims.withdraw(practice, claim)
            for work in works:
                treatment.estimate_again(practice, work)
            claims.bill(practice, claim.patient, done=works)
            return


def _redate_check(practice: Practice) -> None:
    """Correct the date of a carrier's check: its income moves to that day."""
    found = _take(practice, "check")
    if not isinstance(found, tuple):
        return
    num, lines = found
    day = practice.books.posted(Kind.CHECK)[num].day
    day -= timedelta(days=practice.random.randint(1, 6))
    practice.journal.update("claimpayment", num, CheckDate=day)
    practice.books.move(Kind.CHECK, num, day)
    for line in lines:
        practice.books.move(Kind.CHECK_LINE, line, day)


def _estimate_again(practice: Practice) -> None:
    """Make the estimates of a patient's planned work anew: all rows are replaced."""
    candidates = [p for p in practice.patients if p.covers and p.planned]
    if candidates:
        for work in practice.random.choice(candidates).planned:
            treatment.estimate_again(practice, work)


def _enter_hours_again(practice: Practice) -> None:
    """Delete and enter again the hours of a coming week."""
    first = practice.random.randint(7, 60)
    for offset in range(first, first + 7):
        schedule.enter_again(practice, practice.day + timedelta(days=offset))


def _reopen(practice: Practice, work: Procedure) -> None:
    family = work.patient.family
    if work not in family.open:
        family.open.append(work)
    practice.plan_for(practice.in_days(2, 20), "bill_family", family)


def _return_check(practice: Practice) -> None:
    """Charge the fee for a check that came back."""
    if practice.patients:
        payer = practice.random.choice(practice.patients).family.members[0]
        adjustments.adjust(practice, payer, amount=3_500, name="Returned check fee")


CORRECTIONS: tuple[Callable[[Practice], None], ...] = (
    _remove_payment,
    _backdate_payment,
    _change_adjustment,
    _remove_adjustment,
    _remove_procedure,
    _change_fee,
    _backdate_procedure,
    _enter_late,
    _withdraw_claim,
    _redate_check,
    _estimate_again,
    _enter_hours_again,
    _return_check,
    *clerical.CORRECTIONS,
)
