"""Tables that PostgreSQL cannot hold as they are: each is named with what helps, and it helps."""

from __future__ import annotations

import re

import pytest

from include.engine.verify import verify_table
from include.errors import StructureError
from include.ops.config_versions import load_catalog
from include.planning import RefreshPlan
from include.warehouse.session import connect
from tests.odd_names import IMPOSSIBLE_COLUMNS
from tests.planning.practice import Practice


def exclude(practice: Practice, table: str, *columns: str) -> None:
    listed = ", ".join(f"{column}: {{excluded: true}}" for column in columns)
    (practice.config_directory / "overrides.yml").write_text(
        f"tables: {{{table}: {{columns: {{{listed}}}}}}}"
    )


def wide(name: str, definition: str, count: int) -> str:
    columns = ", ".join(f"c{number} {definition}" for number in range(1, count + 1))
    return f"create table {name} (id int primary key, {columns}) engine=MyISAM"


def assert_all_equal(practice: Practice, plan: RefreshPlan) -> None:
    assert plan.config_version is not None
    with connect(practice.warehouse, autocommit=True) as connection:
        catalog = load_catalog(connection, plan.config_version)
    for name in plan.tables:
        assert verify_table(practice.source, practice.warehouse, catalog.tables[name]).is_equal


def test_uuids_and_addresses_are_held_as_such_from_discovery_to_verify(practice: Practice) -> None:
    practice.execute(
        "create table Uuid_Key (id uuid primary key, v int) engine=InnoDB",
        "insert into Uuid_Key select uuid(), seq from seq_1_to_3000 s",
        "create table Inet (a inet4, b inet6, u uuid, index (a))",
        "insert into Inet values ('10.0.0.1', '::1', uuid()), (null, '::ffff:10.0.0.1', null)",
    )
    practice.discover()
    practice.refresh()
    practice.execute(
        "delete from Uuid_Key where v % 7 = 0",
        "update Uuid_Key set v = -v where v % 5 = 0",
        "insert into Inet values ('255.255.255.255', 'ff02::fb', uuid())",
    )
    plan = practice.refresh()
    assert_all_equal(practice, plan)
    assert practice.ask(
        "select pg_typeof(a)::text, host(a), host(b), pg_typeof(u)::text from raw.inet "
        "order by b limit 1"
    ) == [("inet", "10.0.0.1", "::1", "uuid")]


def test_all_columns_of_unknown_types_are_named_and_can_be_excluded(practice: Practice) -> None:
    practice.execute(
        "create table Geo (id int primary key, g geometry, n int, p point, poly polygon)",
        "insert into Geo values (1, point(1, 2), 5, point(1, 2), null)",
    )
    refused = practice.discover().refused["Geo"]
    assert "Geo: has columns of types that no rule maps to a warehouse type: " in refused
    assert "g (geometry), p (point), poly (polygon). " in refused
    assert "Exclude these columns in overrides.yml" in refused
    exclude(practice, "Geo", "g", "p", "poly")
    assert not practice.discover().refused
    assert_all_equal(practice, practice.refresh())
    assert practice.ask("select id, n from raw.geo") == [(1, 5)]


@pytest.mark.parametrize("name", IMPOSSIBLE_COLUMNS)
def test_a_column_whose_name_is_impossible_can_be_excluded(practice: Practice, name: str) -> None:
    practice.execute(f"create table Odd (id int primary key, `{name}` int, n int)")
    practice.execute("insert into Odd values (1, 2, 3)")
    assert practice.discover().refused.keys() == {"Odd"}
    exclude(practice, "Odd", name)
    assert not practice.discover().refused
    practice.refresh()
    practice.execute("alter table Odd add m int default 4", "update Odd set n = 5")
    plan = practice.refresh()
    assert not plan.quarantined
    assert_all_equal(practice, plan)
    assert practice.ask("select id, n, m from raw.odd") == [(1, 5, 4)]


def test_a_name_in_the_key_is_not_to_be_excluded(practice: Practice) -> None:
    practice.execute("create table Odd (_id int primary key)")
    refused = practice.discover().refused["Odd"]
    assert "Odd._id: begins with an underscore" in refused
    assert "exclude the table in overrides.yml" in refused


