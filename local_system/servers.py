"""Private MariaDB and PostgreSQL servers on loopback, started from what is installed.

As root each runs under the account of its Debian package, so that neither can read the other's
files; as another user both run as that user. A server's directory is ours, and so are its log and
whatever we write there; only `data` and `tmp` in it are the account's, and nobody else enters them.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pymysql

from include.endpoints import Endpoint
from include.errors import SourceRefusedError, TerminalError
from include.settings import inherited_environment
from include.source.login import LoginConnection
from local_system.failures import LocalSystemError
from local_system.layout import MARIADB_ACCOUNT, POSTGRES_ACCOUNT, may_pass
from local_system.postgres_programs import wheel_programs
from local_system.private_files import (
    give_directory,
    open_log,
    own_directory,
    remove_directory,
)
from local_system.processes import MARKER, end_servers_in

LOOPBACK = "127.0.0.1"
# A server that was killed reads its whole log again before it answers.
START_LIMIT_SECONDS = 300
STOP_LIMIT_SECONDS = 30
SOURCE_ADMINISTRATOR = "administrator"
WAREHOUSE_ADMINISTRATOR = "postgres"
NO_SETTINGS: Mapping[str, str] = {}
SERVER_VARIABLES = (MARKER, "PATH", "LANG", "LC_ALL", "TZ")


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
    """Start MariaDB on data in `directory`, which is initialised when it is empty.

    The administrator, whose password is given, is its only account until he makes others. Whatever
    a killed server left is ended and taken over.
    """
    program = shutil.which("mariadbd") or shutil.which("mariadbd", path="/usr/sbin:/usr/bin")
    if program is None:
        raise TerminalError(
            "is not installed. Run `make setup`, which installs it or says how.",
            where="mariadb-server",
        )
    place = _place(directory, MARIADB_ACCOUNT, "mariadb.log")
    # A server that starts removes what it takes for leftovers in there, another server's too.
    temporary = directory / "tmp"
    give_directory(temporary, place.account)
    # Stays empty: the server reads and writes files of its host nowhere else, and not here.
    exchange = directory / "exchange"
    own_directory(exchange, mode=0o555)
    end_servers_in(place.data, first=signal.SIGTERM)
    with _initialised(place) as draft:
        if draft is not None:
            command = [
                *("mariadb-install-db", "--no-defaults", f"--datadir={draft}"),
                *(f"--tmpdir={temporary}", "--skip-test-db"),
                "--auth-root-authentication-method=normal",
                "--force",  # also works where the machine cannot resolve its own name
            ]
            _run(command, place)
    with _secret_file(sole_account(password)) as accounts:
        command = [
            program,
            "--no-defaults",
            f"--datadir={place.data}",
            f"--tmpdir={temporary}",
            "--socket=",
            "--pid-file=mariadb.pid",
            f"--port={port}",
            f"--bind-address={LOOPBACK}",
            f"--init-file=/proc/self/fd/{accounts}",
            f"--secure-file-priv={exchange}",
            # The simulator sends its rows as files of its own, which opens none of the server's.
            "--local-infile=ON",
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
        ]
        process = _spawn(command, place, (accounts,))
        endpoint = Endpoint("mysql", LOOPBACK, port, SOURCE_ADMINISTRATOR, password, "")
        server = Server("mariadb", directory, process, endpoint, place.log)
        _wait_until_answers(server, mariadb_answers)
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
    Whatever a killed server left is ended and taken over.
    """
    place = _place(directory, POSTGRES_ACCOUNT, "postgres.log")
    programs = programs or wheel_programs(place.directory, place.account)
    end_servers_in(place.data, first=signal.SIGINT)
    # No server works there, so the number in it belongs to another program by now, or to none.
    (place.data / "postmaster.pid").unlink(missing_ok=True)
    with _initialised(place) as draft, _secret_file(password) as secret:
        if draft is not None:
            command = [
                *(str(programs / "initdb"), f"--pgdata={draft}"),
                *(f"--username={WAREHOUSE_ADMINISTRATOR}", f"--pwfile=/proc/self/fd/{secret}"),
                *("--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8"),
            ]
            _run(command, place, (secret,))
    command = [
        str(programs / "postgres"),
        f"-D{place.data}",
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
    ]
    process = _spawn(command, place)
    endpoint = Endpoint("postgres", LOOPBACK, port, WAREHOUSE_ADMINISTRATOR, password, "postgres")
    server = Server("postgres", directory, process, endpoint, place.log)
    _wait_until_answers(server, postgres_answers)
    return server


