"""Tables of every type that a server has, most of them in a key, and three rounds of edits."""

from __future__ import annotations

from tests.engine.hostile_rows import COLUMNS, HOSTILE, ROWS

NUMBERS = ", ".join(f"({number})" for number in range(1, 2001))
ODD_NAME = "odd \"%s\" of 'it' / {x}"
_ODD = "`" + ODD_NAME + "`"

TABLES = (
    "create table Numbers (N int primary key) engine=MyISAM",
    f"insert into Numbers values {NUMBERS}",
    HOSTILE.replace("{engine}", "InnoDB"),
    *(f"insert into Hostile ({COLUMNS}) values ({row})" for row in ROWS),
    "create table UnsignedKey (Id bigint unsigned primary key, V varchar(9))",
    "insert into UnsignedKey values (0, 'a'), (9223372036854775807, 'b'), "
    "(9223372036854775808, 'c'), (18446744073709551615, 'd'), (9823372057939841974, 'e')",
    "create table NegativeKey (Id int primary key, V varchar(9))",
    "insert into NegativeKey values (-5, 'a'), (-2147483648, 'b'), (0, 'c'), (7, 'd')",
    "create table InstantKey (D datetime(6), T timestamp(3), V int, primary key (D, T))",
    "insert into InstantKey values "
    "('2024-01-01 00:00:00.000001', '2024-01-01 00:00:00.001', 1), "
    "('2024-01-01 00:00:00.000002', '2024-01-01 00:00:00.001', 2), "
    "('2024-01-01', '2024-01-01', 3), ('0001-01-01', '1970-01-01 00:00:01', 4)",
    "create table SpanKey (T time(6) primary key, V int)",
    "insert into SpanKey values ('-838:59:59', 1), ('-00:00:00.000001', 2), ('0:0:0', 3), "
    "('25:00:00.5', 4), ('838:59:59', 5)",
    "create table YearKey (Y year primary key, V int)",
    "insert into YearKey values (0, 0), (1901, 1), (2155, 2)",
    "create table WordKey (E enum('zebra','apple','mango',''), N int, V int, primary key (E, N))",
    "insert into WordKey select elt(1 + N % 4, 'zebra', 'apple', 'mango', ''), N, N from Numbers",
    "create table SetKey (S set('a', 'b c', 'ü') primary key, V int)",
    "insert into SetKey values ('', 0), ('a', 1), ('a,b c', 2), ('ü', 3), ('a,b c,ü', 4)",
    "create table FloatKey (F float primary key, V int)",
    "insert into FloatKey values (0.1, 1), (0.2, 2), (1e38, 3), (-0.1, 4)",
    "create table BitKey (B bit(12) primary key, V int)",
    "insert into BitKey values (b'0', 1), (b'111111111111', 2), (b'1', 3)",
    "create table DecimalKey (D decimal(30,10) primary key, V int)",
    "insert into DecimalKey values (-0.0000000001, 1), (0, 2), "
    "(12345678901234567890.0123456789, 3)",
    "create table BinaryKey (B binary(16) primary key, V int)",
    "insert into BinaryKey select left(unhex(sha2(N, 256)), 16), N from Numbers",
    "insert into BinaryKey values (0x00, 0), (0xffffffffffffffffffffffffffffffff, 1)",
    "create table BytesKey (B varbinary(32) primary key, V int)",
    "insert into BytesKey values ('', 0), (0x00, 1), (0x0000, 2), ('a', 3), (0x6100, 4)",
    "create table DayKey (D date, N int, V date, primary key (D, N))",
    "insert into DayKey values ('0001-01-01', 1, '0000-00-00'), ('2024-01-01', 1, '2024-01-00'), "
    "('9999-12-31', 3, '2024-02-30')",
    "create table TextKey (K varchar(60) primary key, V int)",
    "insert into TextKey select concat('Kéy ', N, char(65 + N % 26)), N from Numbers",
    "insert into TextKey values ('', 1), ('straße', 2), ('🦷', 3), ('%', 4), ('ÿ', 5)",
    "create table Keyless (F float, T time(6), B bit(5), E enum('b', 'a'), D date, "
    "U bigint unsigned, X varbinary(10))",
    "insert into Keyless select N % 7 / 10, '-1:00:00.5', b'101', 'a', '0000-00-00', "
    "18446744073709551615, 0x00ff from Numbers",
    "insert into Keyless values (null, null, null, null, null, null, null), "
    "(null, null, null, null, null, null, null)",
    "create table Computed (Id int primary key, U varchar(36) default (uuid()), "
    "J json, G int as (Id * 2) stored unique, V varchar(20) as (concat('x', Id / 7)) virtual, "
    "W int as (week('2024-12-31')) virtual, D varchar(20) as (dayname('2024-12-31')) virtual)",
    "insert into Computed (Id, J) values (1, '{\"a\": [1, null, \"ü\"]}'), (2, null), (3, '0')",
    "create table Shapes (Id int primary key, G geometry, P point, V int)",
    "insert into Shapes values (1, st_geomfromtext('POINT(1 2)'), "
    "st_geomfromtext('POINT(1 2)'), 1), (2, null, null, 2)",
    f'create table {_ODD} (`a "b` int primary key, `100 %` varchar(9), `select` int)',
    f"insert into {_ODD} values (1, 'x', 1), (2, 'y', 2)",
)
OVERRIDES = """
tables:
  Shapes: {columns: {G: {excluded: true}, P: {excluded: true}}}
"""

