"""Ports and passwords of a local system, made once and kept in its state directory."""

from __future__ import annotations

import base64
import json
import socket
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from secrets import token_bytes, token_hex, token_urlsafe

from include.errors import TerminalError
from local_system.layout import Layout
from local_system.private_files import write_private
from local_system.servers import LOOPBACK, free_port

WEB_PORT = 8080


@dataclass(frozen=True, slots=True)
class Ports:
    """The loopback ports of one system."""

    mariadb: int
    postgres: int
    mail: int
    web: int


@dataclass(frozen=True, slots=True)
class Secrets:
    """The passwords and keys of one system; none of them shows in `repr`."""

    practice_administrator: str = field(repr=False)
    practice_writer: str = field(repr=False)
    practice_reader: str = field(repr=False)
    postgres: str = field(repr=False)
    warehouse: str = field(repr=False)
    airflow_database: str = field(repr=False)
    web: str = field(repr=False)
    jwt: str = field(repr=False)
    api: str = field(repr=False)
    fernet: str = field(repr=False)


def is_free(port: int) -> bool:
    """Return whether nobody listens on the loopback port."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def read_ports(layout: Layout) -> Ports | None:
    """Return the ports of the last start; None before the first."""
    path = _ports_file(layout)
    if not path.exists():
        return None
    return Ports(**json.loads(path.read_text()))


def choose_ports(layout: Layout, *, web: int | None = None) -> Ports:
    """Choose and record the ports to start on: those of the last start where they are free.

    The web port is `web` if given, which must be free (TerminalError); else, at the first start,
    8080 if it is free.
    """
    if web is not None and not is_free(web):
        raise TerminalError(
            "something else listens there already. Nothing was started. Stop it, or choose another "
            "port with WEB_PORT=...",
            where=f"port {web} of {LOOPBACK} (web UI)",
        )
    last = read_ports(layout)
    chosen: dict[str, int] = {}
    for name in (entry.name for entry in fields(Ports)):
        wish = getattr(last, name) if last else (WEB_PORT if name == "web" else 0)
        while wish == 0 or wish in chosen.values() or not is_free(wish):
            wish = free_port()
        chosen[name] = wish
    if web is not None:
        chosen["web"] = web
    ports = Ports(**chosen)
    write_private(_ports_file(layout), json.dumps(asdict(ports), indent=2) + "\n")
    return ports


def ensure_secrets(layout: Layout) -> Secrets:
    """Return the system's secrets, which are created at the first call.

    Those that an earlier release did not have are added. Raises TerminalError when databases exist
    whose passwords are lost.
    """
    path = layout.state / "secrets.json"
    if path.exists():
        kept = json.loads(path.read_text())
        words = new_secrets() | kept
        if words != kept:
            write_private(path, json.dumps(words, indent=2) + "\n")
        return Secrets(**words)
    for data in (layout.mariadb, layout.postgres):
        if data.exists() and any(data.iterdir()):
            raise TerminalError(
                "holds databases of an earlier system whose passwords are gone. Nothing was "
                "changed. Run `make clean` to remove them.",
                where=str(data),
            )
    words = new_secrets()
    write_private(path, json.dumps(words, indent=2) + "\n")
    return Secrets(**words)


def new_secrets() -> dict[str, str]:
    """Return a fresh word for each of the secrets."""
    words = {entry.name: token_hex(16) for entry in fields(Secrets)}
    words["web"] = token_urlsafe(9)
    words["jwt"] = token_hex(48)  # Airflow signs with SHA-512, which wants 64 bytes or more
    words["api"] = token_hex(32)
    words["fernet"] = base64.urlsafe_b64encode(token_bytes(32)).decode()
    return words


def _ports_file(layout: Layout) -> Path:
    return layout.state / "ports.json"
