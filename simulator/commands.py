"""`./dental demo`: simulate a practice, and let it live on."""

from __future__ import annotations

import time
from datetime import date, datetime
from pathlib import Path

import click

import simulator as practice
from include import settings

DEFAULT_TRUTH = settings.PROJECT_ROOT / ".local" / "truth.json"

_truth_option = click.option(
    "--truth",
    type=click.Path(dir_okay=False, path_type=Path),
    default=DEFAULT_TRUTH,
    show_default=".local/truth.json",
    envvar="DENTAL_SIMULATOR_BOOKS",
    help="Where the practice's own books are written; its memory lies beside them.",
)


@click.group()
def demo() -> None:
    """Simulate a dental practice.

    It lives in the database of AIRFLOW_CONN_OPEN_DENTAL_ADMIN; without it, in that of `make demo`.
    """


@demo.command()
@click.option(
    "--patients",
    type=click.IntRange(1),
    default=2_000,
    show_default=True,
    help="How many patients it ever had.",
)
@click.option(
    "--years",
    type=click.IntRange(1),
    help="How long the practice has existed; what fits so many patients unless given.",
)
@click.option(
    "--seed", type=int, default=1, show_default=True, help="Decides all that chance decides."
)
@click.option(
    "--until",
    type=click.DateTime(["%Y-%m-%d"]),
    help="The last simulated day; today unless given.",
)
@click.option(
    "--engine",
    type=click.Choice(["InnoDB", "MyISAM"]),
    help="Storage engine of all tables; each table's own unless given.",
)
@_truth_option
def build(
    *,
    patients: int,
    years: int | None,
    seed: int,
    until: datetime | None,
    engine: practice.Engine | None,
    truth: Path,
) -> None:
    """Make a practice from its first day.

    The same numbers give the same practice.
    """
    last = until.date() if until else date.today()  # noqa: DTZ011 - the office's own calendar
    years = years or practice.natural_years(patients)
    plan = practice.PracticePlan(patients, years, seed, last, engine)
    endpoint = settings.practice_administrator_endpoint()
    started = time.monotonic()
    practice.build(endpoint, plan, truth=truth)
    took = time.monotonic() - started
    click.echo(
        f"simulated {patients} patients from {plan.first_day} to {last} into {endpoint.name} "
        f"in {took:.0f} s; its books are in {truth}"
    )


@demo.command()
@click.option("--days", type=click.IntRange(1), default=1, show_default=True, help="How many days.")
@_truth_option
def advance(*, days: int, truth: Path) -> None:
    """Let the practice live on for some days.

    New rows, edits, deletions and late entries arise, as in an office.
    """
    endpoint = settings.practice_administrator_endpoint()
    last = practice.advance(endpoint, days=days, truth=truth)
    click.echo(f"the practice in {endpoint.name} has lived until {last}; its books are in {truth}")
