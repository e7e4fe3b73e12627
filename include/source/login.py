"""Log-in to the practice database: which proof of the password is given, and to whom.

Whoever answers at the address chooses the method, also somebody who stands between. So the password
itself is never sent without encryption. `mysql_clear_password` gets it only from a server whose
certificate was verified; `sha256_password` and `caching_sha2_password`, whose servers need it once,
get it in any encrypted session, as from MySQL's own clients. Every other method gets a proof that
does not contain it, or is refused by name.
"""

from __future__ import annotations

import logging
import re
import struct
from functools import cache
from typing import Any

import pymysql
from pymysql.constants import CLIENT, CR

from include.endpoints import Endpoint
from include.errors import ConfigError, SourceRefusedError
from include.source import proofs
from include.source.packets import CheckedConnection, malformed
from include.source.tls import source_tls

NATIVE = "mysql_native_password"
CACHING_SHA2 = "caching_sha2_password"
SHA256 = "sha256_password"
ED25519 = "client_ed25519"
PARSEC = "parsec"
CLEAR = "mysql_clear_password"
OLD = "mysql_old_password"

_CHARACTER_SET = "utf8mb4"
_UTF8MB4_GENERAL_CI = 45
_LARGEST_PACKET = 0xFFFFFF
# An account of MariaDB may have several methods, which it asks for one after another.
_MOST_METHODS = 8
# Before what a server has to say in the midst of a log-in.
_MORE = b"\1"
# What a server of caching_sha2_password says after the first proof.
_REMEMBERED = 3
_NOT_REMEMBERED = 4
_PRINTABLE_NAME = re.compile(r"[\w.-]{1,64}", re.ASCII)

_VERIFY = (
    "set ssl_ca to the certificate of the authority that signed the server's (ssl_mode=verify_ca)"
)
_OWN_PASSWORD = (
    "Give the account that reads a password of its own: `identified by`, with "
    f"{NATIVE}, {CACHING_SHA2}, ed25519 or parsec"
)
_ADVICE = {
    CLEAR: (
        "It asks for the password itself, which only a server gets whose certificate was "
        f"verified: {_VERIFY} in the connection 'open_dental'. {_OWN_PASSWORD}, if the server has "
        "no certificate"
    ),
    OLD: (
        "It is a method of before MySQL 4.1, from whose proof the password can be worked out. Set "
        "the account's password again on the server, with old_passwords=0"
    ),
    "dialog": (
        "It is PAM, which asks questions. Set pam_use_cleartext_plugin=ON on the server and "
        f"{_VERIFY} in the connection 'open_dental'. {_OWN_PASSWORD}, if that cannot be"
    ),
    **dict.fromkeys(
        (SHA256, CACHING_SHA2),
        "The server wants the password itself, as at an account's first log-in since its start, "
        f"and that is never sent without encryption: {_VERIFY} in the connection 'open_dental', or "
        "ssl_mode=required if nobody can stand between",
    ),
}

log = logging.getLogger(__name__)


