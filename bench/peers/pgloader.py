"""pgloader with its defaults for a copy that is followed by a key, into its own tables."""

from __future__ import annotations

from pathlib import Path

from bench.peers.job import SCHEMA, Job

_COMMANDS = """\
load database
    from {source}
    into {target}
    with include drop, create tables, create no indexes, no foreign keys, reset no sequences,
        batch rows = 25000, prefetch rows = 100000, quote identifiers
    set work_mem to '64MB', maintenance_work_mem to '512MB'
    including only table names matching '{table}'
    alter schema '{database}' rename to '{schema}';
"""


def command(job: Job) -> list[str]:
    """Return the command that loads the table; its instructions go into a file."""
    path = Path(job.scratch) / "pgloader.load"
    path.touch(0o600)
    path.write_text(
        _COMMANDS.format(
            source=job.source.url("mysql"),
            target=job.warehouse.url("postgresql"),
            table=job.table,
            database=job.source.database,
            schema=SCHEMA,
        )
    )
    return [
        "pgloader",
        "--quiet",
        "--on-error-stop",
        "--no-ssl-cert-verification",
        "--root-dir",
        job.scratch,
        str(path),
    ]
