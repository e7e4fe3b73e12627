"""The replication engine: from any process, without Airflow."""

from __future__ import annotations

from include.engine.load import Mode, load_table
from include.engine.movement import TableLoad

__all__ = ["Mode", "TableLoad", "load_table"]
