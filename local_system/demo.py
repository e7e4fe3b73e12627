"""What `make demo` does: from nothing, or from where an earlier run ended, to the marts."""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from include import settings
from include.endpoints import Endpoint
from include.errors import PipelineError
from local_system import figures
from local_system.environment import WAREHOUSE, WEB_USER
from local_system.failures import LocalSystemError
from local_system.follow import Say, begin, follow, patiently
from local_system.private_files import open_log
from local_system.processes import MARKER, commands_of, end, is_alive
from local_system.servers import LOOPBACK, tail
from local_system.status import Status
from local_system.system import System

# Limits for the default practice; PracticeSize.time_factor multiplies them.
BUILD_LIMIT_SECONDS = 1200
DISCOVERY_LIMIT_SECONDS = 300
REFRESH_LIMIT_SECONDS = 1200
POLL_SECONDS = 0.5
BUILD = ("demo", "build")

NEXT = """\
What to try next:
  ./dental demo advance --days 1   let the practice live on for a day (new rows, edits, deletions)
  make demo                        refresh the warehouse and see the figures move
  ./dental verify                  compare every table of raw with the practice, key by key
  ./dental config show --excluded  what never leaves the practice's database
  make down                        stop everything; make clean removes it, too
In the web UI: Dags > refresh_warehouse > Trigger, with parameters such as tables or dry_run."""


@dataclass(frozen=True, slots=True)
class PracticeSize:
    """How large the demo practice is when it is built."""

    patients: int
    years: int

    @property
    def time_factor(self) -> float:
        """The factor of the time limits: 4.5 for 35,000 patients and 30 years."""
        return 1 + self.patients * self.years / 300_000


def run_demo(system: System, size: PracticeSize, say: Say) -> None:
    """Start the system, refresh the warehouse through Airflow and show the result.

    Does only what is left to do: a component that runs is not touched, a practice that is complete
    is not built again, a run that is under way is followed. Raises PipelineError with the reason
    when a step fails; running components keep running.
    """
    bake(say)
    builder = Builder(system, size, say)
    began = time.monotonic()
    try:
        system.start(builder.when_databases_are_ready)
        say(f"everything is healthy after {time.monotonic() - began:.0f} s: {system.addresses.web}")
        builder.finish()
    finally:
        builder.abandon()
    for dag_id, limit, is_new_wanted in (
        ("discover_open_dental", DISCOVERY_LIMIT_SECONDS, False),
        ("refresh_warehouse", REFRESH_LIMIT_SECONDS, True),
    ):
        run = patiently(system, partial(begin, system, dag_id, is_new_wanted=is_new_wanted))
        if run is None:
            say(f"{dag_id}: succeeded before; it runs weekly, and a refresh follows changes")
            continue
        say(f"{dag_id}: following {run.run_id}")
        follow(system, run, limit=limit * size.time_factor, say=say)
    say("")
    say(summary(system))
    wrong = figures.differences(
        figures.read_marts(system.addresses.warehouse, system.layout.truth),
        figures.read_books(system.layout.truth),
    )
    if wrong:
        raise LocalSystemError(
            "differ from the simulator's books:\n" + "\n".join(wrong[:20]), where="marts"
        )
    say(NEXT)


def bake(say: Say) -> None:
    """Create the manifest from which Airflow renders the dbt project; connects to no database.

    Returns at once when the manifest is newer than its sources.
    """
    from include.transform.manifest import bake_manifest

    if _is_newer_than_its_sources(settings.DBT_MANIFEST):
        return
    began = time.monotonic()
    nowhere = Endpoint("postgres", LOOPBACK, 5432, WAREHOUSE, "", WAREHOUSE)
    bake_manifest(settings.DBT_MANIFEST.parent, nowhere)
    say(f"parsed the dbt project in {time.monotonic() - began:.0f} s")


