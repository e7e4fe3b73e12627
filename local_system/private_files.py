"""Directories and files that no other account of this machine can read, replace or redirect.

Started as root, a local system works beside accounts that own a part of its directories: those of
the two database servers. Whoever owns a directory can put a link where a file is about to be
written. So root writes only in directories that root alone owns, makes new files exclusively and
follows no link. Only the standard library is imported, so that stopping and removing work without
`.venv`.
"""

from __future__ import annotations

import os
import pwd
import shutil
import stat
from pathlib import Path
from typing import BinaryIO

from include.errors import TerminalError

_CHECKOUT = Path(__file__).resolve().parent.parent
_OPEN_LOG = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
_MAKE_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def own_directory(path: Path, mode: int = 0o755) -> None:
    """Make a directory and its missing parents with this mode; those that exist are left alone.

    As root, raises TerminalError for one that exists and that another account owns, may write in or
    can replace; nothing is changed then. The directories above the checkout are not looked at:
    whoever owns them decides what root runs here anyway.
    """
    if os.geteuid() == 0:
        # A link of root's own is followed, so the directories that it leads to count as well.
        for parent in {*path.parents, *path.resolve().parents} - {_CHECKOUT, *_CHECKOUT.parents}:
            _refuse_foreign(parent, is_above=True)
        _refuse_foreign(path, is_above=False)
    if not path.exists():
        own_directory(path.parent)
        path.mkdir()
        path.chmod(mode)


def give_directory(path: Path, account: str | None) -> None:
    """Make a directory, in one of ours, that only `account` may enter; None is ourselves.

    One that exists is left alone.
    """
    try:
        path.mkdir(mode=0o700)
    except FileExistsError:
        return
    if account is not None:
        os.chown(path, *ids_of(account), follow_symlinks=False)


def ids_of(account: str) -> tuple[int, int]:
    """Return the ids of an account and its group; TerminalError if there is no such account."""
    try:
        entry = pwd.getpwnam(account)
    except KeyError:
        raise TerminalError(
            "does not exist, and as root the database servers need it. Nothing was started. Run "
            "`make setup`, which makes it.",
            where=f"account {account}",
        ) from None
    return entry.pw_uid, entry.pw_gid


def write_private(path: Path, text: str) -> None:
    """Atomically replace a file by one that only its owner can read."""
    draft = path.with_name(path.name + ".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, _MAKE_FILE, 0o600), "w") as file:
        file.write(text)
    draft.replace(path)


def open_log(path: Path) -> BinaryIO:
    """Open a log to append to, which only its owner can read.

    Another account gets it as an open file and needs no right on its directory. Raises
    TerminalError when there is a link, or anything else but a file of ours, in its place.
    """
    try:
        file = os.fdopen(os.open(path, _OPEN_LOG, 0o600), "ab")
    except OSError as error:
        raise TerminalError(
            f"cannot be opened as a log ({error.strerror}); a link is not followed. Nothing was "
            "written. Remove what is there, or run `make clean`.",
            where=str(path),
        ) from None
    found = os.fstat(file.fileno())
    if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid() or found.st_nlink != 1:
        file.close()
        raise TerminalError(
            "is no file of ours alone. Nothing was written. Remove it, or run `make clean`.",
            where=str(path),
        )
    return file


def open_to_all(directory: Path) -> None:
    """Let every account read what is in a directory of ours, and run what may be run."""
    for path in (directory, *directory.rglob("*")):
        if not path.is_symlink():
            mode = path.stat().st_mode
            is_program = path.is_dir() or mode & stat.S_IXUSR
            path.chmod(stat.S_IMODE(mode) | (0o555 if is_program else 0o444))


def remove_directory(path: Path) -> None:
    """Remove a directory with all that is in it; follows no link, whoever made it."""
    if path.is_symlink():
        path.unlink()
    elif path.exists():
        shutil.rmtree(path)


def _refuse_foreign(path: Path, *, is_above: bool) -> None:
    try:
        found = path.lstat()
    except FileNotFoundError:
        return
    if found.st_uid != 0:
        seen = f"belongs to the account {_name_of(found.st_uid)}"
    elif not stat.S_ISDIR(found.st_mode):
        if is_above and stat.S_ISLNK(found.st_mode):
            return
        seen = "is a link or a file"
    elif found.st_mode & 0o022 and not (is_above and found.st_mode & stat.S_ISVTX):
        seen = "can be written by other accounts"
    else:
        return
    raise TerminalError(
        f"{seen}; as root, the local system writes only in directories that root alone owns. "
        "Nothing was changed. `make clean` removes what an earlier release or another account left "
        "there; or start it as that account, or from a checkout elsewhere.",
        where=str(path),
    )


def _name_of(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
