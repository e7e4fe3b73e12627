"""A server whose owner decides every packet that it sends: what it asks for, what it answers."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from pymysql.constants import CLIENT

from include.endpoints import Endpoint
from tests.certificates import Signed

CHALLENGE = b"12345678abcdefghijkl"
OK = b"\0\0\0\2\0\0\0"
_HEADER_OF_RESPONSE = 32
# One payload, or the bytes of several packets, without end if need be.
Answer = bytes | Iterable[bytes]


@dataclass
class Talk:
    """What the client said, packet by packet, also before encryption."""

    packets: list[bytes] = field(default_factory=list)

    def has(self, secret: bytes) -> bool:
        """Whether some packet holds these bytes."""
        return any(secret in packet for packet in self.packets)


def packets(*payloads: bytes, first: int = 1) -> bytes:
    """Short packets with their numbers."""
    return b"".join(_packet(number, one) for number, one in enumerate(payloads, start=first))


def switch(method: bytes, challenge: bytes = CHALLENGE + b"\0") -> bytes:
    """The request for another method."""
    return b"\xfe" + method + b"\0" + challenge


def greeting(*, method: bytes, with_tls: bool) -> bytes:
    """The first packet of a server."""
    offered = CLIENT.CAPABILITIES | CLIENT.CONNECT_WITH_DB | (CLIENT.SSL if with_tls else 0)
    return b"".join(
        (
            b"\x0a8.0.99-hostile\0\1\0\0\0",
            CHALLENGE[:8] + b"\0",
            offered.to_bytes(4, "little")[:2],
            b"\x2d\2\0",
            offered.to_bytes(4, "little")[2:],
            b"\x15" + bytes(10),
            CHALLENGE[8:] + b"\0",
            method + b"\0",
        )
    )


@contextmanager
def asking(
    answers: Sequence[Answer],
    *,
    method: bytes = b"mysql_native_password",
    certificate: Signed | None = None,
    raw_greeting: bytes | None = None,
) -> Iterator[tuple[Endpoint, Talk]]:
    """A server that sends these answers one by one, each after a packet of the client."""
    listener = socket.create_server(("127.0.0.1", 0))
    talk = Talk()
    first = (
        raw_greeting
        if raw_greeting is not None
        else _packet(0, greeting(method=method, with_tls=bool(certificate)))
    )

    def serve() -> None:
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                with client, suppress(OSError, EOFError):
                    _converse(client, first, answers, talk=talk, certificate=certificate)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield Endpoint("mysql", "127.0.0.1", listener.getsockname()[1], "reader", "", "od"), talk
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


def _converse(
    client: socket.socket,
    first: bytes,
    answers: Sequence[Answer],
    *,
    talk: Talk,
    certificate: Signed | None,
) -> None:
    client.sendall(first)
    number, payload = _receive(client, talk)
    if certificate and len(payload) == _HEADER_OF_RESPONSE:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate.cert, certificate.key)
        client = context.wrap_socket(client, server_side=True)
        number, _ = _receive(client, talk)
    with client:
        for answer in answers:
            if isinstance(answer, bytes):
                client.sendall(_packet(number + 1, answer))
            else:
                for part in answer:
                    client.sendall(part)
            number, _ = _receive(client, talk)


def _packet(number: int, payload: bytes) -> bytes:
    return len(payload).to_bytes(3, "little") + bytes([number % 256]) + payload


def _receive(client: socket.socket, talk: Talk) -> tuple[int, bytes]:
    header = _exactly(client, 4)
    payload = _exactly(client, int.from_bytes(header[:3], "little"))
    talk.packets.append(payload)
    return header[3], payload


def _exactly(client: socket.socket, size: int) -> bytes:
    received = b""
    while len(received) < size:
        part = client.recv(size - len(received))
        if not part:
            raise EOFError
        received += part
    return received
