"""The simulated practice as it stands: people, cover, work and money that is still moving.

Only what the future can still touch is kept here; what is over lives in the database. Amounts are
whole cents. Numbers called `num` are the keys of the rows that stand for the thing.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random
from typing import Any

from simulator.books import Books, Cents, Posting
from simulator.clock import Clock
from simulator.closed_years import ClosedYears
from simulator.journal import Journal, Row
from simulator.plan import PracticePlan
from simulator.statuses import APPOINTMENT_SCHEDULED


@dataclass(frozen=True, slots=True)
class Code:
    """A procedure code: its fee, how long it takes, and which benefit class pays for it."""

    num: int
    code: str
    description: str
    fee: Cents
    minutes: int
    benefit: str
    area: str
    is_hygiene: bool


@dataclass(slots=True, eq=False)
class InsurancePlan:
    """An employer's plan at a carrier. `kind` is Open Dental's PlanType."""

    num: int
    carrier: int
    carrier_name: str
    kind: str
    percents: dict[str, int]
    annual_max: Cents
    deductible: Cents
    allowed_percent: int
    fee_schedule: int


@dataclass(slots=True, eq=False)
class Coverage:
    """A patient's cover by a plan, with what it has paid in each year."""

    patplan: int
    inssub: int
    plan: InsurancePlan
    ordinal: int
    relationship: int
    used: dict[int, Cents] = field(default_factory=dict)
    deductible_met: dict[int, Cents] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class ClaimLine:
    """A claimproc: what a cover is expected to pay, and has paid, for one procedure."""

    num: int
    procedure: Procedure
    coverage: Coverage
    insurance: Cents
    write_off: Cents
    deductible: Cents = 0
    claim: int = 0
    snapshot: int = 0
    expected_write_off: Cents = 0
    is_received: bool = False


@dataclass(slots=True, eq=False)
class Procedure:
    """A procedure on a patient, planned or completed, and its open account."""

    num: int
    patient: Patient
    code: Code
    fee: Cents
    provider: int
    tooth: str = ""
    surface: str = ""
    units: int = 1
    clinic: int = 0
    completed_on: date | None = None
    lines: list[ClaimLine] = field(default_factory=list)
    is_preauthorized: bool = False
    capitation: Cents = 0
    adjusted: Cents = 0
    paid: Cents = 0

    @property
    def total(self) -> Cents:
        """Return the fee for all units."""
        return self.fee * self.units

    @property
    def remaining(self) -> Cents:
        """Return what the patient owes after what insurance is expected to take."""
        expected = sum(line.insurance + line.write_off for line in self.lines)
        return self.total - self.capitation - expected + self.adjusted - self.paid

    def posting(self, day: date, cents: Cents, *, is_tied: bool = False) -> Posting:
        """Return a fact about this work, of its patient, provider and clinic."""
        return Posting(
            self.patient.num,
            day,
            cents,
            procedure=self.num if is_tied else 0,
            procedure_day=self.completed_on if is_tied else None,
            provider=self.provider,
            clinic=self.clinic,
        )


@dataclass(slots=True, eq=False)
class Appointment:
    """A visit that is planned or booked."""

    num: int
    patient: Patient
    purpose: str
    day: date
    minute: int
    minutes: int
    operatory: int
    provider: int
    hygienist: int
    procedures: list[Procedure]
    clinic: int = 0
    status: int = APPOINTMENT_SCHEDULED
    values: Row = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Claim:
    """A claim that waits for the carrier."""

    num: int
    patient: Patient
    coverage: Coverage
    lines: list[ClaimLine]
    kind: str
    secondary: Claim | None = None
    is_deleted: bool = False
    trackings: list[int] = field(default_factory=list)
    transmission: int = 0


@dataclass(slots=True, eq=False)
class PaymentPlan:
    """Work that is paid in monthly charges, until it is paid and closed."""

    num: int
    family: Family
    patient: Patient
    left: Cents
    monthly: Cents
    charge: int = 0
    linked: int = 0
    charges: list[int] = field(default_factory=list)
    splits: list[int] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Patient:
    """A patient; `habit` is the chance of coming to a visit that is due."""

    num: int
    family: Family
    last: str
    first: str
    born: date
    gender: int
    provider: int
    hygienist: int
    habit: float
    clinic: int = 0
    is_perio: bool = False
    is_active: bool = True
    status: int = 0
    covers: list[Coverage] = field(default_factory=list)
    discount_percent: int = 0
    treatment_plan: int = 0
    planned: list[Procedure] = field(default_factory=list)
    next_visit: Appointment | None = None
    recall: int = 0
    last_xrays: date | None = None
    visits: int = 0

    def age(self, day: date) -> int:
        """Return the age in whole years."""
        return day.year - self.born.year - ((day.month, day.day) < (self.born.month, self.born.day))


