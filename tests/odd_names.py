"""Names of tables and columns: odd ones of other people's databases, and an attacker's."""

from __future__ import annotations

from collections.abc import Sequence

from include.endpoints import Endpoint
from include.source.session import quote
from tests.engine.practice import writing

_PRINTABLE = "".join(map(chr, range(0x20, 0x7F)))
# No name may end with a blank.
_RUNS = [f"{_PRINTABLE[at : at + 6]}." for at in range(0, len(_PRINTABLE), 6)]
_LONG = "n" * 62

# Every name that the warehouse can hold; each becomes a table, and both columns of one.
ODD_NAMES = (
    *_RUNS,
    # characters that end a string, a name, a pattern or a path
    *('"', "`", "\\", "%", "/", "..", ";", "?", "<<", 'a"b', 'a""b', "a``b", "per%cent", "%s"),
    *("%(name)s", "a/b", "../x", "{0}", "{{ 7 * 7 }}", " leading", "1e5", "null", "a: b"),
    # letters of other alphabets, also composed, and letters that change when they are lowered
    *("客户", "заказ", "Ödön", "o\u0308", "ö", "İ", "ΟΔΟΣ", "\u00a0", "عميل"),
    # the most bytes that the warehouse allows, which differ in the last one only
    *(f"{_LONG}a", f"{_LONG}b", "ü" * 31),
    # names that the warehouse derives of others, or has for itself
    *("zz", "zz_pkey", "pg_class", "raw", "information_schema", "excluded"),
    # names that the engine's statements use, and words of the servers
    *("page", "difference", "r", "p", "select", "user", "text"),
)
# Names that it cannot hold, with what is said of each.
IMPOSSIBLE_NAMES = {
    f"{_LONG}xx": "64 bytes",
    "ü" * 32: "64 bytes",
    "_x": "underscore",
    "Twin": "differs from tWIN by case only",
    "tWIN": "differs from Twin by case only",
}
IMPOSSIBLE_COLUMNS = {
    "ctid": "system column",
    "XMin": "system column",
    "tableoid": "system column",
    "_deleted_at": "underscore",
    f"{_LONG}xx": "64 bytes",
}


def create_tables(source: Endpoint, names: Sequence[str]) -> None:
    """Create a table of each name whose key has that name, and one with all columns and no key."""
    with writing(source) as cursor:
        for name in names:
            key, other = quote(name), quote(f">{name[:30]}")
            cursor.execute(
                f"create table {key} ({key} int primary key, {other} varchar(9), `seen on` date)"
            )
            cursor.execute(f"insert into {key} values (1, 'a', '2020-01-01'), (2, null, null)")
        columns = ", ".join(f"{quote(name)} int default 1" for name in names)
        cursor.execute(f"create table keyless ({columns})")
        cursor.execute("insert into keyless () values (), ()")


def create_impossible(source: Endpoint) -> None:
    """Create the tables that the warehouse cannot hold, for their names or for a column's."""
    with writing(source) as cursor:
        for name in IMPOSSIBLE_NAMES:
            cursor.execute(f"create table {quote(name)} (id int primary key)")
        for name in IMPOSSIBLE_COLUMNS:
            table = quote(f"with {name}"[:60])
            cursor.execute(f"create table {table} (id int primary key, {quote(name)} int)")
