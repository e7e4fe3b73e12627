"""The settings of a session on the practice database, so that none of its server's decides a row.

A server has its own values for all of them: in its option file, by SET GLOBAL, or in init_connect.
Which settings exist depends on the server. `choose` picks from what it lists, so that no version
number decides.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

Value = str | int

# What decides the bytes of a row. It belongs to the hash of every chunk: a change of it makes every
# refresh compare all rows once. The time zone is an offset, because the server's tables of zones
# may be missing.
CONTENT_SETTINGS = {"time_zone": "+00:00", "sql_mode": "", "character_set_results": "utf8mb4"}
# Every server has it by default, and none that lacks utf8mb4 has this one.
COLLATION = "utf8mb4_general_ci"
# More than any table can hold: the server's own default.
EVERY_ROW = 18446744073709551615
# Sent before anything is asked, because both settings cut what the server says about itself as
# well; every server has them. The time zone is still the server's own, so that it knows what day it
# is at the practice: `include.source.office_clock` reads that.
FIRST_COMMAND = (
    f"set session sql_select_limit = {EVERY_ROW}, session sql_big_selects = 1,"
    " @office_on = curdate(),"
    " @office_utc_minutes = timestampdiff(minute, utc_timestamp(), now())"
)
# The longest key of InnoDB has 3,072 bytes; a collation may need more to sort it.
_SORTED_BYTES = 8192
# The keyword, not a text: the server takes no other form of "as of now".
_DEFAULT = "DEFAULT"


@dataclass(frozen=True, slots=True)
class Form:
    """One name of a setting, with the value in this name's unit.

    A server has the form when it has the variable and, if it is given, the variable `beside`.
    """

    name: str
    value: Value
    beside: str | None = None


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting under every name that servers know it by; the first one that a server has is set.

    `why` says what the server's own value would do. A server that has no form of a setting is
    refused, unless the setting `may_be_absent`.
    """

    forms: tuple[Form, ...]
    why: str
    may_be_absent: bool = False


@dataclass(frozen=True, slots=True)
class Limits:
    """How long the server lets a session go on, in seconds."""

    statement: int
    lock: int
    write: int
    idle: int


def source_settings(limits: Limits) -> tuple[Setting, ...]:
    """Return every setting of a session with these limits."""
    return (*_ROWS, *_VALUES, *_COMPUTED, *_session(limits))


def names_of(settings: Iterable[Setting]) -> list[str]:
    """Return the names of all variables that `choose` must know about."""
    forms = [form for setting in settings for form in setting.forms]
    return sorted({name for form in forms for name in (form.name, form.beside) if name})


def choose(settings: Iterable[Setting], present: Mapping[str, object]) -> dict[str, Value]:
    """Return what to set on a server that has the variables `present`, in the settings' order.

    Settings that the server lacks are left out; `lacking` names those that it must have.
    """
    forms = (_form(setting, present) for setting in settings)
    return {form.name: form.value for form in forms if form is not None}


def lacking(settings: Iterable[Setting], present: Mapping[str, object]) -> list[str]:
    """Return the names of the settings that the server must have and lacks."""
    return [
        " or ".join(form.name for form in setting.forms)
        for setting in settings
        if not setting.may_be_absent and _form(setting, present) is None
    ]


def differing(chosen: Mapping[str, Value], seen: Mapping[str, object]) -> dict[str, Value]:
    """Return the settings whose value is another than the one chosen."""
    return {name: value for name, value in chosen.items() if not _is_same(value, seen.get(name))}


def set_statement(chosen: Mapping[str, Value]) -> tuple[str, Sequence[Value]]:
    """Return the statement that sets all of them for the session, and its parameters."""
    assignments = [
        f"session {name} = {'default' if value == _DEFAULT else '%s'}"
        for name, value in chosen.items()
    ]
    return "set " + ", ".join(assignments), [v for v in chosen.values() if v != _DEFAULT]


def _form(setting: Setting, present: Mapping[str, object]) -> Form | None:
    for form in setting.forms:
        if form.name in present and (form.beside is None or form.beside in present):
            return form
    return None


def _is_same(wanted: Value, seen: object) -> bool:
    return _plain(wanted) == _plain(seen)


