"""Answers that are broken, or have no end: one error that says so, before they fill the memory."""

from __future__ import annotations

import itertools
import tracemalloc
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager

import pymysql
import pytest
from pymysql.constants import CR

from include.endpoints import Endpoint
from include.errors import PipelineError, SourceError
from include.source import packets as packets_module
from include.source import statement as statement_module
from include.source.login import LoginConnection
from include.source.session import connect, source_errors
from include.source.session_settings import Limits, names_of, source_settings
from include.source.statement import PreparedStatement, ResultBuffer
from include.source.structure import read_structures
from include.transcoder.core import load_core
from tests.source.asking_server import OK, Answer, asking, packets

MEGABYTE = 1 << 20
END = b"\xfe\0\0\2\0"
PREPARED = b"\0\1\0\0\0\1\0\1\0\0\0\0"


def sized(text: bytes) -> bytes:
    return bytes([len(text)]) + text


def definition(kind: int = 253, *, name: bytes = b"a") -> bytes:
    """The definition of a column, by default of text."""
    names = map(sized, (b"def", b"", b"t", b"t", name, name))
    return b"".join(names) + b"\x0c\x2d\0\xff\0\0\0" + bytes([kind]) + b"\0\0\0\0\0"


NUMBER = definition(3)
DEFINED = packets(b"\1", NUMBER, END)
ROW = b"\0\0\1\0\0\0"


def endless(payload: bytes, *, first: int) -> Iterator[bytes]:
    """The same packet again and again, rightly numbered."""
    cycle = [packets(payload, first=(first + at) % 256) for at in range(256)]
    block = b"".join(cycle)
    return itertools.repeat(block)


@contextmanager
def logged_in(*answers: Answer) -> Iterator[LoginConnection]:
    """A session whose server gives these answers after the log-in, in its order."""
    with asking([OK, OK, OK, *answers]) as (server, _):
        connection = LoginConnection(server, read_timeout=20)
        connection.connect()
        try:
            yield connection
        finally:
            connection.close()


def executed(connection: LoginConnection, buffer: ResultBuffer, *, limit: int) -> None:
    statement = PreparedStatement(connection, load_core(), "select a from t limit ?", buffer)
    buffer.reserve(limit)
    statement.execute(buffer, (limit,), row_limit=limit)
    statement.drain(buffer, byte_limit=24 * MEGABYTE)


def prepared(columns: int = 1) -> Answer:
    answer = b"\0\1\0\0\0" + columns.to_bytes(2, "little") + b"\1\0\0\0\0"
    return [packets(answer, NUMBER, END, *[NUMBER] * columns, END)]


def code_of(answers: Iterable[Answer], *, limit: int = 10) -> tuple[int, ResultBuffer]:
    """The driver's error for these answers to PREPARE and EXECUTE, and the memory that was used."""
    buffer = ResultBuffer()
    with logged_in(*answers) as connection:
        with pytest.raises(pymysql.MySQLError) as caught:
            executed(connection, buffer, limit=limit)
        assert not connection.open
    return int(caught.value.args[0]), buffer


def test_a_page_has_no_more_rows_than_its_limit() -> None:
    full = [packets(b"\1", NUMBER, END, *[ROW] * 10, END)]
    buffer = ResultBuffer()
    with logged_in(prepared(), full) as connection:
        executed(connection, buffer, limit=10)
    assert buffer.rows.count == 10
    rows = itertools.chain([DEFINED], endless(ROW, first=4))
    code, buffer = code_of([prepared(), rows])
    assert code == CR.CR_MALFORMED_PACKET
    assert buffer.rows.count == 10
    assert len(buffer.data) <= MEGABYTE


def test_a_row_without_end_stops_at_the_largest_row(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statement_module, "ROW_LIMIT", 40 * MEGABYTE)
    long = [b"\xff\xff\xff" + bytes([number]) + bytes(0xFFFFFF) for number in range(4, 9)]
    code, buffer = code_of([prepared(), itertools.chain([DEFINED], long)])
    assert code == CR.CR_NET_PACKET_TOO_LARGE
    assert 40 * MEGABYTE < len(buffer.data) <= 64 * MEGABYTE


