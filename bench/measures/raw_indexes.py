"""What the indexes in `raw` cost a first load of the practice."""

from __future__ import annotations

import logging

from bench import deployment, practice
from bench.deployment import INDEX_CHOICES, Deployment
from bench.measures import whole_set
from bench.measures.stage import Stage
from bench.results import Measure, Reading

log = logging.getLogger(__name__)

WITHOUT = INDEX_CHOICES[0]


def measure(stage: Stage) -> list[Measure]:
    """Load with each choice of indexes, round by round."""
    source, _ = practice.described(stage.layout, stage.servers, stage.scale)
    baked = deployment.bake(stage)
    readings: dict[str, list[Reading]] = {choice: [] for choice in INDEX_CHOICES}
    for turn in range(stage.rounds):
        for choice, listed in readings.items():
            deployed = Deployment.fresh(stage, source, baked, indexes=choice)
            deployed.discover()
            plan = deployed.plan(workers=whole_set.CORES)
            listed.append(deployed.load(plan, workers=whole_set.CORES))
        log.info(
            "indexes, round %s: %s",
            turn + 1,
            {choice: round(listed[-1].seconds, 1) for choice, listed in readings.items()},
        )
    return [
        Measure(
            name=f"indexes_{choice}",
            title=f"first load of the practice with indexes: {choice}, against without",
            unit="times",
            values=tuple(
                with_indexes.seconds / without.seconds
                for with_indexes, without in zip(readings[choice], readings[WITHOUT], strict=True)
            ),
            readings={
                "without indexes": tuple(readings[WITHOUT]),
                f"with indexes: {choice}": tuple(readings[choice]),
            },
        )
        for choice in INDEX_CHOICES
        if choice != WITHOUT
    ]
