"""Database servers of Debian's other releases, run without installing anything.

Packages are fetched by apt with a state of its own, from the mirror that this machine's own apt
uses, and unpacked into a directory. A server runs from there on the C library of its own release,
under the account that the installed one would have.
"""

from __future__ import annotations

import getpass
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pymysql

from include.endpoints import Endpoint
from include.errors import PipelineError, TerminalError
from local_system.layout import MARIADB_ACCOUNT, may_pass
from local_system.private_files import give_directory, open_log, own_directory
from local_system.servers import (
    LOOPBACK,
    NO_SETTINGS,
    SOURCE_ADMINISTRATOR,
    START_LIMIT_SECONDS,
    Server,
    account_of,
    free_port,
    new_password,
    sole_account,
    tail,
)

_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_LOG = "server.log"
# The data live as long as the test, so nothing waits for a disk.
_SMALL = {
    "innodb-buffer-pool-size": "128M",
    "innodb-flush-method": "nosync",
    "innodb-doublewrite": "OFF",
    "innodb-flush-log-at-trx-commit": "0",
    "skip-log-bin": "",
    "local-infile": "ON",
}


@dataclass(frozen=True)
class Release:
    """A server of one of Debian's suites; `plugins` is a package of which only those are wanted."""

    name: str
    suite: str
    package: str
    plugins: str = ""

    @property
    def is_mysql(self) -> bool:
        """Whether the server is MySQL and not MariaDB."""
        return self.package.startswith("mysql")


RELEASES = (
    Release("MariaDB 10.5", "bullseye", "mariadb-server-core-10.5", "mariadb-server-10.5"),
    Release("MariaDB 11.8", "trixie", "mariadb-server-core", "mariadb-server"),
    Release("MySQL", "sid", "mysql-server-core"),
)
INSTALLED = "the installed MariaDB"


@dataclass(frozen=True)
class OtherServer:
    """A server as its packages set it up, and its administrator."""

    name: str
    directory: Path
    administrator: Endpoint

    @property
    def is_mysql(self) -> bool:
        """Whether it is MySQL and not MariaDB."""
        return self.name == "MySQL"


def cache_directory() -> Path:
    """Return where fetched servers are kept: a directory that the servers' account can enter."""
    if os.geteuid() == 0:
        return Path("/var/cache/open-dental-warehouse")
    return Path.home() / ".cache" / "open-dental-warehouse"


def fetch(release: Release, cache: Path) -> Path:
    """Return the directory of an unpacked server, which is fetched unless it is in the cache.

    Raises TerminalError where no mirror can be had, and PipelineError where the mirror does not
    have a package, or gives one that its archive did not sign.
    """
    own_directory(cache)
    root = cache / f"{release.suite}-{release.package}"
    if root.exists():
        return root
    with tempfile.TemporaryDirectory(dir=cache) as name:
        work = Path(name)
        options = _apt(work, release)
        _run(
            ["apt-get", *options, "update"],
            f"{release.name} cannot be fetched: no mirror answers for the suite {release.suite}",
            kind=TerminalError,
        )
        wanted = f"no package {release.package} of {release.suite} can be had"
        _run(["apt-get", *options, "install", "--yes", "--download-only", release.package], wanted)
        if release.plugins:
            # By itself: it needs programs that none of its plugins does.
            _run(["apt-get", *options, "download", release.plugins], wanted, where=work)
        unpacked = work / "root"
        unpacked.mkdir()
        for package in sorted(work.glob("**/*.deb")):
            _run(["dpkg-deb", "--extract", str(package), str(unpacked)], f"{package.name} is bad")
        work.chmod(0o755)
        unpacked.chmod(0o755)
        unpacked.rename(root)
    return root


def start(release: Release, directory: Path, settings: Mapping[str, str] = NO_SETTINGS) -> Server:
    """Start the server on new data in `directory`, with one account: the administrator.

    Raises what `fetch` raises, and PipelineError if the server ends or does not answer.
    """
    root = fetch(release, cache_directory())
    account = account_of(MARIADB_ACCOUNT)
    if account is not None and not may_pass(root, account):
        raise TerminalError(f"the account {account} cannot enter it.", where=str(root))
    own_directory(directory)
    # A server that starts removes what it takes for leftovers in there, another server's too.
    for own in ("data", "tmp"):
        give_directory(directory / own, account)
    command = [*_program(root, release), *_own_options(root, release, directory)]
    _initialise(release, root, command, directory)
    port, password = free_port(), new_password()
    given = {**_SMALL, **settings, **({"mysqlx": "OFF"} if release.is_mysql else {})}
    statements = os.memfd_create("accounts")
    with os.fdopen(statements, "w") as file:
        file.write(_accounts(release, password))
        file.flush()
        process = _spawn(
            [
                *command,
                f"--port={port}",
                f"--bind-address={LOOPBACK}",
                "--socket=" + str(directory / "data" / "socket"),
                f"--pid-file={directory / 'data' / 'pid'}",
                f"--init-file=/proc/self/fd/{statements}",
                *(f"--{name}={value}" if value else f"--{name}" for name, value in given.items()),
            ],
            directory,
            files=(statements,),
        )
    endpoint = Endpoint("mysql", LOOPBACK, port, SOURCE_ADMINISTRATOR, password, "")
    server = Server(release.name, directory, process, endpoint, directory / _LOG)
    _wait_until_it_answers(server)
    return server


