"""What dbt says, without a row's value.

dbt repeats the error text of the database, which quotes values: in the statement's own line, in
DETAIL and CONTEXT, or in the midst of the sentence. What is left here is what failed and, where the
database's sentence is one of those that we know, that sentence up to what it quotes, names apart.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

# Messages of which every line is dbt's own, or the project's.
_OWN = ("Compilation Error", "Parsing Error", "Dependency Error", "Usage:")
# Those whose first line is: it names the node.
_NAMES_NODE = re.compile(
    r"(?:Failure|Warning|[A-Z][a-z]+ Error) in |Database Error$|Unhandled error while executing "
)
_COUNTS = re.compile(r"Got \d+ results?, configured to (?:fail|warn) if [^'\"]*$")
_OF_THE_DATABASE = "Database Error"
_BEFORE_IT = "Encountered an error:"
# Only the materialization of tests says anything by itself: which rules are broken.
_OF_A_MACRO = "JinjaLogInfo"
# How the sentences begin that tell of values, names, rights and the server. Any other, such as one
# that a function of somebody's own raises, can hold anything.
_KNOWN = (
    *("array ", "bigint ", "canceling ", "cannot ", "character with ", "check constraint "),
    *("column ", "connection ", "could not ", "current transaction ", "date ", "date/time "),
    *("deadlock ", "division by zero", "duplicate key ", "function ", "input ", "integer "),
    *("interval ", "invalid ", "malformed ", "missing ", "more than one row ", "must be owner "),
    *("new row for ", "no space left ", "null value ", "numeric ", "operator ", "out of "),
    *("permission denied ", "relation ", "schema ", "server closed ", "smallint "),
    *("syntax error ", "table ", "terminating ", "the database system ", "timestamp "),
    *("too many ", "type ", "value ", "view "),
)
# What stands before a name that PostgreSQL quotes.
_NAMED = (
    "aggregate",
    "column",
    "constraint",
    "database",
    "function",
    "index",
    "operator",
    "relation",
    "role",
    "schema",
    "sequence",
    "server at",
    "table",
    "type",
    "user",
    "view",
)
_QUOTED = re.compile(r'(\b[\w ]*?)"[^"]*("(?:\."[^"]*")*|$)')
# What comes after a colon is mostly what could not be read.
_TOLD = re.compile(r":\s")
_BYTES = re.compile(r"\b0x[0-9a-f]{2}\b")
_GONE = re.compile(
    "server closed the connection|connection to server|connection refused|could not connect"
    "|terminating connection|connection already closed|connection has been closed"
    "|the database system is",
    re.IGNORECASE,
)
HIDDEN = "..."


@dataclass(frozen=True, slots=True)
class Said:
    """A message of dbt; `is_result` is one that says how a node ended, or which rules it breaks."""

    text: str
    is_result: bool


def without_values(message: str) -> str:
    """Return what an error that dbt tells says of nodes, names and counts.

    An error that has come up inside dbt may say anything: of that nothing is left.
    """
    message = message.strip().removeprefix(_BEFORE_IT).strip()
    head, _, rest = message.partition("\n")
    if not message or message.startswith(_OWN) or _COUNTS.fullmatch(message):
        return message
    if not _NAMES_NODE.match(head):
        return HIDDEN
    if not head.startswith(_OF_THE_DATABASE) or not rest:
        return head
    sentence = rest.strip().partition("\n")[0]
    return f"{head}\n  {_plain(sentence)}" if sentence.lower().startswith(_KNOWN) else head


def is_outage(message: str) -> bool:
    """Whether a message says that the server was not there, or not to the end."""
    return _GONE.search(message) is not None


def said(line: str, *, is_offline: bool = False) -> Said:
    """Return what a line of dbt's output says, without values.

    dbt writes an event a line, as JSON, and its errors alone repeat what a database says. What is
    no JSON comes from before its log was open. `is_offline` keeps all: no database was asked.
    """
    try:
        info = json.loads(line)["info"]
        name, level, text = str(info["name"]), str(info["level"]), str(info["msg"]).rstrip()
    except (ValueError, KeyError, TypeError):
        name, level, text = "", "", line.rstrip()
    is_result = name.startswith("Log") and name.endswith("Result")
    if level == "error" and not is_result and not is_offline:
        text = without_values(text)
    return Said(text, is_result or name == _OF_A_MACRO)


def _plain(sentence: str) -> str:
    told = _TOLD.split(sentence, maxsplit=1)[0]
    named = _QUOTED.sub(_kept, told)
    return _BYTES.sub(HIDDEN, named)


def _kept(found: re.Match[str]) -> str:
    is_name = found[1].rstrip().endswith(_NAMED) and found[2]
    return found[0] if is_name else f"{found[1]}{HIDDEN}"
