"""Money from patients: payments and their splits, refunds, transfers, bills."""

from __future__ import annotations

from dataclasses import dataclass, field

from simulator import audit, contacts
from simulator.adjustments import adjust
from simulator.books import Cents, Kind, Posting
from simulator.world import Family, Patient, Practice, Procedure

# A bill from which on families ask to pay in months, and how often they do.
LARGE_BILL: Cents = 40_000
FINANCED = 0.7
PAID_AT_DESK = 0.66
PAID_ON_BILL = 0.74
_MOST_REMINDERS = 5
_BANKED = ("Check", "Cash")


@dataclass(frozen=True, slots=True)
class Use:
    """What a split is for: work, a charge of a payment plan, or nothing yet (unearned).

    `source` is the split that the money comes from, in a transfer.
    """

    work: Procedure | None = None
    unearned: str = ""
    source: int = 0
    plan: int = 0
    charge: int = 0


NO_USE = Use()


@dataclass(slots=True, eq=False)
class EnteredPayment:
    """A payment as it was entered; those that may still be corrected know their splits for work."""

    num: int
    payer: Patient
    payment_type: int
    splits: list[tuple[int, Cents, Procedure]] = field(default_factory=list)


def checkout(practice: Practice, patient: Patient, *, done: list[Procedure]) -> None:
    """Take the patient's part at the desk, or send a bill."""
    due = [work for work in done if work.remaining > 0]
    amount = sum(work.remaining for work in due)
    family = patient.family
    if amount and practice.chance(PAID_AT_DESK):
        pay(practice, patient, works=due, amount=amount)
    elif amount:
        practice.plan_for(practice.in_days(3, 15), "bill_family", family)
    if family.hidden or (family.unearned and practice.chance(0.7)):
        use_unearned(practice, family)


def pay(practice: Practice, payer: Patient, *, works: list[Procedure], amount: Cents) -> None:
    """Enter a payment and split it over work, oldest first; what is over is unearned."""
    method = practice.random.choice(("Check", "Cash", "Card", "Card", "Card"))
    entered = payment(practice, payer, amount=amount, method=method)
    left = amount
    for work in works:
        part = min(left, work.remaining)
        if part > 0:
            row = split(practice, entered, payer=work.patient, amount=part, use=Use(work))
            entered.splits.append((row, part, work))
            left -= part
    if left:
        split(practice, entered, payer=payer, amount=left, use=Use(unearned="Prepayment"))
        payer.family.unearned += left
    elif method == "Card":
        # What was brought to the bank stays as it is.
        practice.recent.remember("payment", entered)


def payment(practice: Practice, payer: Patient, *, amount: Cents, method: str) -> EnteredPayment:
    """Write a payment; an empty method is an income transfer."""
    user = practice.desk_user()
    payment_type = practice.definition(method) if method else 0
    num = practice.journal.insert(
        "payment",
        PayType=payment_type,
        PayDate=practice.day,
        PayAmt=amount / 100,
        CheckNum=str(practice.random.randint(1000, 9999)) if method == "Check" else "",
        PayNote="",
        PatNum=payer.num,
        ClinicNum=payer.clinic,
        DateEntry=practice.day,
        Receipt="",
        SecUserNumEntry=user,
    )
    if amount:
        practice.books.post(Kind.PAYMENT, num, Posting(payer.num, practice.day, amount))
    if method in _BANKED and amount > 0:
        practice.day_money.append(("payment", num, amount))
    audit.log(practice, "PaymentCreate", user=user, patient=payer.num, text="Payment entered")
    return EnteredPayment(num, payer, payment_type)


