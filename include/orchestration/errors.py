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

    The text of the project's own errors is kept for the mail; that of others can hold a row's
    values and stays in the log.
    """
    try:
        yield
    except AirflowException:
        raise
    except TerminalError as error:
        _keep(error)
        raise AirflowFailException(str(error)) from error
    except PipelineError as error:
        _keep(error)
        raise


def _keep(error: PipelineError) -> None:
    get_current_context()["ti"].xcom_push(key=REASON, value=str(error))
