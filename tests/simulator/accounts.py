"""What Open Dental's reports say about a practice database, in SQL of their own.

Written from the reports' definitions, independent of the simulator: sums over the rows, in cents.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import date
from typing import Any

from include.source.session import SourceConnection

FEE = "pl.ProcFee * (pl.UnitQty + pl.BaseUnits)"
_HIDDEN = "(select DefNum from definition where Category = 29 and coalesce(ItemValue, '') <> '')"
_PLANS_VERSION = "(select ValueString from preference where PrefName = 'PayPlansVersion')"
# What a snapshot expected; a blank one and none count 0.
_SNAPSHOT = "if(coalesce(sn.Writeoff, -1) = -1, 0, sn.Writeoff)"

DAILY = {
    "production": f"""
        select day, sum(amount) from (
            select pl.ProcDate as day, {FEE} as amount from procedurelog pl
            where pl.ProcStatus = 2
            union all
            select pl.ProcDate, -cp.WriteOff from claimproc cp
            join procedurelog pl on pl.ProcNum = cp.ProcNum
            where pl.ProcStatus = 2 and cp.Status = 7
        ) parts group by day""",
    "adjustments": "select AdjDate, sum(AdjAmt) from adjustment group by AdjDate",
    "writeoffs_by_payment": """
        select DateCP, -sum(WriteOff) from claimproc where Status in (1, 4) group by DateCP""",
    "writeoffs_by_service": """
        select ProcDate, -sum(WriteOff) from claimproc where Status in (0, 1, 4)
        group by ProcDate""",
    "writeoff_estimates": f"""
        select date(sn.DateTEntry), -sum({_SNAPSHOT}) from claimproc cp
        join claimsnapshot sn using (ClaimProcNum) where cp.Status in (0, 1, 4) group by 1""",
    "writeoff_changes": f"""
        select cp.DateCP, sum({_SNAPSHOT} - cp.WriteOff) from claimproc cp
        left join claimsnapshot sn using (ClaimProcNum) where cp.Status in (1, 4) group by 1""",
    "patient_income": """
        select DatePay, sum(SplitAmt) from paysplit
        where IsDiscount = 0 and UnearnedType = 0 group by DatePay""",
    "unearned_income": f"""
        select DatePay, sum(SplitAmt) from paysplit
        where IsDiscount = 0 and UnearnedType <> 0 and UnearnedType not in {_HIDDEN}
        group by DatePay""",
    "insurance_income": """
        select ck.CheckDate, sum(cp.InsPayAmt) from claimproc cp
        join claimpayment ck using (ClaimPaymentNum) group by ck.CheckDate""",
    "patient_payments": """
        select PayDate, sum(PayAmt) from payment where PayAmt <> 0 group by PayDate""",
    "insurance_payments": "select CheckDate, sum(CheckAmt) from claimpayment group by CheckDate",
}

NEW_PATIENTS = """
    select first, count(*) from (
        select min(pl.ProcDate) as first from procedurelog pl
        join procedurecode pc using (CodeNum)
        where pl.ProcStatus = 2 and pc.ProcCode not in ('D9986', 'D9987')
        group by pl.PatNum
    ) visits group by first"""

BROKEN_APPOINTMENTS = """
    select date(HistDateTStamp), count(*) from histappointment
    where HistApptAction in (2, 3) group by date(HistDateTStamp)"""

# One row per transaction of the family's account: patient, day, amount, the procedure it is tied
# to and that procedure's day (0 and null for rows that are tied to none).
TRANSACTIONS = f"""
    select pl.PatNum, pl.ProcDate, {FEE}, 0, null
    from procedurelog pl where pl.ProcStatus = 2 and pl.ProcFee <> 0
    union all
    select cp.PatNum, cp.DateCP,
        -(if(cp.PayPlanNum = 0, cp.InsPayAmt, 0)) - cp.WriteOff, 0, null
    from claimproc cp left join procedurelog pl on pl.ProcNum = cp.ProcNum
    where cp.Status in (1, 4, 5, 7) and (cp.ProcNum = 0 or pl.ProcStatus = 2)
    union all
    select PatNum, AdjDate, AdjAmt, ProcNum, if(ProcNum = 0, null, ProcDate)
    from adjustment where AdjAmt <> 0
    union all
    select PatNum, DatePay, -SplitAmt, 0, null
    from paysplit where SplitAmt <> 0 and UnearnedType not in {_HIDDEN}
    and (PayPlanNum = 0 or {_PLANS_VERSION} in (2, 4))
    union all
    select PatNum, PayPlanDate, -CompletedAmt, 0, null from payplan where {_PLANS_VERSION} = 1
    union all
    select ch.Guarantor, ch.ChargeDate, ch.Principal + ch.Interest, 0, null
    from payplancharge ch join payplan pp using (PayPlanNum)
    where ch.ChargeType = 0 and pp.PlanNum = 0 and ch.ChargeDate <= %(day)s
    and {_PLANS_VERSION} = 2
    union all
    select pp.PatNum, ch.ChargeDate, -ch.Principal, ch.ProcNum, pl.ProcDate
    from payplancharge ch join payplan pp using (PayPlanNum)
    left join procedurelog pl on pl.ProcNum = ch.ProcNum
    where ch.ChargeType = 1 and ch.ChargeDate <= %(day)s and {_PLANS_VERSION} in (2, 3)
    union all
    select pl.PatNum, pl.ProcDate, -ln.AmountOverride, pl.ProcNum, pl.ProcDate
    from payplanlink ln join procedurelog pl on pl.ProcNum = ln.FKey
    where ln.LinkType = 2 and {_PLANS_VERSION} in (2, 3)"""

ESTIMATES = """
    select pa.Guarantor, sum(cp.InsPayEst + cp.WriteOff)
    from claimproc cp join patient pa using (PatNum)
    left join procedurelog pl on pl.ProcNum = cp.ProcNum
    where cp.Status = 0 and (cp.ProcNum = 0 or pl.ProcStatus = 2) group by pa.Guarantor"""

PLAN_DUE = f"""
    select family, sum(amount) from (
        select pa.Guarantor as family, ch.Principal + ch.Interest as amount
        from payplancharge ch join payplan pp using (PayPlanNum)
        join patient pa on pa.PatNum = ch.Guarantor
        join preference pr on pr.PrefName = 'PayPlansBillInAdvanceDays'
        where ch.ChargeType = 0 and pp.PlanNum = 0
            and (pp.IsClosed = 0 or {_PLANS_VERSION} <> 2)
            and ch.ChargeDate <= date_add(%(day)s, interval cast(pr.ValueString as int) day)
        union all
        select pa.Guarantor, -ps.SplitAmt
        from paysplit ps join payplan pp using (PayPlanNum) join patient pa on pa.PatNum = ps.PatNum
        where pp.IsClosed = 0 or {_PLANS_VERSION} <> 2
    ) parts group by family"""


# What would not hang together: each finds nothing.
BROKEN_MONEY = (
    # every payment is split to the cent
    """select p.PayNum from payment p left join paysplit s using (PayNum)
       group by p.PayNum having abs(max(p.PayAmt) - coalesce(sum(s.SplitAmt), 9e9)) > 0.004""",
    "select SplitNum from paysplit left join payment p using (PayNum) where p.PayNum is null",
    # every claimproc of a procedure belongs to it, and a received one to a claim of its patient
    """select ClaimProcNum from claimproc cp left join procedurelog pl using (ProcNum)
       where cp.ProcNum <> 0 and (pl.ProcNum is null or pl.PatNum <> cp.PatNum)""",
    """select ClaimProcNum from claimproc cp left join claim cl using (ClaimNum)
       where cp.Status in (0, 1, 4) and (cl.ClaimNum is null or cl.PatNum <> cp.PatNum)""",
    # every check is the sum of its lines
    """select k.ClaimPaymentNum from claimpayment k
       left join claimproc c using (ClaimPaymentNum) group by 1
       having abs(max(k.CheckAmt) - coalesce(sum(c.InsPayAmt), 9e9)) > 0.004""",
    # a deleted procedure holds no money
    """select pl.ProcNum from procedurelog pl join claimproc using (ProcNum)
       where pl.ProcStatus = 6""",
)

# The stored columns and their names in the truth.
AGING_NAMES = {
    "Bal_0_30": "bal_0_30",
    "Bal_31_60": "bal_31_60",
    "Bal_61_90": "bal_61_90",
    "BalOver90": "bal_over_90",
    "BalTotal": "bal_total",
    "InsEst": "ins_est",
    "PayPlanDue": "payplan_due",
}


def cents(amount: object) -> int:
    """Return a sum of doubles as whole cents."""
    return round(float(str(amount)) * 100)


def by_day(connection: SourceConnection, query: str) -> dict[str, int]:
    """Return a query's sums by day, in cents; zero sums are left out."""
    with connection.cursor() as cursor:
        cursor.execute(query)
        return {str(day): cents(total) for day, total in cursor.fetchall() if cents(total)}


