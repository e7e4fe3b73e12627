"""TLS for sessions on the practice database, set by the connection's options.

The options are those of MySQL's own clients: `ssl_mode` (disabled, preferred, required, verify_ca,
verify_identity), `ssl_ca`, `ssl_cert`, `ssl_key`. Airflow's spelling `"ssl": {"ca": ...}` is
translated to them. Without `ssl_mode`, `ssl_ca` implies verify_ca, and `ssl_cert` or `ssl_key`
alone implies required, as in MySQL's clients. Without any option the session is not encrypted.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from enum import StrEnum

from include.endpoints import Endpoint, refuse_empty_options
from include.errors import ConfigError, PipelineError, SourceError, SourceRefusedError
from include.source.pace import CONNECTIONS_OPTION, RATE_OPTION

_OPTIONS = ("ssl_mode", "ssl_ca", "ssl_cert", "ssl_key")
# Failures of a handshake that come from the network, not from a certificate.
_PASSING = (ssl.SSLEOFError, ssl.SSLZeroReturnError, ssl.SSLSyscallError)

_OTHER_NAME = (
    "it is for another host name. If this is the practice's server, connect by the name in the "
    "certificate, or set ssl_mode=verify_ca: it proves that the authority in ssl_ca signed the "
    "certificate, for whatever host, which is enough where that authority signs for this server "
    "alone, as the one does that MySQL makes for itself"
)
_UNKNOWN_AUTHORITY = (
    "no authority in ssl_ca signed it. Set ssl_ca to the certificate of the authority that did "
    "(MySQL keeps it as ca.pem beside its data). MariaDB makes itself a certificate that nobody "
    "signed and that changes with every start: give it one of your own (ssl_cert, ssl_key). Until "
    "then ssl_mode=required encrypts, but proves nothing about who answers"
)
_OUTDATED = (
    "it is not valid at this date. Compare the clocks of both machines; if they are right, have "
    "the practice renew it"
)
_OTHER_FAULT = "check that this is the practice's server, and that ssl_ca is the right authority"
# The numbers that OpenSSL gives to what is wrong with a certificate.
_CERTIFICATE_ADVICE = {
    **dict.fromkeys((62, 64), _OTHER_NAME),
    **dict.fromkeys((2, 18, 19, 20, 21), _UNKNOWN_AUTHORITY),
    **dict.fromkeys((9, 10), _OUTDATED),
}


class TlsMode(StrEnum):
    """The required protection, with the names that MySQL's clients use."""

    DISABLED = "disabled"
    PREFERRED = "preferred"
    REQUIRED = "required"
    VERIFY_CA = "verify_ca"
    VERIFY_IDENTITY = "verify_identity"

    @property
    def is_verified(self) -> bool:
        """Whether the server must show a certificate that the CA signed."""
        return self in (TlsMode.VERIFY_CA, TlsMode.VERIFY_IDENTITY)

    @property
    def is_demanded(self) -> bool:
        """Whether a session without encryption must be refused."""
        return self is TlsMode.REQUIRED or self.is_verified


@dataclass(frozen=True, slots=True)
class SourceTls:
    """The TLS mode and the paths of the certificate files; an empty path means none."""

    mode: TlsMode
    ca: str = ""
    cert: str = ""
    key: str = ""

    def context(self, endpoint: Endpoint) -> ssl.SSLContext | None:
        """Return the SSL context, None without TLS; raises ConfigError for unusable files."""
        if self.mode is TlsMode.DISABLED:
            return None
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = self.mode is TlsMode.VERIFY_IDENTITY
        context.verify_mode = ssl.CERT_REQUIRED if self.mode.is_verified else ssl.CERT_NONE
        option = "ssl_ca"
        try:
            if self.ca:
                context.load_verify_locations(self.ca)
            elif self.mode.is_verified:
                context.load_default_certs()
            option = "ssl_cert or ssl_key"
            if self.cert:
                context.load_cert_chain(self.cert, self.key or None)
        except (OSError, ssl.SSLError) as error:
            # The error does not name the file: OSError for an unreadable, SSLError for a wrong one.
            raise ConfigError(
                f"{option} names a file that cannot be used ({type(error).__name__}). Nothing was "
                "read. It must be a PEM file that this process may read.",
                where=f"connection of {endpoint.name}",
            ) from None
        return context


def source_tls(endpoint: Endpoint) -> SourceTls:
    """Return the TLS options.

    Raises ConfigError for every option of the connection that nobody knows, so that none is
    ignored: with `unix_socket` another server may be meant.
    """
    where = f"connection of {endpoint.name}"
    given = endpoint.options
    known = (*_OPTIONS, RATE_OPTION, CONNECTIONS_OPTION)
    if unknown := sorted(set(given) - set(known)):
        raise ConfigError(
            f"has unknown options: {', '.join(unknown)}. Nothing was read. Known are "
            f'{", ".join(known)}, or "ssl" with ca, cert and key. The server is found by host and '
            "port alone.",
            where=where,
        )
    refuse_empty_options(endpoint, kept="Nothing was read.")
    default = TlsMode.DISABLED
    if given.get("ssl_cert") or given.get("ssl_key"):
        default = TlsMode.REQUIRED
    if given.get("ssl_ca"):
        default = TlsMode.VERIFY_CA
    text = given.get("ssl_mode") or default
    try:
        mode = TlsMode(text.lower())
    except ValueError:
        raise ConfigError(
            f"ssl_mode is '{text}'. Nothing was read. Choose one of {', '.join(TlsMode)}.",
            where=where,
        ) from None
    return SourceTls(
        mode, given.get("ssl_ca", ""), given.get("ssl_cert", ""), given.get("ssl_key", "")
    )


def handshake_failure(error: ssl.SSLError, endpoint: Endpoint) -> PipelineError:
    """Return the project's error for a failed TLS handshake."""
    if isinstance(error, _PASSING):
        return SourceError(
            "the server broke off while encryption was agreed on. What was loaded before is "
            "intact. Check that the server runs, then try again.",
            where=endpoint.name,
        )
    if isinstance(error, ssl.SSLCertVerificationError):
        seen = error.verify_message.rstrip(".")
        advice = _CERTIFICATE_ADVICE.get(error.verify_code, _OTHER_FAULT)
        return SourceRefusedError(
            f"the server's certificate was not accepted ({seen}): {advice}. No password was sent; "
            "what was loaded before is intact. The options are those of the connection "
            "'open_dental'.",
            where=endpoint.name,
        )
    return SourceRefusedError(
        f"the server and this client found no common encryption ({error.reason}). No password was "
        "sent; what was loaded before is intact. Check the ssl_ options of the connection "
        "'open_dental' and the server's TLS settings.",
        where=endpoint.name,
    )