def _is_newer_than_its_sources(manifest: Path) -> bool:
    if not manifest.exists():
        return False
    made = [settings.DBT_PROJECT / name for name in ("target", "logs", "dbt_packages")]
    # A folder is newer when a file in it was removed, requirements.txt when dbt's version changed.
    sources = [settings.PROJECT_ROOT / "requirements.txt"]
    sources += [
        path
        for path in settings.DBT_PROJECT.rglob("*")
        if not any(path == folder or folder in path.parents for folder in made)
    ]
    return max(path.stat().st_mtime for path in sources) < manifest.stat().st_mtime


class Builder:
    """Builds the demo practice in a process of its own, while Airflow is starting."""

    def __init__(self, system: System, size: PracticeSize, say: Say) -> None:
        """Describe the practice; `when_databases_are_ready` starts the build."""
        self._system = system
        self._size = size
        self._say = say
        self._process: subprocess.Popen[bytes] | None = None
        self._began = 0.0
        self._server = 0

    def when_databases_are_ready(self, status: Status) -> None:
        """Start building at the step that follows the accounts, if the practice is missing."""
        self._say(f"starting: {status.step}")
        if status.step == "metadata":
            self._start()

    def finish(self) -> None:
        """Return when the practice is complete; raise PipelineError when it cannot be built.

        A build whose server died is begun again when the server is back.
        """
        self._start()
        while self._process is not None and self._await(self._process) != 0:
            if is_alive(self._server):
                raise LocalSystemError(
                    f"could not be built:\n{tail(self._log)}", where="demo practice"
                )
            self._say("the practice's server died while the practice was built")
            self._await_server()
            self._process = None
            self._start()
        if self._process is not None:
            self._say(
                f"built a practice of {self._size.patients:,} patients and {self._size.years} "
                f"years in {time.monotonic() - self._began:.0f} s"
            )

    def _await(self, process: subprocess.Popen[bytes]) -> int:
        while process.poll() is None:
            self._system.fail_if_broken()
            limit = BUILD_LIMIT_SECONDS * self._size.time_factor
            if time.monotonic() - self._began > limit:
                raise PipelineError(f"is not built after {limit:.0f} s", where="demo practice")
            time.sleep(POLL_SECONDS)
        return int(process.returncode)

    def _await_server(self) -> None:
        """Return when another server runs; raise PipelineError when the supervisor gave it up."""
        while not is_alive(self._running_server()):
            self._system.fail_if_broken()
            time.sleep(POLL_SECONDS)
        self._system.start()

    def _running_server(self) -> int:
        status = self._system.status()
        return status.running.get("mariadb", 0) if status is not None else 0

    def abandon(self) -> None:
        """Kill a build that is still running; the next build starts from the beginning."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()

    def _start(self) -> None:
        # The simulator writes its books last, so the file exists only for a complete practice.
        if self._process is not None or self._system.layout.truth.exists():
            return
        # A build that outlived its `make demo` would write beside this one.
        end(commands_of(self._system.state, "include.cli", *BUILD))
        self._say(f"building a practice of {self._size.patients:,} patients")
        self._began = time.monotonic()
        self._server = self._running_server()
        command = [sys.executable, "-m", "include.cli", *BUILD]
        command += ["--patients", str(self._size.patients), "--years", str(self._size.years)]
        environment = self._system.environment() | self._system.simulator_environment()
        marker = {MARKER: str(self._system.state)}
        with open_log(self._log) as output:
            self._process = subprocess.Popen(
                command,
                env=settings.inherited_environment() | environment | marker,
                start_new_session=True,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )

    @property
    def _log(self) -> Path:
        return self._system.layout.logs / "practice.log"


def summary(system: System) -> str:
    """Return the figures, and where to find the web UI, mails, logs and databases."""
    truth = system.layout.truth
    marts = figures.read_marts(system.addresses.warehouse, truth)
    return "\n".join(
        [
            figures.table(marts),
            "",
            f"  {figures.verdict(marts, figures.read_books(truth))}",
            "",
            f"Web UI     {system.addresses.web}   log-in {WEB_USER} / {system.secrets.web}",
            f"Mails      {system.layout.mails} ({len(system.mails())} so far)",
            f"Verdicts   {system.layout.verdicts}",
            f"Logs       {system.layout.logs}, and those of tasks in the web UI",
            f"Databases  . {system.layout.environment} exports their connections",
            "",
        ]
    )
