"""bench/RESULTS.md from the results: every ratio beside its bound, and what it was made from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from statistics import median

from bench.goals import BESIDE, GOALS
from bench.results import Measure, Reading, Result

# The order of measures by the beginning of their names; any other comes last.
_ORDER = (*GOALS, *BESIDE)
_INTRODUCTION = """\
# Results

`make bench` measures all of this and writes this page; `make bench BENCH="NAME ..."` measures a
part (`python -m bench run --help` lists the names) and keeps the rest. `bench/results.json` has
every round.

Every ratio is taken within one round, in which the contenders run one after the other. The tables
below show the median over the rounds with the smallest and the largest. Absolute seconds belong to
one machine and one hour; trust ratios and CPU seconds. A measure that was not taken at full size
says so; what starts slowly then looks worse than it is, because its start is a larger share.

- **Servers.** One private MariaDB and one PostgreSQL 15 of Debian, on loopback TCP, the same for
  every contender; every load starts with an empty database behind a checkpoint.
- **Tables.** (a) 2 M rows x 70 columns, (b) 5 M x 12, (c) 200 k rows of long text and hostile
  values (zero and impossible dates, times beyond a day, U+0000, emoji). `bench/tables.py` declares
  them.
- **This engine** is a worker process that loads through `EngineConnections`: bookkeeping columns,
  hashes, chunk state, key and commit included.
- **COPY** is the server's own, of a binary file that holds the engine's rows, into the engine's
  table, bookkeeping columns included, followed by the same primary key.
- **Peers** each run in a process of their own and load equal rows, without bookkeeping columns and
  without a key, into the table that they make themselves (mysql_fdw: the engine's DDL). Their time
  counts from the moment at which their program has started and imported what it needs. The engine
  beside them has two workers, as a deployment has: its plan splits a table that is larger than all
  others together. The time of its primary key is taken off; its bookkeeping columns, row hashes and
  state are not. Row counts are checked.
- **Floor**: half of the CPU seconds (two cores) of all processes for a read of the tables in the
  binary protocol, hashed, and a binary COPY of ready files.
- **CPU** of a server is that of its whole process tree.
"""


def render(
    machine: Mapping[str, str], results: Mapping[str, Result], shortfalls: Mapping[str, str]
) -> str:
    """Return the page; `shortfalls` explains, by measure, why a bound is missed."""
    ordered = [results[name] for name in sorted(results, key=_place)]
    goals = [result for result in ordered if result.measure.bound is not None]
    others = [result for result in ordered if result.measure.bound is None]
    parts = [
        _INTRODUCTION,
        "## Goals\n",
        _table(
            ("measure", "bound", "measured", "smallest to largest", "rounds", "reached"),
            (*map(_goal, goals), *_unmeasured(results)),
        ),
        *_explained(goals, shortfalls),
        "## Beside the goals\n",
        _table(
            ("measure", "measured", "smallest to largest"),
            ((r.measure.title, _value(r.measure), _span(r.measure)) for r in others),
        ),
        "## Machine\n",
        _table(("what", "which"), machine.items()),
        "## Seconds, rows and CPU behind the ratios\n",
        "Medians over the rounds. CPU in seconds, by where it was spent.\n",
        *(part for result in ordered if result.measure.readings for part in _details(result)),
    ]
    return "\n".join(parts)


def _place(name: str) -> tuple[int, str]:
    # The longest beginning that matches decides: set_client_share is not one of set.
    found = max((p for p in _ORDER if name.startswith(p)), key=len, default=None)
    return (len(_ORDER) if found is None else _ORDER.index(found)), name


def _goal(result: Result) -> tuple[str, ...]:
    measure = result.measure
    bound = f"{'at most' if measure.is_ceiling else 'at least'} {_number(measure.bound or 0)}"
    if measure.aim is not None:
        bound += f", aim {_number(measure.aim)}"
    scale = "" if result.circumstances.scale == "1" else f" (at {result.circumstances.scale})"
    return (
        f"{measure.title}{scale}",
        bound,
        f"**{_value(measure)}**",
        _span(measure),
        str(len(measure.values)),
        "yes" if measure.is_reached else "**no**",
    )


def _unmeasured(results: Iterable[str]) -> list[tuple[str, ...]]:
    names = list(results)
    return [
        (title, "", "not measured yet", "", "", "")
        for goal, title in GOALS.items()
        if not any(name.startswith(goal) for name in names)
    ]


def _explained(goals: Iterable[Result], shortfalls: Mapping[str, str]) -> list[str]:
    missed = [r.measure for r in goals if not r.measure.is_reached]
    if not missed:
        return []
    return [
        "## Why some fall short\n",
        *(
            f"- **{measure.title}** ({_value(measure)}): "
            f"{' '.join(shortfalls.get(measure.name, 'not explained yet.').split())}"
            for measure in missed
        ),
        "",
    ]


def _details(result: Result) -> list[str]:
    measure, when = result.measure, result.circumstances
    heading = f"### {measure.title[:1].upper()}{measure.title[1:]}\n"
    taken = (
        f"{when.measured_at}, commit {when.commit}, scale {when.scale}, {when.rounds} rounds, "
        f"load average before {when.load}."
    )
    note = f" {measure.note[:1].upper()}{measure.note[1:]}." if measure.note else ""
    columns = ("who", "seconds", "rows/s", "CPU source", "CPU warehouse", "CPU client", "peak MB")
    return [
        heading,
        taken + note + "\n",
        _table(columns, (_line(who, readings) for who, readings in measure.readings.items())),
    ]


def _line(who: str, readings: Sequence[Reading]) -> tuple[str, ...]:
    seconds = [reading.seconds for reading in readings]
    rows = readings[0].rows
    return (
        who,
        f"{median(seconds):.2f} ({min(seconds):.2f} to {max(seconds):.2f})",
        f"{rows / median(seconds):,.0f}" if rows else "",
        _median([reading.source_cpu for reading in readings]),
        _median([reading.warehouse_cpu for reading in readings]),
        _median([reading.client_cpu for reading in readings]),
        _median([reading.peak_megabytes for reading in readings]),
    )


def _median(values: Iterable[float | None]) -> str:
    known = [value for value in values if value is not None]
    return f"{median(known):.2f}" if known else ""


def _value(measure: Measure) -> str:
    return f"{_number(measure.value)} {measure.unit}"


def _span(measure: Measure) -> str:
    return f"{_number(min(measure.values))} to {_number(max(measure.values))}"


def _number(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.2f}"


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
