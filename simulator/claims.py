"""Claims: what is sent to carriers, what they pay, and the checks it comes on."""

from __future__ import annotations

from include.open_dental.values import BLANK
from simulator import audit, checks
from simulator.books import Cents, Kind
from simulator.insurance import expectation
from simulator.statuses import (
    LINE_CAPITATION,
    LINE_NOT_RECEIVED,
    LINE_RECEIVED,
    LINE_SUPPLEMENTAL,
)
from simulator.world import (
    Claim,
    ClaimLine,
    Coverage,
    Patient,
    Practice,
    Procedure,
)

# What carriers do, as shares of lines: nothing at all, less than expected, more later.
DENIED, CUT, SUPPLEMENTED = 0.04, 0.10, 0.04
# Of the later payments, those for a whole claim.
TOTAL_PAYMENTS = 0.15
# What patients of a capitation plan pay of the fee.
COPAY_PERCENT = {"preventive": 0, "basic": 25, "major": 45, "none": 100}


def settle_capitation(practice: Practice, work: Procedure) -> None:
    """Write a capitation plan's part of a completed procedure off at once."""
    line = work.lines[0]
    work.capitation = work.total - work.total * COPAY_PERCENT[work.code.benefit] // 100
    work.lines = []
    practice.journal.update(
        "claimproc",
        line.num,
        Status=LINE_CAPITATION,
        WriteOff=work.capitation / 100,
        DateCP=practice.day,
        ProcDate=practice.day,
        FeeBilled=work.total / 100,
    )
    practice.books.post(Kind.CAPITATION, line.num, work.posting(practice.day, work.capitation))


def bill(practice: Practice, patient: Patient, *, done: list[Procedure]) -> None:
    """Make the primary claim of a visit, and the secondary one that waits for it."""
    primary: Claim | None = None
    for coverage in patient.covers:
        if coverage.plan.kind == "c":
            return
        lines = [
            line
            for work in done
            for line in work.lines
            if line.coverage is coverage and work.code.benefit != "none"
        ]
        if lines:
            claim = _create(practice, patient, coverage=coverage, lines=lines)
            if primary is not None:
                primary.secondary = claim
            else:
                primary = claim
                practice.plan_for(practice.in_days(0, 1), "claim_sent", claim)


def _create(
    practice: Practice, patient: Patient, *, coverage: Coverage, lines: list[ClaimLine]
) -> Claim:
    journal, day = practice.journal, practice.day
    kind = "P" if coverage.ordinal == 1 else "S"
    num = journal.insert(
        "claim",
        PatNum=patient.num,
        DateService=lines[0].procedure.completed_on,
        ClaimStatus="W" if kind == "P" else "H",
        PlanNum=coverage.plan.num,
        ClinicNum=lines[0].procedure.clinic,
        ProvTreat=lines[0].procedure.provider,
        ProvBill=patient.provider,
        ClaimFee=sum(line.procedure.total for line in lines) / 100,
        InsPayEst=sum(line.insurance for line in lines) / 100,
        WriteOff=sum(line.write_off for line in lines) / 100,
        ClaimType=kind,
        PlaceService=0,
        PatRelat=coverage.relationship,
        InsSubNum=coverage.inssub,
        ClaimNote="",
        AttachedFlags="Mail",
        SecUserNumEntry=practice.desk_user(),
        SecDateEntry=day,
    )
    for order, line in enumerate(lines, 1):
        _attach(practice, line, claim=num, order=order)
    for line in lines:
        year = day.year
        coverage.used[year] = coverage.used.get(year, 0) + line.insurance
        met = coverage.deductible_met.get(year, 0)
        coverage.deductible_met[year] = met + line.deductible
    return Claim(num, patient, coverage, lines, kind)


