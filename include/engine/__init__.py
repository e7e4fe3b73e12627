"""The replication engine: from any process, without Airflow."""

from __future__ import annotations

from include.engine.load import Mode
from include.engine.movement import TableLoad
from include.engine.session import EngineSession, load_table
from include.engine.settle import SettleResult, settle
from include.engine.verify import Comparison, verify_table

__all__ = [
    "Comparison",
    "EngineSession",
    "Mode",
    "SettleResult",
    "TableLoad",
    "load_table",
    "settle",
    "verify_table",
]
