"""One whole local system a session: databases, a small practice, mails and Airflow."""

from __future__ import annotations

import logging
import shutil
import tempfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from include import settings
from local_system.demo import bake
from local_system.system import System
from simulator import PracticePlan, build

SMALL = PracticePlan(patients=60, years=1, seed=7, until=date(2026, 6, 30))


@pytest.fixture(scope="session")
def airflow_system() -> Iterator[System]:
    """A running system with the project's own DAGs, all paused, on a practice of 60 patients.

    Every run misses its deadline, which is a few seconds, tables of a hundred rows that outweigh
    those behind them are loaded in ranges, and what fails is tried again within seconds. Its config
    directory is its own and holds the reviewed overrides; discovery has not run. The truth of the
    practice is at `system.layout.truth`. Whoever changes the practice or the config must leave both
    so that the next test can refresh.
    """
    with (
        tempfile.TemporaryDirectory(prefix="dental-system-") as name,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("DENTAL_DEADLINE_MINUTES", "0.1")
        patch.setenv("DENTAL_SPLIT_ROWS", "100")
        patch.setenv("DENTAL_RETRY_SECONDS", "0.1")
        root = Path(name)
        root.chmod(0o755)
        config = root / "config"
        config.mkdir()
        overrides = settings.PROJECT_ROOT / "include" / "config" / "overrides.yml"
        if overrides.exists():
            shutil.copy(overrides, config)
        system = System(root / "state", config=config)
        try:
            bake(logging.getLogger(__name__).info)
            system.start()
            build(system.addresses.practice_writer, SMALL, truth=system.layout.truth)
            yield system
        finally:
            system.stop()
