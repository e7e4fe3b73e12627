"""A network that breaks at a byte: a relay on loopback that cuts, or falls silent and then cuts."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace

from include.endpoints import Endpoint

_BLOCK = 4096


class Relay:
    """Passes bytes between clients and one server until so many of them came from a side.

    `break_after` says how many. Then every connection is broken at once, and the relay works again.
    `passed` counts the bytes of all connections by side, "client" or "server".
    """

    def __init__(self, target: Endpoint) -> None:
        self._target = (target.host, target.port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._lock = threading.Lock()
        self._open: list[socket.socket] = []
        self._side, self._budget = "", 0
        self.passed = {"client": 0, "server": 0}
        self.breaks = 0
        self.silence = threading.Event()
        self.silence.set()
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    def break_after(self, count: int, *, side: str) -> None:
        """Break all connections when that many more bytes have come from a side; 0 is never."""
        with self._lock:
            self._side, self._budget = side, count

    def close(self) -> None:
        self._listener.close()
        self.silence.set()
        self._cut()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                try:
                    server = socket.create_connection(self._target)
                except OSError:
                    client.close()
                    continue
                with self._lock:
                    self._open += [client, server]
                for one, other, side in ((client, server, "client"), (server, client, "server")):
                    threading.Thread(
                        target=self._pass, args=(one, other, side), daemon=True
                    ).start()

    def _pass(self, one: socket.socket, other: socket.socket, side: str) -> None:
        with suppress(OSError):
            while block := one.recv(_BLOCK):
                sent = self._allowed(len(block), side)
                other.sendall(block[:sent])
                if sent < len(block):
                    self.silence.wait()
                    self._cut()
            other.shutdown(socket.SHUT_WR)

    def _allowed(self, count: int, side: str) -> int:
        with self._lock:
            self.passed[side] += count
            if side != self._side or not self._budget:
                return count
            if self._budget > count:
                self._budget -= count
                return count
            allowed, self._budget = self._budget - 1, 0
            self.breaks += 1
            return allowed

    def _cut(self) -> None:
        with self._lock:
            doomed, self._open = self._open, []
        for connection in doomed:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()


@contextmanager
def relayed(endpoint: Endpoint) -> Iterator[tuple[Relay, Endpoint]]:
    """A relay before a server, and the endpoint that goes through it."""
    relay = Relay(endpoint)
    try:
        yield relay, replace(endpoint, port=relay.port)
    finally:
        relay.close()
