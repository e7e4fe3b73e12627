"""Names from the source in what Airflow's tasks hand on."""

from __future__ import annotations

import json
from typing import Any

from airflow.sdk import BaseXCom
from airflow.sdk.serde import deserialize

from include.catalog.model import Tier
from include.planning import RefreshPlan
from tests.hostile_names import HOSTILE_NAMES

# Keys by which XCom tells objects from mappings.
RESERVED = ("__classname__", "__version__", "__data__", "__id__", "__type", "__var", "__source")


def test_a_plan_arrives_as_it_was_whatever_tables_are_called() -> None:
    names = (*HOSTILE_NAMES, *RESERVED)
    plan = RefreshPlan(
        run_id=1,
        config_version=1,
        tiers={Tier.CRITICAL: HOSTILE_NAMES},
        skipped_empty=names,
        applied=names,
        quarantined=dict.fromkeys(names, "refused"),
        lost={Tier.CRITICAL: names},
        splits=dict.fromkeys(HOSTILE_NAMES, 2),
    )
    pushed = json.dumps(BaseXCom.serialize_value(plan.to_dict()))
    arrived: Any = deserialize(json.loads(pushed))
    assert arrived == plan.to_dict()
    assert dict(arrived["quarantined"]) == plan.quarantined
