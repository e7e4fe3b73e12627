"""Which of the tables a refresh is asked for."""

from __future__ import annotations

from collections.abc import Iterable

from include.catalog.model import Catalog, TableConfig
from include.catalog.overrides import nearest
from include.errors import ConfigError
from include.planning.model import RefreshRequest


def check_requested(catalog: Catalog, request: RefreshRequest) -> None:
    """Raise ConfigError for a requested name that is not replicated."""
    known = {name.lower(): name for name in catalog.tables}
    left_out = {name.lower(): reason for name, reason in catalog.left_out.items()}
    for name in request.tables:
        if name.lower() in known:
            continue
        if name.lower() in left_out:
            what = f"is left out: {left_out[name.lower()]}"
        else:
            what = f"is not in the config{nearest(name, known)}"
        raise ConfigError(f"{what}. Nothing was loaded.", where=f"table {name}")


def requested(
    tables: Iterable[TableConfig], request: RefreshRequest, names: Iterable[str]
) -> list[TableConfig]:
    """Return those of the tables that the request asks for; `names` in raw are those it names."""
    named = frozenset(names)
    return [
        table
        for table in tables
        if table.phase <= request.phase and (not named or table.raw_name in named)
    ]
