"""What was measured, as frozen values and as bench/results.json.

The file holds the last result of every measure. A run replaces those that it measures and leaves
the others, each with the commit, scale and rounds that it was measured with.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any


@dataclass(frozen=True, slots=True)
class Reading:
    """One contender in one round.

    `key_seconds` is the part of `seconds` that went into primary keys; `moved` counts the raw rows
    that a load wrote.
    """

    seconds: float
    key_seconds: float | None = None
    rows: int | None = None
    source_cpu: float | None = None
    warehouse_cpu: float | None = None
    client_cpu: float | None = None
    peak_megabytes: float | None = None
    moved: int | None = None

    @property
    def cpu(self) -> float | None:
        """CPU seconds of all processes, where they were taken."""
        parts = (self.source_cpu, self.warehouse_cpu, self.client_cpu)
        return None if None in parts else sum(part or 0.0 for part in parts)


@dataclass(frozen=True, slots=True)
class Measure:
    """One line of the results: a value per round, and the readings that it was made from.

    `bound` is what it must reach and `aim` what it should; `is_ceiling` says that less is better.
    """

    name: str
    title: str
    unit: str
    values: tuple[float, ...]
    bound: float | None = None
    aim: float | None = None
    is_ceiling: bool = False
    readings: dict[str, tuple[Reading, ...]] = field(default_factory=dict)
    note: str = ""

    @property
    def value(self) -> float:
        """The median over the rounds."""
        return median(self.values)

    @property
    def is_reached(self) -> bool | None:
        """Whether the bound holds for the median; None without a bound."""
        if self.bound is None:
            return None
        return self.value <= self.bound if self.is_ceiling else self.value >= self.bound


@dataclass(frozen=True, slots=True)
class Circumstances:
    """When and how a measure was taken; `load` is the machine's load average before it."""

    measured_at: str
    commit: str
    scale: str
    rounds: int
    load: float


@dataclass(frozen=True, slots=True)
class Result:
    """A measure and its circumstances."""

    measure: Measure
    circumstances: Circumstances


def read_results(path: Path) -> tuple[dict[str, str], dict[str, Result]]:
    """Return the machine's facts and the last result of each measure."""
    if not path.exists():
        return {}, {}
    document = json.loads(path.read_text())
    return document["machine"], {
        name: Result(_measure(entry["measure"]), Circumstances(**entry["circumstances"]))
        for name, entry in document["results"].items()
    }


def write_results(
    path: Path,
    machine: dict[str, str],
    measures: Sequence[Measure],
    circumstances: Circumstances,
) -> dict[str, Result]:
    """Replace the measures in the file and return everything that it holds now."""
    _, results = read_results(path)
    results.update({m.name: Result(m, circumstances) for m in measures})
    document = {
        "machine": machine,
        "results": {name: _rounded(asdict(result)) for name, result in sorted(results.items())},
    }
    path.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n")
    return results


def _measure(fields: dict[str, Any]) -> Measure:
    readings = {
        name: tuple(Reading(**reading) for reading in listed)
        for name, listed in fields.pop("readings").items()
    }
    return Measure(**{**fields, "values": tuple(fields["values"])}, readings=readings)


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 4)
    if isinstance(value, dict):
        return {name: _rounded(entry) for name, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(entry) for entry in value]
    return value
