"""The secrets of a deployment: `bin/env` makes them, compose starts nothing with others."""

from __future__ import annotations

import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from include.settings import PROJECT_ROOT

CHECK = PROJECT_ROOT / "docker" / "check_secrets.py"
KNOWN = "change-me"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A directory with what `bin/env` needs of a checkout."""
    (tmp_path / "bin").mkdir()
    shutil.copy(PROJECT_ROOT / "bin" / "env", tmp_path / "bin" / "env")
    shutil.copy(PROJECT_ROOT / ".env.example", tmp_path / ".env.example")
    return tmp_path


def test_the_example_holds_no_secret_and_the_command_generates_each(checkout: Path) -> None:
    names = secret_names()
    printed = write_env(checkout)
    written = settings_of(checkout / ".env")
    assert stat.S_IMODE((checkout / ".env").stat().st_mode) == 0o600
    assert written.keys() == settings_of(checkout / ".env.example").keys()
    assert refused(written) == []
    assert not [name for name in names if written[name] in printed]
    # Another office has others.
    (checkout / ".env").unlink()
    write_env(checkout)
    again = settings_of(checkout / ".env")
    assert not [name for name in names if again[name] == written[name]]


def test_the_command_keeps_what_a_person_wrote_and_adds_what_is_missing(checkout: Path) -> None:
    (checkout / ".env").write_text("WAREHOUSE_PASSWORD=kept\nDENTAL_ALERT_TO=a@b\n# mine\n")
    write_env(checkout)
    text = (checkout / ".env").read_text()
    written = settings_of(checkout / ".env")
    assert text.startswith("WAREHOUSE_PASSWORD=kept\nDENTAL_ALERT_TO=a@b\n# mine\n")
    assert set(secret_names()) <= written.keys()
    assert all(written.values())
    write_env(checkout)
    assert (checkout / ".env").read_text() == text


@pytest.mark.parametrize("is_complete", [True, False])
def test_a_last_line_without_its_end_is_kept_as_well(checkout: Path, is_complete: bool) -> None:
    # Complete but for one secret, which stands there empty; or with most of them missing.
    write_env(checkout)
    lines = (checkout / ".env").read_text().splitlines() if is_complete else []
    kept = [line for line in lines if not line.startswith("METADATA_PASSWORD=")]
    (checkout / ".env").write_text(
        "\n".join([*kept, "METADATA_PASSWORD=", "DENTAL_RETRY_SECONDS=20"])
    )
    write_env(checkout)
    written = settings_of(checkout / ".env")
    assert written["DENTAL_RETRY_SECONDS"] == "20"
    assert refused(written) == []


@pytest.mark.parametrize("name", ["AIRFLOW_JWT_SECRET", "WAREHOUSE_PASSWORD", "AIRFLOW_FERNET_KEY"])
@pytest.mark.parametrize(
    "secret",
    [
        "",
        KNOWN,
        "0f1e2d3c",
        KNOWN * 12,
        "password" * 12,
        "ab" * 48,
        "Xq7/" * 3 + "@:" + "0f1e2d3c4b5a6978" * 6,
    ],
)
def test_a_secret_that_others_know_or_guess_is_refused_by_name_only(
    checkout: Path, name: str, secret: str
) -> None:
    write_env(checkout)
    lines = refused({**settings_of(checkout / ".env"), name: secret})
    assert [line for line in lines if line.startswith(f"secrets: {name} ")]
    assert not secret or secret not in "".join(lines)
    assert "Nothing was started" in lines[-1]


def test_two_equal_secrets_are_refused(checkout: Path) -> None:
    write_env(checkout)
    settings = settings_of(checkout / ".env")
    settings["METADATA_PASSWORD"] = settings["WAREHOUSE_PASSWORD"]
    assert "secrets: METADATA_PASSWORD is the same as WAREHOUSE_PASSWORD" in refused(settings)


def test_everything_waits_for_the_check_of_every_secret() -> None:
    services = yaml.safe_load((PROJECT_ROOT / "docker-compose.yaml").read_text())["services"]
    check = services["secrets"]
    assert sorted(check["command"]) == sorted(check["environment"]) == sorted(secret_names())

    def waits(name: str) -> bool:
        needed = services[name].get("depends_on", {})
        return "secrets" in needed or any(waits(other) for other in needed)

    assert [name for name in services if name != "secrets" and not waits(name)] == []


def secret_names() -> list[str]:
    """What the example leaves empty; everything in it that is a secret by its name."""
    settings = settings_of(PROJECT_ROOT / ".env.example")
    empty = [name for name, text in settings.items() if not text]
    assert empty == [name for name in settings if re.search("PASSWORD|SECRET|KEY", name)]
    return empty


def settings_of(path: Path) -> dict[str, str]:
    """The settings that compose would read from the file."""
    lines = [line for line in path.read_text().splitlines() if line and not line.startswith("#")]
    return dict(line.split("=", 1) for line in lines)


def write_env(checkout: Path) -> str:
    """Run the command; return what it printed."""
    done = subprocess.run(
        [checkout / "bin" / "env"], cwd="/", capture_output=True, text=True, check=True
    )
    return done.stdout + done.stderr


def refused(settings: dict[str, str]) -> list[str]:
    """What the check says of these settings; nothing when it lets them pass."""
    done = subprocess.run(
        [sys.executable, CHECK, *secret_names()], env=settings, capture_output=True, text=True
    )
    assert done.returncode == (1 if done.stderr else 0)
    assert not done.stdout
    return done.stderr.splitlines()
