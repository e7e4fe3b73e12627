"""When a view is made again, and what outlives that."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import LiteralString

import pytest

from include.endpoints import Endpoint
from include.warehouse.session import connect
from tests.transform.view_project import SmallProject, create_small_project

# Each staging view is changed in a way of its own, and each is read by somebody.
BEFORE = {
    "staging/stg_same.sql": "select 1 as one, 'x'::text as two",
    "staging/stg_said.sql": "select 1 as one",
    "staging/stg_longer.sql": "select 1 as one",
    "staging/stg_wider.sql": "select 1 as one, 'x'::text as two",
    "staging/stg_narrower.sql": "select 1 as one, 'x'::text as two",
    "staging/stg_read.sql": "select 1 as one, 'x'::text as two",
    "staging/stg_kept.sql": "select 1 as one",
    "staging/stg_table.sql": "{{ config(materialized='table') }} select 1 as one",
    "staging/views.yml": """
version: 2
models:
  - name: stg_same
    description: One row per pair, 100 % "quoted" it's.
    columns:
      - {name: one, description: The first.}
      - {name: two, description: The second.}
  - name: stg_said
    description: One row per thing.
  - name: stg_wider
    columns:
      - {name: two, description: The second.}
""",
    "intermediate/int_wider.sql": "select one, two from {{ ref('stg_wider') }}",
    "intermediate/int_narrower.sql": "select one, two from {{ ref('stg_narrower') }}",
    "marts/mart_table.sql": "select one from {{ ref('stg_same') }}",
    "marts/mart_view.sql": (
        "{{ config(materialized='view') }} select one from {{ ref('mart_table') }}"
    ),
}
AFTER = {
    "staging/stg_longer.sql": "select 1 as one, 2 as two",
    "staging/stg_wider.sql": "select 1 as one, true as between, 'x'::text as two",
    "staging/stg_narrower.sql": "select 1 as one",
    "staging/stg_read.sql": "select 1 as one",
    "staging/stg_kept.sql": "select 1::bigint as one",
    "staging/stg_table.sql": "select 1 as one",
    "staging/views.yml": BEFORE["staging/views.yml"].replace("per thing", "per other thing"),
    "intermediate/int_narrower.sql": "select one from {{ ref('stg_narrower') }}",
}
# What others have built on the views.
OTHERS: tuple[LiteralString, ...] = (
    "create schema analyst",
    "create view analyst.on_wider with (security_barrier) as"
    " select w.two, s.one from staging.stg_wider w cross join staging.stg_same s",
    "create view analyst.on_that as select two as second from analyst.on_wider",
    "create view analyst.on_read as select two from staging.stg_read",
    "create materialized view analyst.on_kept as select one from staging.stg_kept",
    "comment on view analyst.on_that is 'An analyst''s own.'",
    "comment on column analyst.on_that.second is 'The second.'",
    "grant select on staging.stg_wider, staging.stg_longer, analyst.on_that to reader",
    "grant select (two) on staging.stg_narrower, analyst.on_wider to public",
    "grant select (one) on staging.stg_narrower to reader with grant option",
)
IDENTITIES = """
    select c.relname, c.oid::int, r.xmin::text
    from pg_class c
    join pg_rewrite r on r.ev_class = c.oid
    where c.relnamespace in ('staging'::regnamespace, 'intermediate'::regnamespace)
