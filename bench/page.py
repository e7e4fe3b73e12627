"""bench/RESULTS.md from the results."""

from __future__ import annotations

from collections.abc import Mapping

from bench.results import Result


def render(machine: Mapping[str, str], results: Mapping[str, Result]) -> str:
    """Return the page."""
    lines = ["# Results", ""]
    for name, result in results.items():
        m = result.measure
        lines.append(
            f"{name}: {m.value:.3f} ({min(m.values):.3f}..{max(m.values):.3f}) {m.bound} {m.is_reached}"
        )
        for who, rs in m.readings.items():
            for r in rs:
                lines.append(f"    {who} {r}")
    return "\n".join(lines) + "\n"