def split(
    practice: Practice,
    entered: EnteredPayment,
    *,
    payer: Patient,
    amount: Cents,
    use: Use = NO_USE,
) -> int:
    """Write one split of a payment; return its number."""
    day, work, unearned = practice.day, use.work, use.unearned
    provider = work.provider if work else 0 if unearned else payer.provider
    clinic = work.clinic if work else payer.clinic
    num = practice.journal.insert(
        "paysplit",
        SplitAmt=amount / 100,
        PatNum=payer.num,
        ProcDate=work.completed_on if work else day,
        PayNum=entered.num,
        ProvNum=provider,
        ClinicNum=clinic,
        PayPlanNum=use.plan,
        DatePay=day,
        ProcNum=work.num if work else 0,
        DateEntry=day,
        UnearnedType=practice.definition(unearned) if unearned else 0,
        SecUserNumEntry=practice.desk_user(),
        FSplitNum=use.source,
        PayPlanChargeNum=use.charge,
    )
    if work is not None:
        work.paid += amount
    account = entered.payment_type
    posting = Posting(payer.num, day, amount, provider=provider, clinic=clinic, account=account)
    practice.books.post(_kind_of(use), num, posting)
    return num


def _kind_of(use: Use) -> Kind:
    """Say what a split counts as."""
    if use.plan:
        return Kind.PLAN_SPLIT
    if not use.unearned:
        return Kind.SPLIT
    return Kind.HIDDEN_SPLIT if use.unearned == "Deposit for planned work" else Kind.UNEARNED_SPLIT


def prepay(practice: Practice, patient: Patient, *, found: list[Procedure]) -> None:
    """Take a deposit before large work; some offices keep it out of their reports."""
    family = patient.family
    amount = sum(work.total for work in found) // 5 // 100 * 100
    is_hidden = practice.rarely("hidden deposit", 0.4)
    entered = payment(practice, patient, amount=amount, method="Card")
    name = "Deposit for planned work" if is_hidden else "Prepayment"
    split(practice, entered, payer=patient, amount=amount, use=Use(unearned=name))
    if is_hidden:
        family.hidden += amount
    else:
        family.unearned += amount


def use_unearned(practice: Practice, family: Family) -> None:
    """Move unearned money onto work that is due: an income transfer of nothing in sum."""
    for name, available in (
        ("Deposit for planned work", family.hidden),
        ("Prepayment", family.unearned),
    ):
        due = [work for work in family.open if work.remaining > 0]
        amount = min(available, sum(work.remaining for work in due))
        if amount <= 0:
            continue
        payer = due[0].patient
        transfer = payment(practice, payer, amount=0, method="")
        source = split(practice, transfer, payer=payer, amount=-amount, use=Use(unearned=name))
        left = amount
        for work in due:
            part = min(left, work.remaining)
            if part > 0:
                use = Use(work, source=source)
                split(practice, transfer, payer=work.patient, amount=part, use=use)
                left -= part
        if name == "Prepayment":
            family.unearned -= amount
        else:
            family.hidden -= amount


def outstanding(family: Family) -> Cents:
    """Drop what is settled from the open work and return what is left to pay."""
    family.open = [
        work
        for work in family.open
        if work.remaining or any(line.claim and not line.is_received for line in work.lines)
    ]
    return sum(work.remaining for work in family.open)


def bill(practice: Practice, family: Family) -> None:
    """Send a statement when something is due; give back what was paid too much."""
    if family.unearned:
        use_unearned(practice, family)
    due = outstanding(family)
    if due <= 0 and family.unearned and practice.rarely("refund", 0.3):
        payer, amount = family.members[0], -family.unearned
        refund = payment(practice, payer, amount=amount, method="Refund")
        split(practice, refund, payer=payer, amount=amount, use=Use(unearned="Prepayment"))
        family.unearned = 0
    if due < 0:
        _give_back(practice, family)
    elif due > 0 and not family.is_billed:
        _send_statement(practice, family, due=due)


