"""Log-in methods and encryption of the servers that practices run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pymysql
import pytest
from pymysql.cursors import Cursor

from include.endpoints import Endpoint
from include.errors import SourceRefusedError
from include.source import login
from include.source.session import connect
from tests.accounts import ODD_PASSWORDS
from tests.encrypted_servers import Certificates, with_options
from tests.engine.practice import writing
from tests.missing import skipped_where_missing
from tests.other_servers import INSTALLED, RELEASES, OtherServer, start

pytestmark = pytest.mark.soak

ACCOUNT = "asked@'127.0.0.1'"
# What each server knows of the methods below; it refuses accounts of the others by itself.
KNOWN = {
    "MariaDB 10.5": {"mysql_native_password", "ed25519"},
    INSTALLED: {"mysql_native_password", "ed25519"},
    "MariaDB 11.8": {"mysql_native_password", "ed25519", "parsec"},
    "MySQL": {"caching_sha2_password", "sha256_password"},
}
METHODS = sorted(set.union(*KNOWN.values()))
PLUGINS = {"ed25519": "auth_ed25519", "parsec": "auth_parsec"}
NEEDS_PASSWORD_ITSELF = {"caching_sha2_password", "sha256_password"}
# MySQL takes no longer one for these.
LONGEST_BYTES = 256


def cipher(endpoint: Endpoint) -> str:
    with connect(endpoint) as connection, connection.cursor() as cursor:
        cursor.execute("show session status like 'Ssl_cipher'")
        return str((cursor.fetchone() or ("", ""))[1])


@contextmanager
def method_of(server: OtherServer, method: str) -> Iterator[Cursor]:
    """Let the server know the method, and end without the account."""
    with writing(server.administrator) as cursor:
        if method in PLUGINS:
            cursor.execute(f"install soname '{PLUGINS[method]}'")
        try:
            yield cursor
        finally:
            cursor.execute(f"drop user if exists {ACCOUNT}")
            if method in PLUGINS:
                cursor.execute(f"uninstall soname '{PLUGINS[method]}'")


def make_account(server: OtherServer, cursor: Cursor, *, method: str, password: str) -> None:
    cursor.execute(f"drop user if exists {ACCOUNT}")
    proof = f"with {method} by %s" if server.is_mysql else f"via {method} using password(%s)"
    cursor.execute(f"create user {ACCOUNT} identified {proof}", (password,))


@pytest.mark.parametrize("method", METHODS)
def test_an_account_of_each_method_logs_in_with_any_password(
    other_server: OtherServer, method: str
) -> None:
    if method not in KNOWN[other_server.name]:
        with (
            writing(other_server.administrator) as cursor,
            pytest.raises(pymysql.MySQLError, match=rf"(?i){method}.*(load|open|install)|syntax"),
        ):
            cursor.execute(
                f"install soname '{PLUGINS[method]}'"
                if method in PLUGINS
                else f"create user {ACCOUNT} identified with {method}"
            )
        return
    with method_of(other_server, method) as cursor:
        for name, password in ODD_PASSWORDS.items():
            if method in NEEDS_PASSWORD_ITSELF and len(password.encode()) > LONGEST_BYTES:
                continue
            make_account(other_server, cursor, method=method, password=password)
            account = replace(other_server.administrator, user="asked", password=password)
            if method in NEEDS_PASSWORD_ITSELF:
                with pytest.raises(SourceRefusedError, match=f"log-in method {method}"):
                    connect(account)
                assert cipher(with_options(account, ssl_mode="required")), name
            if method != "sha256_password":
                # A server of caching_sha2_password remembers the account now.
                connect(account).close()
            wrong = with_options(
                replace(account, password=f"{password}x"),
                ssl_mode="required" if method in NEEDS_PASSWORD_ITSELF else "disabled",
            )
            with pytest.raises(SourceRefusedError, match="refuses the log-in"):
                connect(wrong)


def test_the_encryption_that_a_server_has_by_itself(
    other_server: OtherServer, caplog: pytest.LogCaptureFixture
) -> None:
    server = other_server.administrator
    if other_server.name in ("MariaDB 10.5", INSTALLED):
        login._warn_of_plain_session.cache_clear()
        assert not cipher(with_options(server, ssl_mode="preferred"))
        assert "the session is not encrypted" in caplog.text
        with pytest.raises(SourceRefusedError, match="offers no encryption"):
            connect(with_options(server, ssl_mode="required"))
        return
    for mode in ("preferred", "required"):
        assert cipher(with_options(server, ssl_mode=mode))
    if not other_server.is_mysql:
        # It signed its certificate itself, with a key that is gone.
        with pytest.raises(SourceRefusedError, match="MariaDB makes itself a certificate"):
            connect(with_options(server, ssl_mode="verify_ca"))
        return
    own = {"ssl_ca": other_server.directory / "data" / "ca.pem"}
    assert cipher(with_options(server, ssl_mode="verify_ca", **own))
    with pytest.raises(SourceRefusedError, match=r"mismatch.*set ssl_mode=verify_ca"):
        connect(with_options(server, ssl_mode="verify_identity", **own))


def test_a_server_with_a_certificate_is_verified(
    other_server: OtherServer, certificates: Certificates, server_directory: Path
) -> None:
    if other_server.name == INSTALLED:
        pytest.skip("`make test` does it")
    release = next(each for each in RELEASES if each.name == other_server.name)
    with skipped_where_missing():
        server = start(
            release,
            server_directory / f"{release.suite}-tls",
            settings={
                "ssl-ca": str(certificates.authority.file),
                "ssl-cert": str(certificates.source.cert),
                "ssl-key": str(certificates.source.key),
            },
        )
    authority = certificates.authority.file
    try:
        for mode in ("required", "verify_ca", "verify_identity"):
            assert cipher(with_options(server.endpoint, ssl_mode=mode, ssl_ca=authority))
        elsewhere = replace(server.endpoint, host="localhost")
        with pytest.raises(SourceRefusedError, match="Hostname mismatch"):
            connect(with_options(elsewhere, ssl_mode="verify_identity", ssl_ca=authority))
        stranger = certificates.stranger.file
        with pytest.raises(SourceRefusedError, match="no authority in ssl_ca signed it"):
            connect(with_options(server.endpoint, ssl_mode="verify_ca", ssl_ca=stranger))
        with writing(server.endpoint) as cursor:
            cursor.execute("set global require_secure_transport = on")
        # MariaDB up to 10.11 says only that it refuses the log-in.
        refusal = "accepts encrypted connections only|requires TLS needs ssl_mode"
        with pytest.raises(SourceRefusedError, match=refusal):
            connect(server.endpoint)
    finally:
        server.stop()
