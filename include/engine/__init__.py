"""The replication engine: from any process, without Airflow."""

from __future__ import annotations

from include.engine.movement import TableLoad
from include.engine.session import EngineSession, load_table, load_target
from include.engine.settle import SettleResult, settle
from include.engine.verify import Comparison, verify_table

__all__ = [
    "Comparison",
    "EngineSession",
    "SettleResult",
    "TableLoad",
    "load_table",
    "load_target",
    "settle",
    "verify_table",
]
