"""Sessions on the warehouse, encrypted as the connection asks for it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from include.endpoints import Endpoint, parse_connection
from include.errors import ConfigError, TerminalError
from include.warehouse.session import connect
from tests.encrypted_servers import Certificates, with_options


def is_encrypted(endpoint: Endpoint) -> bool:
    with connect(endpoint) as connection:
        row = connection.execute(
            "select ssl from pg_stat_ssl where pid = pg_backend_pid()"
        ).fetchone()
    return bool(row and row[0])


def test_a_verified_session_is_encrypted(
    encrypted_postgres: Endpoint, certificates: Certificates
) -> None:
    assert not is_encrypted(with_options(encrypted_postgres, sslmode="disable"))
    assert is_encrypted(with_options(encrypted_postgres, sslmode="require"))
    authority = certificates.authority.file
    assert is_encrypted(
        with_options(encrypted_postgres, sslmode="verify-full", sslrootcert=authority)
    )


def test_a_server_that_the_authority_did_not_sign_is_refused(
    encrypted_postgres: Endpoint, certificates: Certificates
) -> None:
    strange = with_options(
        encrypted_postgres, sslmode="verify-ca", sslrootcert=certificates.stranger.file
    )
    with pytest.raises(TerminalError, match="certificate was not accepted"):
        connect(strange)


def test_a_server_under_another_name_is_refused_by_verify_full_alone(
    encrypted_postgres: Endpoint, certificates: Certificates
) -> None:
    elsewhere = replace(encrypted_postgres, host="localhost")
    authority = certificates.authority.file
    assert is_encrypted(with_options(elsewhere, sslmode="verify-ca", sslrootcert=authority))
    with pytest.raises(TerminalError, match=r"certificate was not accepted.* the host name"):
        connect(with_options(elsewhere, sslmode="verify-full", sslrootcert=authority))


def test_a_plain_server_is_refused_when_encryption_is_demanded(postgres: Endpoint) -> None:
    assert not is_encrypted(with_options(postgres, sslmode="prefer"))
    with pytest.raises(TerminalError, match="offers no encryption, which sslmode asks for"):
        connect(with_options(postgres, sslmode="require"))


def test_a_client_certificate_logs_in_where_the_server_asks_for_one(
    encrypted_postgres: Endpoint, certificates: Certificates
) -> None:
    client = certificates.client
    with connect(
        with_options(encrypted_postgres, sslmode="require", sslcert=client.cert, sslkey=client.key)
    ) as connection:
        row = connection.execute(
            "select client_dn from pg_stat_ssl where pid = pg_backend_pid()"
        ).fetchone()
    assert row == ("/CN=client",)


def test_unusable_options_are_named_before_anybody_is_asked() -> None:
    nowhere = Endpoint("postgres", "127.0.0.1", 1, "loader", "", "warehouse")
    with pytest.raises(ConfigError, match="a wrong sslmode"):
        connect(with_options(nowhere, sslmode="verify_identity"))
    for option in ("sslmode", "sslrootcert"):
        uri = f"postgres://loader:x@127.0.0.1:1/warehouse?{option}="
        with pytest.raises(ConfigError, match=f"has no value for {option}"):
            connect(parse_connection(uri, where="test"))
    with pytest.raises(ConfigError, match="unknown options: ssl_ca"):
        connect(with_options(nowhere, ssl_ca="ca.pem"))


def test_a_missing_authority_is_named(encrypted_postgres: Endpoint) -> None:
    missing = with_options(encrypted_postgres, sslmode="verify-full", sslrootcert="/nowhere/ca.pem")
    with pytest.raises(ConfigError, match="sslrootcert, sslcert or sslkey names a file"):
        connect(missing)
