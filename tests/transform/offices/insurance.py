"""Carriers, insurance plans, who is covered by them, and what they grant; fee schedules."""

from __future__ import annotations

from decimal import Decimal

from tests.transform.offices.draft import LOST, Draft, DraftRow
from tests.transform.reports.practice import EMPTY

_BLANK = Decimal(-1)
GENERAL, DIAGNOSTIC, PERIO = 1, 2, 3
LIMITATION = 5
FAMILY = 2
CALENDAR_YEAR = 2


def insure(draft: Draft) -> None:
    """Write carriers, plans, subscriptions and benefits, and cover a good half of the patients."""
    for name in ("Acme Dental", "Acme Dental", "Best Life", "", "Delta"):
        draft.add("carrier", CarrierName=name)
    for category, covered in ((GENERAL, "D0000-D9999"), (DIAGNOSTIC, "D0100-D0999")):
        _category(draft, category, covered)
    _category(draft, PERIO, "D4000-D4999")
    for plan_type, month, is_medical in (
        ("", 0, 0),
        ("p", 0, 0),
        ("p", 7, 0),
        ("P", 0, 0),
        ("f", 1, 0),
        ("c", 0, 0),
        ("c", 12, 0),
        ("", 0, 1),
    ):
        plan = draft.add(
            "insplan",
            PlanType=plan_type,
            MonthRenew=_first_month(draft, month),
            IsMedical=is_medical,
            GroupName=draft.pick(("", "Alpha", "Alpha", "Beta")),
            CarrierNum=draft.key_of("carrier", none=0.02, lost=0.05),
        )
        _grant(draft, plan)
    for _ in range(draft.between(12, 18)):
        _subscribe(draft)
    for patient in draft.some(draft.rows("patient"), 0.75):
        _cover(draft, patient)


def price(draft: Draft) -> None:
    """Write fee schedules, one of them hidden, and fees: blank, of a clinic, two of one code."""
    for name, is_hidden in (("Old", 1), ("Office", 0), ("PPO", 0)):
        draft.add("feesched", Description=name, IsHidden=is_hidden)
    for code in draft.rows("procedurecode"):
        for _ in range(draft.weighted({0: 1, 1: 4, 2: 2, 3: 1})):
            draft.add(
                "fee",
                FeeSched=draft.key_of("feesched"),
                CodeNum=draft.weighted({code["CodeNum"]: 20, LOST: 1}),
                Amount=draft.pick((_BLANK, Decimal(0), draft.amount(10, 900), draft.amount(1, 99))),
                ClinicNum=draft.pick((0, 0, draft.clinic())),
                ProvNum=draft.provider(none=0.7),
            )


def _first_month(draft: Draft, month: int) -> int:
    """Return when benefits begin anew: with the year (0), this month, the next, or another."""
    return draft.pick((month, 0, 0, 0, draft.today.month, 1 + draft.today.month % 12))


def _category(draft: Draft, meaning: int, covered: str) -> None:
    category = draft.add("covcat", Description=f"Category {meaning}", EbenefitCat=meaning)
    first, _, last = covered.partition("-")
    draft.add("covspan", CovCatNum=category["CovCatNum"], FromCode=first, ToCode=last)


def _grant(draft: Draft, plan: DraftRow) -> None:
    general, diagnostic, perio = (row["CovCatNum"] for row in draft.rows("covcat"))
    limits = {
        # coverage level: what the year's maximum may be
        1: (_BLANK, Decimal(0), Decimal(150), Decimal(1000), Decimal("1500.50")),
        0: (_BLANK, Decimal(80), Decimal(1200)),
        FAMILY: (_BLANK, Decimal(300), Decimal(2500)),
    }
    for level, amounts in limits.items():
        for amount in draft.some(amounts, 0.35):
            draft.add(
                "benefit",
                PlanNum=plan["PlanNum"],
                BenefitType=LIMITATION,
                TimePeriod=CALENDAR_YEAR,
                CovCatNum=draft.pick((0, general)),
                CoverageLevel=level,
                MonetaryAmt=amount,
            )
    if draft.chance(0.5):
        # A yearly limit of its own for some codes, larger than the plan's maximum.
        draft.add(
            "benefit",
            PlanNum=plan["PlanNum"],
            BenefitType=LIMITATION,
            TimePeriod=CALENDAR_YEAR,
            CovCatNum=draft.pick((perio, diagnostic)),
            CoverageLevel=1,
            MonetaryAmt=Decimal(5000),
        )
    # What looks like a maximum and is none: another kind, or a limit by number.
    for kind, quantity in ((LIMITATION, 1), (2, 0)):
        draft.add(
            "benefit",
            PlanNum=plan["PlanNum"],
            BenefitType=kind,
            QuantityQualifier=quantity,
            CovCatNum=general,
            CoverageLevel=draft.pick((1, FAMILY)),
            MonetaryAmt=Decimal(9000),
        )


def _subscribe(draft: Draft) -> None:
    draft.add(
        "inssub",
        PlanNum=draft.key_of("insplan", none=0.0),
        Subscriber=draft.key_of("patient", none=0.0),
        DateEffective=draft.pick((EMPTY, draft.after(-400), draft.day(empty=0))),
        DateTerm=draft.pick((EMPTY, EMPTY, draft.after(400), draft.day(empty=0))),
    )


def _cover(draft: Draft, patient: DraftRow) -> None:
    """Cover a patient by one or two plans; now and then by a second one without a first."""
    ordinals = draft.weighted({(1,): 6.0, (1, 2): 3, (2,): 0.7})
    subscriptions = draft.random.sample(draft.rows("inssub"), len(ordinals))
    for ordinal, subscription in zip(ordinals, subscriptions, strict=True):
        draft.add(
            "patplan",
            PatNum=patient["PatNum"],
            Ordinal=ordinal,
            InsSubNum=LOST if draft.chance(0.03) else subscription["InsSubNum"],
        )
