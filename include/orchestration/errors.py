"""What the project's errors mean to Airflow, and what is kept of them for the mails."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from airflow.sdk import get_current_context
from airflow.sdk.exceptions import AirflowException, AirflowFailException

from include.errors import PipelineError, TerminalError

# The XCom that says why the task's last try failed; Airflow clears it when a new try begins.
REASON = "reason"


@contextmanager
def task_errors() -> Iterator[None]:
    """Turn a TerminalError into a failure without retries; let everything else be retried.

    The text of the project's own errors is kept for the mail. An error of a database driver that
    nobody has translated is told without its text, which can hold a row's values; that of any other
    error stays in the log.
    """
    try:
        yield
    except AirflowException:
        raise
    except Exception as error:
        known = error if isinstance(error, PipelineError) else _of_a_driver(error)
        if known is None:
            raise
        _keep(known)
        if isinstance(known, TerminalError):
            raise AirflowFailException(str(known)) from known
        if known is error:
            raise
        # The driver's own text may hold values.
        raise known from None


def _of_a_driver(error: Exception) -> PipelineError | None:
    """Return what an error of a driver means that nobody has translated; None for any other."""
    import psycopg
    import pymysql

    from include.orchestration.connections import warehouse_endpoint
    from include.sessions.failures import untranslated

    if not isinstance(error, psycopg.Error | pymysql.MySQLError):
        return None
    return untranslated(error, warehouse_endpoint())


def _keep(error: PipelineError) -> None:
    get_current_context()["ti"].xcom_push(key=REASON, value=str(error))
