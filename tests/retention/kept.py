"""A practice with a small dbt project on its warehouse, and what tests do with both."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from include.retention import TablePurge, purge
from include.transform.dbt import DbtRun, run_dbt
from include.warehouse.session import connect
from tests.planning.practice import Practice


@dataclass(frozen=True)
class Kept:
    """The practice, and the small dbt project, parsed."""

    practice: Practice
    project: Path

    @property
    def manifest(self) -> Path:
        """The manifest of the project."""
        return self.project / "target" / "manifest.json"

    def dbt(self, *arguments: str) -> DbtRun:
        """Run dbt on the small project."""
        return run_dbt(arguments, self.practice.warehouse, target_path=self.project / "target")

    def catch_up(self, *models: str) -> None:
        """Record what the pre-hook records when these models are built on the loads of now."""
        with connect(self.practice.warehouse) as connection:
            connection.execute(
                "insert into ops.model_input (model, table_name, batch_id) "
                "select model, table_name, batch_id from ops.table_state "
                "cross join unnest(%s::text[]) as m (model) on conflict (model, table_name) "
                "do update set batch_id = excluded.batch_id",
                (list(models),),
            )

    def delete(self, condition: str, *, days_ago: int) -> None:
        """Delete visits in the practice and replicate that, as of some days ago."""
        self.practice.execute(f"delete from Visit where {condition}")
        self.practice.refresh()
        with connect(self.practice.warehouse) as connection:
            connection.execute(
                "update raw.visit set _deleted_at = now() - make_interval(days => %s) "
                "where _deleted_at > now() - interval '1 hour'",
                (days_ago,),
            )

    def purge(self, manifest: Path | None = None) -> tuple[TablePurge, ...]:
        """Purge as the task of a refresh does."""
        ((run_id,),) = self.practice.ask("select max(run_id) from ops.run")
        return purge(self.practice.warehouse, run_id=run_id, manifest=manifest or self.manifest)
