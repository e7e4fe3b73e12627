"""What the marts say, in the words of the simulator's truth."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from include.endpoints import Endpoint
from include.warehouse.session import connect

Figures = dict[str, dict[str, Decimal]]

INCOME = {
    "production": "production_amount",
    "adjustments": "adjustment_amount",
    "writeoffs": "writeoff_amount + writeoff_estimate_amount + writeoff_adjustment_amount",
    "patient_income": "patient_income_amount",
    "unearned_income": "unearned_income_amount",
    "insurance_income": "insurance_income_amount",
}
AGING = {
    "bal_0_30": "balance_0_30_amount",
    "bal_31_60": "balance_31_60_amount",
    "bal_61_90": "balance_61_90_amount",
    "bal_over_90": "balance_over_90_amount",
    "bal_total": "balance_total_amount",
    "ins_est": "insurance_pay_estimate_amount + insurance_writeoff_estimate_amount",
    "payplan_due": "payment_plan_due_amount",
}


def true_income(truth: Mapping[str, Any]) -> Figures:
    """Return production and income by day, days without any left out."""
    return _true_days(truth, tuple(INCOME))


def mart_income(warehouse: Endpoint, last_day: str) -> Figures:
    """Return the same from `od_production_income`, whose annual report has nothing scheduled."""
    sums = ", ".join(f"sum({column})" for column in INCOME.values())
    rows = _rows(
        warehouse,
        f"select business_on::text, {sums} from marts.od_production_income"
        " where report_name = 'annual' and is_default_writeoff_mode"
        f" and business_on <= '{last_day}' group by business_on",
    )
    return _without_zeros({row[0]: dict(zip(INCOME, row[1:], strict=True)) for row in rows})


def true_receipts(truth: Mapping[str, Any]) -> Figures:
    """Return the payments of patients and insurers by day, days without any left out."""
    return _true_days(truth, ("patient_payments", "insurance_payments"))


def mart_receipts(warehouse: Endpoint) -> Figures:
    """Return the same from `od_daily_payments`, hidden prepayments added."""
    days: Figures = defaultdict(dict)
    for day, kind, amount in _rows(
        warehouse,
        "select paid_on::text, payer_kind, sum(payment_amount + hidden_unearned_amount)"
        " from marts.od_daily_payments group by paid_on, payer_kind",
    ):
        days[day][f"{kind}_payments"] = amount
    return _without_zeros(days)


def true_receivables(truth: Mapping[str, Any]) -> Figures:
    """Return the change of every family's balance by day."""
    return _without_zeros(
        {
            family: {day: Decimal(amount) for day, amount in days.items()}
            for family, days in truth["receivables"].items()
        }
    )


def mart_receivables(warehouse: Endpoint, last_day: str) -> Figures:
    """Return the same from the ledger."""
    families: Figures = defaultdict(dict)
    for family, day, amount in _rows(
        warehouse,
        "select guarantor_id::text, entry_on::text, sum(amount)"
        " from intermediate.int_ledger_entries_unioned"
        f" where entry_on <= '{last_day}' group by 1, 2",
    ):
        families[family][day] = amount
    return _without_zeros(families)


def true_aging(truth: Mapping[str, Any]) -> Figures:
    """Return the aging of every family that has any."""
    return _without_zeros(
        {
            family: {name: Decimal(amount) for name, amount in amounts.items()}
            for family, amounts in truth["aging"].items()
        }
    )


def mart_aging(warehouse: Endpoint) -> Figures:
    """Return the same from the newest snapshot of `od_aging`."""
    columns = ", ".join(AGING.values())
    return _aging(
        warehouse,
        f"select guarantor_id::text, {columns} from marts.od_aging"
        " where as_of_on = (select max(as_of_on) from marts.od_aging)",
    )


def source_aging(warehouse: Endpoint) -> Figures:
    """Return what the practice's own software wrote on its guarantors."""
    return _aging(
        warehouse,
        "select patient_id::text, balance_0_30_amount, balance_31_60_amount,"
        " balance_61_90_amount, balance_over_90_amount, balance_total_amount,"
        " insurance_estimate_amount, pay_plan_due_amount"
        " from staging.stg_open_dental__patients",
    )


def _aging(warehouse: Endpoint, statement: str) -> Figures:
    rows = _rows(warehouse, statement)
    return _without_zeros({row[0]: dict(zip(AGING, row[1:], strict=True)) for row in rows})


def _true_days(truth: Mapping[str, Any], names: tuple[str, ...]) -> Figures:
    return _without_zeros(
        {
            day: {name: Decimal(figures[name]) for name in names}
            for day, figures in truth["days"].items()
        }
    )


def _without_zeros(figures: Mapping[str, Mapping[str, Decimal]]) -> Figures:
    kept = {
        key: {name: amount for name, amount in amounts.items() if amount}
        for key, amounts in figures.items()
    }
    return {key: amounts for key, amounts in kept.items() if amounts}


def _rows(warehouse: Endpoint, statement: str) -> list[tuple[Any, ...]]:
    with connect(warehouse) as connection:
        return connection.execute(statement.encode()).fetchall()
