"""What the project's errors mean to Airflow."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from airflow.sdk.exceptions import AirflowFailException

from include.errors import TerminalError


@contextmanager
def translated_errors() -> Iterator[None]:
    """Turn a TerminalError into a failure without retries; let everything else be retried."""
    try:
        yield
    except TerminalError as error:
        raise AirflowFailException(str(error)) from error