def _plain(value: object) -> str:
    # SHOW writes ON and OFF where SELECT has 1 and 0; both write seconds with their decimals.
    text = str(value)
    return {"ON": "1", "OFF": "0"}.get(text, text.removesuffix(".000000").removesuffix(".0"))


def _setting(why: str, **values: Value) -> Setting:
    return Setting(tuple(Form(name, value) for name, value in values.items()), why)


def _where_known(why: str, **values: Value) -> Setting:
    return Setting(
        tuple(Form(name, value) for name, value in values.items()), why, may_be_absent=True
    )


_ROWS = (
    _setting("cuts every result without a LIMIT of its own", sql_select_limit=EVERY_ROW),
    _setting(
        "max_join_size, which this overrides, refuses to read large tables", sql_big_selects="ON"
    ),
    _setting(
        "one transaction over many pages keeps old row versions, and DDL waits for it",
        autocommit="ON",
    ),
    _setting("what ends a transaction begins the next one", completion_type="NO_CHAIN"),
    # Each page is a statement and a transaction of its own, so nothing has to hold from page to
    # page; within a statement every engine that knows levels shows one moment under this one.
    _setting(
        "below READ-COMMITTED rows are read that may never be committed",
        transaction_isolation="REPEATABLE-READ",
        tx_isolation="REPEATABLE-READ",
    ),
    _where_known(
        "shows tables that keep their old rows as they were at another time",
        system_versioning_asof=_DEFAULT,
    ),
    _where_known("a node that lost its cluster answers with old rows", wsrep_dirty_reads="OFF"),
    _where_known("reads from a copy that follows the table late", use_secondary_engine="OFF"),
    _where_known(
        "answers from memory, and pushes the practice's own results out of it",
        query_cache_type="OFF",
    ),
    _where_known(
        "hides primary keys that the server generated, and their columns",
        show_gipk_in_create_table_and_information_schema="ON",
    ),
    _where_known("adds a comment to the types of old columns", show_old_temporals="OFF"),
    _where_known("sizes are as old as a day", information_schema_stats_expiry=0),
    _setting(
        "a page that must be sorted is sorted by the beginning of its keys",
        max_sort_length=_SORTED_BYTES,
    ),
    _setting("a comparison with NULL finds the row inserted last", sql_auto_is_null="OFF"),
    _setting("a page that outgrows memory comes out of its key's order", sql_buffer_result="OFF"),
)
_VALUES = (
    *(
        _setting("decides the bytes of a value", **{name: value})
        for name, value in CONTENT_SETTINGS.items()
    ),
    _setting("decides how our statements are read", character_set_client="utf8mb4"),
    _setting("decides how our literals are compared", character_set_connection="utf8mb4"),
    _setting("decides how our literals are compared", collation_connection=COLLATION),
)
# A column that is not stored is computed in our session, whenever it is read.
_COMPUTED = (
    _setting("decimals of a quotient", div_precision_increment=4),
    _setting("how weeks are counted", default_week_format=0),
    _setting("the language of names of days and months", lc_time_names="en_US"),
    _where_known("how encrypted values are read", block_encryption_mode="aes-128-ecb"),
    _where_known("what a pattern matches", default_regex_flags=""),
)


def _session(limits: Limits) -> tuple[Setting, ...]:
    return (
        # MySQL 5.5 has no such transactions. Nothing but SELECT, SHOW and SET is ever sent.
        _where_known("lets a session write", transaction_read_only="ON", tx_read_only="ON"),
        # MySQL 5.7 had MariaDB's name at first, and Percona 5.6 has it, in milliseconds: both list
        # `have_statement_timeout`. A server without any limit is left to the client's READ_TIMEOUT.
        Setting(
            (
                Form("max_execution_time", 1000 * limits.statement),
                Form("max_statement_time", 1000 * limits.statement, "have_statement_timeout"),
                Form("max_statement_time", limits.statement),
            ),
            "ends a long read too early, or lets a hopeless one go on",
            may_be_absent=True,
        ),
        _setting("waits for a lock too long, or hardly", lock_wait_timeout=limits.lock),
        _setting("keeps a table locked for a client that stopped", net_write_timeout=limits.write),
        _setting("ends the session between two pages", wait_timeout=limits.idle),
    )
