"""The commands of README.md and docs/operations.md, and their queries, on a running demo.

The name of this file puts it behind the others that share the system: these commands let the
practice live on.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from include.settings import PROJECT_ROOT
from include.warehouse.session import connect
from local_system.follow import begin, follow
from local_system.system import System
from tests.orchestration.running import RUN_LIMIT_SECONDS

DOCUMENTS = ("README.md", "docs/operations.md")
DAG_ID = "refresh_warehouse"
COMMAND = re.compile(r"(?:(?:\./dental|airflow|make|docker|git|systemctl) |\. \.local).+")
DEMO = "make demo"
# What is not run here, and why.
NOT_RUN = {
    r"git clone .*": "the checkout is there",
    r"make demo \w+=.*": "builds another practice; tests/soak builds the large one",
    r"make (test|soak|bench|help)( .*)?": "a person's or CI's; this test is a part of the first",
    r"make (down|clean)": "would end the system of the other tests; tests/local_system runs them",
    r"docker compose .*": "there is no Docker daemon where the tests run",
    r"\./dental transform --bake": "has just been run for this system, which reads what it wrote",
    r"\./dental demo( advance)?": "run where it says how many days",
}


def commands_of(document: str) -> list[str]:
    """Return the shell commands of a document: all of its console blocks, and others in its text.

    Those in the text that stand there already are left out.
    """
    text = (PROJECT_ROOT / document).read_text()
    found: list[str] = []
    for block, span in re.findall(r"```console\n(.*?)```|(?<!`)`([^`]+)`(?!`)", text, re.DOTALL):
        lines = block.splitlines() if block else [" ".join(span.split())]
        for line in lines:
            for command in re.sub(r"\s+#.*", "", line).strip().split(" && "):
                if COMMAND.fullmatch(command) and (block or command not in found):
                    found.append(command)
    return found


def queries_of(document: str) -> list[str]:
    """Return the queries of a document: those of its SQL blocks, and those in its text."""
    text = (PROJECT_ROOT / document).read_text()
    found = re.findall(r"```sql\n\s*(select\s.*?)```|(?<!`)`(select\s[^`]+)`", text, re.DOTALL)
    return [" ".join(" ".join(either).split()) for either in found]


def is_run(command: str) -> bool:
    return not any(re.fullmatch(pattern, command) for pattern in NOT_RUN)


@pytest.fixture(scope="module")
def checkout(airflow_system: System, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project's directory as a person sees it, with this system as its demo."""
    place = tmp_path_factory.mktemp("checkout")
    for entry in PROJECT_ROOT.iterdir():
        if entry.name != ".local":
            (place / entry.name).symlink_to(entry)
    (place / ".local").symlink_to(airflow_system.state)
    return place


def run_in_shell(checkout: Path, home: Path, command: str) -> None:
    """Run one command in a new shell that knows nothing; `airflow` wants the file that is named."""
    before = ". .local/env; " if command.startswith("airflow") else ""
    done = subprocess.run(
        ["bash", "-c", before + command],
        cwd=checkout,
        env={"HOME": str(home), "PATH": "/usr/local/bin:/usr/bin:/bin"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"


def end_all_runs(system: System) -> None:
    """Wait for the runs that a command asked for; each must end well."""
    for run in (run for run in system.api.runs(DAG_ID) if not run.is_finished):
        follow(system, run, limit=RUN_LIMIT_SECONDS, say=lambda _: None)


def bring_up_to_date(system: System, *, is_new_wanted: bool) -> None:
    """Do what `make demo` does with a system that runs."""
    for dag_id, is_wanted in (("discover_open_dental", False), (DAG_ID, is_new_wanted)):
        run = begin(system, dag_id, is_new_wanted=is_wanted)
        if run is not None:
            follow(system, run, limit=RUN_LIMIT_SECONDS, say=lambda _: None)


@pytest.fixture(scope="module")
def demo(airflow_system: System) -> Iterator[System]:
    """The system after a first `make demo`."""
    bring_up_to_date(airflow_system, is_new_wanted=False)
    yield airflow_system
    end_all_runs(airflow_system)


def test_every_command_that_is_not_run_has_a_reason_and_every_reason_a_command() -> None:
    documented = [command for document in DOCUMENTS for command in commands_of(document)]
    assert len([command for command in documented if is_run(command)]) >= 15
    for pattern in NOT_RUN:
        assert any(re.fullmatch(pattern, command) for command in documented), pattern


@pytest.mark.parametrize(
    "document", [pytest.param("README.md", marks=pytest.mark.soak), "docs/operations.md"]
)
def test_the_documented_commands_do_what_they_are_there_for(
    demo: System, checkout: Path, tmp_path: Path, document: str
) -> None:
    before = {run.run_id for run in demo.api.runs(DAG_ID)}
    has_moved = False
    for command in commands_of(document):
        if command == DEMO and has_moved:
            bring_up_to_date(demo, is_new_wanted=True)
        elif command != DEMO and is_run(command):
            has_moved = command.startswith("./dental demo advance")
            run_in_shell(checkout, tmp_path, command)
            end_all_runs(demo)
    # A command of Airflow's that does not find its database makes one of its own.
    assert list(tmp_path.iterdir()) == []
    assert list(demo.layout.airflow_home.glob("*.db")) == []
    asked_for = [run for run in demo.api.runs(DAG_ID) if run.run_id not in before]
    kinds = {"manual"} if document == "README.md" else {"manual", "backfill"}
    assert {run.run_type for run in asked_for} == kinds


@pytest.mark.parametrize("document", [*DOCUMENTS, "docs/reports.md"])
def test_the_documented_queries_run(demo: System, document: str) -> None:
    with connect(demo.addresses.warehouse) as connection:
        for query in queries_of(document):
            connection.execute(query.encode())
