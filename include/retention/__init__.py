"""How long the warehouse keeps what the practice has deleted."""

from include.retention.purge import TablePurge, purge

__all__ = ["TablePurge", "purge"]
