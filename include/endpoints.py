"""Where a database is, parsed from an Airflow connection in URI or JSON form."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from include.errors import ConfigError

DEFAULT_PORTS = {"mysql": 3306, "postgres": 5432}
# What a connection's type may be called, and the kind of server that it means.
KINDS = {"mysql": "mysql", "mariadb": "mysql", "postgres": "postgres", "postgresql": "postgres"}


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One database server and the database on it. The password never shows in `repr`.

    Raises ConfigError, without a character of it, for text that no server could be sent.
    """

    kind: str
    host: str
    port: int
    user: str
    password: str = field(repr=False)
    database: str
    options: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for part in ("host", "user", "password", "database"):
            if not _is_sendable(getattr(self, part)):
                raise ConfigError(
                    f"the {part} holds bytes that are no UTF-8, or a NUL. Nothing was read or "
                    "written. In a URI, write each byte of the UTF-8 text that is no letter or "
                    "digit as % and two hexadecimal digits.",
                    where=f"{self.kind} connection",
                )

    @property
    def name(self) -> str:
        """What messages call it: user, host, port and database, without the password."""
        return f"{self.kind} {self.user}@{self.host}:{self.port}/{self.database}"

    def with_database(self, database: str) -> Endpoint:
        """Return the same server and account with another database."""
        return Endpoint(
            self.kind, self.host, self.port, self.user, self.password, database, self.options
        )

    def uri(self) -> str:
        """Return the Airflow connection URI, password included: for environments, not for logs."""
        account = f"{quote(self.user, safe='')}:{quote(self.password, safe='')}"
        query = "&".join(f"{k}={quote(v, safe='')}" for k, v in sorted(self.options.items()))
        host = f"[{self.host}]" if ":" in self.host else quote(self.host, safe="")
        address = f"{self.kind}://{account}@{host}:{self.port}/{quote(self.database, safe='')}"
        return f"{address}?{query}" if query else address


def parse_connection(text: str, *, where: str) -> Endpoint:
    """Parse what `AIRFLOW_CONN_...` holds; `where` is the variable's name for messages.

    Raises ConfigError when the text is no connection, without repeating it: it holds a password.
    """
    fields = _from_json(text, where) if text.lstrip().startswith("{") else _from_uri(text, where)
    kind = KINDS.get(str(fields.get("conn_type", "")).lower())
    port = str(fields.get("port") or DEFAULT_PORTS.get(kind or "", ""))
    if kind is None or not fields.get("host") or not fields.get("database") or not port.isdecimal():
        raise ConfigError(
            "is not a usable connection: it needs a type (mysql or postgres), a host and a "
            "database, like mysql://user:password@host:3306/opendental",
            where=where,
        )
    return Endpoint(
        kind=kind,
        host=str(fields["host"]),
        port=int(port),
        user=str(fields.get("login") or ""),
        password=str(fields.get("password") or ""),
        database=str(fields["database"]),
        options=connection_options(_mapping(fields.get("options"))),
    )


def connection_options(extra: Mapping[Any, Any]) -> dict[str, str]:
    """Return a connection's extra fields as flat options.

    Airflow's `"ssl": {"ca": ..., "cert": ..., "key": ...}`, which may be JSON text as well, becomes
    ssl_ca, ssl_cert and ssl_key; `__extra__` in a URI holds such fields as JSON.
    """
    options: dict[str, str] = {}
    for name, value in extra.items():
        nested = _nested(value) if name in ("ssl", "__extra__") else None
        if nested is None:
            if value is not None:
                options[str(name)] = str(value)
        elif name == "__extra__":
            options |= connection_options(nested)
        else:
            options |= {f"ssl_{key}": str(v) for key, v in nested.items() if v is not None}
    return options


def refuse_empty_options(endpoint: Endpoint, *, kept: str) -> None:
    """Raise ConfigError for options that were given without a value, as by a variable not set.

    Passed over, they would leave a session less protected than was asked for. `kept` says what
    state the data is in.
    """
    if empty := sorted(name for name, value in endpoint.options.items() if not value.strip()):
        raise ConfigError(
            f"has no value for {', '.join(empty)}. {kept} Give it one, or leave the option out.",
            where=f"connection of {endpoint.name}",
        )


def _is_sendable(text: str) -> bool:
    try:
        return b"\0" not in text.encode()
    except UnicodeEncodeError:
        return False


def _nested(value: object) -> Mapping[Any, Any] | None:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return None
    return value if isinstance(value, Mapping) else None


def _from_uri(text: str, where: str) -> dict[str, object]:
    try:
        parts = urlsplit(text)
        return {
            "conn_type": parts.scheme,
            "host": _unquoted(parts.hostname),
            "port": parts.port,
            "login": _unquoted(parts.username),
            "password": _unquoted(parts.password),
            "database": _unquoted(parts.path.lstrip("/")),
            "options": dict(
                # One without a value must not look as if it had not been given.
                parse_qsl(parts.query, keep_blank_values=True, errors="strict")
            ),
        }
    except ValueError:
        raise ConfigError(
            "is not a valid connection URI. Nothing was read or written. Write each byte of the "
            "UTF-8 text that is no letter or digit as % and two hexadecimal digits.",
            where=where,
        ) from None


def _unquoted(text: str | None) -> str:
    # By default what is no UTF-8 would become another password.
    return unquote(text or "", errors="strict")


def _from_json(text: str, where: str) -> dict[str, object]:
    try:
        fields = json.loads(text)
        extra = fields.get("extra") or {}
        options = json.loads(extra) if isinstance(extra, str) else extra
    except (ValueError, AttributeError):
        raise ConfigError("is not valid JSON for a connection", where=where) from None
    return {**fields, "database": fields.get("schema"), "options": options}


def _mapping(value: object) -> Mapping[Any, Any]:
    return value if isinstance(value, Mapping) else {}