def new_password() -> str:
    """Return a fresh password of letters and digits."""
    return secrets.token_hex(16)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where one server lives, and the account that it runs under; None is ourselves."""

    directory: Path
    account: str | None
    log: Path

    @property
    def data(self) -> Path:
        return self.directory / "data"


def account_of(server: str) -> str | None:
    """Return the account that a server with this account of its own runs under; None is ours."""
    return server if os.geteuid() == 0 else None


def _place(directory: Path, server: str, log: str) -> _Place:
    account = account_of(server)
    own_directory(directory, mode=0o711 if account else 0o700)
    if account and not may_pass(directory, account):
        raise TerminalError(
            f"the account {account} cannot enter it, and permissions of existing directories are "
            "never changed. Choose another state directory.",
            where=str(directory),
        )
    return _Place(directory, account, directory / log)


@contextmanager
def _initialised(place: _Place) -> Iterator[Path | None]:
    """Yield a new directory to initialise, which then becomes the data; None if they are there.

    So an initialisation that was killed begins again.
    """
    if place.data.exists():
        yield None
        return
    draft = place.directory / "data.new"
    remove_directory(draft)
    give_directory(draft, place.account)
    yield draft
    draft.rename(place.data)


@contextmanager
def _secret_file(text: str) -> Iterator[int]:
    """Hold a text in a file without a name, for the one program that gets its number."""
    number = os.memfd_create("secret")
    try:
        with os.fdopen(os.dup(number), "w") as file:
            file.write(text)
        yield number
    finally:
        os.close(number)


def sole_account(password: str) -> str:
    """Return the SQL, a statement a line, that leaves no account of the installation but ours.

    It runs at every start, so that a lost password needs no repair by hand. `root` has no password
    for localhost, 127.0.0.1, ::1 and the host's name. The password stands there as its hash.
    """
    inner = hashlib.sha1(password.encode(), usedforsecurity=False).digest()
    stored = "*" + hashlib.sha1(inner, usedforsecurity=False).hexdigest().upper()
    account = f"{SOURCE_ADMINISTRATOR}@'{LOOPBACK}'"
    statements = (
        "delete from mysql.global_priv where user in ('', 'root')",
        "delete from mysql.proxies_priv",
        "flush privileges",
        f"create or replace user {account} identified via mysql_native_password using '{stored}'",
        f"grant all on *.* to {account} with grant option",
    )
    return "".join(f"{statement};\n" for statement in statements)


def _run(command: Sequence[str], place: _Place, files: Sequence[int] = ()) -> None:
    if _spawn(command, place, files).wait() != 0:
        raise LocalSystemError(f"failed:\n{tail(place.log)}", where=Path(command[0]).name)


def _spawn(
    command: Sequence[str], place: _Place, files: Sequence[int] = ()
) -> subprocess.Popen[bytes]:
    """Start a program of the server as its account; it gets its log and `files` as open files."""
    inherited = inherited_environment()
    with open_log(place.log) as output:
        return subprocess.Popen(
            command,
            # Our own environment may hold passwords that are none of the server's business.
            env={name: inherited[name] for name in SERVER_VARIABLES if name in inherited},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            user=place.account,
            group=place.account,
            extra_groups=None if place.account is None else [],
            pass_fds=files,
            cwd=place.directory,
            start_new_session=True,
        )


def tail(log: Path, lines: int = 15) -> str:
    """Return the last lines of a log file."""
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])


def _wait_until_answers(server: Server, answers: Callable[[Endpoint], bool]) -> None:
    limit = time.monotonic() + START_LIMIT_SECONDS
    while not answers(server.endpoint):
        if server.process.poll() is not None:
            raise LocalSystemError(f"ended while starting:\n{tail(server.log)}", where=server.name)
        if time.monotonic() > limit:
            server.stop()
            raise LocalSystemError(
                f"did not answer within {START_LIMIT_SECONDS} s:\n{tail(server.log)}",
                where=server.name,
            )
        time.sleep(0.05)


def mariadb_answers(endpoint: Endpoint) -> bool:
    """Return whether a MariaDB accepts this account; another program does not get the password."""
    try:
        connection = LoginConnection(endpoint)
        connection.connect()
        connection.close()
    except (pymysql.MySQLError, SourceRefusedError):
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
            # Another program may have taken the port, and must not get the password.
            require_auth="scram-sha-256",
        ).close()
    except psycopg.OperationalError:
        return False
    return True
