"""Sling in full-refresh mode, into the table that it makes itself."""

from __future__ import annotations

from bench.layout import Layout
from bench.peers.job import SCHEMA, Job


def command(layout: Layout, job: Job) -> list[str]:
    """Return the command that loads the table."""
    return [
        str(layout.sling),
        "run",
        "--src-conn",
        "BENCH_SOURCE",
        "--src-stream",
        f"{job.source.database}.{job.table}",
        "--tgt-conn",
        "BENCH_TARGET",
        "--tgt-object",
        f"{SCHEMA}.{job.table}",
        "--mode",
        "full-refresh",
    ]


def environment(job: Job) -> dict[str, str]:
    """Return the environment variables that give Sling the two databases."""
    return {
        "BENCH_SOURCE": job.source.url("mysql"),
        "BENCH_TARGET": job.warehouse.url("postgresql") + "?sslmode=disable",
        "SLING_HOME_DIR": job.scratch,
    }
