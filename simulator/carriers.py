"""Carriers, their fee schedules, and the plans that employers bought."""

from __future__ import annotations

from dataclasses import dataclass

from include.open_dental.codes import number
from include.open_dental.values import BLANK
from simulator import office
from simulator.books import Cents
from simulator.journal import Value
from simulator.names import CARRIERS, CITIES, EMPLOYERS
from simulator.world import InsurancePlan, Practice

_BENEFIT_CLASSES = ("preventive", "basic", "major")
# PlanType, weight: PPO, percentage, capitation.
_KINDS = (("p", 62), ("", 33), ("c", 5))
_COINSURANCE = number("InsBenefitType", "CoInsurance")
_DEDUCTIBLE_TYPE = number("InsBenefitType", "Deductible")
_LIMITATION = number("InsBenefitType", "Limitations")
_CALENDAR_YEAR = number("BenefitTimePeriod", "CalendarYear")
_NO_LEVEL = number("BenefitCoverageLevel", "None")
_INDIVIDUAL = number("BenefitCoverageLevel", "Individual")
_DEDUCTIBLE: Cents = 5_000
PLANS_PER_100_PATIENTS = 4
# Plans are never deleted: an old office has seen many.
PLANS_PER_100_PATIENTS_EVER = 18


@dataclass(frozen=True, slots=True)
class Network:
    """A carrier's terms for one kind of plan: what it allows of the office's fees."""

    carrier: int
    carrier_name: str
    kind: str
    fee_schedule: int
    allowed_percent: int


def open_plans(practice: Practice) -> None:
    """Write the carriers and their plans as they stand on the first day."""
    journal, random = practice.journal, practice.random
    carriers = []
    for index, name in enumerate(CARRIERS):
        city, digits = CITIES[index % len(CITIES)]
        carriers.append(
            journal.insert(
                "carrier",
                CarrierName=name,
                Address=f"{index + 1} Carrier Plaza",
                City=city,
                State="OR",
                Zip=digits,
                Phone=f"(800)555-01{index:02}",
                ElectID=f"9900{index}",
                SecUserNumEntry=1,
                SecDateEntry=practice.day,
            )
        )
    share = PLANS_PER_100_PATIENTS_EVER if practice.plan.has_past else PLANS_PER_100_PATIENTS
    kinds = random.choices(
        [kind for kind, _ in _KINDS],
        [weight for _, weight in _KINDS],
        k=max(8, practice.plan.patients * share // 100),
    )
    kinds[:3] = ["p", "", "c"]
    codes = list(practice.codes.values())
    networks: dict[tuple[int, str], Network] = {}
    for index, kind in enumerate(kinds):
        carrier = index % len(carriers)
        if (carrier, kind) not in networks:
            percent = random.choice((62, 68, 74, 80)) if kind == "p" else 100
            schedule = 0
            if kind == "p":
                schedule = journal.insert(
                    "feesched", Description=f"{CARRIERS[carrier]} network", FeeSchedType=0
                )
                office.fee_schedule(practice, schedule, codes=codes, percent=percent)
            networks[carrier, kind] = Network(
                carriers[carrier], CARRIERS[carrier], kind, schedule, percent
            )
        practice.insurance_plans.append(_plan(practice, networks[carrier, kind]))


def _plan(practice: Practice, network: Network) -> InsurancePlan:
    random = practice.random
    percents = {
        "preventive": 100,
        "basic": random.choice((70, 80, 80, 90)),
        "major": random.choice((40, 50, 50, 60)),
        "none": 0,
    }
    maximum = random.choice((100_000, 150_000, 150_000, 200_000))
    num = practice.journal.insert(
        "insplan",
        GroupName=f"{random.choice(CITIES)[0]} {random.choice(EMPLOYERS)}",
        GroupNum=f"G{random.randint(1000, 9999)}",
        PlanNote="",
        FeeSched=network.fee_schedule,
        PlanType=network.kind,
        CarrierNum=network.carrier,
        FilingCode=1,
        CobRule=0,
        SecUserNumEntry=1,
        SecDateEntry=practice.day,
    )
    plan = InsurancePlan(
        num,
        network.carrier,
        network.carrier_name,
        network.kind,
        percents,
        maximum,
        _DEDUCTIBLE,
        network.allowed_percent,
        network.fee_schedule,
    )
    _benefits(practice, plan)
    return plan


def _benefits(practice: Practice, plan: InsurancePlan) -> None:
    """Write what a plan pays: shares by class, the year's maximum and the deductible."""
    for category, name in zip(practice.lists["covcat"][1:], _BENEFIT_CLASSES, strict=True):
        _benefit(
            practice, plan, BenefitType=_COINSURANCE, CovCatNum=category,
            Percent=plan.percents[name], MonetaryAmt=BLANK, CoverageLevel=_NO_LEVEL,
        )  # fmt: skip
    for kind, amount in ((_LIMITATION, plan.annual_max), (_DEDUCTIBLE_TYPE, plan.deductible)):
        _benefit(
            practice, plan, BenefitType=kind, CovCatNum=0,
            Percent=BLANK, MonetaryAmt=amount / 100, CoverageLevel=_INDIVIDUAL,
        )  # fmt: skip


def _benefit(practice: Practice, plan: InsurancePlan, **values: Value) -> None:
    practice.journal.insert(
        "benefit",
        PlanNum=plan.num,
        TimePeriod=_CALENDAR_YEAR,
        SecDateTEntry=practice.journal.now,
        **values,
    )
