"""Who may import what, who writes the schema ops, who reads the environment."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
AIRFLOW_MODULES = {"airflow", "cosmos"}
# The only parts that may know Airflow.
AIRFLOW_PARTS = ("dags", "plugins", "include/orchestration")
PARTS = ("dags", "plugins", "include")
# In the order of docs/architecture.md they come before every package.
FIRST = ("names", "errors", "endpoints", "settings")
# Packages that import from `include` and that it never imports.
COMPANIONS = {"simulator", "local_system", "bench", "tests", "dags", "plugins"}
# The two writers of `ops` that have to work within a model's own transaction.
WRITING_MACROS = {
    "doubt_unknown_links",
    "forget_lost_snapshots",
    "record_built_mart",
    "record_model_input",
    "record_snapshots",
    "record_untested_accounts",
}
# What stands before the name of a table or sequence in a statement.
STATEMENT_ON_OPS = re.compile(
    r"(?:\b(?:from|join|into|update|using|table|truncate|only)\s+|nextval\('|to_regclass\('|\()"
    r"ops\.\w+",
    re.IGNORECASE,
)
# A quotation mark where a statement has a name; prose quotes commands in the same way.
OPENED_NAME = re.compile(
    r"""(?:^|[.,]\ ?|\b(?:from|into|join|table|update|index|select|by|use|database)\ )`$|\."$""",
    re.IGNORECASE,
)
# A parameter that PostgreSQL would parse as the name of a relation.
PARSED_NAME = re.compile(r"to_reg\w+\(%|%(?:\(\w+\))?s::reg")
# Modules that every task imports, though their packages do not.
LIGHT_MODULES = ("ops.schema", "ops.migrate", "engine.targets", "planning.plan")
HEAVY = ("airflow", "alembic", "cosmos", "great_expectations", "pandas", "dbt", "networkx")


def sources(parts: Iterable[str] = PARTS) -> Iterator[Path]:
    for part in parts:
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


def packages_in_order() -> list[str]:
    """Return the packages of `include` as docs/architecture.md lists them, lowest first."""
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    section = text.split("\n## The packages\n")[1].split("\n## ")[0]
    return re.findall(r"^\| `include/(\w+)/` \|", section, re.MULTILINE)


def test_every_package_imports_only_from_those_above_it_in_the_architecture() -> None:
    order = [*FIRST, *packages_in_order()]
    assert sorted(order) == sorted(
        path.stem
        for path in (ROOT / "include").iterdir()
        if (path.suffix == ".py" and path.stem != "__init__") or (path / "__init__.py").exists()
    )
    wrong = []
    for path in sources():
        if path.parts[0] != "include" or (len(path.parts) == 2 and path.stem == "__init__"):
            continue
        own = order.index(path.parts[1].removesuffix(".py"))
        for name in imported(path):
            parts = name.split(".")
            if parts[0] in COMPANIONS:
                wrong.append(f"{path}: {name}")
            if parts[0] == "include" and len(parts) > 1 and parts[1] in order[own + 1 :]:
                wrong.append(f"{path}: {name}")
    assert wrong == []


def test_only_the_package_ops_has_statements_on_the_schema_ops() -> None:
    assert STATEMENT_ON_OPS.search("insert into ops.run") is not None
    found = []
    for path in sources((*PARTS, "simulator", "local_system")):
        if path.parts[:2] == ("include", "ops"):
            continue
        tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
        docstrings = {
            id(node.value)
            for node in ast.walk(tree)
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        }
        found += [
            f"{path}:{node.lineno}"
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in docstrings
            and (node.value == "ops" or STATEMENT_ON_OPS.search(node.value))
        ]
    assert found == []


def quoted_by_hand(tree: ast.AST) -> Iterator[int]:
    """Yield the lines where a quotation mark of SQL stands right before a value that is put in."""
    for node in ast.walk(tree):
        befores: list[ast.expr] = []
        if isinstance(node, ast.JoinedStr):
            befores = [
                before
                for before, value in pairwise(node.values)
                if isinstance(value, ast.FormattedValue)
            ]
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            befores = [node.left]
        for before in befores:
            if isinstance(before, ast.Constant) and OPENED_NAME.search(str(before.value)):
                yield before.lineno
        # The server would parse the parameter as a name; format('%I') quotes it first.
        texts = [node] if isinstance(node, ast.Constant) and isinstance(node.value, str) else []
        for text in texts:
            if PARSED_NAME.search(str(text.value)):
                yield text.lineno


def test_one_function_of_each_server_quotes_identifiers() -> None:
    examples = ('f"`{n}`"', '"`" + n', "f'raw.\"{n}\"'", '"to_regclass(%s)"', '"%(n)s::regclass"')
    assert all(any(quoted_by_hand(ast.parse(example))) for example in examples)
    found = [
        f"{path}:{line}"
        for path in sources((*PARTS, "simulator", "local_system"))
        for line in quoted_by_hand(ast.parse((ROOT / path).read_text(encoding="utf-8")))
        # The one of the source; psycopg.sql.Identifier is that of the warehouse.
        if path.as_posix() != "include/source/session.py"
    ]
    assert found == []


def test_the_command_line_prints_through_the_function_that_spells_names_out() -> None:
    found = [
        f"{path}:{node.lineno}"
        for path in sources(("include",))
        if path.as_posix() != "include/cli/output.py"
        for node in ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and node.attr in ("echo", "secho")
    ]
    assert found == []


def test_hooks_of_dbt_write_to_the_schema_ops_and_no_other_macro() -> None:
    writers = {}
    for path in sorted((ROOT / "include" / "dbt").rglob("*.sql")):
        if "target" in path.parts:
            continue
        text = path.read_text(encoding="utf-8")
        for macro in re.split(r"(?={%-? macro )", text):
            if re.search(r"(?:insert\s+into|update|delete\s+from)\s+ops\.", macro, re.IGNORECASE):
                name = re.match(r"{%-? macro (\w+)", macro)
                writers[name[1] if name else path.name] = path
    assert writers.keys() == WRITING_MACROS


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


@pytest.mark.parametrize("name", [*packages_in_order(), *LIGHT_MODULES])
def test_importing_a_package_loads_nothing_heavy(name: str) -> None:
    code = (
        f"import include.{name}, sys;"
        f"print(sorted(name for name in {HEAVY!r} if name in sys.modules))"
    )
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
