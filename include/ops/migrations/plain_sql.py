"""The statements of a revision, as PostgreSQL takes them from a file."""

from __future__ import annotations

from alembic import op


def run(statements: str) -> None:
    """Run many statements at once; signs such as % and : mean nothing but themselves."""
    raw = op.get_bind().connection.dbapi_connection
    if raw is None:
        raise RuntimeError("the session is gone")
    raw.cursor().execute(statements)
