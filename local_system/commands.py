"""`./dental local`: the demo system on this machine."""

from __future__ import annotations

import time

import click

from include import settings
from local_system.demo import PracticeSize, run_demo
from local_system.system import System
from simulator import natural_years

STATE = settings.PROJECT_ROOT / ".local"


@click.group()
def local() -> None:
    """Start and inspect the demo system of this checkout.

    `make demo` and `make down` start and stop it.
    """


@local.command()
@click.option(
    "--patients",
    type=click.IntRange(1),
    default=2_000,
    show_default=True,
    help="How many patients the practice ever had, if it is not built yet.",
)
@click.option(
    "--years",
    type=click.IntRange(1),
    help="How long the practice has existed; by default it follows from the patients.",
)
@click.option("--web-port", type=click.IntRange(1, 65535), help="Port of the web UI.")
def demo(patients: int, years: int | None, web_port: int | None) -> None:
    """Start everything, refresh the warehouse, show the figures.

    The refresh runs in Airflow. What runs already is left alone.
    """
    years = years or natural_years(patients)
    began = time.monotonic()

    def say(text: str) -> None:
        seconds = int(time.monotonic() - began)
        for line in text.splitlines() or [""]:
            click.echo(f"{seconds // 60:3d}:{seconds % 60:02d}  {line}".rstrip())

    run_demo(System(STATE, web_port=web_port), PracticeSize(patients, years), say)
    click.echo(f"\nready after {time.monotonic() - began:.0f} s")


@local.command()
def status() -> None:
    """Show what is running."""
    seen = System(STATE).status() if STATE.exists() else None
    if seen is None:
        click.echo("not running; `make demo` starts it")
        return
    click.echo(f"{seen.phase} {seen.step}".rstrip())
    for name, pid in seen.running.items():
        click.echo(f"  {name:<14} process {pid}")
    if seen.failure:
        click.echo(seen.failure)
