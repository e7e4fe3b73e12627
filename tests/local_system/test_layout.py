"""Where the data of the servers lie, and that nobody's permissions change for it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from include.errors import TerminalError
from local_system import layout
from local_system.layout import open_layout
from local_system.servers import free_port, new_password, start_mariadb, start_postgres
from local_system.shutdown import remove_state

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root runs servers as others")


@as_root
def test_below_a_private_directory_the_servers_run_on_data_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, open_directory: Path
) -> None:
    monkeypatch.setattr(layout, "OUTSIDE_PARENTS", (open_directory,))
    monkeypatch.setattr("local_system.shutdown.OUTSIDE_PARENTS", (open_directory,))
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    checkout = private / "checkout"
    checkout.mkdir(mode=0o755)
    found = open_layout(checkout / ".local")
    assert open_directory in found.data.parents
    assert open_layout(checkout / ".local") == found, "the choice is not remembered"

    mariadb = start_mariadb(found.mariadb, port=free_port(), password=new_password())
    mariadb.stop()
    postgres = start_postgres(found.postgres, port=free_port(), password=new_password())
    postgres.stop()

    assert private.stat().st_mode & 0o777 == 0o700
    assert checkout.stat().st_mode & 0o777 == 0o755
    remove_state(checkout / ".local")
    assert list(open_directory.iterdir()) == []
    assert list(checkout.iterdir()) == []


@as_root
def test_postgres_runs_where_the_account_cannot_enter_the_environment(
    open_directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("local_system.postgres_programs.can_enter", lambda *_: False)
    for _ in range(2):
        password = new_password()
        server = start_postgres(open_directory / "pg", port=free_port(), password=password)
        running = Path(f"/proc/{server.process.pid}/exe").readlink()
        server.stop()
        assert open_directory in running.parents
        shutil.rmtree(open_directory / "pg" / "data")


@as_root
def test_an_open_checkout_keeps_its_data_inside(open_directory: Path) -> None:
    found = open_layout(open_directory / ".local")
    assert found.data == found.state == open_directory / ".local"


@as_root
def test_without_any_place_for_the_data_the_message_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    monkeypatch.setattr(layout, "OUTSIDE_PARENTS", (private,))
    with pytest.raises(TerminalError, match="Put the checkout below a directory that everybody"):
        open_layout(private / ".local")
    assert list(private.iterdir()) == []


def test_data_of_a_lost_state_are_named_and_kept(open_directory: Path) -> None:
    from local_system.secrets import ensure_secrets

    found = open_layout(open_directory / ".local")
    found.postgres.mkdir()
    (found.postgres / "PG_VERSION").write_text("18")
    with pytest.raises(TerminalError, match="make clean"):
        ensure_secrets(found)
    assert (found.postgres / "PG_VERSION").exists()
