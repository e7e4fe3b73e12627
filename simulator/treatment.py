"""Planning treatment: procedures, treatment plans, charts of teeth and gums."""

from __future__ import annotations

from datetime import date, timedelta

from include.open_dental.codes import number
from simulator import audit, insurance
from simulator.books import Kind
from simulator.codes import DEEP_CLEANING, TREATMENTS
from simulator.statuses import (
    PROCEDURE_COMPLETE,
    PROCEDURE_DELETED,
    PROCEDURE_PLANNED,
    PROCEDURES_FOUND,
)
from simulator.world import Code, Patient, Practice, Procedure, Provider

_CHOICES = [codes for codes, _ in TREATMENTS]
_WEIGHTS = [weight for _, weight in TREATMENTS]
_QUADRANTS = ("UR", "UL", "LL", "LR")
_SURFACES = ("M", "O", "D", "MO", "DO", "MOD", "B", "L")
_MEASURED_TEETH = (2, 3, 8, 14, 19, 30)


def plan_procedure(
    practice: Practice,
    patient: Patient,
    *,
    code: Code,
    tooth: str = "",
    surface: str = "",
    dentist: Provider | None = None,
) -> Procedure:
    """Chart a treatment-planned procedure with its insurance estimates.

    The patient's own providers do it, unless another dentist is named.
    """
    units = practice.random.randint(2, 4) if code.code == "D9223" else 1
    provider = patient.hygienist if code.is_hygiene else patient.provider
    clinic = patient.clinic
    if dentist is not None:
        provider, clinic = dentist.num, dentist.clinic
    journal = practice.journal
    num = journal.insert(
        "procedurelog",
        PatNum=patient.num,
        ProcDate=practice.day,
        ProcFee=code.fee / 100,
        Surf=surface,
        ToothNum=tooth,
        ToothRange="",
        ProcStatus=PROCEDURE_PLANNED,
        ProvNum=provider,
        DateEntryC=practice.day,
        CodeNum=code.num,
        UnitQty=units,
        DateTP=practice.day,
        SecUserNumEntry=1,
        SecDateEntry=journal.now,
        ClaimNote="",
        ClinicNum=clinic,
        # For as long as the work is planned; done, it gets an adjustment.
        DiscountPlanAmt=code.fee * patient.discount_percent // 100 / 100,
    )
    work = Procedure(num, patient, code, code.fee, provider, tooth, surface, units, clinic)
    if patient.covers:
        insurance.estimate(practice, work)
    return work


def hygiene_procedures(practice: Practice, patient: Patient) -> list[Procedure]:
    """Plan what a hygiene visit is made of."""
    day, is_new = practice.day, patient.visits == 0
    age = patient.age(day)
    codes = ["D0150" if is_new else "D0120"]
    if patient.last_xrays is None or (day - patient.last_xrays).days > 350:
        codes.append("D0210" if is_new and age > 16 else "D0274" if age > 12 else "D0272")
        patient.last_xrays = day
    if age < 14:
        codes += ["D1120", "D1206"]
        if age > 5 and practice.chance(0.1):
            codes += ["D1351", "D1351"]
    elif patient.is_perio and not is_new:
        codes.append("D4910")
        if practice.chance(0.12):
            codes.append("D4381")
    else:
        codes.append("D1110")
        if practice.chance(0.2):
            codes.append("D1208")
    return [
        plan_procedure(practice, patient, code=practice.codes[code], tooth=_tooth(practice, code))
        for code in codes
    ]


def emergency_procedures(practice: Practice, patient: Patient) -> list[Procedure]:
    """Plan what an emergency visit is made of; any dentist has time for it, at either clinic."""
    codes = ["D0140", "D0220"] + (["D9110"] if practice.chance(0.3) else [])
    dentist = practice.some_dentist(practice.some_clinic())
    return [
        plan_procedure(practice, patient, code=practice.codes[code], dentist=dentist)
        for code in codes
    ]


def diagnose(practice: Practice, patient: Patient) -> list[Procedure]:
    """Plan treatment after an exam, and enter it into the patient's treatment plans."""
    random = practice.random
    pieces = random.choices(_CHOICES, _WEIGHTS, k=random.choice((1, 1, 1, 2, 2, 3)))
    if patient.is_perio and practice.chance(0.2):
        pieces = [DEEP_CLEANING]
    found: list[Procedure] = []
    for codes in pieces:
        tooth = str(random.randint(1, 32))
        for index, name in enumerate(codes):
            code = practice.codes[name]
            surface = random.choice(_SURFACES) if code.area == "surface" else ""
            if code.area == "quadrant":
                surface = _QUADRANTS[index % 4]
            at = tooth if code.area in ("tooth", "surface") else ""
            found.append(plan_procedure(practice, patient, code=code, tooth=at, surface=surface))
    _enter(practice, patient, found=found)
    patient.planned.extend(found)
    return found


def _enter(practice: Practice, patient: Patient, *, found: list[Procedure]) -> None:
    journal = practice.journal
    user = practice.dentists[0].user
    if not patient.treatment_plan:
        patient.treatment_plan = journal.insert(
            "treatplan",
            PatNum=patient.num,
            DateTP=practice.day,
            Heading="Active Treatment Plan",
            TPStatus=number("TreatPlanStatus", "Active"),
            Note="",
            Signature="",
            SecUserNumEntry=user,
            SecDateEntry=practice.day,
        )
    for work in found:
        priority = practice.definition(practice.random.choice(("First", "Second", "Later")))
        journal.insert(
            "treatplanattach",
            TreatPlanNum=patient.treatment_plan,
            ProcNum=work.num,
            Priority=priority,
        )
    audit.log(practice, "TPModule", user=user, patient=patient.num, text="Treatment plan opened")
    if practice.chance(practice.plan.habits.saved_plans):
        save_plan(practice, patient, found=found, user=user)


