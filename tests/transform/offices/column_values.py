"""What single columns of ten offices must hold between them: codes, edges of buckets, lost rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tests.transform.offices.counts import Count, gone, having, on_day
from tests.transform.reports.practice import EMPTY

_BUCKET_EDGES = (0, 1, -29, -30, -31, -32, -59, -60, -61, -62, -89, -90, -91, -92)
_DATES = (
    "procedurelog.ProcDate",
    "claimproc.DateCP",
    "claimproc.ProcDate",
    "adjustment.AdjDate",
    "paysplit.DatePay",
    "payplancharge.ChargeDate",
    "claim.DateSent",
)
_DATES_THAT_MAY_BE_EMPTY = (
    *_DATES,
    "payment.PayDate",
    "claimpayment.CheckDate",
    "adjustment.ProcDate",
    "procedurelog.DateTP",
    "procedurelog.DateComplete",
    "payplan.PayPlanDate",
    "recall.DateDue",
    "patient.Birthdate",
)
_CODES: Mapping[str, tuple[object, ...]] = {
    "procedurelog.ProcStatus": tuple(range(1, 9)),
    "procedurelog.UnitQty": (0, 1, 2),
    "procedurelog.BaseUnits": (0, 1),
    "claimproc.Status": tuple(range(10)),
    "claim.ClaimStatus": tuple("UHWSRIPAs"),
    "claim.ClaimType": ("P", "S", "PreAuth", "Other", "Cap"),
    "appointment.AptStatus": tuple(range(9)),
    "appointment.Priority": (0, 1),
    "histappointment.HistApptAction": tuple(range(5)),
    "patient.PatStatus": tuple(range(7)),
    "insplan.PlanType": ("", "p", "P", "f", "c"),
    "insplan.IsMedical": (0, 1),
    "patplan.Ordinal": (1, 2),
    "payplancharge.ChargeType": (0, 1),
    "payplanlink.LinkType": (1, 2, 3),
    "schedule.SchedType": tuple(range(5)),
    "schedule.Status": (0, 1, 2),
    "treatplan.TPStatus": (0, 1, 2),
    "refattach.RefType": (0, 1, 2),
    "claimtracking.TrackingType": ("StatusHistory", "ClaimUser", "ClaimProcReceived"),
    "provider.ProvStatus": (0, 1),
    "provider.IsHiddenReport": (0, 1),
    "clinic.IsHidden": (0, 1),
    "userod.IsHidden": (0, 1),
    "feesched.IsHidden": (0, 1),
    "claimpayment.IsPartial": (0, 1),
    "claimproc.IsTransfer": (0, 1),
    "claimproc.NoBillIns": (0, 1),
    "paysplit.IsDiscount": (0, 1),
    "payplan.IsClosed": (0, 1),
    "payplan.IsDynamic": (0, 1),
    "recall.IsDisabled": (0, 1),
    "recall.Priority": (0, 1),
    "procmultivisit.IsInProcess": (0, 1),
    "benefit.CoverageLevel": (0, 1, 2),
}
# References that are nothing in some rows and gone in others.
_REFERENCES = (
    *("procedurelog.PatNum", "procedurelog.ProvNum", "procedurelog.AptNum"),
    *("claimproc.ProcNum", "claimproc.ClaimPaymentNum", "claimproc.PayPlanNum"),
    *("claimproc.ProvNum", "adjustment.ProcNum", "adjustment.AdjType", "adjustment.ProvNum"),
    *("paysplit.ProcNum", "paysplit.AdjNum", "paysplit.PayPlanNum", "paysplit.UnearnedType"),
    *("paysplit.ProvNum", "payment.PayType", "claimpayment.PayType", "payplan.PlanNum"),
    *("payplan.Guarantor", "payplancharge.ProcNum", "payplancharge.ProvNum"),
    *("patient.Guarantor", "patient.PriProv", "patient.SecProv", "patient.BillingType"),
    *("appointment.PatNum", "appointment.ProvNum", "appointment.ProvHyg", "appointment.Op"),
    *("claim.ProvTreat", "claim.CustomTracking", "claimtracking.UserNum"),
    *("treatplan.UserNumPresenter", "treatplan.SecUserNumEntry", "refattach.ReferralNum"),
    *("insplan.CarrierNum", "rxpat.PatNum", "rxpat.ProvNum", "discountplan.DefNum"),
    *("discountplansub.DiscountPlanNum", "discountplansub.PatNum", "commlog.CommType"),
    *("schedule.ProvNum", "operatory.ProvDentist", "operatory.ProvHygienist"),
    *("procedurelog.ClinicNum", "claimproc.ClinicNum", "adjustment.ClinicNum"),
    *("paysplit.ClinicNum", "patient.ClinicNum", "appointment.ClinicNum"),
)
# References that may be gone and are never nothing.
_GONE = (
    *("procedurelog.CodeNum", "claimproc.PatNum", "claimproc.ClaimNum", "claimproc.PlanNum"),
    *("adjustment.PatNum", "paysplit.PatNum", "paysplit.PayNum", "payplan.PatNum"),
    *("payplancharge.PayPlanNum", "payplanlink.PayPlanNum", "claim.PlanNum", "claim.PatNum"),
    *("inssub.PlanNum", "inssub.Subscriber", "patplan.InsSubNum", "patplan.PatNum"),
    *("claimsnapshot.ClaimProcNum", "proctp.TreatPlanNum", "proctp.ProcNumOrig"),
    *("procnote.ProcNum", "recall.RecallTypeNum", "recall.PatNum", "fee.CodeNum"),
    *("procedurecode.ProcCat", "discountplan.FeeSchedNum", "scheduleop.ScheduleNum"),
    *("scheduleop.OperatoryNum", "histappointment.AptNum", "claimproc.InsSubNum"),
)


def values() -> Iterator[tuple[str, Count]]:
    """Yield what to count in single columns, by name."""
    for place, codes in _CODES.items():
        for code in codes:
            yield f"{place} is {code!r}", having(place, code)
    for place in _DATES:
        for edge in _BUCKET_EDGES:
            yield f"{place} is T{edge:+d}", on_day(place, edge)
    for place in _DATES_THAT_MAY_BE_EMPTY:
        yield f"{place} is empty", having(place, EMPTY)
    for place in _REFERENCES:
        yield f"{place} is none", having(place, 0)
    for place in (*_REFERENCES, *_GONE):
        yield f"{place} is gone", gone(place)
