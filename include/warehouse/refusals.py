"""Translate libpq's errors of a session on the warehouse that could not be opened.

libpq gives no error codes for this, only texts. Texts that require a person to act are recognised
by their words; any other is an error to retry. The text itself is never shown, because it can name
a password file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from include.endpoints import Endpoint
from include.errors import ConfigError, PipelineError, TerminalError, WarehouseError


@dataclass(frozen=True, slots=True)
class _Refusal:
    """Words of libpq or the server, and what they mean."""

    words: Sequence[str]
    kind: type[PipelineError]
    message: str


# The first match decides: a missing file "does not exist", as a missing database does.
_REFUSALS = (
    _Refusal(
        (
            "root certificate file",
            "could not read root certificate",
            "could not read certificate file",
            "could not load certificate",
            "certificate file",
            "private key file",
            "certificate present, but not private key",
        ),
        ConfigError,
        "sslrootcert, sslcert or sslkey names a file that cannot be used. Nothing was written. It "
        "must be a PEM file that this process, and for a key nobody else, may read.",
    ),
    _Refusal(
        ("server does not support SSL",),
        TerminalError,
        "the warehouse offers no encryption, which sslmode asks for. No password was sent and "
        "nothing was written. Turn TLS on in the server, or correct sslmode in the connection "
        "'warehouse'.",
    ),
    _Refusal(
        ("certificate verify failed", "does not match host name"),
        TerminalError,
        "the warehouse's certificate was not accepted. No password was sent and nothing was "
        "written. Check that this is the right server, and sslrootcert and the host name in the "
        "connection 'warehouse'.",
    ),
    _Refusal(
        ("authentication method requirement",),
        TerminalError,
        "the warehouse asks for the password itself, which only a server gets whose certificate "
        "was verified. No password was sent and nothing was written. Set sslmode=verify-full and "
        "sslrootcert in the connection 'warehouse', or let pg_hba.conf ask for scram-sha-256.",
    ),
    _Refusal(
        ("requires a valid client certificate", "certificate required", "connection requires SSL"),
        TerminalError,
        "the warehouse asks for a certificate of this client. Nothing was written. Set sslcert and "
        "sslkey in the connection 'warehouse'.",
    ),
    _Refusal(
        (
            "too many clients",
            "too many connections",
            "remaining connection slots",
            "no more connections allowed",
        ),
        WarehouseError,
        "the warehouse has no connection left. Nothing was written. Try again; if it happens "
        "again, raise max_connections there or start fewer tasks at once.",
    ),
    _Refusal(
        ("starting up", "shutting down", "in recovery mode", "not yet accepting"),
        WarehouseError,
        "the warehouse is starting or stopping. Nothing was written. Try again in a moment.",
    ),
    _Refusal(
        ("timeout expired",),
        WarehouseError,
        "the warehouse does not answer who connects. Nothing was written. Its process, machine or "
        "disk hangs, or the network between: look at it there, then try again.",
    ),
    _Refusal(
        (
            "authentication failed",
            "does not exist",
            "pg_hba",
            "no password supplied",
            "not permitted to log in",
            "permission denied for database",
            "no such user",
            "no such database",
        ),
        TerminalError,
        "the warehouse refuses the account or has no such database. Nothing was written. Check the "
        "connection 'warehouse'; where pg_hba.conf asks for TLS, set sslmode there.",
    ),
)


def connect_failure(text: str, endpoint: Endpoint) -> PipelineError:
    """Return the project's error for the text with which libpq could not connect."""
    for refusal in _REFUSALS:
        if any(words in text for words in refusal.words):
            return refusal.kind(refusal.message, where=endpoint.name)
    return WarehouseError(
        "the warehouse cannot be reached. Nothing was written. Check that the server runs, then "
        "try again.",
        where=endpoint.name,
    )
