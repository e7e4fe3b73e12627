"""Connections as people write them become the account that they mean, or an error without it."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from include.endpoints import Endpoint, parse_connection
from include.errors import ConfigError
from tests.accounts import ODD_PASSWORDS

PLAIN = Endpoint("mysql", "office", 3306, "reader", "", "opendental", {"ssl_mode": "required"})
VARIABLE = "AIRFLOW_CONN_OPEN_DENTAL"


@pytest.mark.parametrize("password", ODD_PASSWORDS.values(), ids=ODD_PASSWORDS)
def test_every_spelling_of_a_connection_keeps_the_password(password: str) -> None:
    meant = replace(PLAIN, user=password, password=password)
    assert parse_connection(meant.uri(), where=VARIABLE) == meant
    fields = {
        "conn_type": "mysql",
        "host": "office",
        "login": password,
        "password": password,
        "schema": "opendental",
        "extra": {"ssl_mode": "required"},
    }
    for is_ascii in (True, False):
        text = json.dumps(fields, ensure_ascii=is_ascii)
        assert parse_connection(text, where=VARIABLE) == meant


@pytest.mark.parametrize(
    ("host", "database"), [("::1", "od"), ("fe80::1%eth0", "od"), ("office", "a/b ?#%41:@é")]
)
def test_a_uri_leads_to_the_same_host_and_database(host: str, database: str) -> None:
    meant = replace(PLAIN, host=host, database=database)
    assert parse_connection(meant.uri(), where=VARIABLE) == meant


@pytest.mark.parametrize(
    "text",
    [
        "mysql://reader:secret%E4@office/opendental",
        "mysql://reader:secret%00@office/opendental",
        "mysql://reader:secret\udce4@office/opendental",
        "mysql://reader:secret[@office/opendental",
        "mysql://reader:secret@office:port/opendental",
        "mysql://reader:secret@office:99999/opendental",
        "mysql://reader:secret\u2100@office/opendental",
        '{"conn_type": "mysql", "host": "office", "schema": "od", "password": "secret\\ud800"}',
        '{"conn_type": "mysql", "host": "office", "schema": "od", "password": "secret\\u0000"}',
        '{"conn_type": "mysql", "host": "office", "schema": "od", "port": "secret"}',
        '{"conn_type": "mysql", "host": "office", "password": "secret"}',
        '{"conn_type": "mysql", "password": "secret"',
    ],
)
def test_a_connection_that_cannot_be_meant_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_connection(text, where=VARIABLE)
    assert "secret" not in str(caught.value)
