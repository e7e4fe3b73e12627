"""A backfill asks the practice for nothing that raw holds, and loads what raw lacks."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import LiteralString

import pytest

from include.errors import ConfigError, SourceError
from tests.ops.gates import OPEN_GATES
from tests.planning.practice import Practice

RUN = (
    "select as_of_on, office_on, state, requested_tables from ops.run order by run_id desc limit 1"
)
BLOCK = "update ops.table_state set is_publishable = false, blocked_reason = '', "
MISSING: dict[str, tuple[LiteralString, tuple[str, ...]]] = {
    "all are good": ("select", ()),
    "a load failed": (
        BLOCK + "blocked_code = 'load_failed' where table_name = 'visit'",
        ("Visit",),
    ),
    "a load broke off": (
        BLOCK + "blocked_code = 'loading', state = 'loading' where table_name = 'visit'",
        ("Visit",),
    ),
    "a verdict is missing": (
        BLOCK + "blocked_code = 'not_validated' where table_name = 'loose'",
        ("Loose",),
    ),
    "the rows are bad": (BLOCK + "blocked_code = 'quality' where table_name = 'visit'", ()),
    "a table is in quarantine": (
        "insert into ops.quarantine (table_name, reason) values ('visit', 'unfit');"
        + BLOCK
        + "blocked_code = 'quarantined', state = 'quarantined' where table_name = 'visit'",
        (),
    ),
    "the day was not over": (
        "update ops.run set started_at = started_at - interval '9 days'",
        ("Loose", "Patient", "Visit"),
    ),
}


@pytest.fixture
def held(practice: Practice) -> Practice:
    """The practice, loaded and validated today."""
    practice.refresh()
    practice.change_warehouse(OPEN_GATES)
    return practice


def today(practice: Practice) -> date:
    ((day,),) = practice.ask("select office_on from ops.office_day")
    assert isinstance(day, date)
    return day


def unreachable(practice: Practice) -> Practice:
    """The same practice whose server answers nobody."""
    return replace(practice, source=replace(practice.source, port=1))


def test_a_past_day_is_planned_while_the_practice_cannot_be_reached(held: Practice) -> None:
    day, offline = today(held) - timedelta(days=3), unreachable(held)
    before = held.ask("select count(*) from ops.run")
    assert offline.plan(as_of_on=day, dry_run=True).tables == ()
    assert held.ask("select count(*) from ops.run") == before
    plan = offline.plan(as_of_on=day, dag_run_id="backfill__1")
    assert plan.tables == ()
    assert plan.run_id is not None
    assert held.ask(RUN) == [(day, None, "running", [])]
    assert today(held) == day + timedelta(days=3)
    again = offline.plan(as_of_on=day, dag_run_id="backfill__1")
    assert again.run_id == plan.run_id
    with pytest.raises(ConfigError, match="table Patiens: is not in the config"):
        offline.plan(as_of_on=day, tables=("Patiens",))
    with pytest.raises(SourceError):
        offline.plan()


@pytest.mark.parametrize("state", MISSING)
def test_what_has_no_good_load_since_the_day_is_loaded_and_nothing_else(
    held: Practice, state: str
) -> None:
    statement, missing = MISSING[state]
    held.change_warehouse(statement)
    day = today(held) - timedelta(days=3)
    plan = (held if missing else unreachable(held)).plan(as_of_on=day)
    assert tuple(sorted(plan.tables)) == missing
    assert held.ask("select as_of_on from ops.run order by run_id desc limit 1") == [(day,)]


def test_a_day_to_come_is_refused_and_today_is_loaded_as_ever(held: Practice) -> None:
    now = today(held)
    runs = held.ask("select count(*) from ops.run")
    with pytest.raises(ConfigError, match=rf"cannot be known: at the practice it is {now}"):
        held.plan(as_of_on=now + timedelta(days=1))
    assert held.ask("select count(*) from ops.run") == runs
    assert sorted(held.plan(as_of_on=now).tables) == ["Loose", "Patient", "Visit"]
    assert held.ask(RUN) == [(now, now, "running", [])]
