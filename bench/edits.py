"""Change one per cent of a table's rows in the source, as a day in a practice might.

0.8 % are edited, spread over all keys; 0.1 % inserted at the end; 0.1 % deleted, in clusters or
spread. Each turn changes other rows, so that many turns can follow each other.
"""

from __future__ import annotations

from bench.cells import Shape
from bench.servers import Servers, writing
from include.source.session import quote

# One row in this many.
EDITED = 125
INSERTED = 1000
DELETED = 1000
CLUSTER = 50
# A prime factor, by which neighbouring keys are spread.
_SPREAD = 7919
# The column that an edit changes: a number that is not part of the key.
EDITED_COLUMN = {"wide": "Priority", "narrow": "DefNum", "long": "PatNum"}


def change(servers: Servers, database: str, shape: Shape, *, turn: int, is_clustered: bool) -> int:
    """Change the table and return how many rows were edited, inserted and deleted."""
    key, table = quote(shape.key), quote(shape.name)
    column = quote(EDITED_COLUMN[shape.name])
    others = ", ".join(quote(c.name) for c in shape.columns if c.name != shape.key)
    doomed = (
        f"({key} div {CLUSTER}) % {DELETED} = {turn % DELETED}"
        if is_clustered
        else f"({key} * {_SPREAD}) % {DELETED} = {turn % DELETED}"
    )
    changed = 0
    with writing(servers.administrator, database) as cursor:
        for statement in (
            f"delete from {table} where {doomed}",  # noqa: S608
            f"update {table} set {column} = {column} + 1 "  # noqa: S608
            f"where ({key} * {_SPREAD}) % {EDITED} = {turn % EDITED}",
            f"insert into {table} ({others}) select {others} from {table} "  # noqa: S608
            f"where ({key} * {_SPREAD}) % {INSERTED} = {(turn + 1) % INSERTED}",
        ):
            changed += cursor.execute(statement)
    return changed
