"""Odd names from the source through every step of a refresh, on real servers."""

from __future__ import annotations

import logging
import re
from pathlib import Path

import pytest

from include import settings
from include.catalog.files import read_catalog
from include.catalog.model import Tier
from include.endpoints import Endpoint
from include.engine import verify_table
from include.names import shown
from include.validation import validate_tier
from tests.engine.oracle import assert_equal
from tests.engine.practice import writing
from tests.hostile_names import HOSTILE_NAMES, refresh_hostile
from tests.odd_names import (
    IMPOSSIBLE_COLUMNS,
    IMPOSSIBLE_NAMES,
    ODD_NAMES,
    create_impossible,
    create_tables,
)
from tests.pages import PLAIN_ATTRIBUTES, PLAIN_ELEMENTS, Page
from tests.planning.practice import Practice


@pytest.fixture
def practice(
    source: Endpoint, warehouse: Endpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Practice:
    monkeypatch.setenv("DENTAL_DATA_DOCS_DIRECTORY", str(tmp_path / "docs"))
    return Practice(source, warehouse, tmp_path)


def validated(practice: Practice, run_id: int) -> set[str]:
    """Judge all tiers, none of whose tables may be blocked; return the names of the judged."""
    verdicts = [validate_tier(practice.warehouse, run_id=run_id, tier=tier) for tier in Tier]
    assert {name: why for one in verdicts for name, why in one.blocked.items()} == {}
    return {name for one in verdicts for name in one.qualities}


def test_every_name_is_discovered_loaded_validated_and_verified(practice: Practice) -> None:
    create_tables(practice.source, ODD_NAMES)
    create_impossible(practice.source)
    refused = practice.discover().refused
    assert refused.keys() == IMPOSSIBLE_NAMES.keys() | {
        f"with {name}"[:60] for name in IMPOSSIBLE_COLUMNS
    }
    for name, said in IMPOSSIBLE_NAMES.items():
        assert said in refused[name]
    for name, said in IMPOSSIBLE_COLUMNS.items():
        assert f".{name}: " in refused[f"with {name}"[:60]]
        assert said in refused[f"with {name}"[:60]]
        assert "exclude it in overrides.yml" in refused[f"with {name}"[:60]]
    plan = practice.refresh()
    assert not plan.quarantined
    assert plan.run_id is not None
    tables = read_catalog(practice.config_directory).tables
    assert set(plan.tables) == tables.keys() == {*ODD_NAMES, "keyless"}
    assert validated(practice, plan.run_id) == {table.raw_name for table in tables.values()}
    for name, table in tables.items():
        assert assert_equal(practice.source, practice.warehouse, name) == 2
        assert verify_table(practice.source, practice.warehouse, table).is_equal
    # Every kind of change, under the same names.
    for name in ODD_NAMES:
        table = tables[name]
        key, text, _ = ("`" + column.name.replace("`", "``") + "`" for column in table.columns)
        quoted = "`" + name.replace("`", "``") + "`"
        practice.execute(
            f"insert into {quoted} values (3, 'new', null)",
            f"update {quoted} set {text} = 'changed' where {key} = 1",
            f"delete from {quoted} where {key} = 2",
        )
    practice.execute("delete from keyless limit 1")
    practice.refresh()
    for name in tables:
        rows = assert_equal(practice.source, practice.warehouse, name)
        assert rows == (1 if name == "keyless" else 2)


def test_a_new_table_takes_the_name_that_an_index_has(practice: Practice) -> None:
    practice.execute("create table zz (id int primary key)", "insert into zz values (1)")
    practice.discover()
    practice.refresh()
    # Earlier releases let PostgreSQL name the keys.
    [(key,)] = practice.ask(
        "select conname from pg_constraint where conrelid = 'raw.zz'::regclass and contype = 'p'"
    )
    practice.change_warehouse(f'alter index raw."{key}" rename to zz_pkey')
    practice.execute("create table zz_pkey (id int primary key)", "insert into zz_pkey values (2)")
    practice.execute("insert into zz values (3)")
    practice.discover()
    plan = practice.refresh()
    assert plan.run_id is not None
    assert assert_equal(practice.source, practice.warehouse, "zz") == 2
    assert assert_equal(practice.source, practice.warehouse, "zz_pkey") == 1
    assert validated(practice, plan.run_id) == {"zz", "zz_pkey"}
    # What was there keeps its key, and the next refresh has nothing to do about it.
    assert practice.plan().applied == ()


def test_a_name_that_something_else_in_raw_has_refuses_that_table_alone(practice: Practice) -> None:
    practice.change_warehouse("create view raw.taken as select 1")
    practice.change_warehouse("create domain raw.typed as text")
    for name in ("taken", "typed", "good"):
        practice.execute(f"create table {name} (id int primary key)")
        practice.execute(f"insert into {name} values (1)")
    practice.discover()
    plan = practice.refresh()
    assert plan.tables == ("good",)
    assert plan.quarantined.keys() == {"taken", "typed"}
    assert (
        "table taken: the schema raw holds something else of this name"
        in (plan.quarantined["taken"])
    )
    assert assert_equal(practice.source, practice.warehouse, "good") == 1


def test_a_hostile_name_is_text_and_nothing_else_wherever_it_is_shown(
    practice: Practice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(settings.SOURCE_VARIABLE, practice.source.uri())
    monkeypatch.setenv(settings.WAREHOUSE_VARIABLE, practice.warehouse.uri())
    sinks = refresh_hostile(practice)
    # Logs, the command line and the report: one line is one line, and nothing in it is invisible.
    assert [line for line in sinks.lines if not line.isprintable()] == []
    for name in HOSTILE_NAMES:
        assert any(shown(name) in line for line in sinks.lines)
    # Mails.
    for mail in sinks.mails:
        assert mail.subject.isprintable()
        assert all(line.isprintable() for line in mail.text.split("\n"))
        page = Page(mail.html)
        assert page.elements <= {"html", "body", "p", "ul", "li", "br", "a"}
        assert set(page.addresses) <= {"http://log", "http://run"}
    assert all(shown(name.lower()) in sinks.mails[0].text for name in HOSTILE_NAMES)
    # What `ops` says about tables; their names are kept as they are.
    reasons = practice.ask(
        "select blocked_reason from ops.table_state where blocked_code = 'quality'"
    )
    assert len(reasons) == len(HOSTILE_NAMES)
    names = {name for (name,) in practice.ask("select table_name from ops.table_state")}
    assert {name.lower() for name in HOSTILE_NAMES} <= names
    # Files have names of ours and lie where they belong.
    written = [path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*")]
    assert [name for name in written if re.fullmatch(r"[\w./-]+", name, re.ASCII) is None] == []
    # Pages.
    pages = {path: Page(path.read_text()) for path in sinks.docs.rglob("*.html")}
    assert len(pages) > 2 * len(HOSTILE_NAMES)
    for path, page in pages.items():
        assert page.elements <= PLAIN_ELEMENTS
        assert page.attributes <= PLAIN_ATTRIBUTES
        assert all(
            address.startswith("#") or (path.parent / address).exists()
            for address in page.addresses
        )
        assert "default-src 'none'" in path.read_text()
    shown_texts = [page.text for path, page in pages.items() if "validations" in path.parts]
    for number, name in enumerate(HOSTILE_NAMES):
        column = shown(f"{name[:50]}.{number}".lower())
        assert any(shown(name.lower()) in text and column in text for text in shown_texts)


def test_a_record_that_is_copied_says_what_the_first_one_says() -> None:
    # As Airflow's formatter does with every record.
    first = logging.getLogger("include.engine").makeRecord(
        "include.engine", logging.INFO, "load.py", 1, "table %s: %s rows", ("a\nb", 2), None
    )
    copy = logging.makeLogRecord(first.__dict__)
    assert (copy.name, copy.getMessage()) == ("include.engine", "table a\\nb: 2 rows")


def test_names_that_the_source_compares_as_equal_are_tables_of_their_own(
    practice: Practice,
) -> None:
    with writing(practice.source) as cursor:
        for name, column in (("cafe", "a"), ("café", "b"), ("straße", "c"), ("strasse", "d")):
            cursor.execute(
                f"create table {name} (id int primary key, {column} int, key k ({column}))"
            )
            cursor.execute(f"insert into {name} values (1, 1)")
    practice.discover()
    plan = practice.refresh()
    assert set(plan.tables) == {"cafe", "café", "straße", "strasse"}
    for name in plan.tables:
        assert assert_equal(practice.source, practice.warehouse, name) == 1
