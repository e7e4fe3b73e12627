"""What ten offices must have between them: the situations that the rules of the reports tell apart.

Each is a count over one office. A rule that no row can break is not tested, however many offices
agree on it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from tests.transform.offices.column_values import values
from tests.transform.offices.counts import Count, joined, repeated, rows
from tests.transform.reports.practice import EMPTY, Practice, Row


def situations() -> dict[str, Count]:
    """Return every situation by name."""
    return {**dict(values()), **_SITUATIONS}


def _family_of(practice: Practice) -> Mapping[int, int]:
    return {row["PatNum"]: row["Guarantor"] for row in practice.rows("patient")}


def _in_another_family(table: str) -> Count:
    def count(practice: Practice) -> int:
        family = _family_of(practice)
        procedures = practice.by_key("procedurelog", "ProcNum")
        return sum(
            row["ProcNum"] in procedures
            and family.get(row["PatNum"]) != family.get(procedures[row["ProcNum"]]["PatNum"])
            for row in practice.rows(table)
        )

    return count


def _hidden_types(practice: Practice) -> set[int]:
    return {
        row["DefNum"]
        for row in practice.rows("definition")
        if row["Category"] == 29 and row["ItemValue"]
    }


def _hidden_splits(*, on: str) -> Count:
    return lambda practice: rows(
        "paysplit", lambda row: row["UnearnedType"] in _hidden_types(practice) and row[on]
    )(practice)


def _tied_groups(*, sign: int) -> Count:
    """Count the sums of adjustments of one patient, procedure and day that have this sign."""

    def count(practice: Practice) -> int:
        sums: dict[Any, Decimal] = {}
        for row in practice.rows("adjustment"):
            if row["ProcNum"]:
                key = row["PatNum"], row["ProcNum"], row["AdjDate"]
                sums[key] = sums.get(key, Decimal(0)) + row["AdjAmt"]
        return sum(one * sign > 0 for one in sums.values())

    return count


def _links(*, status: int | None, overridden: bool) -> Count:
    def is_meant(link: Row, procedure: Row) -> bool:
        is_wanted = status is None or (procedure["ProcStatus"] == 2) == (status == 2)
        return link["LinkType"] == 2 and bool(link["AmountOverride"]) == overridden and is_wanted

    return joined("payplanlink", "FKey", "procedurelog", is_meant)


def _overlaps(practice: Practice) -> int:
    open_hours = [row for row in practice.rows("schedule") if row["SchedType"] == 1]
    return sum(
        one["ScheduleNum"] < other["ScheduleNum"]
        and (one["SchedDate"], one["ProvNum"]) == (other["SchedDate"], other["ProvNum"])
        and one["StartTime"] < other["StopTime"]
        and other["StartTime"] < one["StopTime"]
        for one in open_hours
        for other in open_hours
    )


def _is_moment_of_midnight(value: datetime) -> bool:
    return value.date() != EMPTY and value.time() == datetime.min.time()


_SITUATIONS: Mapping[str, Count] = {
    "a negative fee is completed": rows(
        "procedurelog", lambda row: row["ProcFee"] < 0 and row["ProcStatus"] == 2
    ),
    "a fee has three decimals": rows("procedurelog", lambda row: row["ProcFee"] * 100 % 1 != 0),
    "no units and a fee": rows(
        "procedurelog", lambda row: row["ProcFee"] and not row["UnitQty"] + row["BaseUnits"]
    ),
    "planned on a scheduled appointment": joined(
        "procedurelog",
        "AptNum",
        "appointment",
        lambda row, other: row["ProcStatus"] == 1 and other["AptStatus"] == 1,
    ),
    "scheduled discount, appointment in another clinic": joined(
        "procedurelog",
        "AptNum",
        "appointment",
        lambda row, other: (
            row["Discount"]
            and row["ProcStatus"] == 1
            and other["AptStatus"] == 1
            and row["ClinicNum"] != other["ClinicNum"]
        ),
    ),
    "completed group note": rows("procedurelog", lambda row: row["ProcStatus"] == 3),
    "snapshot is blank": rows("claimsnapshot", lambda row: row["Writeoff"] == -1),
    "snapshot is zero": rows("claimsnapshot", lambda row: row["Writeoff"] == 0),
    "snapshot is positive": rows("claimsnapshot", lambda row: row["Writeoff"] > 0),
    "snapshot is negative and not blank": rows("claimsnapshot", lambda row: row["Writeoff"] < -1),
    "snapshot at midnight": rows(
        "claimsnapshot", lambda row: _is_moment_of_midnight(row["DateTEntry"])
    ),
    "snapshot of a total payment": rows("claimsnapshot", lambda row: not row["ProcNum"]),
    "insurance money on no check": rows(
        "claimproc",
        lambda row: row["InsPayAmt"] and row["Status"] in (1, 4) and not row["ClaimPaymentNum"],
    ),
    "money on a check that is no payment": rows(
        "claimproc",
        lambda row: row["InsPayAmt"] and row["ClaimPaymentNum"] and row["Status"] not in (1, 4),
    ),
    "total payment without procedure": rows(
        "claimproc", lambda row: not row["ProcNum"] and row["Status"] in (1, 4)
    ),
    "claim procedure in another family than its procedure": _in_another_family("claimproc"),
    "claim procedure in another clinic than its procedure": joined(
        "claimproc",
        "ProcNum",
        "procedurelog",
        lambda row, other: row["ClinicNum"] != other["ClinicNum"],
    ),
    "claim procedure of another provider": joined(
        "claimproc",
        "ProcNum",
        "procedurelog",
        lambda row, other: row["ProvNum"] != other["ProvNum"],
    ),
    "claim procedure dated apart": joined(
        "claimproc",
        "ProcNum",
        "procedurelog",
        lambda row, other: row["ProcDate"] != other["ProcDate"],
    ),
    "claim procedure of a procedure that is not complete": joined(
        "claimproc",
        "ProcNum",
        "procedurelog",
        lambda row, other: other["ProcStatus"] != 2 and row["Status"] in (0, 1, 4, 5, 7),
    ),
    "write-off below what counts": rows(
        "claimproc", lambda row: 0 < abs(row["WriteOff"]) <= Decimal("0.0001")
    ),
    "estimate missed by half a cent": joined(
        "claimsnapshot",
        "ClaimProcNum",
        "claimproc",
        lambda row, other: abs(row["Writeoff"] - other["WriteOff"]) == Decimal("0.005"),
    ),
    "blank write-off": rows("claimproc", lambda row: row["WriteOff"] == -1),
    "capitation of a capitation plan": joined(
        "claimproc",
        "PlanNum",
        "insplan",
        lambda row, plan: row["Status"] == 7 and plan["PlanType"] == "c",
    ),
    "negative write-off": rows("claimproc", lambda row: row["WriteOff"] < Decimal("-0.01")),
    "two capitation write-offs of a procedure": repeated(
        "claimproc", "ProcNum", where=lambda row: row["Status"] == 7
    ),
    "insurance pays a plan": rows("claimproc", lambda row: row["PayPlanNum"]),
    "estimate blank, override not": rows(
        "claimproc", lambda row: row["WriteOffEst"] == -1 and row["WriteOffEstOverride"] != -1
    ),
    "both estimates blank": rows(
        "claimproc", lambda row: row["WriteOffEst"] == row["WriteOffEstOverride"] == -1
    ),
    "capitation estimate of planned treatment": joined(
        "claimproc",
        "ProcNum",
        "procedurelog",
        lambda row, other: row["Status"] == 8 and other["ProcStatus"] == 1 and other["AptNum"],
    ),
    "claim without procedures": lambda practice: sum(
        row["ClaimNum"] not in practice.grouped("claimproc", "ClaimNum")
        for row in practice.rows("claim")
    ),
    "adjustment on a procedure without its day": rows(
        "adjustment", lambda row: row["ProcNum"] and row["ProcDate"] == EMPTY and row["AdjAmt"] < 0
    ),
    "negative tied group": _tied_groups(sign=-1),
    "positive tied group": _tied_groups(sign=1),
    "adjustment on another family's procedure": _in_another_family("adjustment"),
    "two adjustments of one patient, procedure and day": repeated(
        "adjustment", "PatNum", "ProcNum", "AdjDate", where=lambda row: row["ProcNum"]
    ),
    "half a cent": rows("adjustment", lambda row: abs(row["AdjAmt"]) == Decimal("0.005")),
    "less than half a cent": rows("adjustment", lambda row: abs(row["AdjAmt"]) == Decimal("0.004")),
    "adjustment of nothing": rows("adjustment", lambda row: row["AdjAmt"] == 0),
    "split on another family's procedure": _in_another_family("paysplit"),
    "procedure paid up to half a cent": joined(
        "paysplit",
        "ProcNum",
        "procedurelog",
        lambda row, other: (
            abs(other["ProcFee"] * (other["UnitQty"] + other["BaseUnits"]) - row["SplitAmt"])
            == Decimal("0.005")
        ),
    ),
    "split of nothing": rows("paysplit", lambda row: row["SplitAmt"] == 0),
    "refund": rows("paysplit", lambda row: row["SplitAmt"] < 0),
    "split dated apart from its payment": joined(
        "paysplit", "PayNum", "payment", lambda row, other: row["DatePay"] != other["PayDate"]
    ),
    "income transfer": rows("payment", lambda row: not row["PayType"] and not row["PayAmt"]),
    "payment without splits": lambda practice: sum(
        row["PayNum"] not in practice.grouped("paysplit", "PayNum")
        for row in practice.rows("payment")
    ),
    "hidden unearned on a plan": _hidden_splits(on="PayPlanNum"),
    "hidden unearned on a procedure": _hidden_splits(on="ProcNum"),
    "hidden unearned of a hidden type": joined(
        "paysplit",
        "UnearnedType",
        "definition",
        lambda _, kind: kind["ItemValue"] and kind["IsHidden"],
    ),
    "unearned of a hidden type that is not hidden unearned": joined(
        "paysplit",
        "UnearnedType",
        "definition",
        lambda _, kind: not kind["ItemValue"] and kind["IsHidden"],
    ),
    "discount split": rows("paysplit", lambda row: row["IsDiscount"] and row["SplitAmt"]),
    "split on a closed plan": joined(
        "paysplit", "PayPlanNum", "payplan", lambda _, plan: plan["IsClosed"]
    ),
    "split on a charge": rows("paysplit", lambda row: row["PayPlanChargeNum"]),
    "two items of the other kind on one procedure": lambda practice: sum(
        len({split["AdjNum"] for split in splits if split["AdjNum"]}) > 1
        for number, splits in practice.grouped("paysplit", "ProcNum").items()
        if number
    ),
    "insurance plan with debits": joined(
        "payplancharge",
        "PayPlanNum",
        "payplan",
        lambda row, plan: plan["PlanNum"] and not row["ChargeType"],
    ),
    "charge on another account than the plan's": joined(
        "payplancharge",
        "PayPlanNum",
        "payplan",
        lambda row, plan: row["PatNum"] != plan["PatNum"] and row["ChargeType"],
    ),
    "credit for a procedure": rows(
        "payplancharge", lambda row: row["ChargeType"] and row["ProcNum"]
    ),
    "link with override, procedure complete": _links(status=2, overridden=True),
    "link with override, procedure not complete": _links(status=1, overridden=True),
    "link without override, procedure complete": _links(status=2, overridden=False),
    "link without override, procedure not complete": _links(status=1, overridden=False),
    "two links to one item": repeated("payplanlink", "LinkType", "FKey"),
    "dynamic plan without charges": lambda practice: sum(
        row["IsDynamic"]
        and row["PayPlanNum"] not in practice.grouped("payplancharge", "PayPlanNum")
        for row in practice.rows("payplan")
    ),
    "guarantor with a guarantor": joined(
        "patient", "Guarantor", "patient", lambda _, head: head["Guarantor"] != head["PatNum"]
    ),
    "guarantor deleted": joined(
        "patient", "Guarantor", "patient", lambda _, head: head["PatStatus"] == 4
    ),
    "billing type hidden": joined(
        "patient", "BillingType", "definition", lambda _, kind: kind["IsHidden"]
    ),
    "planned appointment that was made into another": joined(
        "appointment", "NextAptNum", "appointment", lambda _, planned: planned["AptStatus"] == 6
    ),
    "scheduled at midnight of today": lambda practice: sum(
        row["AptDateTime"] == datetime.combine(practice.today, datetime.min.time())
        for row in practice.rows("appointment")
    ),
    "broken without a code": rows(
        "histappointment", lambda row: row["HistApptAction"] == 1 and row["AptStatus"] == 5
    ),
    "hours that overlap": _overlaps,
    "hours in several rooms": repeated("scheduleop", "ScheduleNum"),
    "procedure in several treatment plans": repeated("proctp", "ProcNumOrig"),
    "two treatment plans of one patient and day": repeated("treatplan", "PatNum", "DateTP"),
    "several notes of one procedure": repeated("procnote", "ProcNum"),
    "referrals of equal order": repeated(
        "refattach", "PatNum", "ItemOrder", where=lambda row: row["RefType"] == 1
    ),
    "two reminders on one day": lambda practice: sum(
        number > 1
        for number in Counter(
            (row["PatNum"], row["CommDateTime"].date()) for row in practice.rows("commlog")
        ).values()
    ),
    "blank fee": rows("fee", lambda row: row["Amount"] == -1),
    "carriers of one name": repeated("carrier", "CarrierName"),
    "practice without clinics": lambda practice: not practice.rows("clinic"),
    "practice that has given its clinics up": lambda practice: (
        bool(practice.rows("clinic")) and practice.preference("EasyNoClinics") == "1"
    ),
    "practice with two open clinics": lambda practice: (
        sum(not row["IsHidden"] for row in practice.rows("clinic")) > 1
    ),
    "practice whose providers are all deleted": lambda practice: all(
        row["ProvStatus"] == 1 for row in practice.rows("provider")
    ),
}
