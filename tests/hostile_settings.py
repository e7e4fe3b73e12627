"""A source whose server was set up by somebody else, and whose practice has not committed yet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import pymysql
from pymysql.cursors import Cursor

from include.endpoints import Endpoint
from tests.engine.practice import writing


@contextmanager
def global_settings(source: Endpoint, values: Mapping[str, str]) -> Iterator[None]:
    """Give every new session on the server these values, as SQL writes them, then its own again."""
    with writing(source) as cursor:
        cursor.execute("select " + ", ".join(f"@@global.{name}" for name in values))
        usual = dict(zip(values, cursor.fetchone() or (), strict=True))
        try:
            for name, value in values.items():
                cursor.execute(f"set global {name} = {value}")
            yield
        finally:
            for name, value in usual.items():
                is_now = name == "system_versioning_asof"
                cursor.execute(
                    f"set global {name} = " + ("default" if is_now else "%s"),
                    () if is_now else (value,),
                )


@contextmanager
def uncommitted(source: Endpoint, *, init_command: str | None = None) -> Iterator[Cursor]:
    """A cursor of the practice's whose edits end in a rollback, and its locks with them."""
    with (
        pymysql.connect(
            host=source.host,
            port=source.port,
            user=source.user,
            password=source.password,
            database=source.database,
            init_command=init_command,
        ) as connection,
        connection.cursor() as cursor,
    ):
        yield cursor
        connection.rollback()
