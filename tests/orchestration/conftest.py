"""One parsed DagBag and one running system for all tests of the orchestration."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from include.settings import DBT_MANIFEST, PROJECT_ROOT
from include.transform.manifest import bake_manifest
from tests.nowhere import NOWHERE


@pytest.fixture(scope="session")
def manifest() -> Path:
    """The manifest of the dbt project as it is now."""
    return bake_manifest(DBT_MANIFEST.parent, NOWHERE)


@pytest.fixture(scope="session")
def airflow_home() -> Iterator[Path]:
    """A home for the Airflow of the test process; it must be known before Airflow is imported."""
    with tempfile.TemporaryDirectory(prefix="dental-airflow-") as name:
        os.environ["AIRFLOW_HOME"] = name
        os.environ["AIRFLOW__CORE__LOAD_EXAMPLES"] = "False"
        os.environ["AIRFLOW__COSMOS__CACHE_DIR"] = f"{name}/cosmos"
        os.environ["AIRFLOW__COSMOS__ENABLE_TELEMETRY"] = "False"
        os.environ["AIRFLOW__COSMOS__ENABLE_DAG_VERSIONING"] = "False"
        yield Path(name)


@pytest.fixture(scope="session")
def dags(manifest: Path, airflow_home: Path) -> dict[str, Any]:
    """Every DAG of the project, parsed as the DAG processor does."""
    assert manifest.exists()
    assert airflow_home.exists()
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(dag_folder=str(PROJECT_ROOT / "dags"))
    assert bag.import_errors == {}
    return dict(bag.dags)
