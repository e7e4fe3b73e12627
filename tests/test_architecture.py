"""The engine runs without Airflow, and the environment is read in one place."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
AIRFLOW_MODULES = {"airflow", "cosmos"}
# The only parts that may know Airflow.
AIRFLOW_PARTS = ("dags", "plugins", "include/orchestration")
PARTS = ("dags", "plugins", "include")
ENGINE = (
    "include.catalog",
    "include.cli",
    "include.discovery",
    "include.engine",
    "include.planning",
    "include.reporting",
    "include.transform",
    "include.validation",
)
HEAVY = ("airflow", "cosmos", "great_expectations", "pandas", "dbt", "networkx")


def sources() -> Iterator[Path]:
    for part in PARTS:
        for path in sorted((ROOT / part).rglob("*.py")):
            if "dbt_packages" not in path.parts:
                yield path.relative_to(ROOT)


def imported(path: Path) -> set[str]:
    """Return the whole names of the modules that a file imports, anywhere in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module)
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def test_only_dags_plugins_and_orchestration_import_airflow() -> None:
    found = [
        str(path)
        for path in sources()
        if not path.as_posix().startswith(AIRFLOW_PARTS)
        and {name.split(".")[0] for name in imported(path)} & AIRFLOW_MODULES
    ]
    assert found == []


def test_nothing_outside_of_dags_imports_the_orchestration() -> None:
    found = [
        str(path)
        for path in sources()
        if not path.as_posix().startswith(AIRFLOW_PARTS)
        and any(name.startswith("include.orchestration") for name in imported(path))
    ]
    assert found == []


def test_tests_share_what_stands_in_modules_without_tests() -> None:
    found = [
        f"{path}: {name}"
        for path in sorted((ROOT / "tests").rglob("*.py"))
        for name in imported(path.relative_to(ROOT))
        if name.startswith("tests.")
        and any(part == "conftest" or part.startswith("test_") for part in name.split("."))
    ]
    assert found == []


def test_only_the_settings_read_the_environment() -> None:
    found = []
    for path in sources():
        tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
        reads = {
            node.attr
            for node in ast.walk(tree)
            if isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.value.id == "os"
        } & {"environ", "getenv", "environb"}
        if reads and path.as_posix() != "include/settings.py":
            found.append(str(path))
    assert found == []


@pytest.mark.parametrize("package", ENGINE)
def test_importing_the_engine_loads_nothing_heavy(package: str) -> None:
    code = f"import {package}, sys;print(sorted(name for name in {HEAVY!r} if name in sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_no_dag_file_has_a_name_that_dbt_or_airflow_would_take_for_its_own() -> None:
    for path in (ROOT / "dags").glob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert not path.name.startswith("dbt_"), "dbt imports every top-level module named so"
        assert "dag" in text, "Airflow's safe mode skips files without these words"
        assert "airflow" in text, "Airflow's safe mode skips files without these words"
