"""The worked query of each report: how to read the report off its mart, in `include/dbt/analyses`.

dbt never runs them. They name models as models do; here they name relations, as a person would
who pastes them into an SQL tool.
"""

from __future__ import annotations

import re

from include.settings import DBT_PROJECT

_REF = re.compile(r"\{\{ ref\('(\w+)'\) \}\}")
_SCHEMAS = {"stg": "staging", "int": "intermediate"}


def read_worked_queries() -> dict[str, str]:
    """Return the queries, ready to run on a warehouse, by the mart that each reads first."""
    return {
        path.stem: name_relations(path.read_text(encoding="utf-8"))
        for path in sorted((DBT_PROJECT / "analyses").glob("*.sql"))
    }


def name_relations(query: str) -> str:
    """Return a query with schema and name for each `ref`."""
    return _REF.sub(lambda ref: f"{_SCHEMAS.get(ref[1][:3], 'marts')}.{ref[1]}", query)
