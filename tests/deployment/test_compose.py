"""What each container may do: held against docker-compose.yaml and Dockerfile as they are read."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from include.settings import PROJECT_ROOT

COMPOSE = yaml.safe_load((PROJECT_ROOT / "docker-compose.yaml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
DOCKERFILE = (PROJECT_ROOT / "Dockerfile").read_text(encoding="utf-8")
# Who needs a secret to do its work. `secrets` looks at each, has no network and ends.
HOLDERS = {
    "MARIADB_ROOT_PASSWORD": {"practice", "simulate"},
    "PRACTICE_READER_PASSWORD": {"practice", "scheduler", "simulate"},
    "WAREHOUSE_ADMIN_PASSWORD": {"warehouse"},
    "WAREHOUSE_PASSWORD": {"warehouse", "scheduler", "initialise"},
    "METADATA_ADMIN_PASSWORD": {"metadata"},
    "AIRFLOW_ADMIN_PASSWORD": {"initialise"},
}
REACHED_BY = {
    "practice": {"scheduler", "simulate"},
    "warehouse": {"scheduler", "initialise"},
    "metadata": {"initialise", "api-server", "scheduler", "dag-processor", "triggerer"},
    "mail": {"scheduler", "triggerer", "api-server"},
}


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_nobody_and_writes_in_its_volumes_only(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert not service.keys() & {"privileged", "cap_add", "pid", "ipc", "devices"}
    user, _, _ = service["user"].partition(":")
    assert int(user) > 0
    # What is mounted from the host is read.
    for volume in service.get("volumes", []):
        assert not volume.startswith((".", "/", "$")) or volume.endswith(":ro")
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))


@pytest.mark.parametrize("secret", HOLDERS)
def test_a_secret_is_held_by_those_alone_who_need_it(secret: str) -> None:
    holders = {name for name, service in SERVICES.items() if secret in str(service)}
    assert holders - {"secrets"} == HOLDERS[secret]
    assert SERVICES["secrets"]["network_mode"] == "none"


# Records what it was called with, and asks for passwords as Airflow's command line does.
_RECORDER = f"""#!{sys.executable}
import getpass, sys
with open({{record!r}}, "a") as file:
    print(*sys.argv, file=file)
    if "users" in sys.argv and "--password" not in sys.argv:
        print("asked", getpass.getpass(), getpass.getpass(), file=file)
"""


def test_no_secret_is_an_argument_of_a_program(tmp_path: Path) -> None:
    record = tmp_path / "record"
    for program in ("airflow", "python"):
        path = tmp_path / program
        path.write_text(_RECORDER.format(record=str(record)))
        path.chmod(0o755)
    *shell, script = SERVICES["initialise"]["command"]
    subprocess.run(
        [*shell, script.replace("$$", "$")],
        env={"PATH": f"{tmp_path}:/usr/bin:/bin", "ADMIN_PASSWORD": "Marked-secret"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=True,
    )
    called = record.read_text().splitlines()
    assert called[-1] == "asked Marked-secret Marked-secret"
    assert [line for line in called[:-1] if "Marked" in line] == []
    others = [one for name, one in SERVICES.items() if name != "initialise"]
    assert [one["command"] for one in others if "PASSWORD}" in str(one.get("command"))] == []


@pytest.mark.parametrize("server", REACHED_BY)
def test_a_server_is_reached_by_those_alone_who_need_it(server: str) -> None:
    networks = set(SERVICES[server]["networks"])
    reaching = {
        name
        for name, service in SERVICES.items()
        if name != server and networks & set(service.get("networks", []))
    }
    assert reaching == REACHED_BY[server]
    outside = {name for name, network in COMPOSE["networks"].items() if not network}
    # Only the catcher of mails has a page for people; no database has a way out.
    assert networks & outside == ({"web"} if server == "mail" else set())


def test_the_image_runs_code_that_it_cannot_change() -> None:
    code = re.compile(r"^COPY (?P<options>.*)\b(dags|plugins|include|simulator) \S+$", re.MULTILINE)
    for stage in re.split(r"^FROM ", DOCKERFILE, flags=re.MULTILINE)[2:]:
        copied = list(code.finditer(stage))
        assert copied
        assert not any("--chown" in found["options"] for found in copied)
        users = re.findall(r"^(?:USER (\S+)|COPY (?:dags|simulator))", stage, re.MULTILINE)
        # Root when the code is copied, nobody when it runs.
        assert users[-3:] == ["0", "", "50000"]


def test_the_image_installs_nothing_without_its_hash() -> None:
    from_lock = re.findall(r"pip (?:install|wheel) [^&]*requirement", DOCKERFILE)
    assert len(from_lock) == 2
    assert all("--require-hashes" in command for command in from_lock)


@pytest.mark.parametrize(
    ("lock", "least"),
    [("requirements.txt", 200), ("requirements-dev.txt", 200), ("bench/requirements.txt", 30)],
)
def test_nothing_is_installed_without_its_hash(lock: str, least: int) -> None:
    text = (PROJECT_ROOT / lock).read_text(encoding="utf-8")
    packages = re.split(r"^(?=\w)", text, flags=re.MULTILINE)
    packages = [package for package in packages if re.match(r"\w", package)]
    assert len(packages) > least
    assert [p.split()[0] for p in packages if "--hash=sha256:" not in p] == []
    for script in ("bin/setup", "bench/setup"):
        text = (PROJECT_ROOT / script).read_text(encoding="utf-8")
        assert all("--require-hashes" in line for line in re.findall(r".*\bpip sync\b.*", text))
