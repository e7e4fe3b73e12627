"""`./dental migrate`: bring the warehouse's schemas to this release."""

from __future__ import annotations

import click

from include import settings
from include.cli.output import say


@click.command()
def migrate() -> None:
    """Create or upgrade the schemas of the warehouse.

    Every row stays. Run it once for a new warehouse, and after each upgrade of this software while
    no refresh runs. Every other command refuses a warehouse of another release.
    """
    from include.ops.migrate import migrate as run_migrations

    done = run_migrations(settings.warehouse_endpoint())
    if not done.is_needed:
        say(f"the warehouse is at revision {done.after} already")
    elif done.before is None:
        say(f"the warehouse is set up, at revision {done.after}")
    else:
        say(f"the warehouse was upgraded from revision {done.before} to {done.after}")
