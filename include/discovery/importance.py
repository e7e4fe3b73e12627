"""How much depends on a table: a score from 0 to 100, the sum of named and weighted signals.

Every signal lies between 0 and 1 and comes from the structure or from a measurement, never from a
list of table names, so that a score can be explained and holds for any schema.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from include.discovery.profile import TableMeasurement
from include.discovery.references import Reference, ReferenceKind, words
from include.source.structure import ColumnStructure, TableStructure

# What each signal is worth. Size, change and use are kept light: they move from week to week.
WEIGHTS = {
    "centrality": 28.0,
    "connections": 10.0,
    "money": 20.0,
    "events": 22.0,
    "maintained": 5.0,
    "size": 8.0,
    "change": 4.0,
    "read_by_dbt": 3.0,
}
MONEY_COLUMNS_AT_FULL = 3
CONNECTIONS_AT_FULL = 8
ROWS_AT_FULL = 1_000_000
CHANGES_A_DAY_AT_FULL = 1_000

_MONEY_TYPES = frozenset({"double", "decimal"})
_MONEY_WORDS = frozenset(
    [
        "allowed",
        "amount",
        "amt",
        "bal",
        "balance",
        "charge",
        "copay",
        "cost",
        "credit",
        "debit",
        "ded",
        "deductible",
        "discount",
        "est",
        "fee",
        "income",
        "paid",
        "pay",
        "payment",
        "price",
        "principal",
        "subtotal",
        "tax",
        "writeoff",
        "total",
    ]
)
_DATE_TYPES = frozenset({"date", "datetime", "timestamp"})
# A date with one of these words says when a row was written, not when something happened.
_STAMP_WORDS = frozenset({"stamp", "entry", "edit", "sec", "edited", "created", "t"})
_PEOPLE = ("patient", "customer", "client", "person")
_STAFF = ("provider", "employee", "operatory")


@dataclass(frozen=True, slots=True)
class Importance:
    """The score of a table, with the signals that made it."""

    score: float
    signals: Mapping[str, float]


def score_tables(
    structures: Mapping[str, TableStructure],
    references: Sequence[Reference],
    measurements: Mapping[str, TableMeasurement],
    read_by_dbt: frozenset[str],
) -> dict[str, Importance]:
    """Return the importance of every table that was measured."""
    pointing = [r for r in references if r.kind is ReferenceKind.KEY and r.target is not None]
    centrality = _centrality(structures, pointing)
    found = {}
    for name, measured in measurements.items():
        table = structures[name]
        targets = {r.target.lower() for r in pointing if r.table == name and r.target}
        signals = {
            "centrality": centrality[name],
            "connections": min(len(targets) / CONNECTIONS_AT_FULL, 1.0),
            "money": min(len(money_columns(table)) / MONEY_COLUMNS_AT_FULL, 1.0),
            "events": _events(table, targets),
            "maintained": float(bool(table.on_update_columns)),
            "size": _logarithmic(measured.row_count, ROWS_AT_FULL),
            "change": _logarithmic(measured.changes_a_day or 0.0, CHANGES_A_DAY_AT_FULL),
            "read_by_dbt": float(name.lower() in read_by_dbt),
        }
        rounded = {signal: round(value, 4) for signal, value in signals.items()}
        score = sum(WEIGHTS[signal] * value for signal, value in rounded.items())
        found[name] = Importance(round(score, 2), rounded)
    return found


def money_columns(table: TableStructure) -> tuple[ColumnStructure, ...]:
    """Return the columns that hold an amount of money."""
    return tuple(
        column
        for column in table.columns
        if column.data_type in _MONEY_TYPES and _MONEY_WORDS & set(words(column.name))
    )


def business_dates(table: TableStructure) -> tuple[ColumnStructure, ...]:
    """Return the columns that say when something happened, not when a row was written."""
    return tuple(
        column
        for column in table.columns
        if column.data_type in _DATE_TYPES
        and not column.is_stamped_on_update
        and not _STAMP_WORDS & set(words(column.name))
    )


def _centrality(
    structures: Mapping[str, TableStructure], pointing: Sequence[Reference]
) -> dict[str, float]:
    """PageRank over the reference graph on a logarithmic scale from 0 to 1."""
    import networkx

    graph: networkx.DiGraph[str] = networkx.DiGraph()
    graph.add_nodes_from(sorted(structures))
    edges = {(r.table, r.target) for r in pointing if r.target is not None}
    graph.add_edges_from(sorted(edges))
    ranks = networkx.pagerank(graph)
    low, high = min(ranks.values(), default=1.0), max(ranks.values(), default=1.0)
    if high <= low:
        return dict.fromkeys(structures, 0.0)
    return {name: math.log(rank / low) / math.log(high / low) for name, rank in ranks.items()}


def _events(table: TableStructure, targets: set[str]) -> float:
    """Whether the table records what happens to patients, by whom, and when."""
    is_about_people = bool(targets & set(_PEOPLE)) or table.name.lower() in _PEOPLE
    return (
        0.4 * is_about_people
        + 0.35 * bool(targets & set(_STAFF))
        + 0.25 * bool(business_dates(table))
    )


def _logarithmic(value: float, full: float) -> float:
    return min(math.log1p(max(value, 0.0)) / math.log1p(full), 1.0)
