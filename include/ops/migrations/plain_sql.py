"""Runs the statements of a revision as they are, without parameters."""

from __future__ import annotations

from alembic import op


def run(statements: str) -> None:
    """Run any number of statements; the signs % and : have no special meaning."""
    raw = op.get_bind().connection.dbapi_connection
    if raw is None:
        raise RuntimeError("the session is gone")
    raw.cursor().execute(statements)
