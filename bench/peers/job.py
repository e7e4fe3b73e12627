"""The job of a peer: which table to load, from where to where.

It is imported in the project's environment and in that of the peers.
"""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path

SCHEMA = "peer"


@dataclass(frozen=True, slots=True)
class Address:
    """A database with its account."""

    host: str
    port: int
    user: str
    password: str
    database: str

    def url(self, scheme: str) -> str:
        """Return the address as a URL, which most tools take."""
        account = f"{self.user}:{self.password}@{self.host}:{self.port}"
        return f"{scheme}://{account}/{self.database}"


@dataclass(frozen=True, slots=True)
class Job:
    """One load of one table into the schema `peer`, by a tool that may write into `scratch`."""

    source: Address
    warehouse: Address
    table: str
    scratch: str


def write_job(path: Path, job: Job) -> None:
    """Write a job where only this account can read it: it holds passwords."""
    path.touch(0o600)
    path.write_text(json.dumps(asdict(job)))


def read_job(path: str) -> Job:
    """Return the job in a file."""
    fields = json.loads(Path(path).read_text())
    return Job(
        source=Address(**fields.pop("source")),
        warehouse=Address(**fields.pop("warehouse")),
        **fields,
    )


def begin(job: Job) -> None:
    """Record that the program has started and imported what it needs: its time begins now."""
    _marker(job).write_text(repr(time.perf_counter()))


def begun_at(job: Job) -> float | None:
    """Return the time of `begin` on the monotonic clock; None for a program that cannot call it."""
    marker = _marker(job)
    return float(marker.read_text()) if marker.exists() else None


def _marker(job: Job) -> Path:
    return Path(job.scratch) / "begun"