def by_family(connection: SourceConnection, query: str, day: str) -> dict[str, int]:
    """Return a query's sums by guarantor, in cents; zero sums are left out."""
    with connection.cursor() as cursor:
        cursor.execute(query, {"day": day})
        return {str(family): cents(total) for family, total in cursor.fetchall() if cents(total)}


def receivables(connection: SourceConnection, last_day: str) -> dict[str, dict[str, int]]:
    """Return the change of each family's balance by business day, in cents, without zeros."""
    changes: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    with connection.cursor() as cursor:
        cursor.execute("select PatNum, Guarantor from patient")
        guarantor_of = {patient: str(guarantor) for patient, guarantor in cursor.fetchall()}
        cursor.execute(TRANSACTIONS, {"day": last_day})
        for patient, day, amount, _, _ in cursor.fetchall():
            changes[guarantor_of[patient]][str(day)] += cents(amount)
    cleaned = {
        family: {day: amount for day, amount in days.items() if amount}
        for family, days in changes.items()
    }
    return {family: days for family, days in cleaned.items() if days}


def aging_columns(connection: SourceConnection) -> dict[str, Mapping[str, int]]:
    """Return the aging that is stored on patients, in cents, where any of it is not zero."""
    names = ("Bal_0_30", "Bal_31_60", "Bal_61_90", "BalOver90", "BalTotal", "InsEst", "PayPlanDue")
    with connection.cursor() as cursor:
        cursor.execute(f"select PatNum, {', '.join(names)} from patient")
        rows = {
            str(patient): dict(zip(names, map(cents, amounts), strict=True))
            for patient, *amounts in cursor.fetchall()
        }
    return {patient: amounts for patient, amounts in rows.items() if any(amounts.values())}


