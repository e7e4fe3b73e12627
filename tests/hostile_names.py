"""Names by which an attacker would speak to whoever reads them, and a refresh full of them."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from click.testing import CliRunner
from psycopg import sql

from include import settings
from include.catalog.model import Tier
from include.cli import main
from include.ops import table_states
from include.reporting import report_run
from include.reporting.mails import FailedTable, Mail, failed_tables_mail, run_report_mail
from include.source.session import quote
from include.warehouse.session import connect
from tests.planning.practice import Practice

# What a script of a name would leave in the page's title.
TAKEN = "taken"

HOSTILE_NAMES = (
    # markup that runs, loads or leads away
    *("<img src=x onerror=\"document.title='taken'\">", "<script>document.title='taken'</script>"),
    *("<svg onload=document.title='taken'>", "<meta http-equiv=refresh content='0;url=data:,x'>"),
    *("<base href=//elsewhere.invalid/>", "<iframe src=javascript:alert(1)>", "<style>*{}</style>"),
    *("</td></table><h1>taken</h1>", "<!--", "]]>", "&lt;b&gt;", "<a href=//elsewhere.invalid>x"),
    # ends of attributes, strings and identifiers
    *("\" onmouseover=\"document.title='taken'", "' or 1=1 --", 'a"b', 'a""b', "a`b"),
    *('x"; drop schema raw cascade; --', "\\", "$$", "%s", "%(password)s"),
    # templates of dbt, Airflow and the pages
    *("{{ 7 * 7 }}", "{% raw %}", "${column}", "$description"),
    # paths
    *("../../x", "/etc/passwd", "..", "a/b"),
    # lines, terminals and the direction of writing
    *(
        "x\nINFO forged a line",
        "x\r\nSubject: forged",
        "\x1b[2J\x1b[31mx",
        "x\u202egpj.exe",
        "x\x07",
    ),
)


@dataclass
class Sinks:
    """Everything that a refresh of hostile names has written for people."""

    docs: Path
    lines: list[str] = field(default_factory=list)
    mails: list[Mail] = field(default_factory=list)


def refresh_hostile(practice: Practice) -> Sinks:
    """Let a practice of hostile names go through all that is said of tables, good and bad."""
    for number, name in enumerate(HOSTILE_NAMES):
        table, other = quote(name), quote(f"{name[:50]}.{number}")
        practice.execute(
            f"create table {table} ({table} int primary key, {other} double)",
            f"insert into {table} values (1, 1.5)",
            f"create table {quote('_' + name)} (id int primary key)",
        )
    sinks = Sinks(settings.data_docs_directory())
    with _recorded(sinks.lines):
        discovered = practice.discover()
        assert len(discovered.refused) == len(HOSTILE_NAMES)
        sinks.lines += discovered.refused.values()
        plan = practice.refresh()
        assert plan.run_id is not None
        assert set(plan.tables) == set(HOSTILE_NAMES)
        # Every table breaks a rule of a column that has a hostile name, too.
        with connect(practice.warehouse, autocommit=True) as connection:
            for number, name in enumerate(HOSTILE_NAMES):
                connection.execute(
                    sql.SQL("update {} set {} = 'NaN'").format(
                        sql.Identifier("raw", name.lower()),
                        sql.Identifier(f"{name[:50]}.{number}".lower()),
                    )
                )
        config = str(practice.config_directory)
        for command in (["config", "show"], ["plan"], ["load"], ["verify"]):
            sinks.lines += _run([*command, "--config", config])
        for name in HOSTILE_NAMES:
            sinks.lines += _run(["config", "show", "--config", config, "--", name])
        report = report_run(practice.warehouse, run_id=plan.run_id + 1)
    sinks.lines += report.lines()
    with connect(practice.warehouse, autocommit=True) as connection:
        blocked = table_states.blocked_tables(connection)
    failures = [FailedTable(name, block.reason, "http://log") for name, block in blocked.items()]
    sinks.mails = [
        failed_tables_mail(Tier.CRITICAL, failures, run="r", run_url="http://run"),
        run_report_mail(report, run="r", run_url="http://run"),
    ]
    return sinks


def _run(arguments: Sequence[str]) -> list[str]:
    done = CliRunner().invoke(main, list(arguments))
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.output.split("\n")


@contextmanager
def _recorded(lines: list[str]) -> Iterator[None]:
    """Add what the project logs, record by record."""

    class _Lines(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(record.getMessage())

    handler, ours = _Lines(), logging.getLogger("include")
    level = ours.level
    ours.addHandler(handler)
    ours.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        ours.removeHandler(handler)
        ours.setLevel(level)
