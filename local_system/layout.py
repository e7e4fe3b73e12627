"""Where a local system keeps its things.

One state directory holds secrets, ports, logs, mails and Airflow's home. The data of the two
database servers lie in it too, unless we are root and the account that the servers run under
cannot enter it: then they lie in a directory of their own, named after the state directory, and the
state directory records which. Only the standard library is imported, so that stopping and removing
work without `.venv`.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from include.errors import TerminalError

ACCOUNT_AS_ROOT = "mysql"
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
    def mails(self) -> Path:
        """One .eml file per mail that was sent."""
        return self.state / "mails"

    @property
    def logs(self) -> Path:
        """One log per component."""
        return self.state / "logs"

    @property
    def status(self) -> Path:
        """What the supervisor last said about each component."""
        return self.state / "status.json"

    @property
    def truth(self) -> Path:
        """The simulator's own books of the demo practice."""
        return self.state / "truth.json"

    @property
    def environment(self) -> Path:
        """A file that a shell can source to work on this system."""
        return self.state / "env"


def open_layout(state: Path, *, create: bool = True) -> Layout:
    """Return the layout of the system in `state`, which is made when it is missing.

    Permissions of directories that exist are not changed. Raises TerminalError when no place for
    the databases can be found.
    """
    state = state.resolve()
    record = state / "data-directory"
    if record.exists():
        return Layout(state, Path(record.read_text().strip()))
    if not create:
        return Layout(state, state)
    data = choose_data_directory(state)
    make_directory(state)
    make_directory(data)
    record.write_text(f"{data}\n")
    return Layout(state, data)


def make_directory(path: Path, mode: int = 0o755) -> None:
    """Make a directory and its missing parents with this mode; leave those that exist alone."""
    if not path.exists():
        make_directory(path.parent)
        path.mkdir()
        path.chmod(mode)


def choose_data_directory(state: Path) -> Path:
    """Return where the database servers of `state` keep their data, without making it."""
    if os.geteuid() != 0:
        return state
    existing = next(path for path in (state, *state.parents) if path.exists())
    if may_pass(existing, ACCOUNT_AS_ROOT):
        return state
    for parent in OUTSIDE_PARENTS:
        if may_pass(parent, ACCOUNT_AS_ROOT):
            return outside_directory(parent, state)
    raise TerminalError(
        f"the account {ACCOUNT_AS_ROOT}, which the database servers run under, can enter neither "
        f"this directory nor {' nor '.join(map(str, OUTSIDE_PARENTS))}. Nothing was changed. Put "
        "the checkout below a directory that everybody may enter.",
        where=str(state),
    )


def outside_directory(parent: Path, state: Path) -> Path:
    """Return the data directory below `parent` that belongs to `state` alone."""
    return parent / OUTSIDE_NAME / hashlib.sha256(str(state.resolve()).encode()).hexdigest()[:16]


def may_pass(path: Path, account: str) -> bool:
    """Say whether the account may pass through `path`, by asking the kernel as that account."""
    found = subprocess.run(["test", "-x", str(path)], user=account, group=account, extra_groups=[])
    return found.returncode == 0
