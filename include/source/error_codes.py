"""The meaning of MariaDB's and MySQL's error codes for a client that only reads."""

from __future__ import annotations

from dataclasses import dataclass

from pymysql.constants import CR, ER

from include.errors import PipelineError, SourceError, SourceRefusedError, TerminalError


@dataclass(frozen=True, slots=True)
class Meaning:
    """The project's error for a code, what was seen of the server, and what to do next.

    `seen` continues "the practice database ..."; `advice` is a sentence of its own.
    """

    kind: type[PipelineError]
    seen: str
    advice: str


_GRANT = "Check the connection 'open_dental' and grant this account SELECT on the practice database"
_AGAIN = "Check that the server runs and can be reached, then try again"

_UNKNOWN = Meaning(SourceError, "does not answer as expected", _AGAIN)
_MEANINGS = {
    **dict.fromkeys(
        (CR.CR_CONNECTION_ERROR, CR.CR_CONN_HOST_ERROR, CR.CR_UNKNOWN_HOST),
        Meaning(SourceError, "does not answer", _AGAIN),
    ),
    **dict.fromkeys(
        (
            CR.CR_SERVER_GONE_ERROR,
            CR.CR_SERVER_LOST,
            CR.CR_SERVER_HANDSHAKE_ERR,
            CR.CR_SERVER_LOST_EXTENDED,
            ER.ABORTING_CONNECTION,
            ER.NEW_ABORTING_CONNECTION,
            ER.NET_READ_INTERRUPTED,
            ER.NET_ERROR_ON_WRITE,
            ER.NET_WRITE_INTERRUPTED,
            1927,  # MariaDB: connection was killed
        ),
        Meaning(SourceError, "cut the connection", _AGAIN),
    ),
    ER.SERVER_SHUTDOWN: Meaning(
        SourceError, "is shutting down", "Try again when it has started again"
    ),
    CR.CR_SSL_CONNECTION_ERROR: Meaning(
        SourceRefusedError,
        "offers no encryption, which the connection asks for",
        "No password was sent. Turn TLS on in the server, or set ssl_mode=disabled in the "
        "connection 'open_dental' if the network between may be trusted",
    ),
    3159: Meaning(  # MySQL and MariaDB: require_secure_transport
        SourceRefusedError,
        "accepts encrypted connections only",
        "Set ssl_mode=verify_identity and ssl_ca in the connection 'open_dental'",
    ),
    ER.ACCESS_DENIED_ERROR: Meaning(
        SourceRefusedError,
        "refuses the log-in",
        f"{_GRANT}; an account that requires TLS needs ssl_mode=required there, or a certificate",
    ),
    ER.DBACCESS_DENIED_ERROR: Meaning(
        SourceRefusedError, "denies this account the database", _GRANT
    ),
    ER.BAD_DB_ERROR: Meaning(SourceRefusedError, "has no such database", _GRANT),
    ER.TABLEACCESS_DENIED_ERROR: Meaning(SourceRefusedError, "denies this account a table", _GRANT),
    ER.COLUMNACCESS_DENIED_ERROR: Meaning(
        SourceRefusedError, "denies this account a column", _GRANT
    ),
    ER.SPECIFIC_ACCESS_DENIED_ERROR: Meaning(
        SourceRefusedError, "denies this account a privilege", _GRANT
    ),
    **dict.fromkeys(
        (ER.HOST_IS_BLOCKED, ER.HOST_NOT_PRIVILEGED),
        Meaning(
            SourceRefusedError,
            "does not let this host in",
            "Allow the account from this host, or run FLUSH HOSTS there after repeated failures",
        ),
    ),
    **dict.fromkeys(
        (1820, 1862, 3118, 4151),  # password expired (twice), account locked (MySQL, MariaDB)
        Meaning(
            SourceRefusedError,
            "has locked this account or its password has expired",
            "Unlock it or set a new password there and in the connection 'open_dental'",
        ),
    ),
    **dict.fromkeys(
        (ER.CON_COUNT_ERROR, ER.TOO_MANY_USER_CONNECTIONS, ER.USER_LIMIT_REACHED),
        Meaning(
            SourceError,
            "has no connection left for this account",
            "Try again; if it happens again, set max_connections in the connection 'open_dental'",
        ),
    ),
    **dict.fromkeys(
        (ER.QUERY_INTERRUPTED, 1028),
        Meaning(SourceError, "was told to stop this statement", "Try again"),
    ),
    **dict.fromkeys(
        (1969, 3024),  # max_statement_time of MariaDB, max_execution_time of MySQL
        Meaning(
            SourceError,
            "stopped a statement that ran into the session's time limit",
            "Something keeps the server or the table busy; try again when it has ended",
        ),
    ),
    ER.LOCK_WAIT_TIMEOUT: Meaning(
        SourceError,
        "kept a table locked for too long",
        "A repair, backup or upgrade does this; try again when it has ended",
    ),
    ER.LOCK_DEADLOCK: Meaning(SourceError, "chose this read as the victim of a deadlock", "Retry"),
    **dict.fromkeys(
        (
            *(ER.CRASHED_ON_USAGE, ER.CRASHED_ON_REPAIR, ER.NOT_KEYFILE, ER.OLD_KEYFILE),
            *(126, 127, 144, 145),  # the same as the storage engine's own error codes
        ),
        # A server that crashed repairs such tables when it opens them, if it was told to.
        Meaning(
            SourceError,
            "reports a damaged table",
            "Most servers repair such a table by themselves, which takes a while; try again. If it "
            "stays so, have the practice repair it (CHECK TABLE, then REPAIR TABLE, after a "
            "backup); the next refresh takes it from there",
        ),
    ),
    ER.DISK_FULL: Meaning(
        TerminalError, "has a full disk", "Free space on the practice's server, then try again"
    ),
    **dict.fromkeys(
        (ER.OUTOFMEMORY, ER.OUT_OF_RESOURCES),
        Meaning(SourceError, "is out of memory", "Try again when it has less to do"),
    ),
}


def meaning_of(code: int) -> Meaning:
    """Return the meaning of a code; an unknown code counts as an error to retry."""
    return _MEANINGS.get(code, _UNKNOWN)
