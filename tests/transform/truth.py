"""What reports say, in the words of the simulator's truth.

Rows are those of a mart, or of the second calculation of its report: both have the same columns.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from psycopg import sql
from psycopg.rows import dict_row

from include.endpoints import Endpoint
from include.warehouse.session import connect

Rows = Iterable[Mapping[str, Any]]
Figures = dict[str, dict[str, Decimal]]

WRITEOFFS = ("writeoff_amount", "writeoff_estimate_amount", "writeoff_adjustment_amount")
INCOME = {
    "production": ("production_amount",),
    "adjustments": ("adjustment_amount",),
    "patient_income": ("patient_income_amount",),
    "unearned_income": ("unearned_income_amount",),
    "insurance_income": ("insurance_income_amount",),
}
# What the books know of each mode of write-offs.
WRITEOFFS_OF_MODE: Sequence[Mapping[str, tuple[str, ...]]] = (
    {"writeoffs_by_payment": WRITEOFFS},
    {"writeoffs_by_service": WRITEOFFS},
    {"writeoff_estimates": WRITEOFFS[:2], "writeoff_changes": WRITEOFFS[2:]},
)
AGING = {
    "bal_0_30": ("balance_0_30_amount",),
    "bal_31_60": ("balance_31_60_amount",),
    "bal_61_90": ("balance_61_90_amount",),
    "bal_over_90": ("balance_over_90_amount",),
    "bal_total": ("balance_total_amount",),
    "ins_est": ("insurance_pay_estimate_amount", "insurance_writeoff_estimate_amount"),
    "payplan_due": ("payment_plan_due_amount",),
}
STORED_AGING = {
    **{name: columns for name, columns in AGING.items() if name != "ins_est"},
    "ins_est": ("insurance_estimate_amount",),
    "payplan_due": ("pay_plan_due_amount",),
}
PLANS = {
    "principal": ("principal_amount",),
    "paid": ("paid_amount",),
    "balance": ("balance_amount",),
    "due": ("due_amount",),
}


def true_income(truth: Mapping[str, Any]) -> Figures:
    """Return production and income by day, days without any left out."""
    return _true_days(truth, (*INCOME, "writeoffs"))


def income(rows: Rows, last_day: str) -> Figures:
    """Return the same from `od_production_income`, whose annual report has nothing scheduled."""
    sums = _Sums()
    for row in _annual(rows, last_day):
        if row["is_default_writeoff_mode"]:
            sums.add(str(row["business_on"]), row, {**INCOME, "writeoffs": WRITEOFFS})
    return sums.without_zeros()


def true_places(truth: Mapping[str, Any]) -> Figures:
    """Return production and income by month, clinic and provider, in every mode of write-offs."""
    return _without_zeros(
        {
            _place(month, clinic, provider): _decimals(figures)
            for month, clinics in truth["production_income"].items()
            for clinic, providers in clinics.items()
            for provider, figures in providers.items()
        }
    )


def places(rows: Rows, last_day: str) -> Figures:
    """Return the same from `od_production_income`."""
    sums = _Sums()
    for row in _annual(rows, last_day):
        mode = int(row["writeoff_mode_code"])
        place = _place(f"{row['business_on']:%Y-%m}", row["clinic_id"], row["provider_id"])
        sums.add(place, row, WRITEOFFS_OF_MODE[mode])
        if mode == 0:
            # These are the same in every mode.
            sums.add(place, row, INCOME)
    return sums.without_zeros()


def true_receipts(truth: Mapping[str, Any]) -> Figures:
    """Return the payments of patients and insurers by day, days without any left out."""
    return _true_days(truth, ("patient_payments", "insurance_payments"))


def receipts(rows: Rows) -> Figures:
    """Return the same from `od_daily_payments`, hidden prepayments added."""
    sums = _Sums()
    columns = ("payment_amount", "hidden_unearned_amount")
    for row in rows:
        sums.add(str(row["paid_on"]), row, {f"{row['payer_kind']}_payments": columns})
    return sums.without_zeros()


def true_payments(truth: Mapping[str, Any]) -> Figures:
    """Return what the report of payments shows by day, who paid and type of payment."""
    return _without_zeros(
        {
            f"{day} {payer}": _decimals(types)
            for day, payers in truth["daily_payments"].items()
            for payer, types in payers.items()
        }
    )


def payments(rows: Rows) -> Figures:
    """Return the same from `od_daily_payments`."""
    sums = _Sums()
    for row in rows:
        payment_type = str(row["payment_type_id"] or 0)
        day = f"{row['paid_on']} {row['payer_kind']}"
        sums.add(day, row, {payment_type: ("payment_amount",)})
    return sums.without_zeros()


def true_receivables(truth: Mapping[str, Any]) -> Figures:
    """Return the change of every family's balance by day."""
    return _without_zeros(
        {family: _decimals(days) for family, days in truth["receivables"].items()}
    )


