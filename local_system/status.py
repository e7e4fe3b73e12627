"""The supervisor's status of the system: one small file, which is replaced atomically."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

from local_system.private_files import write_private

Phase = Literal["starting", "ready", "recovering", "failed", "stopping"]


@dataclass(frozen=True, slots=True)
class Status:
    """The state of the system, and its running components.

    `attempt` counts the starts that were requested; `failure` names the component that failed and
    shows the end of its log; `restarts` has a line for each component that ended by itself and was
    started again; `running` holds the process id of each running component.
    """

    supervisor: int
    phase: Phase
    attempt: int = 1
    step: str = ""
    failure: str = ""
    restarts: list[str] = field(default_factory=list)
    running: dict[str, int] = field(default_factory=dict)


def write_status(path: Path, status: Status) -> None:
    """Replace the status file; only its owner can read it, because it may show a log's end."""
    write_private(path, json.dumps(asdict(status), indent=2) + "\n")


def read_status(path: Path) -> Status | None:
    """Return the last status; None when there is none."""
    try:
        return Status(**json.loads(path.read_text()))
    except FileNotFoundError:
        return None
