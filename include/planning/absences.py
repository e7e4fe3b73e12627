"""Records what of Open Dental's tables the practice's release lacks.

Of a database of other software nothing is said: it has a release of its own.
"""

from __future__ import annotations

from collections.abc import Mapping

from include.endpoints import Endpoint
from include.open_dental.schema import facts_of
from include.ops.absent_columns import replace_absent_columns
from include.source.rights import find_refused_tables
from include.source.session import SourceConnection, source_errors
from include.source.structure import TableStructure
from include.transform.raw_columns import staged_columns
from include.warehouse.session import WarehouseConnection

# Every release has it, and no other software has one with its key.
_TELLING = "preference"


def record_absences(
    connection: WarehouseConnection,
    reader: SourceConnection,
    source: Endpoint,
    live: Mapping[str, TableStructure],
) -> None:
    """Make `ops.absent_column` say what raw, and the source whose tables are `live`, lack.

    A table that the source may only hide from our account is not lacking: its gate stays closed.
    """
    listed = {name.lower(): table for name, table in live.items()}
    telling = listed.get(_TELLING)
    expected = staged_columns()
    if telling is None or facts_of(_TELLING, (c.name for c in telling.columns)) is None:
        expected = {}
    missing = [table for table in expected if table not in listed]
    with source_errors(source), reader.cursor() as cursor:
        refused = find_refused_tables(cursor, missing)
    with connection.transaction():
        replace_absent_columns(
            connection, expected, missing_tables=[name for name in missing if name not in refused]
        )
