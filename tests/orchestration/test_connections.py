"""Airflow and the command line read the same account from a connection."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from include.endpoints import Endpoint
from tests.accounts import ODD_PASSWORDS

PLAIN = Endpoint("mysql", "office", 3306, "reader", "", "opendental", {"ssl_mode": "required"})
VARIABLE = "AIRFLOW_CONN_OPEN_DENTAL"


def test_airflow_reads_the_account_that_is_meant(
    monkeypatch: pytest.MonkeyPatch, airflow_home: Path
) -> None:
    assert airflow_home.exists()
    from include.orchestration.connections import source_endpoint

    for password in ODD_PASSWORDS.values():
        meant = replace(PLAIN, user=password, password=password)
        fields = {
            "conn_type": "mysql",
            "host": "office",
            "port": 3306,
            "login": password,
            "password": password,
            "schema": "opendental",
            "extra": {"ssl_mode": "required"},
        }
        for text in (meant.uri(), json.dumps(fields)):
            monkeypatch.setenv(VARIABLE, text)
            assert source_endpoint() == meant
