"""A network that damages what a server sends, at one place of the stream, the same for a seed."""

from __future__ import annotations

import logging
import random
import socket
import threading
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace

import pytest

from include.catalog.model import TableConfig
from include.endpoints import Endpoint
from include.engine.encoding import PageEncoder
from include.errors import PipelineError
from include.sessions.failures import driver_errors
from include.source import session, statement
from include.source.keys import KeyRange, paging_key
from include.source.live_table import check_live_table
from include.source.pages import PageReader
from include.source.session import connect
from include.source.statement import ResultBuffer
from include.source.structure import read_structures
from include.transcoder.core import load_core
from tests.engine.faults.subject import MARK
from tests.engine.practice import Practice

ROW_COUNT = 45
PAGE_ROWS = 20
_COLUMNS = """
    Id int primary key, Small tinyint unsigned, Large bigint unsigned, Amount decimal(12,3),
    Ratio double, Part float, Flags bit(12), Born date, Seen datetime(6), Changed timestamp,
    Span time(3), Grown year, Note text, Code char(9), Picture blob, Kind enum('a','b')
"""
_ROWS = f"""
    select
        seq, seq, seq * 400000000000000000, seq / 7, seq / 3, seq / 9, seq,
        '2020-02-29' + interval seq day, '2020-02-29 01:02:03.040506', '2021-01-01 00:00:01',
        sec_to_time(seq * 1000.5), 1999, concat('{MARK} ', repeat(seq, 20)), 'code',
        repeat(char(seq), seq * 9), if(seq % 3, 'a', null)
    from seq_1_to_{ROW_COUNT}
"""
_BLOCK = 1 << 16
# Of them most numbers of the protocol are made.
_TELLING = (0x00, 0x01, 0x7F, 0x80, 0xFA, 0xFB, 0xFC, 0xFD, 0xFE, 0xFF)
_LONGEST_CHANGE = 12

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Damage:
    """What becomes of the `taken` bytes at a place of the server's stream."""

    place: int
    taken: int
    put: bytes | None

    def applied(self, block: bytes, start: int) -> bytes | None:
        """The block, which starts there in the stream, with the damage; None ends the stream."""
        at = self.place - start
        if not 0 <= at < len(block):
            return block
        if self.put is None:
            return None
        return block[:at] + self.put + block[at + self.taken :]


def random_damage(seed: int, length: int) -> Damage:
    """One of many kinds of damage to a stream of that length; half of all hit the log-in."""
    chance = random.Random(seed)  # noqa: S311 - repeatable
    place = chance.randrange(chance.choice((min(length, 600), length)))
    size = chance.randint(1, _LONGEST_CHANGE)
    some = chance.randbytes(size)
    telling = bytes(chance.choices(_TELLING, k=chance.randint(1, 4)))
    return Damage(
        place,
        *chance.choice(
            (
                (1, some[:1]),
                (1, telling[:1]),
                (len(telling), telling),
                (size, b""),
                (0, some),
                (0, telling),
                (size, some),
                (1, None),
            )
        ),
    )


class DamagingRelay:
    """Passes one connection at a time between a client and a server, with damage to its answers.

    `passed` counts the bytes of the server's stream.
    """

    def __init__(self, target: Endpoint) -> None:
        self._target = (target.host, target.port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.endpoint = replace(target, port=self._listener.getsockname()[1])
        self.damage = Damage(-1, 0, b"")
        self.passed = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Take no more connections."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(self._target)
                threading.Thread(target=_pass, args=(client, server), daemon=True).start()
                threading.Thread(target=self._answer, args=(server, client), daemon=True).start()

    def _answer(self, server: socket.socket, client: socket.socket) -> None:
        start = 0
        with suppress(OSError):
            while block := server.recv(_BLOCK):
                damaged = self.damage.applied(block, start)
                if damaged is None:
                    break
                client.sendall(damaged)
                start += len(block)
                self.passed = start
        _end(server, client)


def _pass(client: socket.socket, server: socket.socket) -> None:
    with suppress(OSError):
        while block := client.recv(_BLOCK):
            server.sendall(block)
    _end(client, server)


def _end(*sockets: socket.socket) -> None:
    for one in sockets:
        with suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)


def create_table(practice: Practice) -> TableConfig:
    """Make a table with a column of every kind, and return its config."""
    practice.execute(f"create table T ({_COLUMNS}) engine=MyISAM", f"insert into T {_ROWS}")
    return practice.config("T")


def read_all(source: Endpoint, table: TableConfig) -> int:
    """Log in, read the catalog and all pages of a table as the engine does; return its rows."""
    key = paging_key(table)
    core = load_core()
    rows = 0
    with driver_errors(source, source, table.name), connect(source) as connection:
        read_structures(connection, source)
        live = check_live_table(connection, source, table, key)
        reader = PageReader(connection, table, core, key=key, live=live, reconnect=connection.close)
        page, bounds, is_last = ResultBuffer(), KeyRange(), False
        while not is_last:
            is_last = reader.read(page, bounds, limit=PAGE_ROWS)
            encoder = PageEncoder(core, table, reader.layout)
            for _ in encoder.blocks(page):
                pass
            rows += page.rows.count
            if not is_last:
                bounds = KeyRange(reader.key_of(page, page.rows.count - 1), None)
        reader.close()
    return rows


def survive(
    practice: Practice, monkeypatch: pytest.MonkeyPatch, seeds: Iterable[int]
) -> list[PipelineError]:
    """Read a table of every kind through one damage a seed; return the errors that were noticed."""
    # What waits for bytes that were taken away ends after this.
    monkeypatch.setattr(session, "LOGIN_TIMEOUT_SECONDS", 0.3)
    monkeypatch.setattr(session, "READ_TIMEOUT_SECONDS", 0.3)
    monkeypatch.setattr(statement, "READ_TIMEOUT_SECONDS", 0.3)
    table = create_table(practice)
    relay = DamagingRelay(practice.source)
    try:
        assert read_all(relay.endpoint, table) == ROW_COUNT
        length = relay.passed
        errors = []
        for seed in seeds:
            relay.damage = random_damage(seed, length)
            try:
                read_all(relay.endpoint, table)
            except PipelineError as error:
                errors.append(error)
            except BaseException:
                log.error("seed %s of a stream of %s bytes: %s", seed, length, relay.damage)
                raise
    finally:
        relay.close()
    return errors
