"""What a task's log and mail say of an error that no code has translated."""

from __future__ import annotations

import traceback
from typing import Any

import pymysql
import pytest
from airflow.sdk.exceptions import AirflowFailException

from include.endpoints import Endpoint
from include.errors import PipelineError
from include.orchestration.errors import task_errors
from include.warehouse.session import connect

VALUE = "Wilhelmina"


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch, warehouse: Endpoint) -> list[str]:
    """What a task keeps for the mail about its failure."""
    kept: list[str] = []

    class Task:
        def xcom_push(self, *, key: str, value: str) -> None:
            assert key == "reason"
            kept.append(value)

    context: dict[str, Any] = {"ti": Task()}
    monkeypatch.setattr("include.orchestration.errors.get_current_context", lambda: context)
    monkeypatch.setattr("include.orchestration.connections.warehouse_endpoint", lambda: warehouse)
    return kept


def test_an_error_of_postgres_is_told_without_a_value(kept: list[str], warehouse: Endpoint) -> None:
    with connect(warehouse, autocommit=True) as connection:
        connection.execute("create table raw.t (name text check (name = ''))")
        with pytest.raises(PipelineError) as retried, task_errors():
            connection.execute(f"insert into raw.t values ('{VALUE}')".encode())
        connection.execute("set role pg_monitor")
        with pytest.raises(AirflowFailException) as failed, task_errors():
            connection.execute("select * from raw.t")
    assert "SQLSTATE 23514" in str(retried.value)
    assert "SQLSTATE 42501" in str(failed.value)
    for error in (retried.value, failed.value):
        assert VALUE not in "".join(traceback.format_exception(error))
    assert kept == [str(retried.value), str(failed.value)]


def test_an_error_of_the_source_is_told_without_its_text(kept: list[str]) -> None:
    said = r"practice database .*\(error 1054"
    with pytest.raises(PipelineError, match=said) as error, task_errors():
        raise pymysql.OperationalError(1054, VALUE)
    assert VALUE not in "".join(traceback.format_exception(error.value))
    assert kept == [str(error.value)]


def test_what_is_no_error_of_a_driver_passes(kept: list[str]) -> None:
    with pytest.raises(KeyError), task_errors():
        raise KeyError("x")
    assert kept == []