def test_a_table_that_merges_others_has_no_key(practice: Practice) -> None:
    practice.execute(
        "create table Old (id int primary key, v int) engine=MyISAM",
        "create table New (id int primary key, v int) engine=MyISAM",
        "insert into Old values (1, 10), (2, 20)",
        "insert into New values (2, 20), (2000, 30)",
        "create table Every (id int primary key, v int) engine=MERGE union=(Old, New)",
    )
    practice.discover()
    assert_all_equal(practice, practice.refresh())
    assert practice.ask("select id from raw.every order by id") == [(1,), (2,), (2,), (2000,)]


def test_rows_that_no_page_holds_are_known_at_discovery(practice: Practice) -> None:
    practice.execute(
        wide("Wide", "int unsigned not null default 7", 1010),
        wide("Many", "tinyint default 1", 1598),
        "insert into Wide (id) values (1), (2)",
        "insert into Many (id) values (1), (2)",
    )
    refused = practice.discover().refused
    assert "has rows of 8,256 bytes and more; PostgreSQL holds 8,160" in refused["Wide"]
    named = re.search(r"the 12 widest of a fixed width \((.*?)\)", refused["Wide"])
    assert named
    assert "has 1599 columns; PostgreSQL holds 1597" in refused["Many"]
    assert "Exclude 2 or more of them" in refused["Many"]
    exclude(practice, "Wide", *named[1].split(", "))
    assert set(practice.discover().refused) == {"Many"}
    assert_all_equal(practice, practice.refresh())
    assert practice.ask("select count(*) from raw.wide where c1010 = 7") == [(2,)]
    exclude(practice, "Many", "c1", "c2")
    assert set(practice.discover().refused) == {"Wide"}
    assert "Many" in practice.refresh().tables


@pytest.mark.parametrize(
    ("definition", "count", "advice"),
    [
        ("time default '01:02:03'", 505, r"the (\d+) widest of a fixed width \(c1, "),
        (
            "varchar(10) character set latin1 default 'abcdef'",
            1150,
            r"about (\d+) of the 1150 of variable length, which take 7 bytes each",
        ),
    ],
)
def test_a_row_that_no_page_holds_fails_its_table_and_says_what_to_exclude(
    practice: Practice, definition: str, count: int, advice: str
) -> None:
    practice.execute(wide("Wide", definition, count))
    practice.discover()
    # A row of NULL fits.
    practice.execute(
        f"insert into Wide values (1{', null' * count})",
    )
    practice.refresh()
    practice.execute("insert into Wide (id) values (2)")
    with pytest.raises(StructureError, match=r"a row takes 8,\d+ bytes in PostgreSQL") as caught:
        practice.refresh(tables=("Wide",))
    found = re.search(advice, str(caught.value))
    assert found, str(caught.value)
    assert practice.ask("select id from raw.wide") == [(1,)]
    exclude(practice, "Wide", *(f"c{number}" for number in range(1, int(found[1]) + 1)))
    practice.discover()
    assert_all_equal(practice, practice.refresh())
    assert practice.ask("select count(*) from raw.wide") == [(2,)]


def test_a_key_that_no_index_holds_fails_its_table_and_says_so(practice: Practice) -> None:
    practice.execute(
        "create table Long_Key (id varbinary(3000) primary key) engine=InnoDB",
        "insert into Long_Key select group_concat(sha2(seq, 512) separator '') from seq_1_to_23",
    )
    practice.discover()
    with pytest.raises(StructureError, match=r"key or another index takes 2,\d+ bytes"):
        practice.refresh(tables=("Long_Key",))


def test_one_column_too_many_concerns_its_table_alone(practice: Practice) -> None:
    practice.execute(wide("Many", "tinyint default 1", 1596), "insert into Many (id) values (1)")
    practice.discover()
    practice.refresh()
    practice.execute("alter table Many drop c7, add d7 int")
    plan = practice.refresh()
    assert "Many.d7" in plan.quarantined["Many"]
    assert "one column too many" in plan.quarantined["Many"]
    assert set(plan.tables) == {"Patient", "Visit", "Loose"}
