"""Accounts and databases on the private servers, made when they are missing.

The pipeline reads the practice through an account that can do nothing but read that one database,
as it would at a real office; only the simulator writes, as administrator.
"""

from __future__ import annotations

import pymysql
from psycopg import sql

from include.endpoints import Endpoint
from include.source.session import quote
from include.warehouse import session as warehouse_session
from local_system.environment import Addresses


def ensure_practice_account(where: Addresses) -> None:
    """Make the practice's database and the account that may only read it."""
    administrator, reader = where.practice_administrator, where.practice
    with (
        pymysql.connect(
            host=administrator.host,
            port=administrator.port,
            user=administrator.user,
            password=administrator.password,
        ) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(
            f"create database if not exists {quote(reader.database)} character set utf8mb4"
        )
        account = (reader.user, reader.host)
        cursor.execute("create user if not exists %s@%s", account)
        cursor.execute("alter user %s@%s identified by %s", (*account, reader.password))
        cursor.execute(
            f"grant select, show view on {quote(reader.database)}.* to %s@%s",
            account,
        )


def ensure_database(administrator: Endpoint, wanted: Endpoint) -> None:
    """Make a PostgreSQL role without special rights, and a database that it owns."""
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
