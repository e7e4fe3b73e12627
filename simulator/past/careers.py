"""Who came to the practice in the years before the lived ones, when, and with which cover."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from simulator.books import Cents
from simulator.names import CITIES, FIRST_NAMES, LAST_NAMES, STREETS
from simulator.people import FAMILY_SIZES, INSURED
from simulator.world import InsurancePlan, Practice

# Visits of a family until it stays away for good: exponential, with a long tail of faithful ones.
MEAN_VISITS = 10.5
_MOST_VISITS = 70
_SHORTEST_GAP, _LONGEST_GAP = 14, 130
# A member comes along on a family's visit with this chance.
COMES_ALONG = 0.45
# Families whose bills carry discounts.
DISCOUNTED = 0.62
# A family's last visit lies so many days before the lived years: its account has come to rest.
QUIET_DAYS = 75


@dataclass(slots=True, eq=False)
class FormerPatient:
    """A patient of the years before; `visits` counts those that have been."""

    num: int
    last: str
    first: str
    born: date
    gender: int
    is_perio: bool
    patplan: int = 0
    recall: int = 0
    visits: int = 0

    def is_child(self, day: int) -> bool:
        """Say whether the patient is under fourteen on a day."""
        return day - self.born.toordinal() < 14 * 365


@dataclass(slots=True, eq=False)
class FormerFamily:
    """A family and the days of its visits, as ordinals; `stays` if it still comes afterwards."""

    members: list[FormerPatient]
    address: tuple[str, str, str]
    arrived: int
    days: list[int]
    stays: bool
    is_discounted: bool
    clinic: int
    dentist: int
    hygienist: int
    plan: InsurancePlan | None = None
    inssub: int = 0
    unearned: Cents = 0

    @property
    def guarantor(self) -> int:
        """The first adult's number."""
        return self.members[0].num


def families(practice: Practice, random: Random) -> list[FormerFamily]:
    """Return the families of the years before in the order of their arrival."""
    plan = practice.plan
    first, last = plan.first_day.toordinal(), plan.lived_from.toordinal() - 1
    sizes: list[int] = []
    left = plan.former
    while left > 0:
        sizes.append(min(left, random.choice(FAMILY_SIZES)))
        left -= sizes[-1]
    arrivals = sorted(first + int((last - first) * random.random()) for _ in sizes)
    payers = [p for p in practice.insurance_plans if p.kind != "c"]
    num = practice.journal.last_key("patient")
    found = []
    for size, arrived in zip(sizes, arrivals, strict=True):
        found.append(_family(practice, random, num=num, size=size, arrived=arrived))
        if random.random() < INSURED:
            found[-1].plan = random.choice(payers)
        num += size
    return found


def _family(
    practice: Practice, random: Random, *, num: int, size: int, arrived: int
) -> FormerFamily:
    city, digits = random.choice(CITIES)
    street = f"{random.randint(1, 999)} {random.choice(STREETS)} Street"
    last = random.choice(LAST_NAMES)
    members = [_member(random, num + 1 + i, last=last, is_adult=i < 2, day=arrived)
               for i in range(size)]  # fmt: skip
    until = practice.plan.lived_from.toordinal() - QUIET_DAYS
    visits = 1 + min(_MOST_VISITS, int(random.expovariate(1 / MEAN_VISITS)))
    days: list[int] = []
    day = arrived
    for _ in range(visits):
        opened = _open_day(practice, day)
        if opened >= until:
            break
        days.append(opened)
        day = opened + random.randint(_SHORTEST_GAP, _LONGEST_GAP)
    # Who would come again after the past has ended is a patient of the lived years.
    stays = len(days) < visits
    clinic = random.choice(practice.clinics) if practice.clinics else 0
    dentists = [one.num for one in practice.dentists if one.clinic == clinic]
    hygienists = [one.num for one in practice.hygienists if one.clinic == clinic]
    return FormerFamily(
        members, (street, city, digits), arrived, days, stays,
        random.random() < DISCOUNTED, clinic, random.choice(dentists), random.choice(hygienists),
    )  # fmt: skip


def _member(random: Random, num: int, *, last: str, is_adult: bool, day: int) -> FormerPatient:
    years = random.randint(20, 82) if is_adult else random.randint(2, 17)
    born = date.fromordinal(day) - timedelta(days=years * 365 + random.randint(0, 364))
    return FormerPatient(
        num, last, random.choice(FIRST_NAMES), born, random.randint(0, 1),
        is_perio=years > 30 and random.random() < 0.18,
    )  # fmt: skip


def _open_day(practice: Practice, day: int) -> int:
    return practice.clock.open_day(date.fromordinal(day)).toordinal()
