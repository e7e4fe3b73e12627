"""Accounts and databases on the private servers, made when they are missing.

The pipeline reads the practice through an account that can do nothing but read that one database,
as it would at a real office; the simulator writes through one that has no right outside of it.
"""

from __future__ import annotations

from contextlib import closing

from psycopg import sql

from include.endpoints import Endpoint
from include.source.login import LoginConnection
from include.source.session import quote
from include.warehouse import session as warehouse_session
from local_system.environment import Addresses


def ensure_practice_accounts(where: Addresses) -> None:
    """Make the practice's database, the account that only reads it, and the one that writes it."""
    administrator = where.practice_administrator
    with closing(LoginConnection(administrator)) as connection, connection.cursor() as cursor:
        connection.connect()
        database = quote(administrator.database)
        cursor.execute(f"create database if not exists {database} character set utf8mb4")
        for account, rights in (
            (where.practice, "select, show view"),
            (where.practice_writer, "all"),
        ):
            name = (account.user, account.host)
            for statement in ("create user if not exists", "alter user"):
                cursor.execute(f"{statement} %s@%s identified by %s", (*name, account.password))
            cursor.execute(f"grant {rights} on {database}.* to %s@%s", name)


def ensure_database(administrator: Endpoint, wanted: Endpoint) -> None:
    """Make a PostgreSQL role without special rights, and a database that only it may enter."""
    with warehouse_session.connect(administrator, autocommit=True) as connection:
        role = sql.Identifier(wanted.user)
        is_there = connection.execute(
            "select exists (select from pg_roles where rolname = %s), "
            "exists (select from pg_database where datname = %s)",
            (wanted.user, wanted.database),
        ).fetchone()
        has_role, has_database = is_there or (False, False)
        if not has_role:
            connection.execute(sql.SQL("create role {} login").format(role))
        connection.execute(
            sql.SQL("alter role {} password {}").format(role, sql.Literal(wanted.password))
        )
        if not has_database:
            connection.execute(
                sql.SQL("create database {} owner {}").format(sql.Identifier(wanted.database), role)
            )
        connection.execute(
            sql.SQL("revoke all on database {} from public").format(sql.Identifier(wanted.database))
        )
