"""The number and the moment that every row written by one load carries."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Batch:
    """One load's batch: its id only grows for a table, because it is taken under its lock."""

    batch_id: int
    loaded_at: datetime
