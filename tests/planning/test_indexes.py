"""Secondary indexes of raw tables: chosen by config, brought about by loads and plans."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

import pytest

from include.catalog.files import read_catalog
from include.catalog.model import IndexConfig
from include.endpoints import Endpoint
from include.errors import ConfigError
from include.ops.config_versions import load_table_config
from include.planning.indexes import with_indexes
from include.source import session as source_session
from include.source.structure import read_structures
from include.transform.raw_indexes import dump_indexes
from include.warehouse.indexes import sync_indexes
from include.warehouse.session import connect
from tests.planning.practice import Practice

BY_PATIENT = IndexConfig(("patnum",), 'NULLIF("patnum", 0)')
BY_DAY = IndexConfig(("visitdate",))
INDEXES = (
    "select c.relname, regexp_replace(pg_get_indexdef(i.indexrelid), '^.*USING ', '') "
    "from pg_index i join pg_class c on c.oid = i.indrelid "
    "join pg_class n on n.oid = i.indexrelid "
    "where c.relnamespace = 'raw'::regnamespace and not i.indisprimary order by 1, 2"
)


@pytest.fixture
def baked(practice: Practice) -> Path:
    """What a dbt project asks for that joins visits to patients, and filters on their day."""
    path = practice.config_directory / "raw_indexes.json"
    path.write_bytes(
        dump_indexes(
            {
                "visit": (
                    BY_DAY,
                    BY_PATIENT,
                    IndexConfig(("visitnum",)),
                    IndexConfig(("nowhere",)),
                ),
                "patient": (IndexConfig(("patnum",)),),
                "loose": (IndexConfig(("note",)),),
            }
        )
    )
    return path


def _override(practice: Practice, text: str) -> None:
    (practice.config_directory / "overrides.yml").write_text(text)


def test_a_first_load_ends_with_what_dbt_asks_for_less_what_is_useless_or_unsafe(
    practice: Practice, baked: Path
) -> None:
    plan = practice.refresh(raw_indexes=baked)
    # The key serves visitnum and patnum already, and a note may be longer than an index holds.
    assert practice.ask(INDEXES) == [
        ("visit", "btree (NULLIF(patnum, 0))"),
        ("visit", "btree (visitdate)"),
    ]
    assert plan.config_version is not None
    with connect(practice.warehouse) as connection:
        pinned = load_table_config(connection, plan.config_version, "Visit")
        patient = load_table_config(connection, plan.config_version, "Patient")
    assert pinned is not None
    assert pinned.indexes == (BY_PATIENT, BY_DAY)
    assert patient is not None
    assert patient.indexes == ()
    again = practice.refresh(raw_indexes=baked)
    assert (again.config_version, again.applied) == (plan.config_version, ())


def test_another_choice_takes_effect_with_the_next_plan(practice: Practice, baked: Path) -> None:
    practice.execute(
        "create index ix_day on Visit (VisitDate, PatNum)",
        "create index ix_day_only on Visit (VisitDate)",
        "create index ix_prefix on Visit (Code(3))",
        "create fulltext index ix_words on Loose (Note)",
    )
    practice.refresh(raw_indexes=baked)
    mine = "create index visits_by_fee on raw.visit (fee)"
    practice.change_warehouse(mine)
    _override(practice, "defaults: {indexes: none}\ntables: {Visit: {indexes: source}}")
    dry = practice.plan(raw_indexes=baked, dry_run=True)
    assert dry.applied == ("table Visit: 1 index to create, 2 to drop",)
    plan = practice.plan(raw_indexes=baked)
    assert plan.applied == ("table Visit: 1 index created, 2 indexes dropped",)
    assert practice.ask(INDEXES) == [
        ("visit", "btree (fee)"),
        ("visit", "btree (visitdate, patnum)"),
    ]
    _override(practice, "defaults: {indexes: none}")
    practice.plan(raw_indexes=baked)
    assert practice.ask(INDEXES) == [("visit", "btree (fee)")], "other people's stay"


def test_a_project_that_was_never_baked_leaves_the_indexes_as_they_are(
    practice: Practice, baked: Path
) -> None:
    practice.refresh(raw_indexes=baked)
    before = practice.ask(INDEXES)
    assert practice.plan(raw_indexes=baked.with_name("missing.json")).applied == ()
    assert practice.ask(INDEXES) == before
    runs = practice.ask("select count(*) from ops.run")
    baked.write_text("{}")
    with pytest.raises(ConfigError, match=r"raw_indexes\.json: does not list .* --bake"):
        practice.plan(raw_indexes=baked)
    assert practice.ask("select count(*) from ops.run") == runs


def test_indexes_survive_wider_columns_and_views_and_follow_other_types(
    practice: Practice, baked: Path
) -> None:
    practice.refresh(raw_indexes=baked)
    practice.change_warehouse("create view staging.visits as select patnum from raw.visit")
    practice.execute(
        "alter table Visit modify PatNum decimal(30,0), modify VisitDate datetime, "
        "modify VisitNum bigint"
    )
    plan = practice.refresh(raw_indexes=baked)
    assert len(plan.applied) == 3, "widened three times, and no index was touched"
    assert practice.ask(INDEXES) == [
        ("visit", "btree (NULLIF(patnum, (0)::numeric))"),
        ("visit", "btree (visitdate)"),
    ]
    # A text of any length cannot be indexed safely: the index goes with the change of type.
    practice.execute("alter table Visit modify VisitDate text")
    practice.refresh(raw_indexes=baked)
    assert practice.ask(INDEXES) == [("visit", "btree (NULLIF(patnum, (0)::numeric))")]
    practice.execute(f"update Visit set VisitDate = '{'long' * 5000}'")
    practice.refresh(raw_indexes=baked)
    assert practice.ask("select min(length(visitdate)) from raw.visit") == [(20_000,)]


def test_an_index_that_cannot_be_built_fails_nothing_and_says_so(
    practice: Practice, caplog: pytest.LogCaptureFixture
) -> None:
    practice.refresh()
    table = replace(
        read_catalog(practice.config_directory).tables["Visit"],
        indexes=(IndexConfig(("code",), 'NULLIF("code", 0)'), BY_DAY),
    )
    with caplog.at_level(logging.WARNING), connect(practice.warehouse) as connection:
        changes = sync_indexes(connection, table)
        assert (len(changes.created), len(changes.refused)) == (1, 1)
        assert str(changes) == "1 index created, 1 index not built, see the log"
    assert practice.ask(INDEXES) == [("visit", "btree (visitdate)")]
    assert "table Visit: an index could not be changed (SQLSTATE 42883)" in caplog.text


def test_the_source_s_own_indexes_are_taken_as_far_as_a_warehouse_can_use_them(
    practice: Practice, source: Endpoint
) -> None:
    practice.execute(
        "create table Wide (A int, B int, C varchar(600), D varchar(700), E text, F tinyblob, "
        "G varbinary(100), H enum('x','y'), `Select` int, primary key (A, B), key (A), key (B), "
        "unique key (B, A), key (C), key (D), key (E(10)), key (F(9)), key (G, H), key (`Select`))"
    )
    practice.discover()
    with source_session.connect(source) as reader:
        live = read_structures(reader, source)["Wide"]
    catalog = read_catalog(practice.config_directory)
    _override(practice, "tables: {Wide: {indexes: source, columns: {G: {excluded: true}}}}")
    chosen = with_indexes(read_catalog(practice.config_directory).tables["Wide"], live, None)
    assert chosen.indexes == (
        IndexConfig(("b", "a")),
        IndexConfig(("c",)),
        IndexConfig(("select",)),
    )
    assert with_indexes(catalog.tables["Wide"], live, None).indexes is None
