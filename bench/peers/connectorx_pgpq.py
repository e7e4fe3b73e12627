"""ConnectorX streams Arrow batches in the binary protocol, pgpq encodes them for a binary COPY.

The target table is the one that pgpq asks for.
"""

from __future__ import annotations

import sys

import connectorx
import psycopg
from pgpq import ArrowToPostgresBinaryEncoder

from bench.peers.job import SCHEMA, Job, begin, read_job

BATCH_ROWS = 50_000


def load(job: Job) -> None:
    """Load the table."""
    begin(job)
    batches = iter(
        connectorx.read_sql(
            job.source.url("mysql"),
            f"select * from `{job.table}`",  # noqa: S608  # a name of our own
            protocol="binary",
            return_type="arrow_stream",
            batch_size=BATCH_ROWS,
        )
    )
    first = next(batches)
    encoder = ArrowToPostgresBinaryEncoder(first.schema)
    columns = ", ".join(
        f'"{column.name}" {column.data_type.ddl()}' for column in encoder.schema().columns
    )
    with psycopg.connect(job.warehouse.url("postgresql")) as connection:
        connection.execute(f'create table {SCHEMA}."{job.table}" ({columns})'.encode())
        statement = f'copy {SCHEMA}."{job.table}" from stdin with (format binary)'.encode()
        with connection.cursor() as cursor, cursor.copy(statement) as copy:
            copy.write(encoder.write_header())
            copy.write(encoder.write_batch(first))
            for batch in batches:
                copy.write(encoder.write_batch(batch))
            copy.write(encoder.finish())


if __name__ == "__main__":
    load(read_job(sys.argv[1]))
