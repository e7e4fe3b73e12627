"""The settings that a seed gives an office: its clinics, and what steers its reports."""

from __future__ import annotations

from dataclasses import dataclass

# The version of payment plans that a new practice has: both charges and credits age.
AGE_CREDITS_AND_DEBITS = 2
# Value of AgingProcLifo with which rows on a procedure stay apart from it.
LIFO_OFF = "2"


@dataclass(frozen=True, slots=True)
class OfficeSettings:
    """What an office has decided; the values of preferences are those of the practice software."""

    clinics: int
    plans_version: int
    aging_lifo: str
    writeoff_mode: int

    @property
    def ties_rows(self) -> bool:
        """Say whether aging nets rows that are tied to a procedure in its bucket."""
        return self.aging_lifo != LIFO_OFF


def settings_of(seed: int) -> OfficeSettings:
    """Return the settings of a seed's office.

    Seed 1 has two clinics and otherwise what a new practice has. Eight seeds in a row have every
    version of payment plans with clinics and without, nine every other value.
    """
    return OfficeSettings(
        clinics=2 * ((seed + seed // 4) % 2),
        plans_version=(1, AGE_CREDITS_AND_DEBITS, 3, 4)[seed % 4],
        aging_lifo=(LIFO_OFF, "0", "1")[seed % 3],
        writeoff_mode=seed // 3 % 3,
    )
