"""What a test does where a program that it needs is not installed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from include.errors import TerminalError


@contextmanager
def skipped_where_missing() -> Iterator[None]:
    """Skip what needs a server that is not installed, with its name; in CI that is an error."""
    try:
        yield
    except TerminalError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(error))
