"""The number and the moment that every row written by one load carries."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from include.warehouse.session import WarehouseConnection


@dataclass(frozen=True, slots=True)
class Batch:
    """One load's batch: its id only grows for a table, because it is taken under its lock."""

    batch_id: int
    loaded_at: datetime

    @property
    def copy_suffix(self) -> bytes:
        """The bookkeeping cells at the end of a COPY line: `_loaded_at`, `_batch_id`."""
        return f"\t{self.loaded_at.isoformat()}\t{self.batch_id}".encode()


def take_batch(connection: WarehouseConnection) -> Batch:
    """Take the next batch; the caller holds the table's lock."""
    row = connection.execute("select nextval('ops.batch_id'), clock_timestamp()").fetchone()
    if row is None:
        raise RuntimeError("the batch sequence returned no row")
    return Batch(int(row[0]), row[1])
