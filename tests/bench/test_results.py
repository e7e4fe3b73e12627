"""The benchmark's own bookkeeping: what a reader of bench/RESULTS.md relies on."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench import page
from bench.results import Circumstances, Measure, Reading, read_results, write_results

NOW = Circumstances("2026-01-01 00:00 UTC", "abc", "1", 3, 0.5)
MISSED = Measure("set", "the set", "times", (0.5, 0.7, 0.6), bound=0.65)
REACHED = Measure(
    "memory_a",
    "memory",
    "MB",
    (20.0, 10.0, 30.0),
    bound=100.0,
    is_ceiling=True,
    readings={"this engine": (Reading(2.0, rows=10, source_cpu=1.0),)},
)


@pytest.mark.parametrize(
    ("measure", "is_reached"),
    [
        (MISSED, False),
        (REACHED, True),
        (Measure("x", "x", "times", (0.65, 0.1, 0.9), bound=0.65), True),
        (Measure("x", "x", "s", (2.01,), bound=2.0, is_ceiling=True), False),
        (Measure("x", "x", "s", (2.0,)), None),
    ],
)
def test_the_median_decides_whether_a_bound_is_reached(
    measure: Measure, is_reached: bool | None
) -> None:
    assert measure.is_reached is is_reached


def test_a_run_replaces_what_it_measured_and_keeps_the_rest(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    write_results(path, {"memory": "1 GiB"}, [MISSED, REACHED], NOW)
    better = Measure("set", "the set", "times", (0.9,), bound=0.65)
    later = Circumstances("2026-01-02 00:00 UTC", "def", "1", 1, 0.1)
    write_results(path, {"memory": "2 GiB"}, [better], later)
    machine, results = read_results(path)
    assert machine == {"memory": "2 GiB"}
    assert results["set"].measure == better
    assert results["set"].circumstances == later
    assert results["memory_a"].measure == REACHED
    assert results["memory_a"].circumstances == NOW


def test_the_page_says_why_a_bound_is_missed_and_only_then(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    results = write_results(path, {}, [MISSED, REACHED], NOW)
    text = page.render({}, results, {"set": "because of\n  the keys", "memory_a": "old excuse"})
    assert "| the set | at least 0.65 | **0.60 times** | 0.50 to 0.70 | 3 | **no** |" in text
    assert "because of the keys" in text
    assert "| memory | at most 100 | **20.00 MB** | 10.00 to 30.00 | 3 | yes |" in text
    assert "old excuse" not in text
    assert "| this engine | 2.00 (2.00 to 2.00) | 5 | 1.00 |  |  |  |" in text


def test_a_missed_bound_without_a_reason_is_visible(tmp_path: Path) -> None:
    results = write_results(tmp_path / "results.json", {}, [MISSED], NOW)
    assert "not explained yet" in page.render({}, results, {})