def _send_statement(practice: Practice, family: Family, *, due: Cents) -> None:
    journal, day = practice.journal, practice.day
    guarantor = family.members[0]
    by_mail = practice.chance(practice.plan.habits.mailed_statements)
    num = journal.insert(
        "statement",
        PatNum=family.guarantor,
        DateSent=day,
        DateRangeFrom=practice.plan.first_day,
        DateRangeTo=day,
        Note="",
        NoteBold="",
        Mode_=0 if by_mail else 2,
        Intermingled=1,
        IsSent=1,
        EmailBody="",
        IsBalValid=1,
        BalTotal=due / 100,
        StatementType="NotSet",
    )
    listed = [
        journal.insert("statementprod", StatementNum=num, FKey=work.num, ProdType=1)
        for work in family.open
        if work.remaining > 0
    ]
    if not by_mail:
        contacts.email(practice, guarantor, subject="Statement")
    practice.recent.remember("statement", (num, listed))
    family.is_billed = True
    if due > LARGE_BILL and not family.has_payment_plan and practice.chance(FINANCED):
        practice.plan_for(practice.in_days(1, 4), "payment_plan", family)
    practice.plan_for(practice.in_days(5, 32), "pay_bill", family)


def pay_bill(practice: Practice, family: Family) -> None:
    """Let a billed family pay, pay in part, be reminded, or be written off in the end."""
    family.is_billed = False
    due = outstanding(family)
    if due <= 0:
        return
    payer = family.members[0]
    works = [work for work in family.open if work.remaining > 0]
    if practice.chance(PAID_ON_BILL * (0.4 + 0.6 * payer.habit)):
        total = sum(work.remaining for work in works)
        part = total if practice.chance(0.8) else total * practice.random.choice((30, 50)) // 100
        # People round up; the rest stays with us until it is earned.
        pay(
            practice,
            payer,
            works=works,
            amount=part + (500 if practice.rarely("rounded up", 0.02) else 0),
        )
        family.reminders = 0
    else:
        family.reminders += 1
        contacts.talk(practice, payer, subject="About money")
    if due < 600 and practice.chance(0.6):
        for work in [work for work in works if work.remaining > 0]:
            adjust(practice, work.patient, amount=-work.remaining, name="Small balance", work=work)
    elif family.reminders == 3 and practice.chance(0.4):
        adjust(practice, payer, amount=round(due * 0.015), name="Finance charge")
    if family.reminders > _MOST_REMINDERS:
        family.reminders = 0
        if practice.chance(0.35):
            for work in [work for work in works if work.remaining > 0]:
                adjust(practice, work.patient, amount=-work.remaining, name="Bad debt", work=work)
        return
    if outstanding(family) > 0:
        practice.plan_for(practice.in_days(25, 40), "bill_family", family)


def _give_back(practice: Practice, family: Family) -> None:
    """Move or refund what work was paid too much."""
    over = [work for work in family.open if work.remaining < 0]
    due = [work for work in family.open if work.remaining > 0]
    for work in over:
        amount = -work.remaining
        # Insurance that paid too much is no patient's money.
        if amount > work.paid or practice.chance(0.3):
            continue
        if due:
            target = due[0]
            amount = min(amount, max(target.remaining, 0))
            if amount:
                transfer = payment(practice, work.patient, amount=0, method="")
                source = split(
                    practice, transfer, payer=work.patient, amount=-amount, use=Use(work)
                )
                use = Use(target, source=source)
                split(practice, transfer, payer=target.patient, amount=amount, use=use)
        else:
            refund = payment(practice, work.patient, amount=-amount, method="Refund")
            split(practice, refund, payer=work.patient, amount=-amount, use=Use(work))


def bank(practice: Practice) -> None:
    """Bring the day's checks and cash to the bank."""
    if not practice.day_money:
        return
    journal = practice.journal
    num = journal.insert(
        "deposit",
        DateDeposit=practice.day,
        BankAccountInfo="",
        Amount=sum(amount for _, _, amount in practice.day_money) / 100,
        Memo="",
    )
    for table, row, _ in practice.day_money:
        journal.update(table, row, DepositNum=num)
    practice.day_money.clear()