def _attach(practice: Practice, line: ClaimLine, *, claim: int, order: int) -> None:
    """Turn an estimate into a claim line; the snapshot keeps what was expected."""
    journal, day, work = practice.journal, practice.day, line.procedure
    served = work.completed_on or day
    # The year's maximum may have been used up since the estimate was made.
    work.lines.remove(line)
    line.insurance, line.write_off, line.deductible = expectation(
        work, line.coverage, year=day.year
    )
    work.lines.append(line)
    line.claim = claim
    journal.update(
        "claimproc",
        line.num,
        ClaimNum=claim,
        Status=LINE_NOT_RECEIVED,
        FeeBilled=work.total / 100,
        InsPayEst=line.insurance / 100,
        InsEstTotal=line.insurance / 100,
        WriteOff=line.write_off / 100,
        DedApplied=line.deductible / 100,
        LineNumber=order,
        DateCP=day,
        ProcDate=served,
    )
    line.snapshot = journal.insert(
        "claimsnapshot",
        ProcNum=work.num,
        ClaimType="P" if line.coverage.ordinal == 1 else "S",
        Writeoff=line.write_off / 100 if line.write_off else BLANK,
        InsPayEst=line.insurance / 100,
        Fee=work.total / 100,
        DateTEntry=journal.now,
        ClaimProcNum=line.num,
        SnapshotTrigger=0,
    )
    line.expected_write_off = line.write_off
    books = practice.books
    books.post(Kind.ESTIMATE, line.num, work.posting(day, line.insurance + line.write_off))
    books.post(Kind.CLAIMED_WRITE_OFF, line.num, work.posting(served, line.write_off))
    books.post(Kind.EXPECTED_WRITE_OFF, line.num, work.posting(day, line.write_off))


def send(practice: Practice, claim: Claim) -> None:
    """Send a claim; the carrier answers in one to six weeks."""
    if claim.is_deleted:
        return
    journal, day = practice.journal, practice.day
    user = practice.desk_user()
    journal.update("claim", claim.num, ClaimStatus="S", DateSent=day, DateSentOrig=day)
    text = journal.insert("etransmessagetext", MessageText=f"ISA*00*~ST*837*{claim.num}~")
    claim.transmission = journal.insert(
        "etrans",
        DateTimeTrans=journal.now,
        Etype=0,
        ClaimNum=claim.num,
        CarrierNum=claim.coverage.plan.carrier,
        PatNum=claim.patient.num,
        BatchNumber=day.toordinal(),
        EtransMessageTextNum=text,
        PlanNum=claim.coverage.plan.num,
        InsSubNum=claim.coverage.inssub,
        UserNum=user,
    )
    practice.recent.remember("claim", claim)
    track(practice, claim, note="Sent", user=user)
    audit.log(practice, "ClaimSentEdit", user=user, patient=claim.patient.num, text="Claim sent")
    if not practice.chance(0.015):
        practice.plan_for(practice.in_days(6, 42), "claim_answered", claim)


def track(practice: Practice, claim: Claim, *, note: str, user: int) -> None:
    """Write a step of a claim's way."""
    num = practice.journal.insert(
        "claimtracking",
        ClaimNum=claim.num,
        TrackingType="StatusHistory",
        UserNum=user,
        Note=note,
        TrackingDefNum=practice.definition("Asked the carrier"),
    )
    claim.trackings.append(num)


def receive(practice: Practice, claim: Claim) -> None:
    """Enter what the carrier decided; the money goes on the carrier's next check."""
    if claim.is_deleted:
        return
    journal = practice.journal
    paid = written_off = 0
    is_in_network = any(line.write_off for line in claim.lines)
    is_denied = practice.rarely(f"denied claim, {is_in_network=}", DENIED)
    for line in claim.lines:
        amount = 0 if is_denied else line.insurance
        if amount and practice.chance(CUT):
            amount = amount * practice.random.choice((50, 75, 90)) // 100
        write_off = 0 if is_denied else line.write_off
        settle_line(practice, line, paid=amount, write_off=write_off)
        paid += amount
        written_off += write_off
        if amount and practice.chance(SUPPLEMENTED):
            practice.plan_for(practice.in_days(10, 40), "supplement", line)
    user = practice.desk_user()
    journal.update(
        "claim",
        claim.num,
        ClaimStatus="R",
        DateReceived=practice.day,
        InsPayAmt=paid / 100,
        WriteOff=written_off / 100,
    )
    track(practice, claim, note="Received", user=user)
    audit.log(practice, "InsPayEdit", user=user, patient=claim.patient.num, text="Claim received")
    if claim.secondary is not None:
        practice.plan_for(practice.in_days(1, 3), "claim_sent", claim.secondary)
    practice.plan_for(practice.in_days(1, 5), "bill_family", claim.patient.family)


