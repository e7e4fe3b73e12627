"""Build the compiled core: `python -m include.transcoder.build`.

The library's name carries a hash of its source and flags, and only that name is ever loaded: one
that was built from another source is never used.
"""

from __future__ import annotations

import hashlib
import logging
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

from include import settings
from include.errors import ConfigError

SOURCES = tuple(Path(__file__).with_name(name) for name in ("core.c", "row_index.c"))
HEADERS = (Path(__file__).with_name("fields.h"),)
# No -march: workers on different machines may share one image or one environment.
FLAGS = ("-std=c11", "-O3", "-shared", "-fPIC", "-Wall", "-Wextra")
ADVICE = (
    "the compiled core is not built. Every result is the same without it. To build it, install a "
    "C compiler and libxxhash-dev, then run `python -m include.transcoder.build`."
)
BUILD_TIMEOUT_SECONDS = 120

log = logging.getLogger(__name__)


def library_path() -> Path:
    """Return the path of the library for the current source and flags."""
    digest = hashlib.sha256(" ".join(FLAGS).encode())
    for source in SOURCES + HEADERS:
        digest.update(source.read_bytes())
    return Path(sys.prefix) / "lib" / "dental" / f"core-{digest.hexdigest()[:16]}.so"


def build() -> Path:
    """Build the library unless it exists; return its path.

    The file appears under its name only when it is complete. Raises ConfigError, with the
    compiler's output, when it cannot be built.
    """
    path = library_path()
    if path.exists():
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    command = shlex.split(settings.c_compiler())
    with tempfile.TemporaryDirectory(dir=path.parent) as directory:
        unfinished = Path(directory) / path.name
        try:
            done = subprocess.run(
                [*command, *FLAGS, "-o", str(unfinished), *map(str, SOURCES)],
                capture_output=True,
                text=True,
                timeout=BUILD_TIMEOUT_SECONDS,
                check=False,
            )
        except OSError:
            raise ConfigError(f"there is no C compiler; {ADVICE}", where=command[0]) from None
        if done.returncode:
            raise ConfigError(
                f"the compiler failed; {ADVICE} It said:\n{done.stderr.strip()}",
                where=str(SOURCES[0].parent),
            )
        unfinished.replace(path)
    return path


def main() -> int:
    """Build the library; log its path or the error."""
    logging.basicConfig(format="%(message)s", level=logging.INFO)
    try:
        log.info("compiled core: %s", build())
    except ConfigError as error:
        log.error("%s", error)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
