"""Procedures of every status, and the treatment plans in which they were presented."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from tests.transform.offices.chairs import SCHEDULED
from tests.transform.offices.draft import LOST, Draft, DraftRow
from tests.transform.reports.practice import EMPTY

PROCEDURES = (80, 140)
(PLANNED, COMPLETE, EXISTING, EXISTING_OTHER, REFERRED, DELETED, CONDITION, INACTIVE) = range(1, 9)
_STATUSES = {
    PLANNED: 5.0,
    COMPLETE: 14,
    EXISTING: 0.7,
    EXISTING_OTHER: 0.5,
    REFERRED: 0.5,
    DELETED: 0.7,
    CONDITION: 0.4,
    INACTIVE: 0.6,
}
_CODES = (
    # code, category, weight, is it never billed to insurance
    ("D0120", "exams", 4, 0),
    ("D0150", "exams", 2, 0),
    ("D0274", "exams", 2, 0),
    ("D0602", "exams", 1, 0),
    ("D0603", "exams", 1, 0),
    ("D1110", "other codes", 4, 0),
    ("D1351", "other codes", 2, 0),
    ("D2391", "other codes", 3, 0),
    ("d2740", "old codes", 3, 0),
    ("D4341", "other codes", 1, 0),
    ("D4910", "other codes", 3, 0),
    ("D9986", "other codes", 2, 1),
    ("D9987", "other codes", 2, 1),
    ("X0001", "old codes", 2, 1),
    ("~GRP~", "other codes", 1, 1),
)


def list_codes(draft: Draft) -> None:
    """Write the procedure codes, one of them in lower case, some of a category that is hidden."""
    for code, category, _, is_never_billed in _CODES:
        draft.add(
            "procedurecode",
            ProcCode=code,
            ProcCat=LOST if code == "X0001" and draft.chance(0.5) else draft.definitions[category],
            NoBillIns=is_never_billed,
            ProvNumDefault=draft.provider(none=0.7),
        )


def treat(draft: Draft) -> None:
    """Write procedures; then fill the scheduled appointments with planned ones."""
    for _ in range(draft.between(*PROCEDURES)):
        _procedure(draft, draft.weighted(_STATUSES))
    for row in draft.some(draft.rows("procedurelog"), 0.06):
        # The same is done for somebody else, by the same provider on the same day.
        same = ("CodeNum", "ProcDate", "ProvNum", "ClinicNum", "ProcStatus")
        _procedure(draft, row["ProcStatus"]).update({column: row[column] for column in same})
    scheduled = [row for row in draft.rows("appointment") if row["AptStatus"] == SCHEDULED]
    for appointment in draft.some(scheduled, 0.6):
        for _ in range(draft.between(1, 2)):
            row = _procedure(draft, PLANNED)
            row.update(AptNum=appointment["AptNum"], PatNum=appointment["PatNum"])
    for row in draft.some(draft.rows("procedurelog"), 0.15):
        draft.add(
            "procmultivisit",
            ProcNum=row["ProcNum"],
            ProcStatus=row["ProcStatus"],
            IsInProcess=draft.between(0, 1),
            PatNum=row["PatNum"],
        )


def present(draft: Draft) -> None:
    """Write treatment plans of every status; a procedure may stand in several, of one day too."""
    patients = draft.rows("patient")
    for patient in (*patients, *draft.some(patients, 0.6)):
        of_patient = [
            row for row in draft.rows("procedurelog") if row["PatNum"] == patient["PatNum"]
        ]
        for _ in range(draft.weighted({0: 3, 1: 3, 2: 2})):
            plan = draft.add(
                "treatplan",
                PatNum=patient["PatNum"],
                DateTP=draft.pick((draft.after(-20), draft.after(-45), draft.day(empty=0.02))),
                TPStatus=draft.weighted({0: 8, 1: 1.5, 2: 1}),
                UserNumPresenter=draft.key_of("userod", none=0.3, lost=0.08),
                SecUserNumEntry=draft.key_of("userod", none=0.1, lost=0.08),
                TPType=draft.pick((0, 0, 1)),
            )
            for row in draft.some(of_patient, 0.6):
                _present(draft, plan, row["ProcNum"])
            if draft.chance(0.05):
                _present(draft, plan, LOST)


def _present(draft: Draft, plan: DraftRow, procedure: int) -> None:
    draft.add(
        "proctp",
        TreatPlanNum=plan["TreatPlanNum"],
        PatNum=plan["PatNum"],
        ProcNumOrig=procedure,
        FeeAmt=draft.amount(1, 900),
        DateTP=plan["DateTP"],
    )


def _procedure(draft: Draft, status: int) -> DraftRow:
    codes = {row["ProcCode"]: row["CodeNum"] for row in draft.rows("procedurecode")}
    code = draft.weighted({name: float(weight) for name, _, weight, _ in _CODES})
    if code == "~GRP~":
        status = EXISTING
    day = draft.day()
    return draft.add(
        "procedurelog",
        PatNum=draft.key_of("patient", none=0.005, lost=0.01),
        CodeNum=LOST if draft.chance(0.01) else codes[code],
        ProcStatus=status,
        ProcDate=day,
        ProcFee=_fee(draft),
        UnitQty=draft.weighted({1: 10, 0: 1, 2: 1.5, 3: 0.5}),
        BaseUnits=draft.weighted({0: 10, 1: 1.5, 2: 0.5}),
        ProvNum=draft.provider(),
        ClinicNum=draft.clinic(),
        DateComplete=draft.near(day, empty=0.1) if status == COMPLETE else EMPTY,
        DateTP=_planned_on(draft, day),
        DateEntryC=day,
        AptNum=draft.key_of("appointment", none=0.5),
        PlannedAptNum=draft.key_of("appointment", none=0.8),
        Discount=draft.pick((Decimal(0), Decimal(0), draft.amount(1, 60))),
        DiscountPlanAmt=draft.pick((Decimal(0), Decimal(0), draft.amount(1, 60))),
        ToothNum=draft.pick(("", "3", "14", "19", "30", "8")),
        SnomedBodySite=draft.pick(("", "", "609399004")),
        DiagnosticCode=draft.pick(("", "K02.9")),
    )


def _fee(draft: Draft) -> Decimal:
    chance = draft.random.random()
    if chance < 0.05:
        return Decimal(0)
    if chance < 0.1:
        return -draft.amount(5, 200)
    fee = draft.amount(20, 1300)
    return fee + draft.speck() if chance < 0.17 else fee


def _planned_on(draft: Draft, day: date) -> date:
    """Return when the procedure was planned: often at an edge of the last year."""
    if day == EMPTY or draft.chance(0.15):
        return draft.day(future=0, empty=0.5)
    return draft.pick((day, day - timedelta(days=30), draft.day(future=0.05, empty=0)))
