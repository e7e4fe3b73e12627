"""How the balances that Open Dental stores on each guarantor compare with ours, in one line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from include.names import counted
from include.ops.mart_states import MartState
from include.warehouse.session import WarehouseConnection

MART = "od_reconcile_aging"


@dataclass(frozen=True, slots=True)
class StoredBalances:
    """A comparison of all families; `reasons` has the number of families that differ by reason.

    `amount` is the sum of the differences between the balances, each without its sign. `aged_on` is
    the day as of which Open Dental stored them, None if it never did.
    """

    families: int
    reasons: Mapping[str, int]
    amount: Decimal
    aged_on: date | None

    @property
    def differing(self) -> int:
        """The families of which a stored figure differs from ours."""
        return sum(self.reasons.values())

    def line(self) -> str:
        """Return the comparison as a line of a report."""
        families = counted(self.families, "family", "families")
        stored = f"stores them as of {self.aged_on or 'no day that it names'}"
        if not self.differing:
            return f"balances: all of {families} as Open Dental {stored}"
        why = ", ".join(f"{reason} {count}" for reason, count in self.reasons.items())
        return (
            f"balances: {self.differing} of {families} other than Open Dental {stored}, by "
            f"{self.amount:,.2f} in sum ({why}): see {MART}"
        )


def compare_balances(
    connection: WarehouseConnection, marts: Sequence[MartState]
) -> StoredBalances | None:
    """Return the comparison as its mart holds it; None if the mart is not among these, or empty."""
    if not any(mart.name == MART and mart.built_at for mart in marts):
        return None
    groups = connection.execute(
        """
        select difference_reason, count(*), sum(abs(difference_amount))
        from marts.od_reconcile_aging
        group by difference_reason
        order by count(*) desc, difference_reason
        """
    ).fetchall()
    if not groups:
        return None
    ((aged_on,),) = connection.execute(
        "select last_aging_on from intermediate.int_preferences_pivoted"
    ).fetchall()
    return StoredBalances(
        families=sum(count for _, count, _ in groups),
        reasons={str(reason): count for reason, count, _ in groups if reason is not None},
        amount=sum((amount or Decimal() for _, _, amount in groups), Decimal()),
        aged_on=aged_on,
    )
