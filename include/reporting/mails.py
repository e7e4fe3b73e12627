"""The text of the mails: what happened, what state the data is in, where to look. No values."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from include.names import counted, shown
from include.reporting.report import RunReport


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail without addresses, as plain text and as the same text in HTML."""

    subject: str
    text: str
    html: str


@dataclass(frozen=True, slots=True)
class FailedTable:
    """A table or task that failed or is blocked, why, and where its log is."""

    table: str
    reason: str
    log_url: str


def failed_tables_mail(
    tier: str, failures: Sequence[FailedTable], *, run: str, run_url: str
) -> Mail:
    """Return the mail about a tier's failed and blocked tables; `run` is the run's name."""
    count = counted(len(failures), f"{tier} table")
    intro = (
        f"Run {run} could not publish {count}. Each keeps its last good rows, and so do the marts "
        "that read it; everything else goes on."
    )
    return _mail(f"Dental warehouse: {count} failed", [intro], _rows(failures), run_url)


def missed_deadline_mail(
    dag_id: str, *, run: str, run_url: str, queued_at: datetime | str, minutes: float
) -> Mail:
    """Return the mail about a run that is late and still going on."""
    intro = (
        f"Run {run} of {dag_id} was queued at {queued_at} and has not finished within "
        f"{minutes:g} minutes. It goes on; until it is done the marts keep the data of the run "
        "before."
    )
    return _mail(f"Dental warehouse: {dag_id} is late", [intro], [], run_url)


def run_report_mail(
    report: RunReport, *, run: str, run_url: str, failed_tasks: Sequence[FailedTable] = ()
) -> Mail:
    """Return the mail with a run's whole report, and the logs of the tasks that failed."""
    verdict = "all is right" if report.is_right else "not all is right"
    lines = [f"Report of run {run}.", *report.lines()]
    return _mail(f"Dental warehouse: {verdict}", lines, _rows(failed_tasks), run_url)


def failed_tasks_mail(
    dag_id: str, failures: Sequence[FailedTable], *, run: str, run_url: str
) -> Mail:
    """Return the mail about tasks of a run that has no report."""
    count = counted(len(failures), "task")
    intro = (
        f"Run {run} of {dag_id} failed. Its tables and marts keep what they had; what to do stands "
        "with each task."
    )
    return _mail(f"Dental warehouse: {count} of {dag_id} failed", [intro], _rows(failures), run_url)


def _rows(failures: Sequence[FailedTable]) -> list[tuple[str, str]]:
    return [(shown(f"{one.table}: {one.reason}"), one.log_url) for one in failures]


def _mail(
    subject: str, lines: Sequence[str], rows: Sequence[tuple[str, str]], run_url: str
) -> Mail:
    text = [*lines, *(f"- {what}\n  log: {url}" for what, url in rows), f"The run: {run_url}"]
    items = "".join(f"<li>{html.escape(what)}<br>{_link(url, 'log')}</li>" for what, url in rows)
    body = [
        *(f"<p>{html.escape(line)}</p>" for line in lines),
        *([f"<ul>{items}</ul>"] if items else []),
        f"<p>{_link(run_url, 'the run in Airflow')}</p>",
    ]
    return Mail(subject, "\n\n".join(text) + "\n", f"<html><body>{''.join(body)}</body></html>")


def _link(url: str, words: str) -> str:
    return f'<a href="{html.escape(url, quote=True)}">{html.escape(words)}</a>'
