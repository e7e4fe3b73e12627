"""What dbt has parsed, kept from build to build, so that only files that changed are parsed again.

dbt looks for it where it writes everything else, which is a directory that goes with each build.
It says by itself when what is kept is of other files, another version or another connection.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from include.settings import dbt_cache_directory

_PARSED = "partial_parse.msgpack"


def take_parsed(target: Path) -> None:
    """Put what the build before has kept where dbt looks for it, unless something is there."""
    kept = dbt_cache_directory() / _PARSED
    if kept.exists() and not (target / _PARSED).exists():
        shutil.copyfile(kept, target / _PARSED)


def keep_parsed(target: Path) -> None:
    """Keep what dbt has parsed, for this account alone; a reader sees the old or the new file."""
    parsed = target / _PARSED
    if not parsed.exists():
        return
    directory = dbt_cache_directory()
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = directory / f".{_PARSED}-{target.name}"
    shutil.copyfile(parsed, fresh)
    fresh.replace(directory / _PARSED)
