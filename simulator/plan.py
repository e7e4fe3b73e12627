"""What to simulate, and what kind of practice that is.

The years decide the kind. A young practice is simulated day by day from its first day on. One of
many years has a past: its accounts and its paper from before the lived years, taken over from the
system that it used then, as old practices have it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from include.open_dental.schema import Engine
from simulator.settings import OfficeSettings, settings_of

YOUNG_YEARS = 3
OLD_YEARS = 30
# So many patients do not come to an office within a few years: it must be an old one.
OLD_FROM_PATIENTS = 4_000
# From so many years on a practice has a past.
PAST_FROM_YEARS = 12
# The size that the volumes of the past are stated for.
FULL_SIZE = 35_000
# The last years of a practice with a past, which are simulated day by day.
LIVED_YEARS = 3
# Of all patients ever, those who come for the first time in the lived years.
ARRIVING_SHARE = 0.055


@dataclass(frozen=True, slots=True)
class Habits:
    """What offices do more or less often; payment plans at most so many, over so many months."""

    saved_plans: float
    kept_confirmations: float
    logged_texts: float
    mailed_statements: float
    payment_plans: int
    dynamic_plans: float
    months: int


YOUNG_HABITS = Habits(
    saved_plans=0.35,
    kept_confirmations=0.3,
    logged_texts=0.2,
    mailed_statements=0.6,
    payment_plans=1_000_000,
    dynamic_plans=0.35,
    months=10,
)


def natural_years(patients: int) -> int:
    """Return how long a practice has existed that has seen so many patients."""
    return OLD_YEARS if patients >= OLD_FROM_PATIENTS else YOUNG_YEARS


@dataclass(frozen=True, slots=True)
class PracticePlan:
    """What to simulate; the same plan gives the same rows and the same books.

    `patients` come over `years` years that end on `until`, the last simulated day. `engine` makes
    every table of that storage engine; None keeps each table's own.
    """

    patients: int
    years: int
    seed: int
    until: date
    engine: Engine | None = None

    @property
    def first_day(self) -> date:
        """The day on which the practice opens."""
        return self.until - timedelta(days=round(365.25 * self.years) - 1)

    @property
    def has_past(self) -> bool:
        """Say whether the practice is old: then only its last years are lived day by day."""
        return self.years >= PAST_FROM_YEARS

    @property
    def lived_years(self) -> int:
        """How many years are simulated day by day."""
        return LIVED_YEARS if self.has_past else self.years

    @property
    def lived_from(self) -> date:
        """The first day that is simulated by itself."""
        return self.until - timedelta(days=round(365.25 * self.lived_years) - 1)

    @property
    def arriving(self) -> int:
        """How many patients come for the first time in the lived years."""
        return round(self.patients * ARRIVING_SHARE) if self.has_past else self.patients

    @property
    def former(self) -> int:
        """How many patients came before the lived years."""
        return self.patients - self.arriving

    @property
    def habits(self) -> Habits:
        """The office's habits; an old one saves and finances less."""
        if not self.has_past:
            return YOUNG_HABITS
        return Habits(
            saved_plans=0.12,
            kept_confirmations=0.2,
            logged_texts=0.034,
            mailed_statements=0.72,
            payment_plans=max(1, round(2 * self.scale)),
            dynamic_plans=0.0,
            months=12,
        )

    @property
    def settings(self) -> OfficeSettings:
        """What the office has decided."""
        return settings_of(self.seed)

    @property
    def scale(self) -> float:
        """The size as a share of the practice that the volumes of the past are stated for."""
        return self.patients / FULL_SIZE
