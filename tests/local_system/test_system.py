"""Starting, watching and stopping a whole system, with what goes wrong on the way."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from dataclasses import fields
from pathlib import Path

import pytest

from include.errors import PipelineError
from include.warehouse.session import connect
from local_system.environment import DROPPED_PREFIXES
from local_system.layout import POSTGRES_ACCOUNT
from local_system.processes import is_alive, processes_of
from local_system.secrets import Secrets, is_free
from local_system.servers import LOOPBACK, account_of
from local_system.shutdown import stop_system
from local_system.status import Status
from local_system.system import System
from tests.local_system.power import cut_power

LIMIT_SECONDS = 300.0


def wait_until_back(system: System, *names: str, before: Status) -> Status:
    """Return the status as soon as these components run again, by other processes, and all is well.

    Nobody asks for it.
    """
    limit = time.monotonic() + LIMIT_SECONDS
    while time.monotonic() < limit:
        system.fail_if_broken()
        status = system.status()
        if (
            status is not None
            and status.phase == "ready"
            and all(status.running[name] != before.running[name] for name in names)
        ):
            return status
        time.sleep(0.1)
    raise AssertionError(f"not back after {LIMIT_SECONDS} s: {system.status()}")


def status_of(system: System) -> Status:
    status = system.status()
    assert status is not None
    return status


def test_a_system_survives_what_happens_to_its_parts(state: Path, tmp_path: Path) -> None:
    """One system for the whole story: starting one takes long."""
    dags, config = tmp_path / "dags", tmp_path / "config"
    dags.mkdir()
    system = System(state, dags=dags, config=config)
    steps: list[str] = []
    system.start(lambda status: steps.append(status.step))
    assert all(steps)
    assert steps[-1] in {"health", "pools"}
    assert system.api.dag_ids() == []
    before = status_of(system)

    # A second start on a running system touches nothing.
    system.start()
    assert system.status() == before
    hold_that_secrets_stay_where_they_are_needed(system)

    # A component that dies is started again by itself, with a line; the others go on.
    os.kill(before.running["mail"], signal.SIGKILL)
    os.kill(before.running["triggerer"], signal.SIGKILL)
    after = wait_until_back(system, "mail", "triggerer", before=before)
    assert {line.split()[0] for line in after.restarts} == {"mail", "triggerer"}
    assert after.running["api-server"] == before.running["api-server"]
    assert after.running["postgres"] == before.running["postgres"]

    # So are the servers, also while one of PostgreSQL's children does not notice its end.
    busy = connect(system.addresses.warehouse)
    backend = busy.info.backend_pid
    os.kill(backend, signal.SIGSTOP)
    os.kill(after.running["postgres"], signal.SIGKILL)
    os.kill(after.running["mariadb"], signal.SIGKILL)
    after = wait_until_back(system, "postgres", "mariadb", before=after)
    busy.close()
    assert not is_alive(backend)
    assert system.api.dag_ids() == []

    # A killed supervisor leaves its components; `down` finds every one of them.
    os.kill(after.supervisor, signal.SIGKILL)
    ports = system.ports
    assert len(processes_of(system.state)) >= len(after.running)
    stop_system(state)
    assert processes_of(system.state) == []
    assert not any(is_alive(pid) for pid in after.running.values())
    for port in (ports.mariadb, ports.postgres, ports.mail, ports.web):
        assert is_free(port)


def test_one_start_is_enough_after_a_power_cut(state: Path, tmp_path: Path) -> None:
    dags = tmp_path / "dags"
    dags.mkdir()
    system = System(state, dags=dags, config=tmp_path / "config")
    system.start()
    cut_power(system)
    # The number in PostgreSQL's file belongs to another program by now, of the same account; and
    # somebody else listens where the mails went.
    account = account_of(POSTGRES_ACCOUNT)
    stranger = subprocess.Popen(["sleep", "600"], user=account, group=account)
    pid_file = system.layout.postgres / "data" / "postmaster.pid"
    _, _, rest = pid_file.read_text().partition("\n")
    pid_file.write_text(f"{stranger.pid}\n{rest}")
    port = system.ports.mail
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind((LOOPBACK, port))
        other.listen()
        try:
            system.start()
            assert stranger.poll() is None
        finally:
            stranger.kill()
            stranger.wait()
        assert system.ports.mail != port
        assert system.api.dag_ids() == []

        # A port that is taken while the system runs: all move.
        before = status_of(system)
        taken = system.ports.mail
        with socket.socket() as another:
            another.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            os.kill(before.running["mail"], signal.SIGKILL)
            while is_alive(before.running["mail"]):
                time.sleep(0.001)
            another.bind((LOOPBACK, taken))
            another.listen()
            wait_until_back(system, *before.running, before=before)
        assert system.ports.mail not in {taken, port}
        assert str(system.ports.mail) in system.layout.environment.read_text()
        assert system.api.dag_ids() == []


def hold_that_secrets_stay_where_they_are_needed(system: System) -> None:
    """No argument, log or file for others has one; no process has the account that writes."""
    secrets = {entry.name: getattr(system.secrets, entry.name) for entry in fields(Secrets)}
    writing = {secrets["practice_writer"], secrets["practice_administrator"]}
    for pid in processes_of(system.state):
        process = Path(f"/proc/{pid}")
        command = (process / "cmdline").read_bytes().decode(errors="replace")
        assert not [name for name, word in secrets.items() if word in command]
        environment = (process / "environ").read_bytes().decode(errors="replace")
        assert not [word for word in writing if word in environment], command
        if "local_system.mail" in command:
            assert not [name for name, word in secrets.items() if word in environment]
    for folder, _, files in os.walk(system.state):
        for path in (Path(folder) / file for file in files):
            if path.is_symlink() or system.layout.mariadb in path.parents:
                continue
            content = path.read_bytes()
            held = {name for name, word in secrets.items() if word.encode() in content}
            if held:
                assert path.name in {"secrets.json", "env", "simulator.env", "passwords.json"}
                assert path.stat().st_mode & 0o777 == 0o600
            if path.name == "env":
                assert not held & {"practice_writer", "practice_administrator", "postgres"}
            if path.name == "simulator.env":
                assert held == {"practice_writer"}


def test_a_port_that_is_taken_is_named_and_nothing_is_started(state: Path, tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind((LOOPBACK, 0))
        other.listen()
        port = other.getsockname()[1]
        system = System(state, dags=tmp_path, config=tmp_path, web_port=port)
        with pytest.raises(PipelineError, match=rf"port {port} of 127.0.0.1 \(web UI\).*WEB_PORT="):
            system.start()
        status = system.status()
        assert status is None or status.running == {}


def test_a_component_that_cannot_start_is_named_with_the_end_of_its_log(
    state: Path, tmp_path: Path
) -> None:
    system = System(state, dags=tmp_path, config=tmp_path)
    data = system.layout.postgres / "data"
    data.mkdir(parents=True)
    (state / "secrets.json").write_text(_secrets())
    (data / "PG_VERSION").write_text("9.6\n")
    with pytest.raises(
        PipelineError,
        match=r"(?s)postgres: ended while starting:.*postgresql\.conf.*"
        r"postgres was started again 5 times within 10 minutes.*`make demo` tries again",
    ):
        system.start()
    status = status_of(system)
    assert is_alive(status.running["mariadb"])
    assert [line.split(" is ")[1] for line in status.restarts] == [
        f"started again in {2**number} s ({number + 1} of 5)" for number in range(5)
    ]


def test_an_environment_of_another_airflow_does_not_leak_in(
    state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from local_system.environment import airflow_environment
    from local_system.secrets import choose_ports, ensure_secrets

    monkeypatch.setenv("AIRFLOW__CORE__EXECUTOR", "SequentialExecutor")
    monkeypatch.setenv("AIRFLOW__CORE__UNIT_TEST_MODE", "True")
    monkeypatch.setenv("DBT_TARGET", "elsewhere")
    layout = System(state).layout
    found = airflow_environment(
        layout, choose_ports(layout), ensure_secrets(layout), config=tmp_path, dags=tmp_path
    )
    assert found["AIRFLOW__CORE__EXECUTOR"] == "LocalExecutor"
    assert "AIRFLOW__CORE__UNIT_TEST_MODE" not in found
    assert not any(
        name.startswith(DROPPED_PREFIXES[-2]) and "elsewhere" in found[name] for name in found
    )
    assert len(found["AIRFLOW__API_AUTH__JWT_SECRET"]) >= 64


def _secrets() -> str:
    import json
    from dataclasses import fields

    from local_system.secrets import Secrets

    return json.dumps({entry.name: "0" * 44 for entry in fields(Secrets)})
