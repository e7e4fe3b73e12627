"""A warehouse whose every process is killed at once: during a COPY, at a commit, just after one."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from include.endpoints import Endpoint
from include.errors import PipelineError, WarehouseError
from tests.engine.faults.crashing import CrashingWarehouse
from tests.engine.faults.moments import at_moment, commit_batches_of
from tests.engine.faults.subject import Subject, told
from tests.engine.practice import open_practice
from tests.missing import skipped_where_missing


@pytest.fixture
def crashing(server_directory: Path) -> Iterator[CrashingWarehouse]:
    with skipped_where_missing():
        warehouse = CrashingWarehouse(server_directory / "crashing")
    yield warehouse
    warehouse.server.stop()


def broken_load(subject: Subject) -> PipelineError:
    """Load, which must fail; nothing that is said about it has a value."""
    with pytest.raises(PipelineError) as caught:
        subject.practice.load(subject.config)
    subject.hold_no_value_was_recorded(told(caught.value))
    return caught.value


def test_a_warehouse_that_loses_power_holds_whole_commits_only(
    source: Endpoint, crashing: CrashingWarehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    practice = open_practice(source, crashing.server.endpoint)
    commit_batches_of(40, monkeypatch)
    subject = Subject(practice, "T", "number")
    subject.create()
    # First a first load, then refreshes.
    for place, number in (("before copy", 5), ("before commit", 2), ("after commit", 2)):
        with at_moment(number, crashing.crash, of=place):
            error = broken_load(subject)
        assert type(error) is WarehouseError
        subject.hold_what_readers_see()
        subject.hold_what_the_next_load_mends()
        subject.edit()


@pytest.fixture
def small_warehouse(server_directory: Path) -> Iterator[tuple[CrashingWarehouse, Path]]:
    """A warehouse whose data, log and all, live on a file system with little room left."""
    place = server_directory / "small-warehouse"
    place.mkdir()
    mounting = ["mount", "-t", "tmpfs", "-o", "size=300m,mode=755", "none", str(place)]
    if os.geteuid() != 0 or subprocess.run(mounting, capture_output=True).returncode != 0:
        pytest.skip("a small file system can only be mounted by root")
    try:
        with skipped_where_missing():
            warehouse = CrashingWarehouse(place / "server", wal_recycle="off")
        yield warehouse, place
        warehouse.server.stop()
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def test_a_refresh_into_a_full_disk_is_mended_when_there_is_room(
    source: Endpoint, small_warehouse: tuple[CrashingWarehouse, Path]
) -> None:
    warehouse, place = small_warehouse
    practice = open_practice(source, warehouse.server.endpoint)
    subject = Subject(practice, "T", "number")
    subject.create()
    subject.load()
    subject.edit()
    # Random, so that nothing makes it small.
    noise = ", ".join(["hex(random_bytes(1000))"] * 20)
    practice.execute(f"update T set Note = concat(Note, {noise}) where Id between 1 and 500")
    filesystem = os.statvfs(place)
    free = filesystem.f_bavail * filesystem.f_frsize
    with (place / "ballast").open("wb") as ballast:
        os.posix_fallocate(ballast.fileno(), 0, free - (4 << 20))
    with pytest.raises(PipelineError) as caught:
        practice.load(subject.config)
    (place / "ballast").unlink()
    # A server that cannot write its log stops; one that cannot extend a file goes on.
    warehouse.start_again()
    subject.hold_no_value_was_recorded(told(caught.value))
    subject.hold_what_readers_see()
    subject.hold_what_the_next_load_mends()
