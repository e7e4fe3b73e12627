"""A practice as a deployment has it: discovery decides the config, the plan makes the tables."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import children, transfer, warehouses
from bench.measures.stage import Stage
from bench.results import Reading
from include import settings
from include.catalog.files import OVERRIDES_FILE, TABLES_FILE, read_catalog
from include.catalog.model import TableConfig
from include.endpoints import Endpoint
from include.planning import RefreshPlan, RefreshRequest, plan_refresh
from include.transform.manifest import bake_manifest
from include.transform.raw_indexes import RAW_INDEXES

INDEX_CHOICES = ("none", "dbt", "source")


@dataclass(frozen=True, slots=True)
class Deployment:
    """One empty warehouse of the source, with a config directory and one choice of indexes.

    `baked` is where `bake` has put what the dbt project asks for.
    """

    stage: Stage
    source: Endpoint
    warehouse: Endpoint
    directory: Path
    baked: Path

    @classmethod
    def fresh(cls, stage: Stage, source: Endpoint, baked: Path, *, indexes: str) -> Deployment:
        """Make the warehouse and the directory, with nothing discovered."""
        directory = stage.layout.scratch / f"config-{stage.scale.denominator}-{indexes}"
        directory.mkdir(parents=True, exist_ok=True)
        (directory / OVERRIDES_FILE).write_text(f"defaults: {{indexes: {indexes}}}\n")
        (directory / TABLES_FILE).unlink(missing_ok=True)
        warehouse = warehouses.fresh_warehouse(stage.servers)
        return cls(stage, source, warehouse, directory, baked)

    def discover(self) -> children.Ended:
        """Run discovery as its command does."""
        return children.run(
            [sys.executable, "-m", "include.cli", "discover"],
            self.stage.layout.scratch,
            environment={
                settings.SOURCE_VARIABLE: self.source.uri(),
                settings.WAREHOUSE_VARIABLE: self.warehouse.uri(),
                "DENTAL_CONFIG_DIRECTORY": str(self.directory),
            },
        )

    def plan(self, *, workers: int) -> RefreshPlan:
        """Open a run of all tables for so many workers."""
        return plan_refresh(
            self.source,
            self.warehouse,
            RefreshRequest(
                config_directory=self.directory,
                raw_indexes=self.baked / RAW_INDEXES,
                workers=workers,
            ),
        )

    def load(self, plan: RefreshPlan, *, workers: int) -> Reading:
        """Load what the plan says by workers that have started already."""
        layout, servers = self.stage.layout, self.stage.servers
        return transfer.load_plan(
            layout, servers, self.source, self.warehouse, plan, workers=workers
        )

    def configs(self, names: Sequence[str]) -> list[TableConfig]:
        """Return what discovery wrote about these tables."""
        catalog = read_catalog(self.directory)
        return [catalog.tables[name] for name in names]


def bake(stage: Stage) -> Path:
    """Return a directory with what the dbt project says about raw tables."""
    target = stage.layout.scratch / "target"
    bake_manifest(target, warehouses.fresh_warehouse(stage.servers))
    return target
