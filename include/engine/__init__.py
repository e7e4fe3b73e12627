"""The replication engine. It runs in any process, without Airflow."""

from __future__ import annotations

from include.engine.connections import EngineConnections
from include.engine.load import load
from include.engine.settle import SettleResult, settle
from include.engine.targets import load_pinned, load_table, load_target
from include.engine.verify import Comparison, verify_table

__all__ = [
    "Comparison",
    "EngineConnections",
    "SettleResult",
    "load",
    "load_pinned",
    "load_table",
    "load_target",
    "settle",
    "verify_table",
]