"""


@dataclass(frozen=True, slots=True)
class Story:
    """The views as they were made, after a run without a change, and after all changes."""

    project: SmallProject
    first: Mapping[str, tuple[int, str]]
    repeated: Mapping[str, tuple[int, str]]
    changed: Mapping[str, tuple[int, str]]
    said: Mapping[str, str]


@pytest.fixture(scope="module")
def story(
    postgres: Endpoint, migrated_warehouse: Endpoint, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Story]:
    """All views made, then changed under what others have built on them."""
    name = "warehouse_of_views"
    with connect(postgres, autocommit=True) as connection:
        connection.execute(
            f"create database {name} template {migrated_warehouse.database}".encode()
        )
        connection.execute("create role reader")
    project = create_small_project(tmp_path_factory.mktemp("views"), postgres.with_database(name))
    project.write(BEFORE)
    assert project.run().return_code == 0, project.said
    project.execute(*OTHERS)
    first = identities(project)
    assert project.run().return_code == 0
    repeated = identities(project)
    # dbt makes a table anew each time, and drops what stands on it.
    project.execute("create view analyst.on_table as select one from staging.stg_table")
    project.write(AFTER)
    project.run()
    yield Story(project, first, repeated, identities(project), dict(project.said))
    with connect(postgres, autocommit=True) as connection:
        connection.execute(f"drop database {name} with (force)".encode())
        connection.execute("drop role reader")


def identities(project: SmallProject) -> dict[str, tuple[int, str]]:
    return {name: (oid, made) for name, oid, made in project.ask(IDENTITIES)}


def test_a_view_is_made_again_only_when_it_changed(story: Story) -> None:
    assert story.repeated == story.first
    for name in ("stg_same", "int_wider"):
        assert story.said[name] == "UNCHANGED"
    assert story.changed["stg_same"] == story.first["stg_same"]
    for name in ("stg_said", "stg_longer"):
        (oid, made), (old_oid, old_made) = story.changed[name], story.first[name]
        assert oid == old_oid, "replaced in place"
        assert made != old_made
    story.project.run()
    assert identities(story.project) == story.changed


def test_an_unchanged_view_is_made_again_when_a_table_below_it_has_taken_it_along(
    story: Story,
) -> None:
    assert story.project.run().results
    assert story.said["stg_same"] == story.project.said["stg_same"] == "UNCHANGED"
    assert story.project.ask("select one from marts.mart_view") == [(1,)]


def test_a_changed_view_shows_what_its_model_says_and_all_that_stands_on_it_stays(
    story: Story,
) -> None:
    project = story.project
    assert project.ask(
        "select relname, array_agg(attname::text order by attnum)"
        " from pg_class c join pg_attribute a on a.attrelid = c.oid"
        " where relkind = 'v' and relname in ('stg_longer', 'stg_wider', 'stg_narrower',"
        " 'stg_table', 'int_narrower') group by 1 order by 1"
    ) == [
        ("int_narrower", ["one"]),
        ("stg_longer", ["one", "two"]),
        ("stg_narrower", ["one"]),
        ("stg_table", ["one"]),
        ("stg_wider", ["one", "between", "two"]),
    ]
    assert project.ask("select one, two from intermediate.int_wider") == [(1, "x")]
    assert project.ask("select second from analyst.on_that") == [("x",)]
    assert project.ask("select one from analyst.on_table") == [(1,)]


def test_grants_options_and_comments_outlive_a_view_that_is_made_again(story: Story) -> None:
    project = story.project
    rights = project.ask(
        "select relname, has_table_privilege('reader', c.oid, 'select'),"
        " has_any_column_privilege('reader', c.oid, 'select'),"
        " has_any_column_privilege('reader', c.oid, 'select with grant option')"
        " from pg_class c where relkind = 'v' and relnamespace in"
        " ('staging'::regnamespace, 'analyst'::regnamespace) order by 1"
    )
    granted = {name: tuple(rest) for name, *rest in rights}
    assert granted["stg_wider"] == (True, True, False)
    assert granted["stg_longer"] == (True, True, False)
    assert granted["on_that"] == (True, True, False)
    assert granted["on_wider"] == (False, True, False)
    assert granted["stg_narrower"] == (False, True, True)
    assert granted["stg_same"] == (False, False, False)
    assert project.ask(
        "select obj_description('analyst.on_that'::regclass),"
        " col_description('analyst.on_that'::regclass, 1),"
        " (select reloptions from pg_class where oid = 'analyst.on_wider'::regclass)"
    ) == [("An analyst's own.", "The second.", ["security_barrier=true"])]
    assert project.ask(
        "select obj_description('staging.stg_same'::regclass),"
        " col_description('staging.stg_same'::regclass, 2),"
        " obj_description('staging.stg_said'::regclass),"
        " col_description('staging.stg_wider'::regclass, 3)"
    ) == [
        (
            'One row per pair, 100 % "quoted" it\'s.',
            "The second.",
            "One row per other thing.",
            "The second.",
        )
    ]


def test_a_view_that_cannot_be_changed_under_others_says_which_stands_in_the_way(
    story: Story,
) -> None:
    for name in ("stg_read", "stg_kept"):
        assert story.changed[name] == story.first[name]
    assert (
        "view analyst.on_read reads columns that view staging.stg_read has no longer. Nothing was"
        " changed. Drop that view, build again, and make it anew."
    ) in story.said["stg_read"].replace('"', "")
    assert (
        "view staging.stg_kept cannot get other columns while view analyst.on_kept stands on it."
        " Nothing was changed. Drop that, build again, and make it anew."
    ) in story.said["stg_kept"].replace('"', "")
    assert story.project.ask("select two from analyst.on_read") == [("x",)]
