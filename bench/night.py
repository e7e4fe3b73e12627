"""One step of a night in a process of its own, as a task of Airflow is: `python -m bench.night`.

`validate RUN` judges every tier of the run, one after the other; `build MANIFEST` makes what is
stale. The warehouse comes from the environment, as everywhere in the project.
"""

from __future__ import annotations

import sys
from pathlib import Path

from include import settings
from include.catalog.model import Tier


def main() -> None:
    """Take the step that the arguments name; end with code 1 when something is not right."""
    step, argument = sys.argv[1:]
    warehouse = settings.warehouse_endpoint()
    if step == "validate":
        from include.validation import validate_tier

        blocked = [
            table
            for tier in Tier
            for table in validate_tier(warehouse, run_id=int(argument), tier=tier).blocked
        ]
        sys.exit(f"not publishable: {', '.join(blocked)}" if blocked else None)
    from include.transform.build import build_stale, report_lines

    outcome = build_stale(warehouse, manifest=Path(argument))
    sys.exit(None if outcome.is_right else "\n".join(report_lines(outcome)))


if __name__ == "__main__":
    main()
