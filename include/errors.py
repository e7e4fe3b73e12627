"""The two families of errors.

A `TerminalError` means that trying again cannot help: a person must act first, and the message
says how. Everything else that leaves the project's code may be retried. Both carry the place as an
attribute and survive pickling, because Airflow moves them between processes.
"""

from __future__ import annotations

from include.names import shown


class PipelineError(Exception):
    """Base of the project's own errors; on its own it means "may be retried".

    `where` names the database object, file or setting; `message` is the whole text for a person:
    what was seen, what state the data is in, what to do next. Never a row's value. Both are one
    line: what is not visible in a name is spelled out.
    """

    def __init__(self, message: str, *, where: str = "") -> None:
        self.where = shown(where)
        self.message = shown(message)
        super().__init__(self.message)

    def __str__(self) -> str:
        return f"{self.where}: {self.message}" if self.where else self.message

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return _rebuild, (type(self), self.message, self.where)


class TerminalError(PipelineError):
    """A person must act; the DAG turns it into a failure without retries."""


class ConfigError(TerminalError):
    """A setting, connection, `tables.yml` or `overrides.yml` is missing or invalid."""


class SourceError(PipelineError):
    """The practice database did not do what was asked, for a reason that may pass."""


class SourceRefusedError(TerminalError):
    """The practice database refuses us: log-in, missing privilege, unknown database."""


class WarehouseError(PipelineError):
    """The warehouse did not do what was asked, for a reason that may pass."""


class StructureError(TerminalError):
    """A source table cannot be replicated as it is, or no longer fits the config."""


def _rebuild(kind: type[PipelineError], message: str, where: str) -> PipelineError:
    return kind(message, where=where)