@pytest.mark.parametrize(
    "answer",
    [
        OK,
        b"",
        b"\xfb/etc/passwd",
        b"\xfc\1",
        b"\xfc\xff\xff",
        b"\xfe\0\0\0\0\1\0\0\0",
        [packets(b"\1", b"", END, ROW, END)],
        [packets(b"\1", NUMBER, ROW, END)],
        [packets(b"\1", NUMBER, NUMBER, NUMBER, END)],
        [packets(b"\1", NUMBER, bytes(20_000), END)],
        [packets(b"\1", first=7)],
        [packets(b"\1") + packets(NUMBER, END, first=3)],
        [DEFINED + packets(ROW, first=9)],
        [DEFINED + packets(ROW, first=4) + packets(END, first=6)],
        [DEFINED + packets(b"\xff", first=4)],
        itertools.chain([packets(b"\xfc\0\x10")], endless(NUMBER, first=2)),
    ],
)
def test_a_result_that_is_not_the_protocol_is_one_error(answer: Answer) -> None:
    code, buffer = code_of([prepared(), answer])
    assert code == CR.CR_MALFORMED_PACKET
    assert len(buffer.data) <= MEGABYTE


@pytest.mark.parametrize(
    "answer", [OK, b"\0", PREPARED[:8], b"\1" + PREPARED[1:], prepared(5000), prepared(65535)]
)
def test_a_statement_that_is_not_prepared_is_one_error(answer: Answer) -> None:
    assert code_of([answer])[0] == CR.CR_MALFORMED_PACKET


def test_the_columns_of_a_result_are_not_trusted() -> None:
    good = definition()
    for broken in (good[:-8], good[:9], b"\xfb", definition(name=b"\xff"), b"\xfe" + bytes(8)):
        buffer = ResultBuffer()
        with (
            logged_in(prepared(), [packets(b"\1", broken, END, END)]) as connection,
            pytest.raises(pymysql.MySQLError) as caught,
        ):
            columns_of(connection, buffer)
        assert caught.value.args[0] == CR.CR_MALFORMED_PACKET


def columns_of(connection: LoginConnection, buffer: ResultBuffer) -> object:
    executed(connection, buffer, limit=10)
    return buffer.columns


def asked(*answers: Answer) -> PipelineError:
    """What comes of a query in the text protocol."""
    with logged_in(*answers) as connection, pytest.raises(PipelineError) as caught:
        number_from(connection)
    return caught.value


def number_from(connection: LoginConnection) -> int:
    with source_errors(connection.endpoint), connection.cursor() as cursor:
        cursor.execute("select a from t")
        (value,) = cursor.fetchone() or ()
        return int(value)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\xfb/etc/passwd",
        b"\xfc\1",
        [packets(b"\1", b"", END, END)],
        [packets(b"\1", definition()[:-4], END, END)],
        [packets(b"\1", definition(name=b"\xff"), END, END)],
        [packets(b"\1", definition(), b"\0", END)],
        [packets(b"\1", definition(), END, b"\x09short", END)],
        [packets(b"\1", definition(), END, b"\xfc\xff", END)],
        [packets(b"\1", definition(), END, sized(b"\xff\xfe"), END)],
        [packets(b"\1", definition(3), END, sized(b"no number"), END)],
        [packets(b"\1", definition(246), END, sized(b"no decimal"), END)],
        # Its digits, written out as an integer, would keep the processor busy for hours.
        [packets(b"\1", definition(246), END, sized(b"1e999999999"), END)],
        [packets(b"\1", definition(0), END, sized(b"Infinity"), END)],
        [packets(b"\1", definition(246), END, sized(b"9" * 100), END)],
        [packets(b"\1", definition(), END, b"", END)],
        [packets(b"\1", first=3)],
        [packets(b"\xff")],
        [packets(b"\xff\1")],
    ],
)
def test_an_answer_in_text_that_is_not_the_protocol_is_one_error(answer: Answer) -> None:
    error = asked(answer)
    assert type(error) is SourceError
    assert "no answer of its protocol to what was asked (error 2027)" in str(error)


