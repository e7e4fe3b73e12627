"""Sessions on the practice database, encrypted as the connection asks for it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pymysql
import pytest

from include.endpoints import Endpoint, parse_connection
from include.errors import ConfigError, SourceRefusedError
from include.source.session import connect
from tests.encrypted_servers import Certificates, with_options
from tests.source.asking_server import OK, asking


def cipher(endpoint: Endpoint) -> str:
    with connect(endpoint) as connection, connection.cursor() as cursor:
        cursor.execute("show session status like 'Ssl_cipher'")
        return str((cursor.fetchone() or ("", ""))[1])


def test_without_options_nothing_is_encrypted_and_preferred_encrypts_where_possible(
    encrypted_mariadb: Endpoint, mariadb: Endpoint
) -> None:
    assert cipher(encrypted_mariadb) == ""
    assert cipher(with_options(encrypted_mariadb, ssl_mode="preferred")) != ""
    assert cipher(with_options(mariadb, ssl_mode="PREFERRED")) == ""


def test_a_verified_session_is_encrypted(
    encrypted_mariadb: Endpoint, certificates: Certificates
) -> None:
    authority = certificates.authority.file
    for options in (
        {"ssl_mode": "required"},
        {"ssl_ca": authority},
        {"ssl_mode": "VERIFY_CA", "ssl_ca": authority},
        {"ssl_mode": "verify_identity", "ssl_ca": authority},
    ):
        assert cipher(with_options(encrypted_mariadb, **options)) != "", options


def test_airflows_spelling_of_the_options_encrypts_too(
    encrypted_mariadb: Endpoint, certificates: Certificates
) -> None:
    uri = with_options(encrypted_mariadb.with_database("mysql"), ssl_ca=certificates.authority.file)
    assert cipher(parse_connection(uri.uri(), where="test")) != ""
    extra = f'{{"ssl": {{"ca": "{certificates.authority.file}"}}}}'
    nested = with_options(encrypted_mariadb.with_database("mysql"), __extra__=extra)
    parsed = parse_connection(nested.uri(), where="test")
    assert parsed.options == {"ssl_ca": str(certificates.authority.file)}
    assert cipher(parsed) != ""


@pytest.mark.parametrize("mode", ["verify_ca", "verify_identity"])
def test_a_server_that_the_authority_did_not_sign_is_refused(
    encrypted_mariadb: Endpoint, certificates: Certificates, mode: str
) -> None:
    strange = with_options(encrypted_mariadb, ssl_mode=mode, ssl_ca=certificates.stranger.file)
    expected = r"not accepted \(self-signed cert.*no authority in ssl_ca signed it.*proves nothing"
    with pytest.raises(SourceRefusedError, match=expected):
        connect(strange)


def test_a_certificate_that_has_ended_is_told_apart(certificates: Certificates) -> None:
    ended = certificates.authority.sign("ended", ends_in=timedelta(hours=-1))
    with asking([OK], certificate=ended) as (server, talk):
        endpoint = with_options(server, ssl_ca=certificates.authority.file)
        with pytest.raises(SourceRefusedError, match=r"expired\): it is not valid at this date"):
            connect(endpoint)
    assert len(talk.packets) == 1  # that asked for encryption


def test_advice_for_a_server_that_wants_encryption_works_without_a_host_name() -> None:
    wants = b"\xff" + (3159).to_bytes(2, "little") + b"#HY000insecure transport"
    with (
        asking([wants]) as (server, _),
        pytest.raises(SourceRefusedError, match=r"encrypted connections only .*ssl_ca") as caught,
    ):
        connect(server)
    # The certificate that a server makes for itself names no host.
    assert "verify_identity" not in str(caught.value)


def test_a_server_that_lets_nobody_in_without_encryption_hints_at_it(
    encrypted_mariadb: Endpoint,
) -> None:
    with connect_as_administrator(encrypted_mariadb) as cursor:
        cursor.execute("set global require_secure_transport = on")
        try:
            with pytest.raises(SourceRefusedError, match="requires TLS needs ssl_mode"):
                connect(encrypted_mariadb)
            assert cipher(with_options(encrypted_mariadb, ssl_mode="required")) != ""
        finally:
            cursor.execute("set global require_secure_transport = off")


def test_a_server_under_another_name_is_refused_by_verify_identity_alone(
    encrypted_mariadb: Endpoint, certificates: Certificates
) -> None:
    elsewhere = replace(encrypted_mariadb, host="localhost")
    authority = certificates.authority.file
    assert cipher(with_options(elsewhere, ssl_mode="verify_ca", ssl_ca=authority)) != ""
    with pytest.raises(SourceRefusedError, match=r"Hostname mismatch.*set ssl_mode=verify_ca"):
        connect(with_options(elsewhere, ssl_mode="verify_identity", ssl_ca=authority))


def test_a_plain_server_gets_no_password_when_encryption_is_demanded(mariadb: Endpoint) -> None:
    wrong = replace(mariadb, password="wrong", options={"ssl_mode": "required"})
    with pytest.raises(SourceRefusedError, match=r"offers no encryption.*No password was sent"):
        connect(wrong)


def test_an_account_that_needs_a_client_certificate_gets_in_with_it(
    encrypted_mariadb: Endpoint, certificates: Certificates
) -> None:
    with connect_as_administrator(encrypted_mariadb) as cursor:
        cursor.execute("create or replace user narrow@'127.0.0.1' identified by 'x' require x509")
    account = replace(encrypted_mariadb, user="narrow", password="x")
    authority = certificates.authority.file
    with pytest.raises(SourceRefusedError, match=r"refuses the log-in.* or a certificate"):
        connect(with_options(account, ssl_ca=authority))
    client = certificates.client
    ours = {"ssl_cert": client.cert, "ssl_key": client.key}
    assert cipher(with_options(account, ssl_ca=authority, **ours)) != ""
    assert cipher(with_options(account, **ours)) != ""


def test_unusable_options_are_named_before_anybody_is_asked(certificates: Certificates) -> None:
    nowhere = Endpoint("mysql", "127.0.0.1", 1, "reader", "", "opendental")
    with pytest.raises(ConfigError, match=r"ssl_mode is 'strict'.*verify_identity"):
        connect(with_options(nowhere, ssl_mode="strict"))
    for option in ("ssl_mode", "ssl_ca"):
        uri = f"mysql://reader:x@127.0.0.1:1/od?max_connections=3&{option}="
        with pytest.raises(ConfigError, match=f"has no value for {option}"):
            connect(parse_connection(uri, where="test"))
    with pytest.raises(ConfigError, match="unknown options: ssl_cipher"):
        connect(with_options(nowhere, ssl_cipher="AES"))
    with pytest.raises(ConfigError, match=r"ssl_ca names a file .*FileNotFoundError"):
        connect(with_options(nowhere, ssl_ca="/nowhere/ca.pem"))
    no_certificate = with_options(nowhere, ssl_cert=certificates.client.key)
    with pytest.raises(ConfigError, match="ssl_cert or ssl_key names a file"):
        connect(no_certificate)


def connect_as_administrator(endpoint: Endpoint) -> Any:
    return pymysql.connect(
        host=endpoint.host,
        port=endpoint.port,
        user=endpoint.user,
        password=endpoint.password,
        autocommit=True,
    ).cursor()
