"""The settings chosen for servers of many releases, from lists of the variables that they have.

`variables/` holds the names that three servers list, and in `decided.txt` those that cannot change
what is read.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from include.source.session_settings import (
    Limits,
    Value,
    choose,
    differing,
    lacking,
    names_of,
    set_statement,
    source_settings,
)

SETTINGS = source_settings(Limits(statement=240, lock=60, write=30, idle=7200))
VARIABLES = Path(__file__).parent / "variables"
SERVERS = ("mariadb-10.5.23", "mariadb-11.8.9", "mysql-9.7.4")
# Of servers that are known from their manuals only: what they lack of the settings.
_OLDER = {
    "MySQL 5.5": {"tx_isolation", "query_cache_type"},
    "MySQL 5.6": {"tx_isolation", "tx_read_only", "query_cache_type", "block_encryption_mode"},
    "Percona 5.6": {
        *("tx_isolation", "tx_read_only", "query_cache_type", "block_encryption_mode"),
        *("max_statement_time", "have_statement_timeout"),
    },
    "MariaDB 10.0": {"tx_isolation", "tx_read_only", "query_cache_type", "default_regex_flags"},
}
_EVERYWHERE = {form.name for s in SETTINGS if not s.may_be_absent for form in s.forms} - {
    "transaction_isolation",
    "tx_isolation",
}


def variables(server: str) -> dict[str, str]:
    """Return the names of a server's variables, with no value that is wanted."""
    return dict.fromkeys((VARIABLES / f"{server}.txt").read_text().split(), "another")


@pytest.mark.parametrize("server", SERVERS)
def test_every_setting_has_one_name_on_each_server(server: str) -> None:
    present = variables(server)
    chosen = choose(SETTINGS, present)
    assert lacking(SETTINGS, present) == []
    assert differing(chosen, present) == chosen
    assert {"transaction_isolation", "tx_isolation"} & set(chosen) == {
        "tx_isolation" if server == "mariadb-10.5.23" else "transaction_isolation"
    }
    assert len({"transaction_read_only", "tx_read_only"} & set(chosen)) == 1
    limit = chosen.get("max_execution_time", chosen.get("max_statement_time"))
    assert limit == (240_000 if server.startswith("mysql") else 240)


@pytest.mark.parametrize("server", SERVERS)
def test_every_variable_of_a_server_was_decided(server: str) -> None:
    lines = (VARIABLES / "decided.txt").read_text().splitlines()
    decided = [line for line in lines if line and not line.startswith("#")]
    pattern = re.compile("|".join(decided))
    settings = set(names_of(SETTINGS))
    undecided = {n for n in variables(server) if n not in settings and not pattern.fullmatch(n)}
    assert undecided == set()


@pytest.mark.parametrize(("server", "more"), _OLDER.items())
def test_an_older_server_is_asked_for_what_it_has(server: str, more: set[str]) -> None:
    present = dict.fromkeys(_EVERYWHERE | more, "another")
    chosen = choose(SETTINGS, present)
    assert lacking(SETTINGS, present) == []
    assert chosen["tx_isolation"] == "REPEATABLE-READ"
    assert ("tx_read_only" in chosen) == ("tx_read_only" in more)
    # Percona counts milliseconds where MariaDB counts seconds.
    assert chosen.get("max_statement_time") == (240_000 if server == "Percona 5.6" else None)
    assert set(chosen) <= set(present)


def test_a_server_without_a_setting_that_decides_is_named_with_it() -> None:
    present = variables("mysql-9.7.4")
    del present["transaction_isolation"], present["sql_mode"]
    assert lacking(SETTINGS, present) == ["transaction_isolation or tx_isolation", "sql_mode"]


def test_only_what_differs_is_set() -> None:
    wanted: dict[str, Value] = {
        "tx_read_only": "ON",
        "max_statement_time": 240,
        "system_versioning_asof": "DEFAULT",
    }
    as_shown = {"tx_read_only": "ON", "max_statement_time": "240.000000"}
    as_selected = {"tx_read_only": 1, "max_statement_time": 240.0}
    for seen in (as_shown, as_selected):
        assert differing(wanted, {**seen, "system_versioning_asof": "DEFAULT"}) == {}
        assert differing(wanted, seen | {"max_statement_time": "240.5"}) == {
            "max_statement_time": 240,
            "system_versioning_asof": "DEFAULT",
        }
    assert set_statement(wanted) == (
        "set session tx_read_only = %s, session max_statement_time = %s, "
        "session system_versioning_asof = default",
        ["ON", 240],
    )
