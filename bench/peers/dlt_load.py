"""dlt's sql_database source with a backend of Arrow, loading CSV into its own tables."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from bench.peers.job import Job, begin, read_job


def load(job: Job, backend: str) -> None:
    """Load the table."""
    os.environ["DLT_DATA_DIR"] = job.scratch
    os.environ["DESTINATION__POSTGRES__CREDENTIALS"] = job.warehouse.url("postgresql")
    # The pyarrow backend guesses the width of decimals batch by batch.
    os.environ["DATA_WRITER__ARROW_CONCAT_PROMOTE_OPTIONS"] = "permissive"
    os.environ["NORMALIZE__DATA_WRITER__DISABLE_COMPRESSION"] = "true"
    import dlt
    from dlt.sources.sql_database import sql_table

    begin(job)

    is_connectorx = backend == "connectorx"
    options = {"backend_kwargs": {"return_type": "arrow"}} if is_connectorx else {}
    # ConnectorX takes no parameters in its address, and PyMySQL's default is not utf8mb4.
    parameters = "" if is_connectorx else "?charset=utf8mb4"
    table = sql_table(
        credentials=job.source.url("mysql+pymysql") + parameters,
        table=job.table,
        backend=backend,
        chunk_size=50_000,
        reflection_level="full",
        # The source's own key would be declared.
        query_adapter_callback=lambda query, _: query,
        **options,
    )
    pipeline = dlt.pipeline(
        pipeline_name="bench",
        pipelines_dir=str(Path(job.scratch) / "pipelines"),
        destination="postgres",
        dataset_name="peer",
    )
    done = pipeline.run(table, write_disposition="append", loader_file_format="csv")
    if done.has_failed_jobs:
        raise SystemExit("dlt reports failed jobs")


if __name__ == "__main__":
    load(read_job(sys.argv[1]), sys.argv[2])
