"""Claims, their procedures in every status, snapshots, tracking, and what insurers paid."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from tests.transform.offices.draft import LOST, Draft, DraftRow
from tests.transform.offices.treatment import COMPLETE, PLANNED
from tests.transform.reports.practice import EMPTY

_BLANK, _ZERO = Decimal(-1), Decimal(0)
NOT_RECEIVED, RECEIVED, PREAUTHORIZATION, ADJUSTMENT, SUPPLEMENTAL = range(5)
CAPITATION_CLAIM, ESTIMATE, CAPITATION, CAPITATION_ESTIMATE, HISTORY = range(5, 10)
# Statuses of what stands on a claim, and of what was never claimed.
_ON_CLAIM = {
    NOT_RECEIVED: 5.0,
    RECEIVED: 8,
    SUPPLEMENTAL: 2,
    CAPITATION_CLAIM: 1.5,
    CAPITATION: 0.7,
}
_UNCLAIMED = {ESTIMATE: 6.0, CAPITATION: 2, CAPITATION_ESTIMATE: 2.5, HISTORY: 0.8, ADJUSTMENT: 1}
# At the edges of "zero" in statements on write-offs.
_HALF_CENTS = tuple(map(Decimal, ("0.004", "0.005", "0.006", "-0.005", "-0.006")))
_TINY = (Decimal("0.0001"), Decimal("0.0008"), Decimal("-0.0001"))


def pay_claims(draft: Draft) -> None:
    """Write the checks of insurers; some are partial, some have no type, one has no date."""
    for _ in range(draft.between(12, 18)):
        draft.add(
            "claimpayment",
            CheckDate=draft.day(empty=0.06),
            CheckAmt=draft.pick((_ZERO, draft.amount(10, 900))),
            ClinicNum=draft.clinic(),
            CarrierName="Acme Dental",
            IsPartial=int(draft.chance(0.3)),
            PayType=draft.weighted(
                {
                    draft.definitions["insurer's check"]: 4,
                    draft.definitions["transfer"]: 2,
                    0: 1,
                    LOST: 0.5,
                }
            ),
            PayGroup=draft.pick((0, draft.definitions["payment group"])),
        )


def claim(draft: Draft) -> None:
    """Write claims with procedures, claims with a total payment only, and empty ones; estimates."""
    coverages = _coverages(draft)
    for row in draft.rows("procedurelog"):
        if not (options := coverages.get(row["PatNum"])):
            continue
        if row["ProcStatus"] == COMPLETE and draft.chance(0.65):
            _claim(draft, draft.pick(options), [row])
        if draft.chance(0.5 if row["ProcStatus"] in (COMPLETE, PLANNED) else 0.15):
            for _ in range(draft.pick((1, 1, 2))):
                _unclaimed(draft, draft.pick(options), row)
    for patient, options in coverages.items():
        if draft.chance(0.25):
            done = [
                row
                for row in draft.rows("procedurelog")
                if row["PatNum"] == patient and row["ProcStatus"] == COMPLETE
            ]
            _claim(draft, draft.pick(options), done[:3])


def _coverages(draft: Draft) -> Mapping[int, list[DraftRow]]:
    """Return the subscriptions of each covered patient that still exist."""
    subscriptions = {row["InsSubNum"]: row for row in draft.rows("inssub")}
    found: dict[int, list[DraftRow]] = {}
    for row in draft.rows("patplan"):
        if row["InsSubNum"] in subscriptions:
            found.setdefault(row["PatNum"], []).append(subscriptions[row["InsSubNum"]])
    return found


def _claim(draft: Draft, subscription: DraftRow, procedures: list[DraftRow]) -> None:
    patient = procedures[0]["PatNum"] if procedures else draft.key_of("patient")
    kind = draft.weighted({"P": 7.0, "S": 2, "PreAuth": 1.5, "Other": 0.5, "Cap": 0.7, "p": 0.2})
    sent = draft.day(empty=0.12)
    row = draft.add(
        "claim",
        PatNum=patient,
        ClaimStatus=draft.weighted(
            {"U": 1.5, "H": 1, "W": 1, "S": 6, "R": 4, "I": 1, "P": 0.5, "A": 0.5, "s": 0.5}
        ),
        ClaimType=kind,
        DateService=draft.pick((draft.after(-7), draft.after(-8), draft.day())),
        DateSent=sent,
        DateSentOrig=draft.near(sent),
        DateReceived=draft.day(),
        PlanNum=subscription["PlanNum"],
        InsSubNum=subscription["InsSubNum"],
        ProvTreat=draft.provider(),
        ProvBill=draft.provider(),
        ClinicNum=draft.clinic(),
        ClaimFee=draft.pick((_ZERO, draft.amount(10, 900))),
        CustomTracking=draft.weighted(
            {
                0: 3,
                draft.definitions["ten days"]: 3,
                draft.definitions["a month"]: 2,
                draft.definitions["no days"]: 1,
                LOST: 0.3,
            }
        ),
    )
    # Where a claim's rows disagree on their clinic, any of them is the report's.
    clinic = draft.pick((row["ClinicNum"], draft.clinic()))
    common = {"ClaimNum": row["ClaimNum"], "ClinicNum": clinic}
    for procedure in procedures:
        status = PREAUTHORIZATION if kind == "PreAuth" else draft.weighted(_ON_CLAIM)
        _claim_procedure(draft, subscription, procedure, Status=status, **common)
    if draft.chance(0.2):
        # Paid as a total, for no procedure in particular.
        status = draft.pick((NOT_RECEIVED, RECEIVED, RECEIVED, SUPPLEMENTAL))
        total = {"ProcNum": 0, "PatNum": patient, "ProvNum": row["ProvTreat"], "ProcFee": _ZERO}
        day = {"ProcDate": draft.day()}
        _claim_procedure(draft, subscription, {**total, **day}, Status=status, **common)
    _track(draft, row)


def _unclaimed(draft: Draft, subscription: DraftRow, procedure: DraftRow) -> None:
    plan = next((r for r in draft.rows("insplan") if r["PlanNum"] == subscription["PlanNum"]), None)
    is_capitation = plan is not None and plan["PlanType"] == "c" and draft.chance(0.6)
    status = (
        draft.pick((CAPITATION, CAPITATION_ESTIMATE))
        if is_capitation
        else (draft.weighted(_UNCLAIMED))
    )
    _claim_procedure(draft, subscription, procedure, Status=status, ClinicNum=draft.clinic())


def _claim_procedure(
    draft: Draft, subscription: DraftRow, procedure: Mapping[str, Any], **values: Any
) -> None:
    status = values["Status"]
    is_paid = status in (RECEIVED, SUPPLEMENTAL, CAPITATION_CLAIM) or draft.chance(0.15)
    is_written_off = status in (CAPITATION, CAPITATION_CLAIM) or draft.chance(0.6)
    check = draft.pick(draft.rows("claimpayment"))
    is_on_check = is_paid and draft.chance(0.75)
    fee = abs(procedure["ProcFee"])
    row = draft.add(
        "claimproc",
        ProcNum=procedure["ProcNum"],
        PatNum=draft.key_of("patient") if draft.chance(0.03) else procedure["PatNum"],
        ProvNum=draft.provider() if draft.chance(0.2) else procedure["ProvNum"],
        PlanNum=subscription["PlanNum"],
        InsSubNum=subscription["InsSubNum"],
        ProcDate=draft.near(procedure["ProcDate"], same=0.85, empty=0.03),
        DateCP=draft.near(check["CheckDate"], same=0.7, empty=0.05) if is_paid else draft.day(),
        DateSuppReceived=draft.day() if is_paid else EMPTY,
        DateEntry=draft.day(future=0),
        FeeBilled=draft.pick((fee, fee, _ZERO, draft.amount(1, 500))),
        InsPayEst=draft.pick((_ZERO, draft.amount(1, 300), (fee / 2).quantize(Decimal("0.01")))),
        InsPayAmt=_paid(draft, fee) if is_paid else _ZERO,
        WriteOff=_written_off(draft, fee) if is_written_off else _ZERO,
        WriteOffEst=draft.pick((_BLANK, _ZERO, draft.amount(1, 100))),
        WriteOffEstOverride=draft.pick((_BLANK, _BLANK, _ZERO, draft.amount(1, 100))),
        InsEstTotal=draft.amount(1, 200),
        InsEstTotalOverride=draft.pick((_BLANK, _BLANK, _ZERO, draft.amount(1, 200))),
        ClaimPaymentNum=_check(draft, check) if is_on_check else 0,
        NoBillIns=int(draft.chance(0.12)),
        IsTransfer=int(draft.chance(0.1)),
        **values,
    )
    if row["ClaimNum"] and draft.chance(0.55):
        _snap(draft, row)


def _check(draft: Draft, check: DraftRow) -> int:
    number: int = LOST if draft.chance(0.03) else check["ClaimPaymentNum"]
    return number


def _paid(draft: Draft, fee: Decimal) -> Decimal:
    options = (_ZERO, draft.amount(1, 400), fee, (fee / 2).quantize(Decimal("0.01")))
    return draft.pick(options) if draft.chance(0.9) else -draft.amount(1, 150)


def _written_off(draft: Draft, fee: Decimal) -> Decimal:
    chance = draft.random.random()
    if chance < 0.06:
        return draft.pick(_TINY)
    if chance < 0.12:
        return draft.pick((_BLANK, -draft.amount(1, 60)))
    return draft.pick((draft.amount(1, 200), (fee / 5).quantize(Decimal("0.01"))))


def _snap(draft: Draft, row: DraftRow) -> None:
    """Keep what was estimated when the claim was made: at most one snapshot a claim procedure."""
    draft.add(
        "claimsnapshot",
        ProcNum=row["ProcNum"],
        ClaimProcNum=row["ClaimProcNum"],
        ClaimType=draft.pick(("P", "S")),
        Writeoff=draft.weighted(
            {
                _BLANK: 3.0,
                _ZERO: 3,
                row["WriteOff"]: 3,
                draft.amount(1, 200): 4,
                -draft.amount(2, 50): 1,
                # What was estimated and what came differ by about half a cent.
                row["WriteOff"] + draft.pick(_HALF_CENTS): 2,
            }
        ),
        InsPayEst=row["InsPayEst"],
        Fee=row["FeeBilled"],
        DateTEntry=draft.moment(draft.day(empty=0.03), midnight=0.3),
    )


def _track(draft: Draft, row: DraftRow) -> None:
    """Write tracking entries, the last one often at the edge of the days that it suppresses."""
    days = draft.random.sample((-45, -31, -30, -29, -11, -10, -9, -1, 0), draft.between(0, 4))
    for number, day in enumerate(sorted(days)):
        kind = draft.weighted({"StatusHistory": 6.0, "ClaimUser": 3, "ClaimProcReceived": 1})
        draft.add(
            "claimtracking",
            ClaimNum=row["ClaimNum"],
            TrackingType=kind,
            UserNum=draft.key_of("userod"),
            DateTimeEntry=_noon(draft.after(day), minute=number),
            TrackingDefNum=draft.weighted(
                {
                    row["CustomTracking"]: 5,
                    draft.definitions["ten days"]: 1,
                    0: 1 if kind == "StatusHistory" else 6,
                }
            ),
            TrackingErrorDefNum=draft.pick((0, draft.definitions["claim error"])),
        )


def _noon(day: date, *, minute: int) -> datetime:
    """Return a moment that is the same day in every time zone near the server's."""
    return datetime.combine(day, time(12)) + timedelta(minutes=minute)
