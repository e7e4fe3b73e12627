"""The compiled core under AddressSanitizer and UndefinedBehaviorSanitizer."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

from include import settings
from include.source.keys import KeyRange, paging_key
from include.source.live_table import check_live_table
from include.source.pages import PageReader
from include.source.session import connect
from include.source.statement import ResultBuffer
from include.transcoder import build
from include.transcoder.core import load_core
from tests.engine.faults.damage import create_table
from tests.engine.practice import Practice

# No frame pointer is omitted, so that a report names the line.
FLAGS = ("-std=c11", "-O1", "-g", "-fno-omit-frame-pointer", "-Wall", "-Wextra")
SANITIZERS = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all")
_RESULT = re.compile(r"(\d+) rounds: (\d+) rows found, (\d+) transcoded, (\d+) refused, (\d+) ")


def build_fuzzer(directory: Path) -> Path:
    """Build the driver with the core in it; a compiler without sanitizers fails the test."""
    program = directory / "fuzz"
    done = subprocess.run(
        [
            *shlex.split(settings.c_compiler()),
            *FLAGS,
            *SANITIZERS,
            f"-I{build.SOURCES[0].parent}",
            "-o",
            str(program),
            str(Path(__file__).with_name("fuzz.c")),
        ],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return program


def write_rows(practice: Practice, directory: Path) -> None:
    """Write rows of every type as a real server sends them, and their layout."""
    table = create_table(practice)
    page = ResultBuffer()
    with connect(practice.source) as connection:
        reader = PageReader(
            connection,
            table,
            load_core(),
            key=paging_key(table),
            live=check_live_table(connection, practice.source, table, paging_key(table)),
            reconnect=connection.close,
        )
        assert reader.read(page, KeyRange(), limit=1000)
        (directory / "rows").write_bytes(page.data[page.first : page.end])
        (directory / "fields").write_bytes(reader.layout.packed)
        reader.close()


def fuzz(practice: Practice, directory: Path, *, rounds: int, seed: int) -> dict[str, int]:
    """Run so many rounds; return what they did. A sanitizer's report fails the test."""
    write_rows(practice, directory)
    done = subprocess.run(
        [str(build_fuzzer(directory)), "rows", "fields", str(rounds), str(seed)],
        cwd=directory,
        # Leaks are looked for by tracing the process, which is not allowed everywhere.
        env={"ASAN_OPTIONS": "detect_leaks=0", "UBSAN_OPTIONS": "print_stacktrace=1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    found = _RESULT.match(done.stdout)
    assert found is not None, done.stdout
    names = ("rounds", "found", "transcoded", "refused", "compared")
    return dict(zip(names, map(int, found.groups()), strict=True))
