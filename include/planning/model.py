"""The parameters of a refresh, and its plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, get_args

from include.catalog.model import Tier
from include.catalog.targets import Mode
from include.errors import ConfigError
from include.settings import SPLIT_ROWS


@dataclass(frozen=True, slots=True)
class RefreshRequest:
    """The parameters of a refresh.

    `phase` takes the tiers up to and including it; `tables` restricts them further, by names in the
    source, without regard to case. Without `config_directory` the newest config in `ops.config` is
    taken, with the overrides.yml of `overrides_directory` if that is given, so that a machine on
    which discovery never ran still follows the reviewed overrides. `raw_indexes` is the file that
    baking the dbt project wrote; without it, the indexes for dbt's models stay as they are.

    A table of at least `split_rows` rows that is larger than everything queued behind it is loaded
    in as many ranges of its key as there are `workers`. `as_of_on` is the past day of a backfill.
    """

    mode: Mode = "compare"
    phase: int = 4
    tables: tuple[str, ...] = ()
    dry_run: bool = False
    config_directory: Path | None = None
    overrides_directory: Path | None = None
    dag_run_id: str | None = None
    raw_indexes: Path | None = None
    workers: int = 1
    split_rows: int = SPLIT_ROWS
    as_of_on: date | None = None

    def __post_init__(self) -> None:
        if self.mode not in get_args(Mode) or not 1 <= self.phase <= len(Tier):
            raise ConfigError(
                f"asks for mode {self.mode!r} and phase {self.phase}; known are the modes compare "
                f"and full and the phases 1 to {len(Tier)}. Nothing was changed.",
                where="the refresh",
            )


@dataclass(frozen=True, slots=True)
class RefreshPlan:
    """What a refresh will do: for each tier, the tables that get a task, largest first.

    `skipped_empty` are tables that are empty in both databases. `applied` describes for people what
    was changed to follow the source. `quarantined` has the tables that are not loaded and keep the
    rows of their last good load; the reason includes what to do. `lost` are those of them that the
    refresh would load if it could, by tier. `splits` has the number of ranges of each table that is
    not loaded as a whole. A dry run has no run, no config version and no splits.
    """

    run_id: int | None
    config_version: int | None
    tiers: Mapping[Tier, tuple[str, ...]]
    skipped_empty: tuple[str, ...]
    applied: tuple[str, ...]
    quarantined: Mapping[str, str]
    lost: Mapping[Tier, tuple[str, ...]]
    splits: Mapping[str, int] = field(default_factory=dict)

    @property
    def tables(self) -> tuple[str, ...]:
        """All tables with a task, tier by tier."""
        return tuple(name for tier in Tier for name in self.tiers.get(tier, ()))

    def to_dict(self) -> dict[str, Any]:
        """Return the plan as plain values, as XCom and JSON hold them."""
        return {
            "run_id": self.run_id,
            "config_version": self.config_version,
            "tiers": {tier.value: list(names) for tier, names in self.tiers.items()},
            "skipped_empty": list(self.skipped_empty),
            "applied": list(self.applied),
            # No mapping: in one, XCom takes some names that a table may have for marks of its own.
            "quarantined": [list(pair) for pair in self.quarantined.items()],
            "lost": {tier.value: list(names) for tier, names in self.lost.items()},
            "splits": dict(self.splits),
        }
