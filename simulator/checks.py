"""The checks on which carriers pay, each for many claims."""

from __future__ import annotations

from simulator.books import Cents, Kind, Posting
from simulator.world import ClaimLine, Practice

# Lines whose money is entered and never put on a check.
UNATTACHED = 0.004
# Checks that are not fully entered on their day, and those of them that never are.
PARTIAL, FORGOTTEN = 0.06, 0.2


def expect(practice: Practice, line: ClaimLine, *, paid: Cents) -> None:
    """Put money on the carrier's check of the day, or on a later one; seldom on none."""
    if practice.rarely("no check", UNATTACHED):
        return
    carrier = line.coverage.plan.carrier
    day = practice.day if (practice.day.toordinal() + carrier) % 9 else practice.in_days(1, 3)
    practice.plan_for(day, "check", (line, paid))


def write(practice: Practice, parts: list[tuple[ClaimLine, Cents]]) -> None:
    """Write one check per plan's carrier for the lines whose money has come today."""
    by_carrier: dict[int, list[tuple[ClaimLine, Cents]]] = {}
    for line, paid in parts:
        by_carrier.setdefault(line.coverage.plan.carrier, []).append((line, paid))
    for of_carrier in by_carrier.values():
        _check(practice, of_carrier)


def _check(practice: Practice, parts: list[tuple[ClaimLine, Cents]]) -> None:
    day, total = practice.day, sum(paid for _, paid in parts)
    first, _ = parts[0]
    is_transfer = practice.chance(0.6)
    payment_type = practice.definition("Carrier transfer" if is_transfer else "Carrier check")
    num = practice.journal.insert(
        "claimpayment",
        CheckDate=day,
        CheckAmt=total / 100,
        CheckNum=str(practice.random.randint(100_000, 999_999)),
        BankBranch="",
        Note="",
        ClinicNum=first.procedure.clinic,
        CarrierName=first.coverage.plan.carrier_name,
        DateIssued=day,
        PayType=payment_type,
        SecUserNumEntry=practice.desk_user(),
        SecDateEntry=day,
    )
    practice.books.post(Kind.CHECK, num, Posting(0, day, total))
    if practice.rarely("partial check", PARTIAL):
        practice.journal.update("claimpayment", num, IsPartial=1)
        if not practice.rarely("forgotten check", FORGOTTEN):
            practice.plan_for(practice.in_days(1, 4), "check_complete", num)
    practice.recent.remember("check", (num, [line.num for line, _ in parts]))
    for row, (line, paid) in enumerate(parts, 1):
        practice.journal.update(
            "claimproc", line.num, ClaimPaymentNum=num, PaymentRow=row, DateInsFinalized=day
        )
        posting = line.procedure.posting(day, paid)._replace(account=payment_type)
        practice.books.post(Kind.CHECK_LINE, line.num, posting)
    if not is_transfer:
        practice.day_money.append(("claimpayment", num, total))
    if practice.chance(0.5):
        practice.journal.insert(
            "eobattach",
            ClaimPaymentNum=num,
            DateTCreated=practice.journal.now,
            FileName=f"eob{num}.pdf",
            RawBase64="",
        )


def complete(practice: Practice, check: int) -> None:
    """Say that all of a check has been entered."""
    practice.journal.update("claimpayment", check, IsPartial=0)