ROUNDS: tuple[tuple[str, ...], ...] = (
    (
        "insert into Numbers values (0), (-1), (5000)",
        "update Hostile set Name = 'new', BigU = BigU - 1 where Id = 1",
        "insert into UnsignedKey values (9223372036854775809, 'f')",
        "update InstantKey set V = 40 where V = 4",
        "insert into SpanKey values ('-25:00:00.25', 6)",
        "update WordKey set V = -V where N % 50 = 0",
        "insert into BinaryKey select left(unhex(sha2(N + 10000, 256)), 16), N from Numbers "
        "where N > 1900",
        "insert into BytesKey values (0x6120, 5), (0xff, 6)",
        "update TextKey set V = 0 where K like 'Kéy 1%'",
        "insert into Keyless select * from (select * from Keyless limit 5) k",
        "insert into Computed (Id) values (4)",
        "insert into Shapes values (3, st_geomfromtext('POINT(3 4)'), null, 3)",
        f'update {_ODD} set `100 %` = null where `a "b` = 1',
    ),
    (
        "delete from Numbers where N between 500 and 900",
        "delete from Hostile where Id in (2, 18446744073709551615)",
        "delete from UnsignedKey where Id in (0, 18446744073709551615)",
        "delete from NegativeKey where Id <= 0",
        "delete from InstantKey where V = 1",
        "delete from SpanKey where V in (1, 2)",
        "delete from YearKey where Y = 0",
        "delete from WordKey where E = '' and N < 100",
        "delete from SetKey where S = 'a,b c'",
        "delete from FloatKey where V = 1",
        "delete from BitKey where B = b'0'",
        "delete from DecimalKey where D < 0",
        "delete from BinaryKey where B = 0x00 or V % 9 = 0",
        "delete from BytesKey where B in ('', 0x0000)",
        "delete from DayKey where N = 3",
        "delete from TextKey where V % 5 = 1",
        "delete from Keyless where F is null",
        "delete from Computed where Id = 2",
        f'delete from {_ODD} where `a "b` = 2',
    ),
    (
        "alter table Numbers add column Word varchar(9) default 'word'",
        "alter table Hostile add column Late datetime(3) null",
        "update Hostile set Id = 77, Late = '2024-05-05 05:05:05.005' where Id = 3",
        "alter table TextKey add column Late int not null default 3 first",
        "update TextKey set K = 'STRASSE' where K = 'straße'",
        "update UnsignedKey set Id = Id + 1 where Id > 9223372036854775807 order by Id desc",
        "update NegativeKey set Id = -Id",
        "update InstantKey set D = D + interval 1 microsecond where V = 3",
        "update SpanKey set T = '-00:00:01' where V = 3",
        "update WordKey set E = 'mango' where E = 'apple'",
        "update SetKey set S = 'b c' where S = 'ü'",
        "update FloatKey set F = 0.3 where V = 2",
        "update BitKey set B = b'10' where V = 3",
        "update DecimalKey set D = D + 0.0000000001",
        "update BinaryKey set B = reverse(B) where V = 1",
        "update BytesKey set B = 0x0001 where V = 3",
        "update DayKey set D = D + interval 1 day, V = '0000-00-00' where D = '2024-01-01'",
        "alter table Keyless add column Late int",
        "update Computed set Id = 30 where Id = 3",
        "alter table Shapes add column Late time",
        f'alter table {_ODD} add column `late "%` int default 1',
    ),
)

# What only some servers have; each with the statements that make it and change it.
FOR_MARIADB = (
    "create table Compressed (Id int primary key, T text compressed, B blob compressed)",
    "insert into Compressed values (1, repeat('a', 1000), repeat('b', 1000))",
    "create table Versioned (Id int primary key, V int) with system versioning",
    "insert into Versioned values (1, 1), (2, 2)",
    "update Versioned set V = 3 where Id = 2",
    "create table AddressKey (A inet6 primary key, V int)",
    "insert into AddressKey values ('::1', 1), ('2001:db8::ff00:42:8329', 2), ('::10.0.0.1', 3)",
    "create sequence Counter",
)
FOR_NEWER_MARIADB = (
    "create table UuidKey (Id uuid primary key, V int)",
    "insert into UuidKey select uuid(), N from Numbers where N < 50",
    "insert into UuidKey values ('00000000-0000-0000-0000-000000000000', 0), "
    "('ffffffff-ffff-ffff-ffff-ffffffffffff', 1)",
    "create table Inet4Key (A inet4 primary key, V int)",
    "insert into Inet4Key values ('0.0.0.0', 1), ('10.0.0.1', 2), ('255.255.255.255', 3)",
)
FOR_MYSQL = (
    "set session sql_generate_invisible_primary_key = on",
    "create table Unnumbered (V int, W varchar(20) collate utf8mb4_0900_ai_ci)",
    "insert into Unnumbered (V, W) select N, 'w' from Numbers",
    "create table Expressed (Id int primary key, V varchar(20), unique key ((upper(V))))",
    "insert into Expressed values (1, 'a'), (2, 'b')",
    "create table AccentKey (K varchar(30) collate utf8mb4_0900_as_cs primary key, V int)",
    "insert into AccentKey values ('a', 1), ('A', 2), ('á', 3), ('z', 4), ('ß', 5), ('🦷', 6)",
)
