"""Keeps the simulated practice between processes, in a file beside its truth.

The file holds Python objects and is read only when it comes from the same version of this package:
another version would live on differently.
"""

from __future__ import annotations

import hashlib
import pickle
from functools import cache
from pathlib import Path

from include.errors import TerminalError
from simulator import truth as truth_file
from simulator.world import Practice

_MARK = b"simulated dental practice "


def keep(practice: Practice, truth: Path, *, content: bytes) -> None:
    """Replace the truth, then the memory: the memory counts, and an `advance` rewrites both."""
    truth_file.write_atomically(truth, content)
    kept = pickle.dumps(practice, protocol=pickle.HIGHEST_PROTOCOL)
    truth_file.write_atomically(path_of(truth), _MARK + _version() + b"\n" + kept)


def recall(truth: Path) -> Practice:
    """Return the practice as it was kept; refuses what is missing or of another version."""
    path = path_of(truth)
    try:
        header, _, kept = path.read_bytes().partition(b"\n")
    except FileNotFoundError:
        raise TerminalError(
            "does not exist. Nothing was changed. Run `./dental demo build` first.", where=str(path)
        ) from None
    if header != _MARK + _version():
        raise TerminalError(
            "was kept by another version of the simulation. Nothing was changed. Run "
            "`./dental demo build` to simulate the practice anew.",
            where=str(path),
        )
    practice: Practice = pickle.loads(kept)  # noqa: S301 - our own file, beside the truth
    return practice


def forget(truth: Path) -> None:
    """Remove truth and memory, before the practice that they tell of is replaced."""
    path_of(truth).unlink(missing_ok=True)
    truth.unlink(missing_ok=True)


def path_of(truth: Path) -> Path:
    """Return where the practice of a truth file is kept."""
    return truth.with_suffix(".practice")


@cache
def _version() -> bytes:
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest().encode()
