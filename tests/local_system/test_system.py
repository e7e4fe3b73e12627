"""Starting, watching and stopping a whole system, with what goes wrong on the way."""

from __future__ import annotations

import os
import signal
import socket
import time
from pathlib import Path

import pytest

from include.errors import PipelineError
from local_system.environment import DROPPED_PREFIXES
from local_system.processes import is_alive, processes_of
from local_system.secrets import is_free
from local_system.servers import LOOPBACK
from local_system.shutdown import stop_system, supervisor_of
from local_system.system import System

LIMIT_SECONDS = 60.0


def wait_for_failure(system: System) -> str:
    """Return what the supervisor says as soon as it has noticed."""
    limit = time.monotonic() + LIMIT_SECONDS
    while time.monotonic() < limit:
        status = system.status()
        if status is not None and status.phase == "failed":
            return status.failure
        time.sleep(0.1)
    raise AssertionError("the supervisor noticed nothing")


def test_a_system_survives_what_happens_to_its_parts(state: Path, tmp_path: Path) -> None:
    """One system for the whole story: starting one takes long."""
    dags, config = tmp_path / "dags", tmp_path / "config"
    dags.mkdir()
    system = System(state, dags=dags, config=config)
    steps: list[str] = []
    system.start(lambda status: steps.append(status.step))
    assert [step for step in steps if step][-1] in {"health", "pools"}
    assert system.api.dag_ids() == []
    before = system.status()
    assert before is not None

    # A second start on a running system touches nothing.
    system.start()
    assert system.status() == before

    # A component that dies is named, with the end of its log; the others go on.
    os.kill(before.running["mail"], signal.SIGKILL)
    os.kill(before.running["triggerer"], signal.SIGKILL)
    failure = wait_for_failure(system)
    assert "ended with code -9" in failure
    with pytest.raises(PipelineError):
        system.fail_if_broken()
    assert is_alive(before.running["postgres"])

    # The next start brings back what is missing, and nothing else.
    system.start()
    after = system.status()
    assert after is not None
    assert after.phase == "ready"
    assert after.running["mail"] != before.running["mail"]
    assert after.running["api-server"] == before.running["api-server"]

    # A killed supervisor leaves its components; `down` finds every one of them.
    supervisor = supervisor_of(system.layout)
    assert supervisor is not None
    os.kill(supervisor, signal.SIGKILL)
    ports = system.ports
    assert len(processes_of(system.state)) >= len(after.running)
    stop_system(state)
    assert processes_of(system.state) == []
    assert not any(is_alive(pid) for pid in after.running.values())
    for port in (ports.mariadb, ports.postgres, ports.mail, ports.web):
        assert is_free(port)


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
        PipelineError, match=r"(?s)postgres: ended while starting:.*postgresql\.conf"
    ):
        system.start()
    assert is_alive((system.status() or pytest.fail("no supervisor")).running["mariadb"])


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