@dataclass(slots=True, eq=False)
class Family:
    """The people whose bills go to one guarantor, and what of the bills is open."""

    guarantor: int
    members: list[Patient] = field(default_factory=list)
    open: list[Procedure] = field(default_factory=list)
    unearned: Cents = 0
    hidden: Cents = 0
    reminders: int = 0
    is_billed: bool = False
    address: tuple[str, str, str, str] = ("", "", "", "")
    clinic: int = 0
    has_payment_plan: bool = False


@dataclass(slots=True)
class Provider:
    """A dentist or a hygienist and the operatories they work in."""

    num: int
    user: int
    is_hygienist: bool
    clinic: int
    operatories: list[int]
    weekdays: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Hours:
    """An interval of a day, in minutes: a provider's working time, or a room blocked for all."""

    begin: int
    end: int
    provider: Provider | None
    room: int = 0


@dataclass(slots=True)
class Recent:
    """Rows that people still correct, newest last; older ones are left alone."""

    limit: int = 200
    _kept: dict[str, list[Any]] = field(default_factory=lambda: defaultdict(list))

    def remember(self, kind: str, thing: Any) -> None:
        """Keep a thing until too many newer ones have come."""
        kept = self._kept[kind]
        kept.append(thing)
        if len(kept) > 2 * self.limit:
            del kept[: self.limit]

    def of(self, kind: str) -> list[Any]:
        """Return what is kept of a kind; the caller may take things out."""
        return self._kept[kind]


class Practice:
    """Everything that a simulated day reads and changes."""

    def __init__(self, plan: PracticePlan) -> None:
        self.plan = plan
        self.random = Random(plan.seed)  # noqa: S311 - a simulation, repeatable
        self.journal = Journal()
        self.books = Books(plan.settings.plans_version)
        self.closed = ClosedYears()
        # The guarantors of patients who came before the lived years and stayed away since.
        self.former: dict[int, int] = {}
        self.clock = Clock(self.journal, plan.first_day)
        self.definitions: dict[str, int] = {}
        self.codes: dict[str, Code] = {}
        self.ucr_schedule = 0
        self.discount_plan = 0
        self.preferences: dict[str, int] = {}
        # The clinics; none where the practice is one place.
        self.clinics: list[int] = []
        self.dentists: list[Provider] = []
        self.hygienists: list[Provider] = []
        self.desk: list[int] = []
        self.employees: list[int] = []
        self.insurance_plans: list[InsurancePlan] = []
        self.lists: dict[str, list[int]] = {}
        self.families: list[Family] = []
        self.patients: list[Patient] = []
        self.agenda: dict[date, list[tuple[str, Any]]] = defaultdict(list)
        self.free: dict[tuple[date, int], int] = {}
        # The hours of coming days, with the rows of schedule and scheduleop that hold them.
        self.hours: dict[date, list[tuple[Hours, int, list[int]]]] = {}
        self.scheduled_until = plan.lived_from
        self.day_money: list[tuple[str, int, Cents]] = []
        self.recent = Recent()
        self._happened: set[str] = set()
        self.balances: dict[int, tuple[Cents, ...]] = {}

    @property
    def day(self) -> date:
        """The simulated day."""
        return self.clock.day

    def chance(self, probability: float) -> bool:
        """Throw the dice."""
        return self.random.random() < probability

    def rarely(self, what: str, probability: float) -> bool:
        """Throw the dice for something rare; the first time that it may happen it does.

        So a small practice has all that a large one has. What never happens never does.
        """
        happens = self.chance(probability)
        if probability and what not in self._happened:
            self._happened.add(what)
            return True
        return happens

    def plan_for(self, day: date, event: str, subject: Any = None) -> None:
        """Put an event on the agenda; a past day means today's next look at the agenda."""
        self.agenda[max(day, self.day)].append((event, subject))

    def in_days(self, low: int, high: int) -> date:
        """Return an open day that many days ahead, or the next one after it."""
        return self.clock.open_day(self.day + timedelta(days=self.random.randint(low, high)))

    def definition(self, name: str) -> int:
        """Return the DefNum of an office's own code, by category and name."""
        return self.definitions[name]

    def some_clinic(self) -> int:
        """Return any of the clinics, or 0 where there are none."""
        return self.random.choice(self.clinics) if self.clinics else 0

    def clinic_in_turn(self, index: int) -> int:
        """Return the clinic that an index falls on when they take turns, or 0 without any."""
        return self.clinics[index % len(self.clinics)] if self.clinics else 0

    def some_dentist(self, clinic: int) -> Provider:
        """Return a dentist of a clinic."""
        return self.random.choice([one for one in self.dentists if one.clinic == clinic])

    def some_hygienist(self, clinic: int) -> Provider:
        """Return a hygienist of a clinic."""
        return self.random.choice([one for one in self.hygienists if one.clinic == clinic])

    def desk_user(self) -> int:
        """Return somebody at the front desk."""
        return self.random.choice(self.desk)
