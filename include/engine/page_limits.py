"""What a table's rows or keys are too large for in PostgreSQL, said with what to exclude."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from psycopg import errors as pg

from include.catalog.model import TableConfig
from include.errors import StructureError
from include.source.row_width import HeldColumn, narrowing

_KEPT = "What is not yet committed was rolled back; the rows of the last good load are intact."
# The functions of the server that report it, because its messages may be in any language.
_OF_ROWS = ("RelationGetBufferForTuple", "raw_heap_insert")
_OF_KEYS = ("_bt_check_third_page", "index_form_tuple_context", "index_form_tuple")


@contextmanager
def page_limits(table: TableConfig) -> Iterator[None]:
    """Turn PostgreSQL's refusal of a row or key that is too large into a StructureError."""
    try:
        yield
    except pg.ProgramLimitExceeded as error:
        # The message has nothing but sizes and the name of an index.
        sizes = [int(number) for number in re.findall(r"\d+", error.diag.message_primary or "")]
        source = error.diag.source_function
        if source in _OF_ROWS and len(sizes) > 1:
            raise _row_too_wide(table, size=sizes[0], limit=sizes[1]) from None
        if source in _OF_KEYS and sizes:
            raise StructureError(
                f"a value in its key or another index takes {sizes[0]:,} bytes, and PostgreSQL "
                f"indexes about 2,700. {_KEPT} Exclude the table in overrides.yml "
                "(exclude_tables), or let the practice give it a shorter key.",
                where=f"table {table.name}",
            ) from None
        raise


def _row_too_wide(table: TableConfig, *, size: int, limit: int) -> StructureError:
    columns = [
        HeldColumn(column.name, column.warehouse_type)
        for column in table.replicated_columns
        if column.name not in table.key
    ]
    return StructureError(
        f"a row takes {size:,} bytes in PostgreSQL, which holds {limit:,}: {size - limit:,} too "
        f"many. {_KEPT} {narrowing(columns, size=size, limit=limit)} The next "
        "refresh follows what was excluded.",
        where=f"table {table.name}",
    )
