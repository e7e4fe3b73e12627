"""What dbt says, without a row's value.

dbt repeats the error text of the database, which quotes values: in the statement's own line, in
DETAIL and CONTEXT, or in the midst of the sentence. What is left here is what failed, and the
sentence up to where it quotes something that is no name.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator

# How dbt begins a message of which the other lines are its own, or the project's, as well.
_OWN = ("Compilation Error", "Parsing Error", "Dependency Error", "Usage:")
_BEFORE_IT = "Encountered an error:"
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
_QUOTED = re.compile(r'(\b[\w ]*?)"[^"]*("|$)')
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


def without_values(message: str) -> str:
    """Return what a message of dbt says of nodes, names and counts, on as few lines as it takes."""
    message = message.strip().removeprefix(_BEFORE_IT).strip()
    head, _, rest = message.partition("\n")
    if message.startswith(_OWN) or not rest:
        return message
    sentence = rest.strip().partition("\n")[0]
    return f"{head}\n  {_plain(sentence)}"


def is_outage(message: str) -> bool:
    """Whether a message says that the server was not there, or not to the end."""
    return _GONE.search(message) is not None


def readable(lines: Iterable[str], *, is_complete: bool = False) -> Iterator[str]:
    """Yield what dbt writes as JSON, a line for each event, as text without values.

    `is_complete` keeps all of it: dbt has asked no database. What is no JSON was written before dbt
    had opened its log.
    """
    for line in lines:
        try:
            said = str(json.loads(line)["info"]["msg"])
        except (ValueError, KeyError, TypeError):
            said = line
        if said.strip():
            yield said.rstrip() if is_complete else without_values(said)


def _plain(sentence: str) -> str:
    told = _TOLD.split(sentence, maxsplit=1)[0]
    named = _QUOTED.sub(_kept, told)
    return _BYTES.sub(HIDDEN, named)


def _kept(found: re.Match[str]) -> str:
    is_name = found[1].rstrip().endswith(_NAMED) and found[2]
    return found[0] if is_name else f"{found[1]}{HIDDEN}"
