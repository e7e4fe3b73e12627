"""The meaning of MariaDB's and MySQL's error codes for a client that only reads."""

from __future__ import annotations

from dataclasses import dataclass

import pymysql
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

# Of MySQL's own library for patterns, from MySQL 8 on.
_PATTERN_CODES = range(3685, 3701)

# What the driver raises when a connection fails under it.
_CUT = (CR.CR_SERVER_LOST, CR.CR_SERVER_GONE_ERROR)
_SILENT = Meaning(
    SourceError,
    "has stopped answering while the connection stood",
    "Its process, machine or disk hangs, or the network between: look at it there, then try again",
)
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
            ER.NET_READ_INTERRUPTED,
            ER.NET_ERROR_ON_WRITE,
            ER.NET_WRITE_INTERRUPTED,
            1927,  # MariaDB: connection was killed
        ),
        Meaning(SourceError, "cut the connection", _AGAIN),
    ),
    ER.NEW_ABORTING_CONNECTION: Meaning(
        SourceError,
        "ended the session at its log-in, as it does where its init_connect fails",
        "Its log says which statement failed: let that one work for an account that only reads, "
        "or take it out, then try again",
    ),
    ER.SERVER_SHUTDOWN: Meaning(
        SourceError, "is shutting down", "Try again when it has started again"
    ),
    CR.CR_MALFORMED_PACKET: Meaning(
        SourceError,
        "sent something that is no answer of its protocol to what was asked",
        "Something else answers at this address, or something between damages what is sent: check "
        "host and port in the connection 'open_dental', then try again; TLS (ssl_mode) detects "
        "damage of every kind",
    ),
    CR.CR_NET_PACKET_TOO_LARGE: Meaning(
        SourceError,
        "sent more than one row or one answer can be",
        "Check what answers at this address. If a row of a table really has more than 1 GiB, "
        "exclude its largest columns in overrides.yml: PostgreSQL cannot hold it",
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
        "Set ssl_ca in the connection 'open_dental' to the certificate of the authority that "
        "signed the server's: it is verified then (verify_ca). Where there is none, "
        "ssl_mode=required encrypts without proving who answers",
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
    ER.TABLEACCESS_DENIED_ERROR: Meaning(
        SourceRefusedError, "refuses this account the right SELECT on a table", _GRANT
    ),
    ER.COLUMNACCESS_DENIED_ERROR: Meaning(
        SourceRefusedError, "refuses this account the right SELECT on a column", _GRANT
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
        (ER.CON_COUNT_ERROR, ER.TOO_MANY_USER_CONNECTIONS),
        Meaning(
            SourceError,
            "has no connection left for this account",
            "Try again; if it happens again, set max_connections in the connection 'open_dental'",
        ),
    ),
    ER.USER_LIMIT_REACHED: Meaning(
        SourceError,
        "has reached a limit of this account",
        "If its connections are limited, set max_connections in the connection 'open_dental'. If "
        "what it may do in an hour is, have those limits lifted: alter user ... with "
        "max_queries_per_hour 0 max_connections_per_hour 0",
    ),
    ER.OPTION_PREVENTS_STATEMENT: Meaning(
        SourceError,
        "runs with an option that forbids what was asked",
        "A small max_session_mem_used does this: raise it there, then try again",
    ),
    ER.RECORD_FILE_FULL: Meaning(
        SourceError,
        "has no room for a temporary table",
        "Free space in its tmpdir, or raise tmp_disk_table_size there, then try again",
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
        (ER.UNKNOWN_CHARACTER_SET, ER.UNKNOWN_COLLATION),
        Meaning(
            SourceRefusedError,
            "does not know utf8mb4, in which every text is read",
            "MySQL 5.5.3 and MariaDB 10.0 are the oldest servers that can be read",
        ),
    ),
    ER.TOO_BIG_SELECT: Meaning(
        SourceRefusedError,
        "refuses a read that looks at more rows than its max_join_size",
        "Every session sets sql_big_selects=1, which lifts that limit; something between us and "
        "the server takes it back: connect to the server itself, or raise max_join_size there",
    ),
    **dict.fromkeys(
        (ER.REGEXP_ERROR, *_PATTERN_CODES),
        Meaning(
            TerminalError,
            "does not understand a pattern of the config's excluded_cells",
            "Correct the pattern in overrides.yml. Servers before MySQL 8 and MariaDB 10.0.5 know "
            "POSIX patterns only: no (?i), \\d or \\b",
        ),
    ),
    1682: Meaning(  # the structure of a table of performance_schema is not as expected
        SourceRefusedError,
        "was upgraded, and its own tables were not",
        "Have mysql_upgrade run there, then try again",
    ),
    1615: Meaning(  # a prepared statement lost its table to others, again and again
        SourceError,
        "has too little room for open tables to keep a statement prepared",
        "Try again; if it happens again, raise table_definition_cache and table_open_cache there",
    ),
    ER.MAX_PREPARED_STMT_COUNT_REACHED: Meaning(
        SourceError,
        "has no prepared statement left",
        "Try again; if it happens again, raise max_prepared_stmt_count there",
    ),
    ER.OUT_OF_SORTMEMORY: Meaning(
        TerminalError,
        "has too little memory to sort a page",
        "Raise sort_buffer_size there, then try again",
    ),
    ER.UNKNOWN_COM_ERROR: Meaning(
        SourceError,
        "does not take this command: it has lost its cluster, or is a proxy that cannot prepare "
        "statements",
        "Try again when the cluster is whole; past a proxy, connect to the server itself",
    ),
    3032: Meaning(SourceError, "is in offline mode", "Try again when it is back"),
    **dict.fromkeys(
        (ER.OUTOFMEMORY, ER.OUT_OF_RESOURCES),
        Meaning(SourceError, "is out of memory", "Try again when it has less to do"),
    ),
}


def code_of(error: pymysql.MySQLError) -> int:
    """Return the error's code; 0 for one without."""
    return error.args[0] if error.args and isinstance(error.args[0], int) else 0


def meaning_of(error: pymysql.MySQLError) -> Meaning:
    """Return the meaning of an error; one with an unknown code counts as one to retry."""
    code = code_of(error)
    if code in _CUT and isinstance(error.__context__, TimeoutError):
        return _SILENT
    return _MEANINGS.get(code, _UNKNOWN)