def save_plan(practice: Practice, patient: Patient, *, found: list[Procedure], user: int) -> None:
    """Keep a plan as it was presented, with its prices of that day."""
    journal = practice.journal
    saved = journal.insert(
        "treatplan",
        PatNum=patient.num,
        DateTP=practice.day,
        Heading="Proposed treatment",
        Note="Estimates only; insurance may pay less.",
        TPStatus=number("TreatPlanStatus", "Saved"),
        Signature="",
        SecUserNumEntry=user,
        SecDateEntry=practice.day,
        UserNumPresenter=user,
    )
    rows = []
    for order, work in enumerate(found):
        insured = sum(line.insurance for line in work.lines)
        written_off = sum(line.write_off for line in work.lines)
        row = journal.insert(
            "proctp",
            TreatPlanNum=saved,
            PatNum=patient.num,
            ProcNumOrig=work.num,
            ItemOrder=order,
            ToothNumTP=work.tooth,
            Surf=work.surface,
            ProcCode=work.code.code,
            Descript=work.code.description,
            FeeAmt=work.total / 100,
            PriInsAmt=insured / 100,
            PatAmt=(work.total - insured - written_off) / 100,
            SecUserNumEntry=user,
            SecDateEntry=practice.day,
            FeeAllowed=(work.total - written_off) / 100,
            ProvNum=work.provider,
            DateTP=practice.day,
            ClinicNum=work.clinic,
        )
        rows.append(row)
    practice.recent.remember("treatplan", (saved, rows))


def chart_teeth(practice: Practice, patient: Patient) -> None:
    """Chart missing and baby teeth, and what other dentists did, at the first exam."""
    journal, random = practice.journal, practice.random
    for _ in range(random.randint(0, 4)):
        tooth = str(random.randint(1, 32))
        journal.insert(
            "toothinitial",
            PatNum=patient.num,
            ToothNum=tooth,
            InitialType=0,
            DrawingSegment=None,
            SecDateTEntry=journal.now,
        )
        _chart_existing(practice, patient, tooth=tooth)


def _chart_existing(practice: Practice, patient: Patient, *, tooth: str) -> None:
    code = practice.codes[practice.random.choice(("D2391", "D2740", "D7140", "D2150"))]
    practice.journal.insert(
        "procedurelog",
        PatNum=patient.num,
        ProcDate=practice.day - timedelta(days=practice.random.randint(100, 4000)),
        ClinicNum=patient.clinic,
        ProcFee=0.0,
        ToothNum=tooth,
        ProcStatus=practice.random.choice(PROCEDURES_FOUND),
        ProvNum=patient.provider,
        DateEntryC=practice.day,
        CodeNum=code.num,
        UnitQty=1,
        DateTP=practice.day,
        SecUserNumEntry=1,
        SecDateEntry=practice.journal.now,
    )


def measure_gums(practice: Practice, patient: Patient) -> None:
    """Write a periodontal chart: depths of pockets, and bleeding."""
    journal, random = practice.journal, practice.random
    exam = journal.insert(
        "perioexam",
        PatNum=patient.num,
        ExamDate=practice.day,
        ProvNum=patient.hygienist,
        DateTMeasureEdit=journal.now,
        Note="",
    )
    deep = 3 if patient.is_perio else 1
    for tooth in _MEASURED_TEETH:
        for sequence in (4, 6):
            depths = [2 + random.randint(0, deep) for _ in range(6)]
            journal.insert(
                "periomeasure",
                PerioExamNum=exam,
                SequenceType=sequence,
                IntTooth=tooth,
                ToothValue=-1,
                MBvalue=depths[0],
                Bvalue=depths[1],
                DBvalue=depths[2],
                MLvalue=depths[3],
                Lvalue=depths[4],
                DLvalue=depths[5],
                SecDateTEntry=journal.now,
            )


def remove_planned(practice: Practice, work: Procedure) -> None:
    """Take a planned procedure off the chart: its status says deleted, its estimates go."""
    practice.journal.update("procedurelog", work.num, ProcStatus=PROCEDURE_DELETED, AptNum=0)
    insurance.drop_estimates(practice, work)
    if work in work.patient.planned:
        work.patient.planned.remove(work)


def estimate_again(practice: Practice, work: Procedure) -> None:
    """Delete a planned procedure's estimates and make them anew."""
    insurance.drop_estimates(practice, work)
    insurance.estimate(practice, work)


def complete_without_visit(practice: Practice, work: Procedure, *, day: date) -> None:
    """Set work complete that was done outside a booked visit, without billing insurance."""
    work.completed_on = day
    insurance.drop_estimates(practice, work)
    practice.journal.update(
        "procedurelog", work.num, ProcStatus=PROCEDURE_COMPLETE, ProcDate=day, DateComplete=day
    )
    practice.books.post(
        Kind.PRODUCTION, work.num, work.posting(day, work.total)._replace(is_visit=True)
    )
    work.patient.family.open.append(work)


def _tooth(practice: Practice, code: str) -> str:
    return str(practice.random.randint(1, 32)) if code in ("D1351", "D4381") else ""
