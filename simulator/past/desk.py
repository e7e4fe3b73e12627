"""The desk of the years before: its calendar, its pens, and the accounts of the closed books."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from datetime import date
from random import Random
from typing import Any

from simulator.background import Background
from simulator.books import Kind
from simulator.past.pens import Pen
from simulator.world import Practice

# Years before the lived ones from which the former system's appointments and claims came along.
APPOINTMENT_YEARS = 8.3
CLAIM_YEARS = 4.6

_COLUMNS = {
    "patient": "PatNum LName FName PatStatus Gender Position Birthdate Address City State Zip"
    " HmPhone WirelessPhone Guarantor CreditType Email PriProv SecProv BillingType DateFirstVisit"
    " HasIns PreferConfirmMethod PreferContactMethod PreferRecallMethod TxtMsgOk SecUserNumEntry"
    " SecDateEntry DateTimeDeceased DateTStamp ClinicNum",
    "recall": "RecallNum PatNum DateDueCalc DateDue DatePrevious RecallInterval RecallStatus Note"
    " RecallTypeNum DateTStamp",
    "inssub": "InsSubNum PlanNum Subscriber DateEffective DateTerm ReleaseInfo AssignBen"
    " SubscriberID SecUserNumEntry SecDateEntry SecDateTEdit",
    "patplan": "PatPlanNum PatNum Ordinal Relationship PatID InsSubNum SecDateTEntry SecDateTEdit",
    "appointment": "AptNum PatNum AptStatus Pattern Confirmed Op Note ProvNum ProvHyg AptDateTime"
    " IsNewPatient ProcDescript IsHygiene DateTimeArrived DateTimeSeated DateTimeDismissed InsPlan1"
    " AppointmentTypeNum SecUserNumEntry SecDateTEntry DateTStamp ClinicNum",
    "procedurelog": "ProcNum PatNum AptNum ProcDate ProcFee Surf ToothNum ToothRange ProcStatus"
    " ProvNum DateEntryC CodeNum UnitQty DateTP SecUserNumEntry SecDateEntry DateComplete"
    " DateTStamp ClinicNum",
    "adjustment": "AdjNum AdjDate AdjAmt PatNum AdjType ProvNum AdjNote ProcDate ProcNum DateEntry"
    " SecUserNumEntry SecDateTEdit ClinicNum",
    "payment": "PayNum PayType PayDate PayAmt CheckNum PayNote PatNum DateEntry SecUserNumEntry"
    " SecDateTEdit ClinicNum",
    "paysplit": "SplitNum SplitAmt PatNum ProcDate PayNum ProvNum DatePay ProcNum DateEntry"
    " UnearnedType SecUserNumEntry SecDateTEdit FSplitNum ClinicNum",
    "claim": "ClaimNum PatNum DateService DateSent ClaimStatus DateReceived PlanNum ProvTreat"
    " ClaimFee InsPayEst InsPayAmt ClaimNote ClaimType ProvBill PatRelat WriteOff AttachedFlags"
    " InsSubNum SecUserNumEntry SecDateEntry SecDateTEdit DateSentOrig ClinicNum",
    "claimproc": "ClaimProcNum ProcNum ClaimNum PatNum ProvNum FeeBilled InsPayEst Status"
    " InsPayAmt Remarks ClaimPaymentNum PlanNum DateCP WriteOff CodeSent AllowedOverride Percentage"
    " BaseEst ProcDate DateEntry LineNumber DedEst DedEstOverride InsEstTotal InsEstTotalOverride"
    " PaidOtherInsOverride WriteOffEst WriteOffEstOverride InsSubNum PaymentRow SecUserNumEntry"
    " SecDateEntry SecDateTEdit DateSuppReceived DateInsFinalized ClinicNum",
    "claimsnapshot": "ClaimSnapshotNum ProcNum ClaimType Writeoff InsPayEst Fee DateTEntry"
    " ClaimProcNum SnapshotTrigger",
    "claimpayment": "ClaimPaymentNum CheckDate CheckAmt CheckNum BankBranch Note CarrierName"
    " DateIssued PayType SecUserNumEntry SecDateEntry SecDateTEdit ClinicNum",
}

Event = tuple[Callable[..., None], tuple[Any, ...]]


class Desk:
    """What every writer of the past shares. Days are ordinals."""

    def __init__(self, practice: Practice, random: Random) -> None:
        self.practice = practice
        self.random = random
        self.users = practice.desk
        self.first = practice.plan.first_day.toordinal()
        self.last = practice.plan.lived_from.toordinal() - 1
        self.appointments_from = self.last - round(365.25 * APPOINTMENT_YEARS)
        self.claims_from = self.last - round(365.25 * CLAIM_YEARS)
        self.day = self.first
        self.text = ""
        self.pens = {
            table: Pen(table, columns, key=practice.journal.last_key(table))
            for table, columns in _COLUMNS.items()
        }
        self.enter = {kind: practice.closed.account(kind) for kind in Kind}
        self.enter_tied = practice.closed.account(Kind.ADJUSTMENT, is_tied=True)
        # Where a day leads: itself, or the next one on which the practice works.
        days = range(self.first, self.last + 1)
        self._open = [practice.clock.open_day(date.fromordinal(d)).toordinal() for d in days]
        self._agenda: dict[int, list[Event]] = defaultdict(list)

    def plan(self, day: int, action: Callable[..., None], *subject: Any) -> None:
        """Put something on a day of the calendar; what would be too late happens on the last."""
        opened = self._open[day - self.first] if day <= self.last else day
        self._agenda[min(opened, self.last)].append((action, subject))

    def live_through(self, background: Background, *, close_day: Callable[[], None]) -> None:
        """Work off the calendar day by day, and send what was written."""
        for day in range(self.first, self.last + 1):
            self.day, self.text = day, date.fromordinal(day).isoformat()
            # A day's events may put more on the same day.
            while events := self._agenda.pop(day, None):
                for action, subject in events:
                    action(*subject)
            close_day()
            for pen in self.pens.values():
                pen.send(background)
        for table, pen in self.pens.items():
            pen.send(background, at_least=1)
            self.practice.journal.skip_to(table, pen.key)

    def user(self) -> int:
        """Return somebody at the front desk."""
        return self.random.choice(self.users)
