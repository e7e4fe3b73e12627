"""What a plan records of the practice's release: `ops.absent_column`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from include.endpoints import Endpoint
from include.transform.raw_columns import staged_columns
from tests.planning.practice import Practice

LACKING = "select column_name from ops.absent_column where table_name = 'clinic' order by 1"
TABLES = "select count(*) from ops.absent_column where column_name = '*'"


@pytest.fixture
def office(source: Endpoint, warehouse: Endpoint, tmp_path: Path) -> Practice:
    """A practice of three tables, whose clinics lack one column and hold one of the config's."""
    office = Practice(source, warehouse, tmp_path)
    others = [name for name in staged_columns()["clinic"] if name not in ("clinicnum", "timezone")]
    office.execute(
        "create table preference (PrefNum bigint primary key, PrefName varchar(255), "
        "ValueString text, Comments text)",
        "create table clinic (ClinicNum bigint primary key, "
        + ", ".join(f"{name} text" for name in others)
        + ")",
        "create table site (SiteNum bigint primary key, Description text)",
    )
    (tmp_path / "overrides.yml").write_text(
        "tables:\n  clinic:\n    columns:\n      fax: {excluded: true}\n"
        "exclude_tables: {site: not wanted}\n"
    )
    office.discover()
    return office


def test_a_plan_lists_what_the_practice_lacks_and_what_the_config_leaves_out(
    office: Practice,
) -> None:
    office.refresh()
    assert office.ask(LACKING) == [("fax",), ("timezone",)]
    # It has a preference and a clinic, and its sites are left out by the config alone.
    assert office.ask(TABLES) == [(len(staged_columns()) - 3,)]

    office.execute(
        "alter table clinic add column TimeZone text, drop column City",
        "create table popup (PopupNum bigint primary key)",
    )
    office.plan(dry_run=True)
    assert office.ask(LACKING) == [("fax",), ("timezone",)]
    office.refresh()
    assert office.ask(LACKING) == [("city",), ("fax",)]
    assert office.ask(TABLES) == [(len(staged_columns()) - 4,)]

    # Its rows are known: its gate says that it is gone.
    office.execute("drop table popup")
    office.refresh()
    assert office.ask(TABLES) == [(len(staged_columns()) - 4,)]


def test_a_table_that_the_account_may_not_see_is_not_lacking(office: Practice) -> None:
    office.execute(
        "create or replace user narrow@'127.0.0.1' identified by 'n'",
        "grant select on preference to narrow@'127.0.0.1'",
        "grant select on clinic to narrow@'127.0.0.1'",
        "grant select on site to narrow@'127.0.0.1'",
    )
    narrow = replace(office, source=replace(office.source, user="narrow", password="n"))
    narrow.refresh()
    assert office.ask(LACKING) == [("fax",), ("timezone",)]
    assert office.ask(TABLES) == [(0,)]


def test_of_other_software_nothing_is_said(practice: Practice) -> None:
    practice.refresh()
    assert practice.ask("select * from ops.absent_column") == []
