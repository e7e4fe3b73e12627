"""Local systems for these tests: without Airflow's DAGs, on directories of their own."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from local_system.shutdown import remove_state, stop_system


@pytest.fixture
def open_directory() -> Iterator[Path]:
    """A new directory that the account of the database servers may enter."""
    with tempfile.TemporaryDirectory(prefix="dental-local-") as name:
        directory = Path(name)
        directory.chmod(0o755)
        yield directory


@pytest.fixture
def state(open_directory: Path) -> Iterator[Path]:
    """The path of a state directory; whatever was started there is stopped and removed."""
    path = open_directory / "state"
    yield path
    stop_system(path)
    remove_state(path)