def mart_receivables(warehouse: Endpoint, last_day: str) -> Figures:
    """Return the same from the ledger."""
    families: Figures = defaultdict(dict)
    with connect(warehouse) as connection:
        changes = connection.execute(
            "select guarantor_id::text, entry_on::text, sum(amount)"
            " from intermediate.int_ledger_entries_unioned"
            " where entry_on <= %s group by 1, 2",
            (last_day,),
        )
        for family, day, amount in changes:
            families[family][day] = amount
    return _without_zeros(families)


def true_aging(truth: Mapping[str, Any]) -> Figures:
    """Return the aging of every family that has any."""
    return _without_zeros(
        {family: _decimals(amounts) for family, amounts in truth["aging"].items()}
    )


def aging(rows: Rows) -> Figures:
    """Return the same from one day of `od_aging`."""
    sums = _Sums()
    for row in rows:
        sums.add(str(row["guarantor_id"]), row, AGING)
    return sums.without_zeros()


def stored_aging(rows: Rows) -> Figures:
    """Return what the practice's own software wrote on its guarantors, from patients' rows."""
    sums = _Sums()
    for row in rows:
        sums.add(str(row["patient_id"]), row, STORED_AGING)
    return sums.without_zeros()


def true_plans(truth: Mapping[str, Any]) -> Figures:
    """Return what each payment plan holds."""
    return _without_zeros(
        {
            plan: _decimals({name: amounts[name] for name in PLANS})
            for plan, amounts in truth["payment_plans"].items()
        }
    )


def plans(rows: Rows) -> Figures:
    """Return the same from `od_payment_plans`."""
    sums = _Sums()
    for row in rows:
        sums.add(str(row["payment_plan_id"]), row, PLANS)
    return sums.without_zeros()


def mart(warehouse: Endpoint, name: str) -> list[dict[str, Any]]:
    """Return the rows of a mart; of one with snapshots those of the newest."""
    where = sql.SQL("")
    if name == "od_aging":
        where = sql.SQL(" where as_of_on = (select max(as_of_on) from marts.od_aging)")
    return _rows(warehouse, sql.SQL("select * from marts.{}").format(sql.Identifier(name)) + where)


def staged_patients(warehouse: Endpoint) -> list[dict[str, Any]]:
    """Return the patients as they are staged."""
    return _rows(warehouse, sql.SQL("select * from staging.stg_open_dental__patients"))


class _Sums:
    """Adds up columns of rows by a key, each under the name of a figure."""

    def __init__(self) -> None:
        self._figures: Figures = defaultdict(lambda: defaultdict(Decimal))

    def add(
        self, key: str, row: Mapping[str, Any], columns_of: Mapping[str, tuple[str, ...]]
    ) -> None:
        for figure, columns in columns_of.items():
            for column in columns:
                self._figures[key][figure] += row[column]

    def without_zeros(self) -> Figures:
        return _without_zeros(self._figures)


def _annual(rows: Rows, last_day: str) -> Rows:
    return (
        row
        for row in rows
        if row["report_name"] == "annual"
        and row["business_on"] is not None
        and str(row["business_on"]) <= last_day
    )


def _place(month: str, clinic: object, provider: object) -> str:
    return f"{month}, clinic {clinic or 0}, provider {provider or 0}"


def _true_days(truth: Mapping[str, Any], names: tuple[str, ...]) -> Figures:
    return _without_zeros(
        {
            day: _decimals({name: figures[name] for name in names})
            for day, figures in truth["days"].items()
        }
    )


def _decimals(amounts: Mapping[str, str]) -> dict[str, Decimal]:
    return {name: Decimal(amount) for name, amount in amounts.items()}


def _without_zeros(figures: Mapping[str, Mapping[str, Decimal]]) -> Figures:
    kept = {
        key: {name: amount for name, amount in amounts.items() if amount}
        for key, amounts in figures.items()
    }
    return {key: amounts for key, amounts in kept.items() if amounts}


def _rows(warehouse: Endpoint, statement: sql.Composed | sql.SQL) -> list[dict[str, Any]]:
    with connect(warehouse) as connection, connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(statement).fetchall()
