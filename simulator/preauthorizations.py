"""Questions to carriers before large work: what would you pay? They move no money."""

from __future__ import annotations

from include.open_dental.values import BLANK
from simulator.statuses import LINE_PREAUTHORIZED
from simulator.world import Patient, Practice, Procedure

# How often a carrier is asked about large work.
ASKED = 0.15


def ask(practice: Practice, patient: Patient, *, found: list[Procedure]) -> None:
    """Send planned work to the patient's first carrier; it answers in some weeks.

    The work stays in the chart for good: software deletes nothing that a carrier was asked about.
    """
    coverage = patient.covers[0]
    journal, day = practice.journal, practice.day
    claim = journal.insert(
        "claim",
        PatNum=patient.num,
        DateService=day,
        DateSent=day,
        DateSentOrig=day,
        ClaimStatus="S",
        ClaimType="PreAuth",
        PlanNum=coverage.plan.num,
        InsSubNum=coverage.inssub,
        ClinicNum=patient.clinic,
        ProvTreat=found[0].provider,
        ProvBill=patient.provider,
        ClaimFee=sum(work.total for work in found) / 100,
        PatRelat=coverage.relationship,
        ClaimNote="",
        AttachedFlags="Mail",
        SecUserNumEntry=practice.desk_user(),
        SecDateEntry=day,
    )
    lines = [_line(practice, work, claim=claim) for work in found]
    practice.plan_for(practice.in_days(10, 30), "preauthorized", (claim, lines))


def _line(practice: Practice, work: Procedure, *, claim: int) -> int:
    coverage, day = work.patient.covers[0], practice.day
    work.is_preauthorized = True
    expected = sum(line.insurance for line in work.lines if line.coverage is coverage)
    return practice.journal.insert(
        "claimproc",
        ProcNum=work.num,
        ClaimNum=claim,
        PatNum=work.patient.num,
        ProvNum=work.provider,
        ClinicNum=work.clinic,
        Status=LINE_PREAUTHORIZED,
        FeeBilled=work.total / 100,
        InsPayEst=expected / 100,
        PlanNum=coverage.plan.num,
        InsSubNum=coverage.inssub,
        DateCP=day,
        ProcDate=day,
        DateEntry=day,
        AllowedOverride=BLANK,
        DedEstOverride=BLANK,
        InsEstTotalOverride=BLANK,
        PaidOtherInsOverride=BLANK,
        WriteOffEst=BLANK,
        WriteOffEstOverride=BLANK,
        CodeSent=work.code.code,
        SecUserNumEntry=1,
        SecDateEntry=day,
    )


def answer(practice: Practice, asked: tuple[int, list[int]]) -> None:
    """Enter the carrier's answer."""
    claim, lines = asked
    practice.journal.update("claim", claim, ClaimStatus="R", DateReceived=practice.day)
    for line in lines:
        practice.journal.update("claimproc", line, DateCP=practice.day)