def told_by_day(truth: Mapping[str, Any], figure: str) -> dict[str, int]:
    """Return what the truth says of a figure by day, in hundredths, without zeros."""
    told = {day: cents(figures[figure]) for day, figures in truth["days"].items()}
    return {day: amount for day, amount in told.items() if amount}


def told_receivables(truth: Mapping[str, Any]) -> dict[str, dict[str, int]]:
    """Return the truth's receivables in cents, without families that have none."""
    return {
        family: {day: cents(amount) for day, amount in days.items()}
        for family, days in truth["receivables"].items()
        if days
    }


def aging(connection: SourceConnection, last_day: date) -> dict[str, dict[str, int]]:
    """Return each family's buckets and balance from the rows; families without any left out.

    Unless AgingProcLifo is off, rows tied to a procedure are summed by patient, procedure and day;
    a negative sum counts on the procedure's own day, inside its bucket. What is negative beside
    that pays the oldest first.
    """
    names = ("Bal_0_30", "Bal_31_60", "Bal_61_90", "BalOver90")
    with connection.cursor() as cursor:
        cursor.execute("select PatNum, Guarantor from patient")
        guarantor_of = {patient: str(guarantor) for patient, guarantor in cursor.fetchall()}
        cursor.execute(TRANSACTIONS, {"day": last_day.isoformat()})
        transactions = cursor.fetchall()
        cursor.execute("select ValueString = 2 from preference where PrefName = 'AgingProcLifo'")
        is_tying_off = cursor.fetchone() == (1,)
    owed: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    credit: dict[str, int] = defaultdict(int)
    total: dict[str, int] = defaultdict(int)
    tied: dict[tuple[int, int, date], tuple[int, date]] = {}
    for patient, day, amount, procedure, procedure_day in transactions:
        family = guarantor_of[patient]
        total[family] += cents(amount)
        if procedure and not is_tying_off:
            known = tied.get((patient, procedure, day), (0, procedure_day))[0]
            tied[patient, procedure, day] = (known + cents(amount), procedure_day)
        elif cents(amount) > 0:
            owed[family][_bucket(day, last_day)] += cents(amount)
        else:
            credit[family] -= cents(amount)
    for (patient, _, own_day), (amount, procedure_day) in tied.items():
        counted = procedure_day if amount < 0 else own_day
        owed[guarantor_of[patient]][_bucket(counted, last_day)] += amount
    result = {}
    for family in total:
        buckets = owed[family]
        left = credit[family] - sum(amount for amount in buckets if amount < 0)
        buckets = [max(amount, 0) for amount in buckets]
        for index in reversed(range(4)):
            paid = min(left, buckets[index])
            buckets[index] -= paid
            left -= paid
        amounts = {**dict(zip(names, buckets, strict=True)), "BalTotal": total[family]}
        if any(amounts.values()):
            result[family] = amounts
    return result


def _bucket(day: date, last_day: date) -> int:
    age = (last_day - day).days
    return 0 if age <= 30 else 1 if age <= 60 else 2 if age <= 90 else 3


def assert_figures_agree(connection: SourceConnection, truth: Mapping[str, Any]) -> None:
    """Hold every daily figure and count of the truth against the sums over the rows."""
    for figure, query in DAILY.items():
        assert by_day(connection, query) == told_by_day(truth, figure), figure
    for figure, query in (
        ("new_patients", NEW_PATIENTS),
        ("broken_appointments", BROKEN_APPOINTMENTS),
    ):
        assert by_day(connection, query) == told_by_day(truth, figure), figure
    assert receivables(connection, truth["last_day"]) == told_receivables(truth)
    for query in BROKEN_MONEY:
        with connection.cursor() as cursor:
            assert not cursor.execute(query), query


def assert_aging_agrees(connection: SourceConnection, truth: Mapping[str, Any]) -> None:
    """Hold the truth's aging against the rows, and against what stands on the guarantors."""
    told = {
        family: {name: cents(amounts[AGING_NAMES[name]]) for name in AGING_NAMES}
        for family, amounts in truth["aging"].items()
    }
    assert aging_columns(connection) == told
    owed = {
        family: {name: amounts[name] for name in list(AGING_NAMES)[:5]}
        for family, amounts in told.items()
    }
    assert aging(connection, date.fromisoformat(truth["last_day"])) == {
        family: amounts for family, amounts in owed.items() if any(amounts.values())
    }
    for column, query in (("InsEst", ESTIMATES), ("PayPlanDue", PLAN_DUE)):
        assert by_family(connection, query, truth["last_day"]) == {
            family: amounts[column] for family, amounts in told.items() if amounts[column]
        }
