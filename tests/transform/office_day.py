"""What day it is at the practice, as the models read it."""

from __future__ import annotations

from datetime import date

from include.endpoints import Endpoint
from include.warehouse.session import connect


def set_office_day(warehouse: Endpoint, day: date | str) -> None:
    """Do to the bookkeeping what the plan of a run does that connects on this day."""
    with connect(warehouse) as connection:
        connection.execute(
            "insert into ops.config (sha256, tables_yml, overrides_yml)"
            " select '', '', '' where not exists (select from ops.config)"
        )
        connection.execute(
            "insert into ops.run (mode, phase, config_version, office_on, office_utc_minutes)"
            " select 'compare', 4, max(config_version), %s, 0 from ops.config",
            (day,),
        )
