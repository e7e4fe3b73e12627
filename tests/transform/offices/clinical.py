"""Recalls and reminders, notes on procedures, referrals, prescriptions, discount plans."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from decimal import Decimal

from tests.transform.offices.draft import LOST, Draft, DraftRow
from tests.transform.offices.treatment import COMPLETE, EXISTING
from tests.transform.reports.practice import EMPTY

_NOTES = (
    "",
    "Patient tolerated it well.",
    'Shade "" to be chosen.',
    'Anesthetic: [Prompt:"carpules"] given.',
    'He said "ouch" twice.',
    "[Prompt:carpules]\nwithout marks",
)


def list_recall_types(draft: Draft) -> None:
    """Write the recall types: prophy and perio first, one by X-ray, one that nothing triggers."""
    for name, interval, codes in (
        ("Prophy", _interval(months=6, days=1), ("D1110",)),
        ("Perio", _interval(months=4), ("D4910", "D4341")),
        ("Bitewing", _interval(years=1, days=1), ("D0274", "D0150")),
        ("By hand", _interval(weeks=2, days=3), ()),
    ):
        kind = draft.add("recalltype", Description=name, DefaultInterval=interval)
        for row in draft.rows("procedurecode"):
            if row["ProcCode"] in codes:
                draft.add(
                    "recalltrigger", RecallTypeNum=kind["RecallTypeNum"], CodeNum=row["CodeNum"]
                )


def recall(draft: Draft) -> None:
    """Write recalls, at most one a patient and type, with each way to switch one off; reminders."""
    for patient in draft.rows("patient"):
        for kind in draft.some(draft.rows("recalltype"), 0.35):
            _recall(draft, patient, kind)
        _remind(draft, patient)


def _interval(*, years: int = 0, months: int = 0, weeks: int = 0, days: int = 0) -> int:
    return years << 24 | months << 16 | weeks << 8 | days


def _recall(draft: Draft, patient: DraftRow, kind: DraftRow) -> None:
    calculated = draft.day(empty=0.1)
    draft.add(
        "recall",
        PatNum=patient["PatNum"],
        RecallTypeNum=LOST if draft.chance(0.02) else kind["RecallTypeNum"],
        RecallInterval=draft.pick((kind["DefaultInterval"], _interval(months=3), 0)),
        DatePrevious=draft.pick((EMPTY, draft.after(-200), draft.after(-35))),
        DateDueCalc=calculated,
        DateDue=draft.pick(
            (calculated, calculated, EMPTY, draft.after(draft.pick((-91, -90, -60, 0, 30, 31))))
        ),
        DateScheduled=draft.weighted({EMPTY: 5, draft.after(3): 1, draft.after(-3): 0.5}),
        IsDisabled=int(draft.chance(0.15)),
        DisableUntilDate=draft.weighted(
            {EMPTY: 6, draft.today: 1, draft.after(1): 1, draft.after(-1): 1}
        ),
        DisableUntilBalance=draft.weighted({Decimal(0): 6, Decimal(10): 1, draft.amount(1, 99): 2}),
        Priority=int(draft.chance(0.25)),
        RecallStatus=draft.pick((0, draft.definitions["mailed"])),
    )


def _remind(draft: Draft, patient: DraftRow) -> None:
    """Write messages of up to four days, two of them on one day, not all of them reminders."""
    offsets = (-200, -199, -62, -61, -32, -31, -30, -29, -2, -1, 0)
    for offset in draft.random.sample(offsets, draft.pick((0, 0, 1, 1, 2, 3, 4))):
        for _ in range(draft.pick((1, 1, 2))):
            draft.add(
                "commlog",
                PatNum=patient["PatNum"],
                CommDateTime=draft.moment(draft.after(offset)),
                CommType=draft.weighted(
                    {
                        draft.definitions["reminder"]: 6,
                        draft.definitions["other reminder"]: 1,
                        draft.definitions["appointment call"]: 1.5,
                        0: 0.3,
                        LOST: 0.3,
                    }
                ),
                Mode_=draft.between(0, 8),
                SentOrReceived=draft.between(0, 2),
            )


def write_notes(draft: Draft) -> None:
    """Write notes, up to three a procedure at different moments, not in the order of their keys."""
    for row in draft.rows("procedurelog"):
        if row["ProcStatus"] not in (COMPLETE, EXISTING) and draft.chance(0.7):
            continue
        day = draft.after(-20) if row["ProcDate"] == EMPTY else row["ProcDate"]
        for hour in draft.random.sample(range(7, 18), draft.pick((0, 1, 1, 2, 3))):
            draft.add(
                "procnote",
                PatNum=row["PatNum"],
                ProcNum=LOST if draft.chance(0.01) else row["ProcNum"],
                EntryDateTime=datetime.combine(day, time(hour)) + timedelta(days=hour % 2),
                UserNum=draft.key_of("userod"),
                Note=draft.pick(_NOTES),
                Signature=draft.pick(("", "0x5f3c")),
            )


def refer(draft: Draft) -> None:
    """Write referrals and attachments to and from them, several of one patient with equal order."""
    for name in ("Orthodontist", "Neighbour", "Website", "Old friend"):
        draft.add("referral", LName=name, IsHidden=int(name == "Old friend"))
    for patient in draft.rows("patient"):
        for _ in range(draft.pick((0, 1, 1, 2, 3))):
            draft.add(
                "refattach",
                PatNum=patient["PatNum"],
                ReferralNum=draft.key_of("referral", none=0.02),
                RefType=draft.weighted({0: 2, 1: 6, 2: 1}),
                ItemOrder=draft.between(0, 2),
                RefDate=draft.day(),
            )


def prescribe(draft: Draft) -> None:
    """Write prescriptions."""
    for _ in range(draft.between(8, 14)):
        draft.add(
            "rxpat",
            PatNum=draft.key_of("patient", none=0.06, lost=0.05),
            RxDate=draft.day(),
            Drug=draft.pick(("Amoxicillin 500 mg", "Ibuprofen 600 mg", "")),
            Sig=draft.pick(("1 tablet every 8 hours", "as needed")),
            Disp=draft.pick(("21", "")),
            ProvNum=draft.provider(),
            ClinicNum=draft.clinic(),
        )


def grant_discounts(draft: Draft) -> None:
    """Write discount plans and who has one."""
    for name in ("Seniors", "Staff", "Lost schedule"):
        draft.add(
            "discountplan",
            Description=name,
            FeeSchedNum=LOST if name == "Lost schedule" else draft.key_of("feesched", none=0.0),
            DefNum=draft.weighted({draft.definitions["plan discount"]: 5, LOST: 1, 0: 1}),
            IsHidden=int(draft.chance(0.3)),
        )
    for _ in range(draft.between(8, 14)):
        draft.add(
            "discountplansub",
            DiscountPlanNum=draft.key_of("discountplan", none=0.08),
            PatNum=draft.key_of("patient", none=0.08, lost=0.06),
            DateEffective=draft.day(empty=0.2),
            DateTerm=draft.day(empty=0.4),
        )
