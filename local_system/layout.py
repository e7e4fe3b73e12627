"""The directories and files of a local system.

One state directory holds secrets, ports, logs, mails and Airflow's home. The data of the two
database servers are in it too, unless we are root and the accounts that the servers run under
cannot enter it: then the data are in a directory of their own, whose name is derived from the state
directory's path, and a file in the state directory records it. Only the standard library is
imported, so that stopping and removing work without `.venv`.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from include.errors import TerminalError
from local_system.private_files import ids_of, own_directory, write_private

# The accounts of Debian's packages, one for each server: neither can read the other's files.
MARIADB_ACCOUNT = "mysql"
POSTGRES_ACCOUNT = "postgres"
SERVER_ACCOUNTS = (MARIADB_ACCOUNT, POSTGRES_ACCOUNT)
OUTSIDE_PARENTS = (Path("/var/lib"), Path("/var/tmp"))  # noqa: S108  # survives a reboot
OUTSIDE_NAME = "open-dental-warehouse"


@dataclass(frozen=True, slots=True)
class Layout:
    """The paths of one local system."""

    state: Path
    data: Path

    @property
    def mariadb(self) -> Path:
        """Data of the practice's server."""
        return self.data / "mariadb"

    @property
    def postgres(self) -> Path:
        """Data of the server that holds the warehouse and Airflow's metadata."""
        return self.data / "postgres"

    @property
    def airflow_home(self) -> Path:
        """Airflow's home: task logs and the password file of the web UI."""
        return self.state / "airflow"

    @property
    def verdicts(self) -> Path:
        """The first of the pages that show what validation found."""
        return self.airflow_home / "data_docs" / "index.html"

    @property
    def mails(self) -> Path:
        """One .eml file per mail that was sent."""
        return self.state / "mails"

    @property
    def logs(self) -> Path:
        """One log per component."""
        return self.state / "logs"

    @property
    def status(self) -> Path:
        """The status file of the supervisor."""
        return self.state / "status.json"

    @property
    def truth(self) -> Path:
        """The simulator's own books of the demo practice."""
        return self.state / "truth.json"

    @property
    def environment(self) -> Path:
        """A file that a shell can source to work on this system."""
        return self.state / "env"

    @property
    def simulator_environment(self) -> Path:
        """The same for the simulator's commands alone: the account that may write."""
        return self.state / "simulator.env"


def open_layout(state: Path, *, create: bool = True) -> Layout:
    """Return the layout of the system in `state`, which is made when it is missing.

    Permissions of directories that exist are not changed. Raises TerminalError when no place for
    the databases can be found, and, as root, for directories that root does not own alone.
    """
    state = state.resolve()
    record = state / "data-directory"
    if record.exists():
        layout = Layout(state, Path(record.read_text().strip()))
    else:
        layout = Layout(state, choose_data_directory(state) if create else state)
    if create:
        for directory in {layout.state, layout.data}:
            own_directory(directory)
        if not record.exists():
            write_private(record, f"{layout.data}\n")
    return layout


def choose_data_directory(state: Path) -> Path:
    """Return where the database servers of `state` keep their data, without creating it."""
    if os.geteuid() != 0:
        return state
    existing = next(path for path in (state, *state.parents) if path.exists())
    for parent in (existing, *OUTSIDE_PARENTS):
        if all(may_pass(parent, account) for account in SERVER_ACCOUNTS):
            return state if parent == existing else outside_directory(parent, state)
    raise TerminalError(
        f"the accounts {' and '.join(SERVER_ACCOUNTS)}, which the database servers run under, can "
        f"enter neither this directory nor {' nor '.join(map(str, OUTSIDE_PARENTS))}. Nothing was "
        "changed. Put the checkout below a directory that everybody may enter.",
        where=str(state),
    )


def outside_directory(parent: Path, state: Path) -> Path:
    """Return the data directory below `parent` that belongs to `state` alone."""
    return parent / OUTSIDE_NAME / hashlib.sha256(str(state.resolve()).encode()).hexdigest()[:16]


def may_pass(path: Path, account: str) -> bool:
    """Return whether the account may enter `path`; the check runs as that account.

    Raises TerminalError when there is no such account.
    """
    user, group = ids_of(account)
    found = subprocess.run(["test", "-x", str(path)], user=user, group=group, extra_groups=[])
    return found.returncode == 0
