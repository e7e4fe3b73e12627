"""ConnectorX reads Arrow in the binary protocol, ADBC's PostgreSQL driver ingests it.

The target table is the one that the driver makes.
"""

from __future__ import annotations

import sys

import adbc_driver_postgresql.dbapi
import connectorx

from bench.peers.job import SCHEMA, Job, begin, read_job


def load(job: Job) -> None:
    """Load the table."""
    begin(job)
    rows = connectorx.read_sql(
        job.source.url("mysql"),
        f"select * from `{job.table}`",  # noqa: S608  # a name of our own
        protocol="binary",
        return_type="arrow",
    )
    with (
        adbc_driver_postgresql.dbapi.connect(job.warehouse.url("postgresql")) as connection,
        connection.cursor() as cursor,
    ):
        cursor.adbc_ingest(job.table, rows, mode="create", db_schema_name=SCHEMA)
        connection.commit()


if __name__ == "__main__":
    load(read_job(sys.argv[1]))
