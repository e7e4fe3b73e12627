"""The dbt project, baked once for all tests that read what baking writes."""

from __future__ import annotations

from pathlib import Path

import pytest

from include.transform.manifest import bake_manifest
from tests.nowhere import NOWHERE


@pytest.fixture(scope="session")
def baked_project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory with manifest.json and raw_indexes.json."""
    return bake_manifest(tmp_path_factory.mktemp("target"), NOWHERE).parent
