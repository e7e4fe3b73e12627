"""Who gets to see the source's password, and how; the log-in methods of real servers."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace

import pymysql
import pytest
from nacl.signing import VerifyKey
from pymysql.cursors import Cursor

from include.endpoints import Endpoint
from include.errors import ConfigError, PipelineError, SourceError, SourceRefusedError
from include.source import login, proofs
from include.source.session import connect
from tests.accounts import ODD_PASSWORDS
from tests.encrypted_servers import Certificates, with_options
from tests.source.asking_server import OK, asking, switch

SECRET = "Marked-Pässword-€"
NOT_REMEMBERED = b"\1\4"


def failure(endpoint: Endpoint, **options: object) -> PipelineError:
    """What logging in with the secret ends with; it never shows the secret."""
    account = with_options(replace(endpoint, password=SECRET), **options)
    with pytest.raises(PipelineError) as caught:
        connect(account)
    assert not any(part in str(caught.value) for part in ("Marked", "ä", "€"))
    return caught.value


@pytest.mark.parametrize(
    ("questions", "named"),
    [
        ([switch(b"mysql_clear_password")], "mysql_clear_password"),
        ([switch(b"mysql_old_password")], "mysql_old_password"),
        ([b"\xfe"], "mysql_old_password"),
        ([switch(b"dialog", b"\5Password: ")], "dialog"),
        ([switch(b"sha256_password")], "sha256_password"),
        ([switch(b"caching_sha2_password"), NOT_REMEMBERED], "caching_sha2_password"),
        ([switch(b"auth_gssapi_client")], "auth_gssapi_client"),
        ([switch(b"authentication_ldap_sasl_client")], "authentication_ldap_sasl_client"),
        ([switch(b"<b>\nforged line")], "without a readable name"),
    ],
)
@pytest.mark.parametrize("mode", ["disabled", "preferred"])
def test_whoever_asks_for_the_password_without_encryption_gets_nothing(
    questions: list[bytes], named: str, mode: str
) -> None:
    with asking([*questions, OK]) as (server, talk):
        error = failure(server, ssl_mode=mode)
    assert type(error) is SourceRefusedError
    assert f"log-in method {named}, which is refused. No password was sent" in str(error)
    assert "\n" not in str(error)
    assert not talk.has(b"Marked")


@pytest.mark.parametrize("method", [b"mysql_clear_password", b"sha256_password", b"dialog"])
def test_the_first_packet_of_a_server_asks_in_vain_as_well(method: bytes) -> None:
    with asking([switch(method), OK], method=method) as (server, talk):
        assert type(failure(server)) is SourceRefusedError
    assert not talk.has(b"Marked")


def test_no_public_key_is_asked_for_because_nobody_vouches_for_it() -> None:
    key = b"\1-----BEGIN PUBLIC KEY-----\n"
    questions = [switch(b"caching_sha2_password"), NOT_REMEMBERED, key, OK]
    with asking(questions) as (server, talk):
        error = failure(server)
    assert "ssl_mode=verify_ca" in str(error)
    assert len(talk.packets) == 2


@pytest.mark.parametrize("options", [{"ssl_mode": "required"}, {"ssl_mode": "preferred"}])
def test_a_clear_password_needs_more_than_encryption(
    certificates: Certificates, options: dict[str, object]
) -> None:
    with asking([switch(b"mysql_clear_password"), OK], certificate=certificates.source) as (
        server,
        talk,
    ):
        error = failure(server, **options)
    assert "only a server gets whose certificate was verified: set ssl_ca" in str(error)
    assert not talk.has(b"Marked")


def test_a_verified_server_gets_a_clear_password(certificates: Certificates) -> None:
    ca = certificates.authority.file
    for mode in ("verify_ca", "verify_identity"):
        with asking([switch(b"mysql_clear_password"), OK], certificate=certificates.source) as (
            server,
            talk,
        ):
            error = failure(server, ssl_ca=ca, ssl_mode=mode)
        # The server is gone after the log-in.
        assert type(error) is SourceError
        assert talk.packets[2] == SECRET.encode() + b"\0"


@pytest.mark.parametrize(
    "questions",
    [
        [switch(b"sha256_password"), OK],
        [switch(b"caching_sha2_password"), NOT_REMEMBERED, OK],
    ],
)
def test_an_encrypted_server_that_forgot_the_account_gets_the_password_with_a_warning(
    certificates: Certificates, questions: list[bytes], caplog: pytest.LogCaptureFixture
) -> None:
    login._warn_of_unverified_server.cache_clear()
    for _ in range(2):
        with asking(questions, certificate=certificates.source) as (server, talk):
            failure(server, ssl_mode="required")
        assert talk.has(SECRET.encode() + b"\0")
    assert "its certificate was not verified" in caplog.text
    caplog.clear()
    with asking(questions, certificate=certificates.source) as (server, talk):
        failure(server, ssl_ca=certificates.authority.file)
    assert talk.has(SECRET.encode() + b"\0")
    assert not caplog.records


def test_a_refusal_does_not_deny_that_the_password_was_sent_before(
    certificates: Certificates,
) -> None:
    questions = [switch(b"sha256_password"), switch(b"dialog"), OK]
    with asking(questions, certificate=certificates.source) as (server, talk):
        error = failure(server, ssl_mode="required")
    assert talk.has(SECRET.encode() + b"\0")
    assert "method dialog, which is refused. It had the password by a method before" in str(error)


def test_stripped_encryption_is_told_once_and_refused_where_it_is_demanded(
    mariadb: Endpoint, caplog: pytest.LogCaptureFixture
) -> None:
    login._warn_of_plain_session.cache_clear()
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            connect(with_options(mariadb, ssl_mode="preferred")).close()
    assert [record.getMessage() for record in caplog.records] == [
        f"{mariadb.name}: the session is not encrypted: the server offers no TLS, or somebody "
        "between hides that it does; ssl_mode=required would refuse that"
    ]
    with asking([OK]) as (server, talk):
        assert "offers no encryption" in str(failure(server, ssl_mode="required"))
    assert not talk.packets


def test_a_proof_for_parsec_is_a_signature_by_the_passwords_key() -> None:
    # The salt and the key that MariaDB 11.8 keeps of an account with this password.
    salt = b"P\0" + bytes.fromhex("2d18ad77b3f44480cc4288ee10a471d23cb0")
    key = VerifyKey(
        bytes.fromhex("d753ce38d5e52a3a7656254b31445b88f5590359a007284defdb57ba90d95ac4")
    )
    challenge = bytes(range(32))
    with asking([switch(b"parsec", challenge), b"\1" + salt, OK]) as (server, talk):
        failure(server)
    assert talk.packets[1] == b""
    proof = talk.packets[2]
    key.verify(challenge + proof[:32], proof[32:])
    for wrong in (b"", b"P", b"Q\0" + bytes(18), b"P\x04" + bytes(18)):
        with pytest.raises(ValueError, match="no salt"):
            proofs.parsec(b"x", challenge, wrong)


def test_a_challenge_that_is_too_short_is_a_malformed_packet() -> None:
    for method in (b"mysql_native_password", b"caching_sha2_password", b"client_ed25519"):
        with asking([switch(method, b"short"), OK]) as (server, _):
            error = failure(server)
        assert type(error) is SourceError
        assert "no answer of its protocol to what was asked (error 2027)" in str(error)


@pytest.fixture
def administrator(mariadb: Endpoint) -> Iterator[Cursor]:
    with (
        pymysql.connect(
            host=mariadb.host,
            port=mariadb.port,
            user=mariadb.user,
            password=mariadb.password,
            charset="utf8mb4",
            autocommit=True,
        ) as connection,
        connection.cursor() as cursor,
    ):
        yield cursor


@pytest.mark.parametrize("password", ODD_PASSWORDS.values(), ids=ODD_PASSWORDS)
def test_a_password_of_any_characters_logs_in(
    mariadb: Endpoint, administrator: Cursor, password: str
) -> None:
    for user in ("odd", "öd'd €"):
        administrator.execute(
            "create or replace user %s@'127.0.0.1' identified by %s", (user, password)
        )
        account = replace(mariadb, user=user, password=password)
        connect(account).close()
        with pytest.raises(SourceRefusedError, match="refuses the log-in"):
            connect(replace(account, password=password + "x"))
        administrator.execute("drop user %s@'127.0.0.1'", (user,))


def test_text_that_cannot_be_sent_is_refused_without_a_character_of_it() -> None:
    for password in ("secret\0", "secret\udce4", "secret\ud800"):
        with pytest.raises(ConfigError, match="the password holds bytes") as caught:
            Endpoint("mysql", "127.0.0.1", 1, "reader", password, "od")
        assert "secret" not in str(caught.value)
    for host in ("a..b", "x" * 70):
        with pytest.raises(ConfigError, match="the host is no host name"):
            connect(Endpoint("mysql", host, 1, "reader", "", "od"))


@pytest.mark.parametrize("password", ["x", "pässwörd €🔑", "ß" * 150])
def test_an_ed25519_account_logs_in(
    mariadb: Endpoint, administrator: Cursor, password: str
) -> None:
    administrator.execute("install soname 'auth_ed25519'")
    try:
        administrator.execute(
            "create or replace user signer@'127.0.0.1' identified via ed25519 using password(%s)",
            (password,),
        )
        connect(replace(mariadb, user="signer", password=password)).close()
        with pytest.raises(SourceRefusedError, match="refuses the log-in"):
            connect(replace(mariadb, user="signer", password="wrong"))
    finally:
        administrator.execute("drop user if exists signer@'127.0.0.1'")
        administrator.execute("uninstall soname 'auth_ed25519'")


def test_an_account_with_several_methods_logs_in_by_any(
    mariadb: Endpoint, administrator: Cursor
) -> None:
    administrator.execute("install soname 'auth_ed25519'")
    try:
        administrator.execute(
            "create or replace user many@'127.0.0.1' identified via unix_socket "
            "or ed25519 using password('first') or mysql_native_password using password('last')"
        )
        for password in ("first", "last"):
            connect(replace(mariadb, user="many", password=password)).close()
        with pytest.raises(SourceRefusedError, match="refuses the log-in"):
            connect(replace(mariadb, user="many", password="wrong"))
    finally:
        administrator.execute("drop user if exists many@'127.0.0.1'")
        administrator.execute("uninstall soname 'auth_ed25519'")


def test_a_pam_account_is_refused_by_name(mariadb: Endpoint, administrator: Cursor) -> None:
    administrator.execute("install soname 'auth_pam_v1'")
    try:
        administrator.execute("create or replace user asked@'127.0.0.1' identified via pam")
        with pytest.raises(SourceRefusedError, match=r"method dialog, .*pam_use_cleartext_plugin"):
            connect(replace(mariadb, user="asked", password=SECRET))
    finally:
        administrator.execute("drop user if exists asked@'127.0.0.1'")
        administrator.execute("uninstall soname 'auth_pam_v1'")
