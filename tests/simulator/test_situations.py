"""Every situation that a mart or a rule tells apart occurs in a small practice already."""

from __future__ import annotations

import pytest

from include.source.session import SourceConnection

SITUATIONS: dict[str, set[int] | set[str]] = {
    "select distinct AptStatus from appointment": {1, 2, 3, 5, 6},
    "select distinct HistApptAction from histappointment": {0, 1, 2, 3, 4},
    "select distinct ProcStatus from procedurelog": {1, 2, 3, 4, 5, 6, 7},
    # open, received, asked before, supplemental, estimate, capitation done and expected
    "select distinct Status from claimproc": {0, 1, 2, 4, 6, 7, 8},
    # entered and on no check; paid for a whole claim
    "select distinct ClaimPaymentNum = 0 from claimproc where InsPayAmt > 0": {0, 1},
    "select distinct ProcNum = 0 from claimproc where InsPayAmt > 0": {0, 1},
    "select distinct IsPartial from claimpayment": {0, 1},
    "select distinct ClaimStatus from claim": {"R", "S"},
    "select distinct ClaimType from claim": {"P", "S", "PreAuth"},
    "select distinct PlanType from insplan": {"", "p", "c"},
    "select distinct Ordinal from patplan": {1, 2},
    "select distinct SchedType from schedule": {0, 1, 2, 3},
    "select distinct IsDynamic from payplan": {0, 1},
    "select distinct ChargeType from payplancharge": {0, 1},
    "select distinct TPStatus from treatplan": {0, 1},
    """select distinct ItemName from paysplit join definition on DefNum = UnearnedType
       where SplitAmt > 0""": {"Prepayment", "Deposit for planned work"},
    "select distinct sign(PayAmt) from payment": {-1, 0, 1},
    "select distinct sign(AdjAmt) from adjustment": {-1, 1},
    "select distinct ProcNum > 0 from adjustment": {0, 1},
    "select distinct DiscountPlanAmt > 0 from procedurelog where ProcStatus = 1": {0, 1},
    """select distinct ItemValue from adjustment join definition on DefNum = AdjType""": {
        "-",
        "+",
        "dp",
    },
}


@pytest.mark.parametrize("query", SITUATIONS)
def test_a_situation_occurs(connection: SourceConnection, query: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(query)
        assert {value for (value,) in cursor.fetchall()} >= SITUATIONS[query]


def test_appointments_are_moved_and_checks_come_after_the_decision(
    connection: SourceConnection,
) -> None:
    with connection.cursor() as cursor:
        assert cursor.execute(
            "select AptNum from histappointment group by AptNum"
            " having count(distinct AptDateTime) > 1"
        )
        assert cursor.execute(
            "select 1 from claimproc join claimpayment using (ClaimPaymentNum)"
            " where CheckDate > DateCP"
        )


def test_nullable_columns_hold_nulls(connection: SourceConnection) -> None:
    with connection.cursor() as cursor:
        for table, column in (
            ("patient", "Preferred"),
            ("refattach", "Note"),
            ("clockevent", "Note"),
            ("preference", "Comments"),
        ):
            assert cursor.execute(f"select 1 from {table} where {column} is null"), column