def settle_line(practice: Practice, line: ClaimLine, *, paid: Cents, write_off: Cents) -> None:
    """Turn an open claim line into a received one."""
    day, work = practice.day, line.procedure
    year = (work.completed_on or day).year
    line.coverage.used[year] = line.coverage.used.get(year, 0) - line.insurance + paid
    line.insurance, line.write_off, line.is_received = paid, write_off, True
    practice.journal.update(
        "claimproc",
        line.num,
        Status=LINE_RECEIVED,
        InsPayAmt=paid / 100,
        WriteOff=write_off / 100,
        DateCP=day,
        DateEntry=day,
        DateSuppReceived=day,
        Remarks="Paid less than asked." if paid == 0 else "",
    )
    books = practice.books
    books.void(Kind.ESTIMATE, line.num)
    books.post(Kind.INSURANCE, line.num, work.posting(day, paid))
    books.post(Kind.WRITE_OFF, line.num, work.posting(day, write_off))
    served = work.completed_on or day
    books.post(Kind.CLAIMED_WRITE_OFF, line.num, work.posting(served, write_off))
    change = line.expected_write_off - write_off
    books.post(Kind.CHANGED_WRITE_OFF, line.num, work.posting(day, change))
    if paid:
        checks.expect(practice, line, paid=paid)


def supplement(practice: Practice, line: ClaimLine) -> None:
    """Enter a later payment on a line that has been received."""
    work = line.procedure
    paid = min(max(0, work.total - line.insurance - line.write_off), 2_500)
    if not paid:
        return
    # Some carriers do not say for which of a claim's procedures they pay.
    is_total = practice.rarely("total payment", TOTAL_PAYMENTS)
    num = practice.journal.insert(
        "claimproc",
        ProcNum=0 if is_total else work.num,
        ClaimNum=line.claim,
        PatNum=work.patient.num,
        ProvNum=work.provider,
        ClinicNum=work.clinic,
        Status=LINE_SUPPLEMENTAL,
        InsPayAmt=paid / 100,
        PlanNum=line.coverage.plan.num,
        InsSubNum=line.coverage.inssub,
        DateCP=practice.day,
        ProcDate=work.completed_on,
        DateEntry=practice.day,
        AllowedOverride=BLANK,
        WriteOffEst=BLANK,
        WriteOffEstOverride=BLANK,
        InsEstTotalOverride=BLANK,
        DedEst=BLANK,
        DedEstOverride=BLANK,
        PaidOtherInsOverride=BLANK,
        CodeSent="" if is_total else work.code.code,
        SecDateEntry=practice.day,
        DateSuppReceived=practice.day,
    )
    later = ClaimLine(num, work, line.coverage, paid, 0, claim=line.claim, is_received=True)
    work.lines.append(later)
    practice.books.post(Kind.INSURANCE, num, work.posting(practice.day, paid))
    checks.expect(practice, later, paid=paid)


def withdraw(practice: Practice, claim: Claim) -> None:
    """Delete a sent claim with its lines, and bill the work on a new one."""
    journal = practice.journal
    claim.is_deleted = True
    for line in claim.lines:
        journal.delete("claimproc", line.num)
        journal.delete("claimsnapshot", line.snapshot)
        for kind in (Kind.ESTIMATE, Kind.CLAIMED_WRITE_OFF, Kind.EXPECTED_WRITE_OFF):
            practice.books.void(kind, line.num)
        line.procedure.lines.remove(line)
        year = practice.day.year
        coverage = line.coverage
        coverage.used[year] = coverage.used.get(year, 0) - line.insurance
    for num in claim.trackings:
        journal.delete("claimtracking", num)
    journal.update("etrans", claim.transmission, ClaimNum=0)
    journal.delete("claim", claim.num)
    audit.log(
        practice,
        "ClaimDelete",
        user=practice.desk_user(),
        patient=claim.patient.num,
        text="Claim deleted",
    )
