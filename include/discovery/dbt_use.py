"""Which source tables the dbt project reads, by what its models say."""

from __future__ import annotations

import re
from pathlib import Path

_SOURCE = re.compile(r"""source\(\s*['"][^'"]+['"]\s*,\s*['"]([^'"]+)['"]\s*\)""")
_STAGING = re.compile(r"""ref\(\s*['"]([^'"]+)['"]\s*\)""")


def tables_read_by_dbt(project: Path) -> frozenset[str]:
    """Return the raw names of the tables that any model beyond staging depends on.

    A staging model alone does not count: it may have been generated for every table. No project,
    no tables.
    """
    sources: dict[str, set[str]] = {}
    wanted: set[str] = set()
    for path in sorted((project / "models").rglob("*.sql")):
        text = path.read_text(encoding="utf-8")
        found = {name.lower() for name in _SOURCE.findall(text)}
        if found:
            sources[path.stem] = found
        else:
            wanted |= set(_STAGING.findall(text))
    return frozenset(
        table for model, tables in sources.items() if model in wanted for table in tables
    )
