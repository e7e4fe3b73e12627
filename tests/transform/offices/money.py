"""Adjustments, and what patients paid: payments, their splits, transfers, prepayments."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from tests.transform.offices import payment_plans
from tests.transform.offices.draft import LOST, Draft, DraftRow
from tests.transform.reports.practice import EMPTY

_ZERO = Decimal(0)
# What decides whether a row is printed lies at half a cent.
_HALF_CENTS = tuple(map(Decimal, ("0.004", "0.005", "0.006", "-0.004", "-0.005", "-0.006")))


def adjust(draft: Draft) -> None:
    """Write adjustments: on procedures, of the same patient and of others, and on accounts."""
    types = {
        draft.definitions[name]: 1.0
        for name in (
            *("discount", "addition", "plan discount", "finance charge", "bad debt"),
            *("collection", "broken", "old discount"),
        )
    }
    for _ in range(draft.between(40, 60)):
        is_on_procedure = draft.chance(0.55)
        procedure = draft.pick(draft.rows("procedurelog"))
        day = draft.day()
        amount = draft.pick((-draft.amount(1, 150), draft.amount(1, 120)))
        draft.add(
            "adjustment",
            AdjDate=draft.pick((day, procedure["ProcDate"])) if is_on_procedure else day,
            AdjAmt=draft.weighted({amount: 20, amount + draft.speck(): 2, _ZERO: 0.5}),
            AdjType=draft.weighted({**types, 0: 0.4, LOST: 0.3}),
            DateEntry=draft.near(day, same=0.7, empty=0.1),
            **_on(draft, procedure if is_on_procedure else None),
        )
    for amount in draft.some(_HALF_CENTS, 0.6):
        _lonely_account(draft, amount)


def _on(draft: Draft, procedure: DraftRow | None) -> dict[str, object]:
    """Return whose an adjustment is; one on a procedure may name another day, clinic or patient."""
    if procedure is None:
        return {
            "PatNum": draft.key_of("patient", none=0.0, lost=0.02),
            "ProvNum": draft.provider(),
            "ClinicNum": draft.clinic(),
            "ProcDate": draft.pick((EMPTY, draft.day())),
        }
    is_own = draft.chance(0.75)
    return {
        "ProcNum": LOST if draft.chance(0.02) else procedure["ProcNum"],
        "PatNum": procedure["PatNum"] if draft.chance(0.88) else draft.key_of("patient"),
        "ProvNum": procedure["ProvNum"] if is_own else draft.provider(),
        "ClinicNum": procedure["ClinicNum"] if is_own else draft.clinic(),
        "ProcDate": draft.near(procedure["ProcDate"], same=0.75, empty=0.15),
    }


def _lonely_account(draft: Draft, amount: Decimal) -> None:
    """Write a patient who owes less than a cent and nothing else."""
    patient = draft.add("patient", LName="Speck", Zip="97301", BillingType=LOST)
    patient["Guarantor"] = patient["PatNum"]
    draft.add(
        "adjustment",
        PatNum=patient["PatNum"],
        AdjDate=draft.after(-draft.pick((3, 45, 75, 120))),
        AdjAmt=amount,
        AdjType=draft.definitions["addition"],
    )


def receive(draft: Draft) -> None:
    """Write payments with their splits, transfers between accounts, and splits of lost payments."""
    for _ in range(draft.between(35, 50)):
        _payment(draft)
    for _ in range(draft.between(4, 7)):
        _transfer(draft)
    for row in draft.some(draft.rows("procedurelog"), 0.06):
        _leave_half_a_cent(draft, row)
    for link in draft.some(draft.rows("payplanlink"), 0.15):
        _pay_item_for_others(draft, link)


def _payment(draft: Draft) -> None:
    day = draft.day()
    amounts = [_split_amount(draft) for _ in range(draft.weighted({0: 1, 1: 5, 2: 3, 3: 1}))]
    row = draft.add(
        "payment",
        PatNum=draft.key_of("patient", none=0.0),
        PayDate=day,
        PayAmt=sum(amounts, draft.pick((_ZERO, _ZERO, draft.amount(1, 50)))),
        PayType=draft.weighted(
            {
                draft.definitions["check"]: 4,
                draft.definitions["card"]: 4,
                draft.definitions["old voucher"]: 1,
                0: 0.7,
                LOST: 0.4,
            }
        ),
        ClinicNum=draft.clinic(),
        DateEntry=draft.near(day),
    )
    for amount in amounts:
        _split(draft, row, amount)


def _split_amount(draft: Draft) -> Decimal:
    amount = draft.amount(1, 300)
    return draft.weighted({amount: 20, -amount: 2.5, amount + draft.speck(): 2, _ZERO: 0.6})


def _transfer(draft: Draft) -> None:
    """Move money from one account, provider or prepayment to another, within a family or not."""
    amount = draft.amount(1, 200)
    row = draft.add("payment", PatNum=draft.key_of("patient", none=0.0), PayDate=draft.day())
    is_between_prepayments = draft.chance(0.3)
    for sign in (1, -1):
        split = _split(draft, row, sign * amount)
        if is_between_prepayments:
            # What the patient has prepaid in all stays the same.
            split.update(PatNum=row["PatNum"], UnearnedType=_unearned(draft), ProcNum=0, AdjNum=0)


def _split(draft: Draft, payment: DraftRow, amount: Decimal) -> DraftRow:
    """Write a split of the payer or anyone else, on a procedure, adjustment, plan or nothing."""
    values: dict[str, object] = {}
    patient = payment["PatNum"] if draft.chance(0.6) else draft.key_of("patient", none=0.01)
    aim = draft.weighted({"": 3.0, "procedure": 5, "adjustment": 1.5, "plan": 2.5, "prepaid": 3})
    if aim == "procedure":
        procedure = draft.pick(draft.rows("procedurelog"))
        # Now and then money of one family is used up by a procedure of another.
        patient = procedure["PatNum"] if draft.chance(0.8) else patient
        values = {"ProcNum": LOST if draft.chance(0.03) else procedure["ProcNum"]}
        values["ProcDate"] = procedure["ProcDate"]
        if draft.chance(0.1):
            values["AdjNum"] = draft.key_of("adjustment")
        if draft.chance(0.12):
            values["UnearnedType"] = _unearned(draft)
    elif aim == "adjustment":
        values = {"AdjNum": draft.key_of("adjustment", none=0.0, lost=0.08)}
    elif aim == "plan":
        values = _on_plan(draft)
    elif aim == "prepaid":
        values = {"UnearnedType": _unearned(draft)}
    return draft.add(
        "paysplit",
        SplitAmt=amount,
        PatNum=patient,
        PayNum=LOST if draft.chance(0.02) else payment["PayNum"],
        DatePay=_paid_on(draft, payment["PayDate"]),
        DateEntry=draft.near(payment["PayDate"], same=0.7, empty=0.1),
        ProvNum=draft.provider(none=0.15),
        ClinicNum=draft.clinic(),
        IsDiscount=int(draft.chance(0.07)),
        **values,
    )


def _leave_half_a_cent(draft: Draft, procedure: DraftRow) -> None:
    """Pay a procedure up to what decides whether it is printed; none whose rest is rounded."""
    planned = {row["FKey"] for row in draft.rows("payplanlink")}
    fee = procedure["ProcFee"] * (procedure["UnitQty"] + procedure["BaseUnits"])
    if procedure["ProcNum"] in planned or fee <= 0:
        return
    payment = draft.pick(draft.rows("payment"))
    draft.add(
        "paysplit",
        SplitAmt=fee - draft.pick(_HALF_CENTS),
        PatNum=procedure["PatNum"],
        PayNum=payment["PayNum"],
        DatePay=payment["PayDate"],
        DateEntry=payment["PayDate"],
        ProcNum=procedure["ProcNum"],
        ProvNum=procedure["ProvNum"],
        ClinicNum=procedure["ClinicNum"],
    )


def _pay_item_for_others(draft: Draft, link: DraftRow) -> None:
    """Pay an item of a dynamic plan by splits that name different items of the other kind, too."""
    items = {
        payment_plans.PROCEDURE: ("ProcNum", "adjustment", "AdjNum"),
        payment_plans.ADJUSTMENT: ("AdjNum", "procedurelog", "ProcNum"),
    }
    if link["LinkType"] not in items:
        return
    item, others, other = items[link["LinkType"]]
    payment = draft.pick(draft.rows("payment"))
    for row in draft.random.sample(draft.rows(others), draft.between(2, 3)):
        draft.add(
            "paysplit",
            SplitAmt=draft.amount(1, 60),
            PatNum=payment["PatNum"],
            PayNum=payment["PayNum"],
            DatePay=payment["PayDate"],
            DateEntry=payment["PayDate"],
            **{item: link["FKey"], other: row[other]},
        )


def _paid_on(draft: Draft, day: date) -> date:
    return draft.near(day, same=0.8, empty=0.04)


def _unearned(draft: Draft) -> int:
    names = ("prepayment", "old prepayment", "treatment prepayment", "old hidden prepayment")
    return LOST if draft.chance(0.04) else draft.definitions[draft.pick(names)]


def _on_plan(draft: Draft) -> dict[str, object]:
    """Return the plan that a split pays: a charge of it, the item that it is for, or it alone."""
    plan = draft.key_of("payplan", none=0.0, lost=0.1)
    values: dict[str, object] = {"PayPlanNum": plan}
    charges = [row for row in draft.rows("payplancharge") if row["PayPlanNum"] == plan]
    if charges and draft.chance(0.7):
        charge = draft.pick(charges)
        values["PayPlanChargeNum"] = charge["PayPlanChargeNum"]
        item = {1: "AdjNum", 2: "ProcNum"}.get(charge["LinkType"])
        if item and draft.chance(0.8):
            values[item] = charge["FKey"]
    if draft.chance(0.1):
        values["UnearnedType"] = _unearned(draft)
    return values
