"""Who works in an office, who is treated there, and whose account pays for it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from tests.transform.offices.draft import LOST, Draft, DraftRow
from tests.transform.reports.practice import EMPTY

FAMILIES = (12, 20)
# A treated, a deleted and so on: every status of Open Dental.
_STATUSES = {0: 10.0, 1: 1, 2: 2, 3: 2, 4: 1.5, 5: 1, 6: 1}


def employ(draft: Draft) -> None:
    """Write providers and users; in every fifth office all providers are deleted."""
    everyone_left = draft.seed % 5 == 2
    for name, is_deleted, is_report_hidden, is_hidden, goal in (
        ("Ahmed", 0, 0, 0, "250.00"),
        ("Baker", 0, 0, 0, "120.50"),
        ("Baker", 0, 0, 1, "0"),
        ("Chen", 1, 0, 0, "99.99"),
        ("Diaz", 0, 1, 0, "180.00"),
        ("Ebert", 1, 1, 1, "0"),
    ):
        draft.add(
            "provider",
            Abbr=name[:3],
            LName=name,
            ProvStatus=1 if everyone_left else is_deleted,
            IsHiddenReport=is_report_hidden,
            IsHidden=is_hidden,
            HourlyProdGoalAmt=Decimal(goal),
        )
    for name, is_hidden in (("ada", 0), ("bob", 0), ("carl", 1)):
        draft.add("userod", UserName=name, IsHidden=is_hidden)


def register(draft: Draft) -> None:
    """Write families, then move some: to another's account, to a guarantor that is gone, to none.

    After that the guarantor of a family may have a guarantor of their own.
    """
    families = [_family(draft) for _ in range(draft.between(*FAMILIES))]
    heads = [family[0] for family in families]
    for family in draft.some(families, 0.12):
        # The head moves alone, the others are left with a head who pays for nobody.
        family[0]["Guarantor"] = draft.pick(heads)["PatNum"]
    for family in draft.some(families, 0.08):
        family[-1]["Guarantor"] = draft.pick(heads)["PatNum"]
    if draft.chance(0.5):
        draft.pick(draft.rows("patient"))["Guarantor"] = LOST
    if draft.chance(0.3):
        draft.pick(draft.rows("patient"))["Guarantor"] = 0


def _family(draft: Draft) -> list[DraftRow]:
    size = draft.weighted({1: 3, 2: 3, 3: 2, 4: 1})
    family = [_patient(draft) for _ in range(size)]
    for member in family:
        member["Guarantor"] = family[0]["PatNum"]
    buckets = [draft.pick((Decimal(0), draft.amount(0, 300))) for _ in range(4)]
    family[0].update(
        Bal_0_30=buckets[0],
        Bal_31_60=buckets[1],
        Bal_61_90=buckets[2],
        BalOver90=buckets[3],
        BalTotal=sum(buckets, draft.pick((Decimal(0), draft.amount(-80, 0)))),
        InsEst=draft.pick((Decimal(0), draft.amount(0, 200))),
        PayPlanDue=draft.pick((Decimal(0), draft.amount(0, 100))),
    )
    return family


def _patient(draft: Draft) -> DraftRow:
    billing_types = [draft.definitions[n] for n in ("standard billing", "collections billing")]
    return draft.add(
        "patient",
        LName=draft.pick(("Long", "Short", "Wide")),
        FName=draft.pick(("Ann", "Ben", "Cleo")),
        PatStatus=draft.weighted(_STATUSES),
        Birthdate=_birthday(draft),
        Zip=draft.pick(("", "97301", "97302", "97303")),
        PriProv=draft.provider(),
        SecProv=draft.provider(none=0.5),
        BillingType=draft.weighted(
            {
                billing_types[0]: 6,
                billing_types[1]: 2,
                draft.definitions["old billing"]: 2,
                LOST: 0.4,
                0: 0.3,
            }
        ),
        ClinicNum=draft.clinic(),
        DateFirstVisit=draft.day(),
        AskToArriveEarly=0,
    )


def _birthday(draft: Draft) -> date:
    """Return a birthday: without one, of a grown-up, or at an edge of the sealant measure."""
    year = draft.today.year
    if draft.chance(0.1):
        return EMPTY
    if draft.chance(0.5):
        return date(year - draft.between(19, 80), draft.between(1, 12), draft.between(1, 28))
    inner = (date(year - 9, 1, 1), date(year - 6, 12, 31), date(year - 7, 6, 15))
    return draft.pick((*inner, date(year - 10, 12, 31), date(year - 5, 1, 1)))
