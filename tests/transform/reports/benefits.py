"""What insurance plans pay at most, as the treatment finder reads their benefits."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from tests.transform.reports.practice import Practice, Row
from tests.transform.reports.rules import BLANK, months_later, procedure_codes

LIMITATION = 5
FAMILY = 2
GENERAL = 1
YEARLY = (1, 2)

Span = tuple[str, str]


def maximums(practice: Practice, *, of_family: bool) -> Mapping[int, Decimal]:
    """Return the largest general limitation by plan, of the individual or the family; else -1.

    Neither its period nor its procedure code is asked for.
    """
    categories = practice.by_key("covcat", "CovCatNum")
    found: dict[int, Decimal] = defaultdict(lambda: BLANK)
    for benefit in money_limitations(practice):
        category = categories.get(benefit["CovCatNum"])
        # A category that is gone is none.
        is_general = category is None or category["EbenefitCat"] == GENERAL
        if is_general and (benefit["CoverageLevel"] == FAMILY) == of_family:
            found[benefit["PlanNum"]] = max(found[benefit["PlanNum"]], benefit["MonetaryAmt"])
    return found


def limited_spans(practice: Practice) -> Mapping[int, list[Span]]:
    """Return the spans of codes by plan that a yearly limitation other than the general covers."""
    categories = practice.by_key("covcat", "CovCatNum")
    spans = practice.grouped("covspan", "CovCatNum")
    found: dict[int, list[Span]] = defaultdict(list)
    for benefit in money_limitations(practice):
        category = categories.get(benefit["CovCatNum"])
        if (
            benefit["TimePeriod"] in YEARLY
            and category is not None
            and category["EbenefitCat"] != GENERAL
        ):
            found[benefit["PlanNum"]] += [
                (span["FromCode"].upper(), span["ToCode"].upper())
                for span in spans[category["CovCatNum"]]
            ]
    return found


def money_limitations(practice: Practice) -> list[Row]:
    """Return the benefits that limit an amount of money."""
    return [
        row
        for row in practice.rows("benefit")
        if row["BenefitType"] == LIMITATION
        and row["QuantityQualifier"] == 0
        and row["MonetaryAmt"] > 0
    ]


def claimed_codes(practice: Practice) -> Mapping[int, str]:
    """Return the code of the procedure of each claim procedure that has one."""
    codes = procedure_codes(practice)
    procedures = practice.by_key("procedurelog", "ProcNum")
    found = {}
    for row in practice.rows("claimproc"):
        procedure = procedures.get(row["ProcNum"])
        if procedure is not None and procedure["CodeNum"] in codes:
            found[row["ClaimProcNum"]] = codes[procedure["CodeNum"]]
    return found


def is_in_benefit_year(on: date, month_renew: int, today: date) -> bool:
    """Return whether a day is in the plan's year of today; without a month the calendar's."""
    start = date(today.year, month_renew or 1, 1)
    if start > today:
        start = months_later(start, -12)
    return start <= on < months_later(start, 12)