class LoginConnection(CheckedConnection):
    """A session that is not yet open; `connect` opens it, encrypted as the endpoint's options say.

    User and password are sent as UTF-8. Raises ConfigError for a host that is no name. `connect`
    raises SourceRefusedError, which names the method, when the server asks for a proof that it does
    not get.
    """

    def __init__(self, endpoint: Endpoint, **options: Any) -> None:
        try:
            endpoint.host.encode("idna")
        except UnicodeError:
            raise ConfigError(
                "the host is no host name: one of its parts is empty, too long or no text. "
                "Nothing was read. Correct it in the connection 'open_dental'.",
                where=endpoint.name,
            ) from None
        self.endpoint = endpoint
        self._tls = source_tls(endpoint)
        self._is_password_sent = False
        super().__init__(
            host=endpoint.host,
            port=endpoint.port,
            user=endpoint.user,
            password=endpoint.password.encode(),
            charset=_CHARACTER_SET,
            ssl=self._tls.context(endpoint),
            defer_connect=True,
            **options,
        )

    def _request_authentication(self) -> None:
        with self._checked():
            self._is_password_sent = False
            self._is_encrypted = self._encrypted()
            raw: Any = self
            capabilities = raw.server_capabilities
            if not capabilities & CLIENT.SECURE_CONNECTION:
                raise self._refusal(OLD)
            # Another method than the account's is no mistake: the server then asks for that one.
            first = CACHING_SHA2 if raw._auth_plugin_name == CACHING_SHA2 else NATIVE
            raw.write_packet(self._response(first))
            packet = raw._read_packet()
            if first == CACHING_SHA2:
                packet = self._after_first_proof(packet)
            for _ in range(_MOST_METHODS):
                if packet.is_auth_switch_request():
                    packet = self._prove(*_method_and_challenge(packet.get_all_data()))
            if not packet.is_ok_packet():
                raise malformed()

    def _encrypted(self) -> bool:
        """Encrypt the session if it is wanted and offered; return whether it is encrypted now."""
        raw: Any = self
        if not self.ssl:
            return False
        if not raw.server_capabilities & CLIENT.SSL:
            if self._tls.mode.is_demanded:
                raise pymysql.OperationalError(CR.CR_SSL_CONNECTION_ERROR, "")
            _warn_of_plain_session(self.endpoint.name)
            return False
        raw.write_packet(self._response_header(CLIENT.SSL))
        raw._sock = raw.ctx.wrap_socket(raw._sock, server_hostname=self.host)
        raw._rfile = raw._sock.makefile("rb")
        return True

    def _response_header(self, encryption: int) -> bytes:
        flags = self.client_flag & ~CLIENT.SSL | encryption | CLIENT.MULTI_RESULTS
        return struct.pack("<IIB23x", flags, _LARGEST_PACKET, _UTF8MB4_GENERAL_CI)

    def _response(self, method: str) -> bytes:
        raw: Any = self
        capabilities = raw.server_capabilities
        proof = proofs.caching_sha2 if method == CACHING_SHA2 else proofs.native
        parts = [
            self._response_header(CLIENT.SSL if self._is_encrypted else 0),
            self.endpoint.user.encode() + b"\0",
            _sized(proof(self.password, raw.salt)),
        ]
        if self.client_flag & capabilities & CLIENT.CONNECT_WITH_DB:
            parts.append(self.endpoint.database.encode() + b"\0")
        if capabilities & CLIENT.PLUGIN_AUTH:
            parts.append(method.encode() + b"\0")
        if capabilities & CLIENT.CONNECT_ATTRS:
            pairs = raw._connect_attrs.items()
            parts.append(_sized(b"".join(_sized(text.encode()) for pair in pairs for text in pair)))
        return b"".join(parts)

    def _prove(self, method: str, challenge: bytes) -> Any:
        """Prove the password by the method that the server chose; return its last packet."""
        if method == NATIVE:
            return self._answer(proofs.native(self.password, challenge))
        if method == CACHING_SHA2:
            proof = proofs.caching_sha2(self.password, challenge)
            return self._after_first_proof(self._answer(proof))
        if method == SHA256:
            return self._send_password(SHA256)
        if method == ED25519:
            return self._answer(proofs.ed25519(self.password, challenge))
        if method == PARSEC:
            salt = self._answer(b"").get_all_data().removeprefix(_MORE)
            return self._answer(proofs.parsec(self.password, challenge, salt))
        if method == CLEAR and self._is_encrypted and self._tls.mode.is_verified:
            return self._send_password(CLEAR)
        raise self._refusal(method)

    def _after_first_proof(self, packet: Any) -> Any:
        if not packet.is_extra_auth_data():
            return packet
        raw: Any = self
        said = packet.get_all_data()[1]
        if said == _REMEMBERED:
            return raw._read_packet()
        if said == _NOT_REMEMBERED:
            return self._send_password(CACHING_SHA2)
        raise malformed()

    def _send_password(self, method: str) -> Any:
        # Without encryption MySQL's clients ask for a public key, which nobody vouches for.
        if self.password and not self._is_encrypted:
            raise self._refusal(method)
        if self.password and not self._tls.mode.is_verified:
            _warn_of_unverified_server(self.endpoint.name)
        self._is_password_sent = bool(self.password)
        return self._answer(self.password + b"\0")

    def _answer(self, payload: bytes) -> Any:
        raw: Any = self
        raw.write_packet(payload)
        return raw._read_packet()

    def _refusal(self, method: str) -> SourceRefusedError:
        named = method if _PRINTABLE_NAME.fullmatch(method) else "without a readable name"
        advice = _ADVICE.get(method, f"This client does not know it. {_OWN_PASSWORD}")
        sent = "No password was sent"
        if self._is_password_sent:
            sent = "It had the password by a method before, inside TLS"
        return SourceRefusedError(
            f"the server asks for the log-in method {named}, which is refused. {sent}; what was "
            f"loaded before is intact. {advice}.",
            where=self.endpoint.name,
        )


def _method_and_challenge(packet: bytes) -> tuple[str, bytes]:
    """Return what a request for another method names; alone, its first byte is the oldest one."""
    if len(packet) == 1:
        return OLD, b""
    name, _, challenge = packet[1:].partition(b"\0")
    return name.decode("ascii", "replace"), challenge


def _sized(text: bytes) -> bytes:
    # Proofs and attributes have less than 251 bytes, whose length is one byte.
    return bytes([len(text)]) + text


@cache
def _warn_of_plain_session(name: str) -> None:
    log.warning(
        "%s: the session is not encrypted: the server offers no TLS, or somebody between hides "
        "that it does; ssl_mode=required would refuse that",
        name,
    )


@cache
def _warn_of_unverified_server(name: str) -> None:
    log.warning(
        "%s: the server got the password in an encrypted session, but its certificate was not "
        "verified: whoever stands between would have got it as well; ssl_ca rules that out",
        name,
    )
