"""Reading the live structure, and the warehouse type of every source type."""

from __future__ import annotations

import pymysql
import pytest

from include.endpoints import Endpoint
from include.errors import SourceError, SourceRefusedError, StructureError
from include.source.session import connect
from include.source.structure import (
    ColumnStructure,
    IndexStructure,
    TableStructure,
    read_structures,
)
from include.source.warehouse_types import (
    check_columns,
    check_names,
    names_that_differ_by_case,
    warehouse_type,
)

# Every type of the design's list, and what must hold it.
TYPES = {
    "tinyint(1)": "smallint",
    "tinyint unsigned": "smallint",
    "year": "smallint",
    "smallint": "smallint",
    "smallint unsigned": "integer",
    "mediumint": "integer",
    "mediumint unsigned": "integer",
    "int": "integer",
    "int unsigned": "bigint",
    "int zerofill": "bigint",
    "bigint": "bigint",
    "bigint unsigned": "numeric(20,0)",
    "decimal(12,4)": "numeric(12,4)",
    "decimal(5) unsigned": "numeric(5,0)",
    "float": "real",
    "float(7,2) unsigned": "real",
    "double": "double precision",
    "bit(1)": "bit(1)",
    "bit(13)": "bit(13)",
    "date": "date",
    "datetime(3)": "timestamp",
    "timestamp null": "timestamptz",
    "time(6)": "interval",
    "char(3)": "text",
    "varchar(20)": "text",
    "longtext": "text",
    "enum('unsigned','b')": "text",
    "set('x','y')": "text",
    "json": "text",
    "binary(16)": "bytea",
    "longblob": "bytea",
    "uuid": "uuid",
    "inet4": "inet",
    "inet6": "inet",
}


def _execute(endpoint: Endpoint, *statements: str) -> None:
    with (
        pymysql.connect(
            host=endpoint.host,
            port=endpoint.port,
            user=endpoint.user,
            password=endpoint.password,
            database=endpoint.database or None,
        ) as connection,
        connection.cursor() as cursor,
    ):
        for statement in statements:
            cursor.execute(statement)


def _structures(endpoint: Endpoint) -> dict[str, TableStructure]:
    with connect(endpoint) as connection:
        return read_structures(connection, endpoint)


def test_every_known_type_is_declared_in_the_warehouse_as_designed(source: Endpoint) -> None:
    columns = ", ".join(f"c{i} {declared}" for i, declared in enumerate(TYPES))
    _execute(source, f"create table t ({columns})")
    found = [warehouse_type(column) for column in _structures(source)["t"].columns]
    assert dict(zip(TYPES, found, strict=True)) == TYPES


def test_a_type_never_seen_is_refused_by_table_and_column(source: Endpoint) -> None:
    _execute(source, "create table t (id int primary key, place point)")
    column = _structures(source)["t"].column("place")
    with pytest.raises(StructureError, match=r"t\.place: has the type point, which no rule maps"):
        warehouse_type(column)


def test_a_key_of_a_type_never_seen_cannot_be_excluded() -> None:
    names = ("id", "doc", "n")
    columns = tuple(
        ColumnStructure("t", name, kind, kind, is_nullable=False)
        for name, kind in zip(names, ("xmltype", "vector(3)", "int"), strict=True)
    )
    table = TableStructure("t", "InnoDB", columns, (IndexStructure("PRIMARY", ("id",), True),))
    with pytest.raises(
        StructureError, match=r"id \(xmltype\), doc \(vector\(3\)\)\. .*id cannot be excluded"
    ):
        check_columns(table, excluded=())
    with pytest.raises(StructureError, match=r"exclude_tables"):
        check_columns(table, excluded=("doc",))


def test_views_and_sequences_are_no_tables_and_generated_columns_come_along(
    source: Endpoint,
) -> None:
    _execute(
        source,
        "create table t (a int primary key, b int as (a + 1) stored, c int invisible default 3)",
        "create view v as select a from t",
        "create sequence s",
    )
    structures = _structures(source)
    assert list(structures) == ["t"]
    assert [c.name for c in structures["t"].columns] == ["a", "b", "c"]
    assert [c.is_generated for c in structures["t"].columns] == [False, True, False]


