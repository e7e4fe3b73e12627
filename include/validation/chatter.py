"""What Great Expectations says while it works, reduced to lines of our own.

It reports hundreds of its own registrations at level INFO, and whole tracebacks, with statements
and the server's answer, where an expectation cannot run, which the verdict on the table says in
words. Its warnings and errors become one line each, without what stands between quotes: that may
be a row's value.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager

log = logging.getLogger(__name__)

LIBRARY = "great_expectations"
# What follows a line's end, a quote or the word is for the library's developers.
_END = re.compile(r"[\n\r'\"`]|Traceback")
_MOST_LETTERS = 200


class _OneLine(logging.Handler):
    """Says a record of the library in one line of our log."""

    def emit(self, record: logging.LogRecord) -> None:
        """Pass the beginning of the record on, at its own level."""
        said = _END.split(record.getMessage(), maxsplit=1)[0].strip()[:_MOST_LETTERS]
        log.log(record.levelno, "Great Expectations (%s): %s", record.name, said)


@contextmanager
def own_lines() -> Iterator[None]:
    """Let the library say warnings and errors alone, one line each, while the block runs."""
    library = logging.getLogger(LIBRARY)
    before = library.level, library.propagate
    handler = _OneLine(logging.WARNING)
    library.addHandler(handler)
    library.setLevel(logging.WARNING)
    library.propagate = False
    try:
        yield
    finally:
        library.removeHandler(handler)
        library.setLevel(before[0])
        library.propagate = before[1]
