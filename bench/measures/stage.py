"""What every measure is given: the servers, the scale of the tables, and the number of rounds."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from fractions import Fraction

from bench import dataset, warehouses
from bench.layout import Layout
from bench.servers import Servers
from include.catalog.model import TableConfig
from include.endpoints import Endpoint

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Stage:
    """The servers and options of one run of the benchmark."""

    layout: Layout
    servers: Servers
    scale: Fraction
    rounds: int
    contenders: tuple[str, ...] = ()

    def tables(self, scale: Fraction | None = None) -> tuple[Endpoint, dict[str, TableConfig]]:
        """Return the source with the three tables at a scale, and their plain configs."""
        database = dataset.ensure_tables(self.layout, self.servers, scale or self.scale)
        source = self.servers.reader.with_database(database)
        return source, warehouses.plain_configs(source)
