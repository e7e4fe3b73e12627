"""Waiting for a lock of the warehouse."""

from __future__ import annotations

import logging

import pytest

from include.endpoints import Endpoint
from include.errors import WarehouseError
from include.sessions.locks import lock_session, table_lock


def test_who_waits_for_a_table_says_so(
    warehouse: Endpoint, caplog: pytest.LogCaptureFixture
) -> None:
    says = "table patient: waits for another load or validation to end"
    with (
        caplog.at_level(logging.INFO, "include.sessions.locks"),
        lock_session(warehouse) as holder,
        lock_session(warehouse, wait_seconds=1) as waiter,
    ):
        with table_lock(holder, "patient"):
            assert caplog.messages == []
            with (
                pytest.raises(WarehouseError, match="still at work after 1 s"),
                table_lock(waiter, "patient"),
            ):
                pass
            assert caplog.messages == [says]
        with table_lock(waiter, "patient"):
            assert caplog.messages == [says]
