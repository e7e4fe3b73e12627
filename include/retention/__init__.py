"""How long the warehouse keeps what the practice has deleted."""

from include.ops.purges import TablePurge
from include.retention.purge import purge

__all__ = ["TablePurge", "purge"]
