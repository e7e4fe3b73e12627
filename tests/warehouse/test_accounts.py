"""Passwords of any characters reach the warehouse, by each of the three drivers' ways."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from psycopg import sql

from include.endpoints import Endpoint
from include.errors import TerminalError
from include.settings import DBT_PROJECT, inherited_environment
from include.transform.dbt import environment
from include.validation.suites import sqlalchemy_address
from include.warehouse.session import connect
from tests.accounts import ODD_PASSWORDS


@pytest.fixture
def account(warehouse: Endpoint, request: pytest.FixtureRequest) -> Iterator[Endpoint]:
    """An account of the warehouse with the test's user and password."""
    user, password = request.param
    role = sql.Identifier(user)
    with connect(warehouse, autocommit=True) as connection:
        connection.execute(
            sql.SQL("create role {} login superuser password {}").format(
                role, sql.Literal(password)
            )
        )
    yield replace(warehouse, user=user, password=password)
    with connect(warehouse, autocommit=True) as connection:
        connection.execute(sql.SQL("drop role {}").format(role))


@pytest.mark.parametrize(
    "account",
    [("öd'd ñ", password) for password in ODD_PASSWORDS.values()],
    ids=ODD_PASSWORDS,
    indirect=True,
)
def test_a_password_of_any_characters_logs_in(account: Endpoint) -> None:
    import sqlalchemy

    connect(account).close()
    with pytest.raises(TerminalError, match="refuses the account") as caught:
        connect(replace(account, password=account.password + "x"))
    assert account.password not in str(caught.value)
    engine = sqlalchemy.create_engine(sqlalchemy_address(account))
    with engine.connect() as connection:
        user: str = connection.execute(sqlalchemy.text("select current_user")).scalar_one()
    assert user == account.user
    engine.dispose()


@pytest.mark.parametrize("account", [("öd'd ñ", "".join(ODD_PASSWORDS.values()))], indirect=True)
def test_dbt_logs_in_with_it(account: Endpoint, tmp_path: Path) -> None:
    project = str(DBT_PROJECT)
    dbt = [str(Path(sys.executable).with_name("dbt")), "debug", "--connection"]
    done = subprocess.run(
        [*dbt, "--project-dir", project, "--profiles-dir", project, "--log-path", str(tmp_path)],
        env={**inherited_environment(), **environment(account)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout
