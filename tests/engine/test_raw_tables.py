from __future__ import annotations

from dataclasses import replace

import pytest

from include.errors import StructureError
from include.ops.loads import next_batch_id
from include.warehouse import raw_tables
from include.warehouse import session as warehouse_session
from tests.engine.oracle import assert_equal
from tests.engine.practice import Practice

# Everything about the views that must survive.
VIEWS = """
select c.relname, pg_get_viewdef(c.oid), pg_get_userbyid(c.relowner), c.reloptions::text,
    c.relacl::text, obj_description(c.oid, 'pg_class'),
    (select string_agg(a.attacl::text || ':' || coalesce(col_description(c.oid, a.attnum), ''), ',')
     from pg_attribute a where a.attrelid = c.oid)
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where n.nspname in ('staging', 'marts') order by 1
"""


@pytest.fixture
def reader(practice: Practice) -> str:
    """The name of a role with grants on views; roles belong to the server, not the database."""
    name = f"reader_{practice.source.database}"
    practice.command(f"create role {name}")
    return name


def test_a_column_is_widened_under_views_that_stay_as_they_were(
    practice: Practice, reader: str
) -> None:
    practice.execute(
        "create table T (Id int primary key, Amount int, Note varchar(20))",
        "insert into T values (1, 2147483647, 'a')",
    )
    practice.load(practice.config("T"))
    practice.command("create view staging.a as select id, amount from raw.t")
    practice.command(
        "create view staging.b with (security_barrier = true) as "
        "select a.id, a.amount * 2 as double_amount, t.note from staging.a join raw.t using (id)"
    )
    practice.command('create view marts."C d" as select * from staging.b')
    practice.command(f"grant select on staging.b to {reader} with grant option")
    practice.command(f'grant select (note) on marts."C d" to {reader}')
    practice.command("grant select on staging.a to public")
    practice.command("comment on view staging.b is 'it''s b'")
    practice.command("comment on column staging.b.note is 'a note'")
    practice.command(f"grant usage on schema raw to {reader}")
    practice.command(f"grant select on raw.t to {reader}")
    practice.command(f"alter view staging.a owner to {reader}")
    before = practice.query(VIEWS)
    assert len(before) == 3

    practice.execute(
        "alter table T modify Amount bigint", "update T set Amount = 9000000000 where Id = 1"
    )
    table = practice.config("T")
    with warehouse_session.connect(practice.warehouse) as connection:
        raw_tables.widen_column(connection, table, table.column("Amount"))
    practice.load(table)

    assert practice.query("select double_amount::text from staging.b") == [("18000000000",)]
    after = practice.query(VIEWS)
    assert [row[0] for row in after] == ["C d", "a", "b"]
    assert after == before


def test_a_materialized_view_over_the_column_stops_the_change_and_is_named(
    practice: Practice,
) -> None:
    practice.execute("create table T (Id int primary key, Amount int)")
    table = practice.config("T")
    practice.load(table)
    practice.command("create view staging.a as select * from raw.t")
    practice.command("create materialized view marts.m as select * from staging.a")
    wide = replace(table.column("Amount"), warehouse_type="bigint")
    with (
        warehouse_session.connect(practice.warehouse) as connection,
        pytest.raises(StructureError, match=r"marts\.m depends on this table"),
    ):
        raw_tables.widen_column(connection, table, wide)
    assert practice.query("select count(*) from marts.m") == [(0,)]


def test_columns_come_and_go_and_come_back(practice: Practice) -> None:
    practice.execute(
        "create table T (Id int primary key, Note text, Old int)",
        "insert into T values (1, 'a', 5), (2, 'b', null)",
    )
    practice.load(practice.config("T"))

    practice.execute("alter table T drop column Old, add column New date default '2024-01-01'")
    table = practice.config("T")
    with warehouse_session.connect(practice.warehouse) as connection:
        raw_tables.retire_column(connection, table, "old", batch_id=next_batch_id(connection))
        raw_tables.add_column(connection, table, table.column("New"))
    assert practice.load(table).changed == 2
    assert practice.query("select old, new::text from raw.t") == [(None, "2024-01-01")] * 2
    assert_equal(practice.source, practice.warehouse, "T")
    with warehouse_session.connect(practice.warehouse) as connection:
        assert raw_tables.retired_columns(connection, "t") == ("old",)

    practice.execute("alter table T add column Old bigint default 7")
    table = practice.config("T")
    with (
        warehouse_session.connect(practice.warehouse) as connection,
        pytest.raises(StructureError, match=r"T\.Old: comes back as bigint"),
    ):
        raw_tables.add_column(connection, table, table.column("Old"))
    practice.execute("alter table T modify Old int default 7")
    table = practice.config("T")
    with warehouse_session.connect(practice.warehouse) as connection:
        raw_tables.add_column(connection, table, table.column("Old"))
        assert raw_tables.retired_columns(connection, "t") == ()
    assert practice.load(table).changed == 2
    assert_equal(practice.source, practice.warehouse, "T")
