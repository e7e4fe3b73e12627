"""Random tables of every type, and what practices do to their rows between loads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from include.source.session import quote

Literals = SearchStrategy[str]


@dataclass(frozen=True)
class ColumnKind:
    """A declaration and literals of its values, some of which the source cuts to fit."""

    declaration: str
    literals: Literals


@dataclass(frozen=True)
class KeyShape:
    """Which columns form the key, how they are declared, and the values that they take."""

    columns: Sequence[str]
    index: str
    pools: Sequence[Sequence[str]]
    is_paged: bool = True

    @property
    def names(self) -> list[str]:
        return ["Kéy", "order"][: len(self.columns)]


@dataclass(frozen=True)
class Scenario:
    """A table without its name ({t} stands for it), its key, and steps between loads."""

    create: str
    key: tuple[str, ...] | None
    chunk_rows: int
    steps: tuple[tuple[str, ...], ...]


def text(content: str) -> str:
    """Write a text so that no byte of it is syntax."""
    return f"_utf8mb4 x'{content.encode().hex()}'"


def _texts(longest: int, alphabet: SearchStrategy[str]) -> Literals:
    return st.text(alphabet, max_size=longest).map(text)


@st.composite
def integers(draw: st.DrawFn) -> ColumnKind:
    name, bits = draw(
        st.sampled_from(
            [("tinyint", 8), ("smallint", 16), ("mediumint", 24), ("int", 32), ("bigint", 64)]
        )
    )
    width = draw(st.sampled_from(["", "(1)", "(7)", "(20)"]))
    sign = draw(st.sampled_from(["", " unsigned", " zerofill"]))
    low = 0 if sign else -(1 << bits - 1)
    high = low + (1 << bits) - 1
    values = st.sampled_from([low, low + 1, 0, 1, high - 1, high]) | st.integers(low, high)
    return ColumnKind(f"{name}{width}{sign}", values.map(str))


@st.composite
def decimals(draw: st.DrawFn) -> ColumnKind:
    precision = draw(st.sampled_from([1, 4, 9, 10, 18, 31, 64, 65]) | st.integers(1, 65))
    scale = draw(st.integers(0, min(precision, 30)))
    sign = draw(st.sampled_from(["", "", " unsigned", " zerofill"]))
    top = 10**precision - 1
    digits = st.sampled_from([0, 1, top]) | st.integers(0, top)

    def written(number: int, mark: str) -> str:
        figures = str(number).zfill(scale + 1)
        whole = figures[: len(figures) - scale]
        return f"{mark}{whole}.{figures[len(figures) - scale :]}0"

    return ColumnKind(
        f"decimal({precision},{scale}){sign}",
        st.builds(written, digits, st.sampled_from(["", "-"])),
    )


@st.composite
def approximate(draw: st.DrawFn) -> ColumnKind:
    name = draw(
        st.sampled_from(["float", "double", "float(9,3)", "double(14,4)", "double unsigned"])
    )
    width = 32 if name.startswith("float") else 64
    numbers = st.floats(allow_nan=False, allow_infinity=False, width=64 if width == 64 else 32)
    edges = ["-0e0", "0.1", "5e-324", "1.17549435e-38", "1.401298464324817e-45", "0.3"]
    return ColumnKind(name, numbers.map(repr) | st.sampled_from(edges))


@st.composite
def bits(draw: st.DrawFn) -> ColumnKind:
    width = draw(st.sampled_from([1, 7, 8, 9, 33, 64]) | st.integers(1, 64))
    top = (1 << width) - 1
    values = st.sampled_from([0, top]) | st.integers(0, top)
    return ColumnKind(f"bit({width})", values.map(lambda value: f"b'{value:b}'"))


DAYS = st.sampled_from(
    ["0000-00-00", "2020-02-30", "2019-00-00", "2019-05-00", "0000-01-01", "0001-01-01"]
) | st.dates().map(str)
CLOCKS = st.sampled_from(["00:00:00", "23:59:59.999999", "00:00:00.000001", "02:30:00"]) | (
    st.times().map(str)
)
MOMENTS = st.sampled_from(
    ["1970-01-01 00:00:01", "2024-11-03 05:30:00", "2024-11-03 06:30:00", "2038-01-19 03:14:07.9"]
)


@st.composite
def moments(draw: st.DrawFn) -> ColumnKind:
    fraction = draw(st.integers(0, 6))
    name = draw(st.sampled_from(["date", "datetime", "timestamp", "time", "year"]))
    if name == "year":
        return ColumnKind(name, st.sampled_from(["0", "1901", "1999", "2155"]))
    if name == "date":
        return ColumnKind(name, DAYS.map(lambda day: f"'{day}'"))
    if name == "time":
        spans = st.builds(
            lambda sign, hours, clock: f"'{sign}{hours}{clock[2:]}'",
            st.sampled_from(["", "-"]),
            st.sampled_from([0, 24, 838]) | st.integers(0, 838),
            CLOCKS,
        )
        return ColumnKind(f"time({fraction})", spans)
    both = st.builds(lambda day, clock: f"'{day} {clock}'", DAYS, CLOCKS)
    return ColumnKind(f"{name}({fraction})", both | MOMENTS.map(lambda moment: f"'{moment}'"))


_WESTERN = st.characters(min_codepoint=0, max_codepoint=0xFF, exclude_characters="")
_ALPHABETS = {
    "utf8mb4": st.characters(exclude_categories=["Cs"]) | st.sampled_from("🦷\\\t\n\r\0'\"%"),
    "utf8mb3": st.characters(max_codepoint=0xFFFF, exclude_categories=["Cs"]),
    "latin1": st.sampled_from("aé€ÿ\0\\\t '") | _WESTERN,
}


@st.composite
def strings(draw: st.DrawFn) -> ColumnKind:
    charset = draw(st.sampled_from(list(_ALPHABETS)))
    name = draw(
        st.sampled_from(
            ["char(9)", "varchar(40)", "tinytext", "text", "mediumtext", "longtext", "enum", "set"]
        )
    )
    if name in ("enum", "set"):
        members = "'red','gr''een','ü'"
        values = st.sampled_from([text("red"), text("gr'een"), text("ü"), "''", "99"])
        return ColumnKind(f"{name}({members}) character set {charset}", values)
    literals = _texts(12, _ALPHABETS[charset])
    if name in ("mediumtext", "longtext"):
        letter = text("€")
        literals = literals | st.integers(90, 30_000).map(lambda n: f"repeat({letter}, {n})")
    return ColumnKind(f"{name} character set {charset}", literals)


@st.composite
def documents(draw: st.DrawFn) -> ColumnKind:
    values = ["{}", '{"a": "\\u0000"}', '["🦷", 1e400, null]', "null", '"\\\\"']
    return ColumnKind("json", st.sampled_from(draw(st.permutations(values))).map(text))


@st.composite
def bytes_of_any_kind(draw: st.DrawFn) -> ColumnKind:
    name = draw(
        st.sampled_from(
            ["binary(5)", "varbinary(30)", "tinyblob", "blob", "mediumblob", "longblob"]
        )
    )
    literals = st.binary(max_size=20).map(lambda content: f"x'{content.hex()}'")
    if name in ("mediumblob", "longblob"):
        literals = literals | st.integers(200, 70_000).map(lambda n: f"repeat(x'00ff', {n})")
    return ColumnKind(name, literals)


@st.composite
def identities(draw: st.DrawFn) -> ColumnKind:
    name = draw(st.sampled_from(["uuid", "inet4", "inet6"]))
    values = {
        "uuid": st.uuids(version=1) | st.uuids(),
        "inet4": st.ip_addresses(v=4),
        "inet6": st.ip_addresses(v=6),
    }[name]
    return ColumnKind(name, values.map(lambda value: f"'{value}'"))


COLUMN_KINDS = st.one_of(
    integers(),
    integers(),
    decimals(),
    approximate(),
    bits(),
    moments(),
    moments(),
    strings(),
    strings(),
    documents(),
    bytes_of_any_kind(),
    identities(),
)
NAMES = (
    "Select",
    "GROUP",
    "a b",
    'q"uote',
    "%s",
    "Größe",
    "it's",
    "desc",
    "User",
    "tick`",
    "page",
    "r",
    "歯",
)
PRIMARY = "primary key"
_NUMBERS = [str(number) for number in (-(2**31), -7, -1, 0, 1, 2, 3, 9, 10, 11, 400, 2**31 - 1)]
_LARGE = ["0", "1", "9", "255", str(2**63 - 1), str(2**63), str(2**64 - 2), str(2**64 - 1)]
_DAYS = [
    f"'{day}'" for day in ("0001-01-01", "1999-12-31", "2024-02-29", "2024-03-01", "9999-12-31")
]
_FINE = [
    f"'{moment}'"
    for moment in ("2024-03-10 02:30:00", "2024-03-10 02:30:00.000001", "1000-01-01", "2024-03-10")
]
_WORDS = [text(word) for word in ("", "a", "A", "B", "c ", "Éa", "zz", "_", "\U0001f9b7", "'\\")]
_CODES = [f"x'{code}'" for code in ("", "00", "0000", "ff", "5c", "27", "61", "6100")]
_MONEY = ["-99999999.99", "-0.01", "0", "0.01", "1", "10", "99999999.99"]
_UUIDS = [
    f"'{uuid}'"
    for uuid in (
        "00000000-0000-0000-0000-000000000000",
        "0e5a0000-7b1c-11ee-8001-0242ac120002",
        "ffffffff-7b1c-11ee-8001-0242ac120001",
        "00000001-7b1d-11ee-8001-0242ac120001",
        "018bcfe5-6871-7abc-8def-0123456789ab",
        "018bcfe5-6870-7fff-8def-0123456789ab",
        "aaaaaaaa-aaaa-4aaa-aaaa-aaaaaaaaaaaa",
        "ffffffff-ffff-ffff-ffff-ffffffffffff",
    )
]
_ADDRESSES = [f"'{address}'" for address in ("::", "::1", "::ffff:10.0.0.1", "2001:db8::", "ff::")]
KEY_SHAPES = (
    KeyShape(["int"], PRIMARY, [_NUMBERS]),
    KeyShape(["bigint unsigned"], PRIMARY, [_LARGE]),
    KeyShape(["smallint(4) zerofill not null"], "unique key U", [["0", "1", "9", "12", "65535"]]),
    KeyShape(["int", "varchar(9) collate utf8mb4_general_ci"], PRIMARY, [_NUMBERS[:5], _WORDS]),
    KeyShape(["decimal(10,2)", "tinyint"], PRIMARY, [_MONEY, ["-128", "0", "127"]]),
    KeyShape(["varchar(9) collate utf8mb4_general_ci"], PRIMARY, [_WORDS]),
    KeyShape(["date", "int"], PRIMARY, [_DAYS, _NUMBERS[:4]]),
    KeyShape(["datetime(6)"], PRIMARY, [_FINE]),
    KeyShape(["varbinary(9)"], PRIMARY, [_CODES]),
    KeyShape(["binary(3)", "year"], PRIMARY, [_CODES, ["0", "1901", "2155"]]),
    KeyShape(["uuid"], PRIMARY, [_UUIDS]),
    KeyShape(["inet6", "uuid"], PRIMARY, [_ADDRESSES, _UUIDS[:4]]),
    KeyShape(["inet4", "int"], PRIMARY, [["'0.0.0.0'", "'10.0.0.1'", "'255.0.0.1'"], _NUMBERS]),
    KeyShape(["enum('x','b','c','d','900') not null"], PRIMARY, [["1", "2", "3", "5"]], False),
    KeyShape(["time(3) not null"], "unique key U", [["'-1:00'", "'0:00'", "'99:00:00.5'"]], False),
    KeyShape(["int", "int"], "", [_NUMBERS[:5], ["1", "2"]], False),
    KeyShape(["int null", "int"], "unique key U", [_NUMBERS[:5], ["1", "null"]], False),
)
FIXED = (
    ("PatNum", "bigint", st.sampled_from(["null", "0", "10", "20"])),
    (
        "At",
        "datetime",
        st.sampled_from(["null", "'2024-11-03 01:30:00'", "'2024-11-04'", "'0000-00-00'"]),
    ),
)
STAMP = "timestamp not null default current_timestamp on update current_timestamp"


@st.composite
def scenarios(draw: st.DrawFn) -> Scenario:
    shape = draw(st.sampled_from(KEY_SHAPES))
    kinds = draw(st.lists(COLUMN_KINDS, min_size=1, max_size=6))
    names = draw(st.permutations(NAMES))[: len(kinds)]
    # "insert ignore" makes a NULL that is not allowed an empty text, which is no JSON.
    nullable = ["null", "null invisible"]
    endings = [
        draw(st.sampled_from(nullable if kind.declaration == "json" else [*nullable, "not null"]))
        for kind in kinds
    ]
    columns = [
        *(f"{quote(n)} {d}" for n, d in zip(shape.names, shape.columns, strict=True)),
        *(f"{quote(n)} {d}" for n, d, _ in FIXED),
        *(
            f"{quote(name)} {kind.declaration} {ending}"
            for name, kind, ending in zip(names, kinds, endings, strict=True)
        ),
        f"`Stamp` {STAMP}",
    ]
    if draw(st.booleans()):
        how = draw(st.sampled_from(["stored", "virtual"]))
        columns.append(f"`Twice` bigint generated always as (`PatNum` * 2) {how}")
    if shape.index:
        columns.append(f"{shape.index} ({', '.join(map(quote, shape.names))})")
    values = [
        *map(st.sampled_from, shape.pools),
        *(literals for _, _, literals in FIXED),
        *(st.just("null") | kind.literals | kind.literals for kind in kinds),
    ]
    listed = ", ".join(map(quote, [*shape.names, *(n for n, _, _ in FIXED), *names]))
    rows = st.tuples(*values).map(lambda cells: f"({', '.join(cells)})")
    key = st.tuples(*map(st.sampled_from, shape.pools))

    def where(cells: Sequence[str]) -> str:
        tests = zip(shape.names, cells, strict=True)
        return " and ".join(f"{quote(name)} <=> {cell}" for name, cell in tests)

    def insert(many: Sequence[str]) -> str:
        return f"insert ignore into {{t}} ({listed}) values {', '.join(many)}"

    inserts = st.lists(rows, min_size=1, max_size=8).map(insert)
    editable = [*zip([n for n, _, _ in FIXED], [v for _, _, v in FIXED], strict=True)]
    editable += [*zip(names, (kind.literals for kind in kinds), strict=True)]
    assignments = st.sampled_from(editable).flatmap(
        lambda pair: pair[1].map(lambda value: f"{quote(pair[0])} = {value}")
    )
    edits = st.builds(
        lambda assignment, cells, still: (
            f"update ignore {{t}} set {assignment}{still} where {where(cells)}"
        ),
        assignments,
        key,
        st.sampled_from(["", ", `Stamp` = `Stamp`", ", `Stamp` = '2001-01-01'"]),
    )
    deletes = key.map(lambda cells: f"delete from {{t}} where {where(cells)}")
    rekeys = st.builds(
        lambda old, new: (
            f"update ignore {{t}} set {quote(shape.names[0])} = {new[0]} where {where(old)} limit 1"
        ),
        key,
        key,
    )
    engines = st.sampled_from(["MyISAM", "InnoDB", "Aria"])
    whole = st.sampled_from(["truncate {t}", "delete from {t}"]) | engines.map(
        lambda engine: f"alter table {{t}} engine={engine}"
    )
    steps = draw(
        st.lists(
            st.lists(st.one_of(inserts, edits, edits, deletes, rekeys, whole), max_size=5).map(
                tuple
            ),
            min_size=2,
            max_size=4,
        )
    )
    first = draw(st.lists(rows, max_size=14))
    return Scenario(
        f"create table {{t}} ({', '.join(columns)}) engine={draw(engines)} character set utf8mb4",
        tuple(name.lower() for name in shape.names) if shape.is_paged else None,
        draw(st.integers(1, 7)),
        ((insert(first),) if first else (), *steps),
    )
