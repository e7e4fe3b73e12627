"""A warehouse whose owner, or somebody in between, asks for the password itself."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from include.endpoints import Endpoint

_SSL_REQUEST = (80877103).to_bytes(4, "big")
_GSS_REQUEST = (80877104).to_bytes(4, "big")
# AuthenticationCleartextPassword.
_ASKS = b"R" + (8).to_bytes(4, "big") + (3).to_bytes(4, "big")


@dataclass
class Heard:
    """How many clients were asked, and what they said then."""

    asked: int = 0
    answers: list[bytes] = field(default_factory=list)


@contextmanager
def asking_for_passwords() -> Iterator[tuple[Endpoint, Heard]]:
    """A server that offers no encryption and asks every client for the password in clear text."""
    listener = socket.create_server(("127.0.0.1", 0))
    heard = Heard()

    def serve() -> None:
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                with client, suppress(OSError):
                    _converse(client, heard)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield (
            Endpoint(
                "postgres", "127.0.0.1", listener.getsockname()[1], "loader", "Marked-secret", "w"
            ),
            heard,
        )
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


def _converse(client: socket.socket, heard: Heard) -> None:
    while True:
        said = client.recv(4096)
        if said[4:8] not in (_SSL_REQUEST, _GSS_REQUEST):
            break
        client.sendall(b"N")
    # Counted first: the client may be gone as soon as it is asked.
    heard.asked += 1
    client.sendall(_ASKS)
    if answer := client.recv(4096):
        heard.answers.append(answer)