def test_an_answer_to_another_question_is_an_error_that_shows_no_value(
    caplog: pytest.LogCaptureFixture,
) -> None:
    for columns, row in ((1, sized(b"Marked")), (2, sized(b"1") * 2)):
        shape = [bytes([columns]), *[definition()] * columns, END, row, END]
        error = asked([packets(*shape)])
        assert type(error) is SourceError
        assert "no answer of its protocol to what was asked" in str(error)
        assert "ValueError in test_hostile_answers.py, line" in caplog.text
        assert "Marked" not in str(error) + caplog.text
        caplog.clear()


@pytest.mark.parametrize("payload", [sized(b""), sized(b"text"), bytes(1 << 16)])
def test_an_answer_in_text_without_end_stops(
    monkeypatch: pytest.MonkeyPatch, payload: bytes
) -> None:
    monkeypatch.setattr(packets_module, "ANSWER_LIMIT", 4 * MEGABYTE)
    start = packets(b"\1", definition(), END)
    error = asked(itertools.chain([start], endless(payload, first=4)))
    assert type(error) is SourceError
    assert "sent more than one row or one answer can be (error 2020)" in str(error)


@pytest.mark.parametrize("cell", [b"\xfb", sized(b""), sized(b"ab")])
def test_an_answer_in_text_takes_no_more_memory_than_its_limit(
    monkeypatch: pytest.MonkeyPatch, cell: bytes
) -> None:
    monkeypatch.setattr(packets_module, "ANSWER_LIMIT", 16 * MEGABYTE)
    columns, rows = 1000, 2000
    shape = [b"\xfc" + columns.to_bytes(2, "little"), *[definition()] * columns, END]
    answer = packets(*shape, *[cell * columns] * rows, END)
    assert len(answer) < 10 * MEGABYTE
    tracemalloc.start()
    try:
        error = asked([answer])
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert "sent more than one row or one answer can be (error 2020)" in str(error)
    assert most < 3 * 16 * MEGABYTE


def table_of(columns: int, *rows: Sequence[bytes]) -> Answer:
    """A result in text; cells of every length."""
    lines = [b"".join(b"\xfc" + len(c).to_bytes(2, "little") + c for c in row) for row in rows]
    shape = [bytes([columns]), *[definition()] * columns, END, *lines, END]
    return [packets(*shape)]


def test_no_server_writes_long_texts_into_our_errors() -> None:
    table = table_of(4, (b"x" * 5000, b"InnoDB", b"BASE TABLE", b"1"))
    with logged_in(table) as connection, pytest.raises(PipelineError) as caught:
        read_structures(connection, connection.endpoint)
    assert "no answer of its protocol to what was asked (error 2027)" in str(caught.value)
    names = [name.encode() for name in names_of(source_settings(Limits(1, 1, 1, 1)))]
    long = b"x" * 5000
    present = table_of(2, *((name, long) for name in names))
    values = table_of(len(names), [long] * len(names))
    answers = [OK, OK, OK, present, OK, values]
    with asking(answers) as (server, _), pytest.raises(SourceError, match="did not take") as caught:
        connect(server)
    assert len(str(caught.value)) < 10_000


def test_decimals_of_servers_are_read(mariadb: Endpoint) -> None:
    with closing(connect(mariadb)) as connection, connection.cursor() as cursor:
        cursor.execute(
            "select sum(9), -0.5, .5, repeat('9', 65) + 0e0, cast(repeat('9', 65) as decimal(65))"
        )
        total, *others, widest = cursor.fetchone() or ()
    assert (int(total), int(widest)) == (9, int("9" * 65))
    assert [float(one) for one in others] == [-0.5, 0.5, 1e65]


@pytest.mark.parametrize(
    "greeting",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/1.1 400 Bad Request\r\n\r\n" * 9,
        packets(b"", first=0),
        packets(b"\x0a", first=0),
        packets(b"\x0a8.0\0\1\0\0\0", first=0),
        packets(b"\x0a8.0\0\1\0\0\0" + bytes(12), first=0),
        packets(b"\x0a8.0\0\1\0\0\0" + bytes(40), first=0),
        packets(b"\x0a8.0\0\1\0\0\0" + b"\xff" * 60, first=0),
        packets(b"\xff", first=0),
        packets(b"\xff\x10", first=0),
        packets(b"\0" * 50, first=4),
    ],
)
def test_something_else_at_the_address_is_one_error(greeting: bytes) -> None:
    with asking([], raw_greeting=greeting) as (server, _), pytest.raises(PipelineError):
        connect(server)