def test_only_an_index_that_identifies_every_row_is_the_key(source: Endpoint) -> None:
    _execute(
        source,
        "create table plain (b int, a int, primary key (a, b), unique (b))",
        "create table nullable (a int, unique (a))",
        "create table narrow (a int not null, b int not null, unique u2 (a, b), unique u1 (b))",
        "create table prefix (a varchar(50) not null, unique (a(10)))",
        "create table hashed (a text not null, unique (a))",
        "create table one (a int primary key) engine=MyISAM",
        "create table merged (a int primary key) engine=MERGE union=(one)",
    )
    structures = _structures(source)
    assert {name: table.key for name, table in structures.items()} == {
        "plain": ("a", "b"),
        "nullable": (),
        "narrow": ("b",),
        "prefix": (),
        "hashed": (),
        "one": ("a",),
        # Two of the tables that it joins may have the same key.
        "merged": (),
    }
    index = structures["narrow"].key_index
    assert index is not None
    assert index.name == "u1"


def test_the_fingerprint_moves_with_what_is_read_and_with_nothing_else(source: Endpoint) -> None:
    _execute(source, "create table t (id int primary key, note varchar(10)) engine=MyISAM")
    first = _structures(source)["t"].fingerprint
    _execute(
        source,
        "insert into t values (1, 'x')",
        "create index note on t (note)",
        "alter table t engine=InnoDB",
        "alter table t alter note set default 'y'",
    )
    assert _structures(source)["t"].fingerprint == first
    _execute(source, "alter table t modify note varchar(11)")
    widened = _structures(source)["t"].fingerprint
    _execute(source, "alter table t modify note varchar(11) first")
    moved = _structures(source)["t"].fingerprint
    assert len({first, widened, moved}) == 3


def test_only_a_live_on_update_clause_makes_a_stamp(source: Endpoint) -> None:
    _execute(
        source,
        "create table t (id int primary key, SecDateTEdit timestamp not null default "
        "current_timestamp on update current_timestamp, DateTStamp timestamp not null default "
        "current_timestamp)",
    )
    assert _structures(source)["t"].on_update_columns == ("SecDateTEdit",)


@pytest.mark.parametrize(
    ("definition", "message"),
    [
        ("`_t` (a int)", "_t: begins with an underscore"),
        ("t (`_batch_id` int)", r"t\._batch_id: begins with an underscore"),
        ("t (XMin int)", r"t\.XMin: is the name of a system column"),
        (f"`{'é' * 40}` (a int)", "has a name of 80 bytes; PostgreSQL allows 63"),
        (f"t (`{'x' * 64}` int)", "has a name of 64 bytes"),
    ],
)
def test_names_that_the_warehouse_cannot_hold_are_refused(
    source: Endpoint, definition: str, message: str
) -> None:
    _execute(source, f"create table {definition}")
    (structure,) = _structures(source).values()
    with pytest.raises(StructureError, match=message):
        check_names(structure, excluded=())


def test_tables_that_differ_by_case_only_are_both_named(source: Endpoint) -> None:
    _execute(source, "create table Patient (a int)", "create table patient (a int)")
    assert names_that_differ_by_case([*_structures(source), "other"]) == {
        "Patient": "differs from patient by case only",
        "patient": "differs from Patient by case only",
    }


def test_an_account_without_privileges_is_not_taken_for_an_empty_database(
    source: Endpoint,
) -> None:
    _execute(source, "create table t (a int)")
    _execute(source, "create or replace user blind@'127.0.0.1' identified by 'x'")
    blind = Endpoint("mysql", source.host, source.port, "blind", "x", source.database)
    with pytest.raises(SourceRefusedError, match="denies this account the database"):
        connect(blind)
    _execute(source, f"grant create routine on {source.database}.* to blind@'127.0.0.1'")
    with pytest.raises(SourceRefusedError, match="sees no table"):
        _structures(blind)


def test_a_column_that_the_account_may_not_select_is_marked(source: Endpoint) -> None:
    _execute(
        source,
        "create table t (a int, b int)",
        "create or replace user partial@'127.0.0.1' identified by 'x'",
        "grant select (a), insert (b) on t to partial@'127.0.0.1'",
    )
    partial = Endpoint("mysql", source.host, source.port, "partial", "x", source.database)
    assert [c.is_readable for c in _structures(partial)["t"].columns] == [True, False]


def test_a_source_that_cannot_be_reached_is_named_without_its_password() -> None:
    nowhere = Endpoint("mysql", "127.0.0.1", 1, "reader", "s3cret", "opendental")
    with pytest.raises(SourceError, match=r"mysql reader@127\.0\.0\.1:1/opendental") as failure:
        connect(nowhere)
    assert "s3cret" not in str(failure.value)
