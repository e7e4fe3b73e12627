"""What a peer is told: which table to load from where to where. Runs in either environment."""

from __future__ import annotations

import json
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
        """Return the address as most tools want it."""
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
