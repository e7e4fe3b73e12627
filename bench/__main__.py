"""`python -m bench`: measure, and write bench/results.json and bench/RESULTS.md."""

from __future__ import annotations

import logging
import signal
import sys
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import click
import yaml

from bench import dataset, machine, page, practice, small
from bench.layout import BENCH, DEFAULT_DIRECTORY, RESULTS_JSON, RESULTS_PAGE, open_layout
from bench.measures import (
    against_copy,
    against_peers,
    growth,
    nights,
    raw_indexes,
    refresh,
    small_tables,
    through_airflow,
    whole_practice,
    whole_set,
)
from bench.measures.stage import Stage
from bench.results import Measure, read_results, write_results
from bench.servers import running

MEASURES: dict[str, Callable[[Stage], list[Measure]]] = {
    "whole-set": whole_set.measure,
    "refresh": refresh.measure,
    "small-tables": small_tables.measure,
    "growth": growth.measure,
    "copy": against_copy.measure,
    "peers": against_peers.measure,
    "practice": whole_practice.measure,
    "nights": nights.measure,
    "indexes": raw_indexes.measure,
}
# The measures that do not depend on the scale.
WHOLE = frozenset({"small-tables"})
AIRFLOW = "airflow"
SCALES = ("1/8", "1/4", "1/2", "1")


@click.group()
def bench() -> None:
    """Measure the engine beside the hardware's limits and beside other tools."""
    # SIGTERM becomes an exception, so that a run stops the servers that it started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(message)s")
    logging.getLogger("bench").setLevel(logging.INFO)


@bench.command()
@click.argument("names", nargs=-1, type=click.Choice([*MEASURES, AIRFLOW]))
@click.option("--scale", type=click.Choice(SCALES), default="1", show_default=True)
@click.option("--rounds", type=click.IntRange(1), default=5, show_default=True)
@click.option("--contender", "contenders", multiple=True, help="Only these peers.")
@click.option(
    "--directory",
    type=click.Path(file_okay=False, path_type=Path),
    default=DEFAULT_DIRECTORY,
    show_default=True,
)
@click.option("--results", type=click.Path(path_type=Path), default=RESULTS_JSON)
def run(
    *,
    names: tuple[str, ...],
    scale: str,
    rounds: int,
    contenders: tuple[str, ...],
    directory: Path,
    results: Path,
) -> None:
    """Measure the named groups, or all of them."""
    layout = open_layout(directory)
    chosen = names or (*MEASURES, AIRFLOW)
    with running(layout) as servers:
        facts = machine.describe(layout, servers)
        stage = Stage(layout, servers, Fraction(scale), rounds, contenders)
        for name in chosen:
            if name != AIRFLOW:
                when = machine.circumstances(scale if name not in WHOLE else "1", rounds)
                write_results(results, facts, MEASURES[name](stage), when)
        if AIRFLOW in chosen:
            practice.ensure_practice(layout, servers, stage.scale)
    if AIRFLOW in chosen:
        # The local system starts servers of its own, so those of the benchmark must have ended.
        when = machine.circumstances(scale, rounds)
        write_results(results, facts, through_airflow.measure(layout, rounds), when)
    _render(results)


@bench.command()
@click.option("--scale", type=click.Choice(SCALES), default="1", show_default=True)
@click.option(
    "--directory",
    type=click.Path(file_okay=False, path_type=Path),
    default=DEFAULT_DIRECTORY,
    show_default=True,
)
def prepare(*, scale: str, directory: Path) -> None:
    """Create all data in advance; otherwise `run` creates what it needs."""
    layout = open_layout(directory)
    with running(layout) as servers:
        for smaller in SCALES[: SCALES.index(scale) + 1]:
            dataset.ensure_tables(layout, servers, Fraction(smaller))
        small.ensure_small_tables(servers)
        practice.ensure_practice(layout, servers, Fraction(scale))


@bench.command()
@click.option("--results", type=click.Path(path_type=Path), default=RESULTS_JSON)
def render(*, results: Path) -> None:
    """Write the page from the results that are there."""
    _render(results)


def _render(results: Path) -> None:
    facts, measured = read_results(results)
    target = RESULTS_PAGE if results == RESULTS_JSON else results.with_suffix(".md")
    target.write_text(page.render(facts, measured, _shortfalls()))
    click.echo(f"wrote {target}")


def _shortfalls() -> dict[str, str]:
    return dict(yaml.safe_load((BENCH / "shortfalls.yml").read_text()))


if __name__ == "__main__":
    bench()
