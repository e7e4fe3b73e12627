"""A PgBouncer in front of a private server."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from include.endpoints import Endpoint
from include.errors import TerminalError
from local_system.layout import POSTGRES_ACCOUNT
from local_system.private_files import open_log
from local_system.servers import account_of, free_port, postgres_answers

START_LIMIT_SECONDS = 20


def installed_pgbouncer() -> str:
    """Return the program, or raise TerminalError."""
    program = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if program is None:
        raise TerminalError("is not installed. Run `make dev`.", where="pgbouncer")
    return program


@contextmanager
def bouncer(server: Endpoint, directory: Path, **settings: object) -> Iterator[Endpoint]:
    """Run a pooler with these settings, and yield the server's endpoint by way of it."""
    endpoint = replace(server, port=free_port())
    accounts = directory / "accounts"
    accounts.write_text(f'"{server.user}" "{server.password}"\n')
    lines = {
        "listen_addr": endpoint.host,
        "listen_port": endpoint.port,
        "unix_socket_dir": "",
        "auth_type": "scram-sha-256",
        "auth_file": accounts,
        **settings,
    }
    configuration = directory / "pgbouncer.ini"
    configuration.write_text(
        f"[databases]\n* = host={server.host} port={server.port}\n[pgbouncer]\n"
        + "".join(f"{name} = {value}\n" for name, value in lines.items())
    )
    account = account_of(POSTGRES_ACCOUNT)
    if account:
        for path in (accounts, configuration):
            shutil.chown(path, account, account)
    log = directory / "log"
    with open_log(log) as output:
        process = subprocess.Popen(
            [installed_pgbouncer(), str(configuration)],
            stdout=output,
            stderr=output,
            user=account,
            group=account,
            extra_groups=None if account is None else [],
        )
    try:
        _wait(process, endpoint, log)
        yield endpoint
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()


def _wait(process: subprocess.Popen[bytes], endpoint: Endpoint, log: Path) -> None:
    limit = time.monotonic() + START_LIMIT_SECONDS
    while True:
        if postgres_answers(endpoint):
            return
        if process.poll() is not None or time.monotonic() > limit:
            said = log.read_text() if log.exists() else "nothing"
            raise AssertionError(f"pgbouncer did not start: {said}")
        time.sleep(0.05)