def _apt(work: Path, release: Release) -> list[str]:
    """Return options that let apt know of the one suite and touch nothing but `work`."""
    for name in ("lists/partial", "archives/partial", "etc"):
        (work / name).mkdir(parents=True)
    (work / "status").touch()
    (work / "sources.list").write_text(
        f"deb [signed-by={_KEYRING}] {_mirror()} {release.suite} main\n"
    )
    settings = {
        "Dir::State": work,
        "Dir::State::status": work / "status",
        "Dir::State::lists": work / "lists",
        "Dir::Cache": work,
        "Dir::Cache::archives": work / "archives",
        "Dir::Etc::sourcelist": work / "sources.list",
        "Dir::Etc::sourceparts": work / "etc",
        "Dir::Etc::preferencesparts": work / "etc",
        "APT::Install-Recommends": "false",
        "APT::Sandbox::User": getpass.getuser(),
        "APT::Update::Error-Mode": "any",
        "Acquire::Languages": "none",
        "Debug::NoLocking": "true",
    }
    return ["--quiet=2", *(f"--option={name}={value}" for name, value in settings.items())]


def _mirror() -> str:
    if shutil.which("apt-get") is None:
        raise TerminalError("this machine has no apt.", where="servers of Debian's other releases")
    listed = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages"],
        capture_output=True,
        text=True,
        check=False,
    ).stdout.split()
    for mirror in listed:
        if mirror.rstrip("/").endswith("/debian"):
            return mirror
    raise TerminalError(
        "apt knows no mirror of Debian. Run `apt-get update` as root.",
        where="servers of Debian's other releases",
    )


def _run(
    command: list[str],
    fault: str,
    *,
    where: Path | None = None,
    kind: type[TerminalError] | type[PipelineError] = PipelineError,
) -> None:
    environment = {**os.environ, "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=where, check=False, env=environment
    )
    if done.returncode:
        raise kind(f"{fault}:\n{done.stderr.strip()}", where=command[0])


def _program(root: Path, release: Release) -> list[str]:
    """Return the command that runs the server on the C library of its own release."""
    linker = next(path for path in sorted(root.glob("**/ld-linux*.so.*")) if path.is_file())
    libraries = sorted({path.parent for path in root.glob("**/*-linux-gnu*/*.so.*")})
    program = root / "usr" / "sbin" / ("mysqld" if release.is_mysql else "mariadbd")
    return [str(linker), "--library-path", ":".join(map(str, libraries)), str(program)]


def _own_options(root: Path, release: Release, directory: Path) -> list[str]:
    share = root / "usr" / "share" / "mysql"
    if not release.is_mysql and (root / "usr" / "share" / "mariadb").is_dir():
        share = root / "usr" / "share" / "mariadb"
    # Files of its host are opened by none of its statements.
    nowhere = "NULL" if release.is_mysql else str(directory / "tmp")
    return [
        "--no-defaults",
        f"--basedir={root / 'usr'}",
        f"--datadir={directory / 'data'}",
        f"--tmpdir={directory / 'tmp'}",
        f"--plugin-dir={root / 'usr' / 'lib' / 'mysql' / 'plugin'}",
        f"--lc-messages-dir={share}",
        f"--character-sets-dir={share / 'charsets'}",
        f"--secure-file-priv={nowhere}",
    ]


def _initialise(release: Release, root: Path, command: list[str], directory: Path) -> None:
    if release.is_mysql:
        process = _spawn([*command, "--initialize-insecure"], directory)
    else:
        give_directory(directory / "data" / "mysql", account_of(MARIADB_ACCOUNT))
        text = "create database if not exists mysql;\nuse mysql;\nset @skip_auth_anonymous=1;\n"
        first = next(iter(sorted((root / "usr" / "share").glob("*/*_system_tables.sql"))))
        prefix = str(first).removesuffix("_system_tables.sql")
        for part in ("system_tables", "performance_tables", "system_tables_data"):
            text += Path(f"{prefix}_{part}.sql").read_text()
        process = _spawn([*command, "--bootstrap"], directory, text=text)
    if process.wait() != 0:
        raise PipelineError(f"cannot be initialised:\n{tail(directory / _LOG)}", where=release.name)


def _spawn(
    command: list[str], directory: Path, *, files: tuple[int, ...] = (), text: str = ""
) -> subprocess.Popen[bytes]:
    account = account_of(MARIADB_ACCOUNT)
    with open_log(directory / _LOG) as log, tempfile.TemporaryFile() as sent:
        sent.write(text.encode())
        sent.seek(0)
        return subprocess.Popen(
            command,
            env={"PATH": os.defpath},
            stdin=sent,
            stdout=log,
            stderr=log,
            user=account,
            group=account,
            extra_groups=None if account is None else [],
            pass_fds=files,
            cwd=directory / "data",
            start_new_session=True,
        )


def _accounts(release: Release, password: str) -> str:
    if not release.is_mysql:
        return sole_account(password)
    account = f"'{SOURCE_ADMINISTRATOR}'@'{LOOPBACK}'"
    return (
        f"create user {account} identified by '{password}';\n"
        f"grant all on *.* to {account} with grant option;\n"
        "drop user root@localhost;\n"
    )


def _wait_until_it_answers(server: Server) -> None:
    limit = time.monotonic() + START_LIMIT_SECONDS
    while True:
        try:
            pymysql.connect(
                host=server.endpoint.host,
                port=server.endpoint.port,
                user=server.endpoint.user,
                password=server.endpoint.password,
            ).close()
            return
        except pymysql.MySQLError as error:
            if server.process.poll() is None and time.monotonic() < limit:
                time.sleep(0.1)
                continue
            server.stop()
            raise PipelineError(
                f"did not start ({error}):\n{tail(server.log)}", where=server.name
            ) from None
