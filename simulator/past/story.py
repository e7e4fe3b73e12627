"""Tells the years before the lived ones, in order."""

from __future__ import annotations

from random import Random

from include.endpoints import Endpoint
from include.open_dental import schema
from include.source.session import SourceConnection, quote
from simulator.background import Background
from simulator.past import careers, paperwork, registration
from simulator.past.claims import Claims
from simulator.past.desk import Desk
from simulator.past.ledger import Ledger
from simulator.world import Practice

# So many loads of rows wait in memory at most.
_LOADS = 12


def tell(practice: Practice, connection: SourceConnection, *, endpoint: Endpoint) -> None:
    """Write the past into the database and the closed books; the clock then stands after it.

    What the practice was furnished with must be saved. Accounts and paper are written side by
    side: what is made from the accounts follows when these are complete.
    """
    plan = practice.plan
    random = Random(f"{plan.seed} past")  # noqa: S311 - a simulation, repeatable
    desk = Desk(practice, random)
    claims = Claims(desk)
    ledger = Ledger(desk, claims)
    families = careers.families(practice, random)
    for family in families:
        desk.plan(family.arrived, registration.register, desk, family)
        for day in family.days:
            desk.plan(day, ledger.visit, family)
    paper = paperwork.Paper(practice)
    with Background(endpoint) as clerk, Background(endpoint, most_waiting=_LOADS) as cashier:
        for statement in paper.independent():
            clerk.do(statement)
        desk.live_through(cashier, close_day=claims.close_day)
        cashier.wait()
        for statement in paper.from_accounts():
            clerk.do(statement)
    practice.closed.seal()
    _take_numbers(practice, connection)
    practice.clock.turn(plan.lived_from)
    registration.hand_over(practice, families)


def _take_numbers(practice: Practice, connection: SourceConnection) -> None:
    """Take note of the keys that the server gave out."""
    with connection.cursor() as cursor:
        for table in schema.tables().values():
            cursor.execute(f"select max({quote(table.key)}) from {quote(table.name)}")  # noqa: S608
            (last,) = cursor.fetchone() or (None,)
            if last:
                practice.journal.skip_to(table.name, int(last))
