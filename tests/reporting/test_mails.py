from datetime import UTC, datetime, timedelta

from include.ops.loads import RunTotals
from include.reporting.mails import (
    FailedTable,
    failed_tables_mail,
    missed_deadline_mail,
    run_report_mail,
)
from include.reporting.report import RunReport

RUN_URL = "http://localhost:8080/dags/refresh_warehouse/runs/manual__1?a=1&b=2"
START = datetime(2026, 1, 5, 2, 0, tzinfo=UTC)


def test_the_mail_about_a_tier_names_every_table_with_its_reason_and_log() -> None:
    mail = failed_tables_mail(
        "critical",
        [
            FailedTable("claim", "quality 0.9 is below 0.99", "http://airflow/log?a=1&b=2"),
            FailedTable("patient", "column <b> is gone", "http://airflow/other"),
        ],
        run="manual__1",
        run_url=RUN_URL,
    )
    assert mail.subject == "Dental warehouse: 2 critical tables failed"
    assert "- claim: quality 0.9 is below 0.99\n  log: http://airflow/log?a=1&b=2" in mail.text
    assert "Each keeps its last good rows" in mail.text
    assert RUN_URL in mail.text
    assert '<a href="http://airflow/log?a=1&amp;b=2">log</a>' in mail.html
    assert "column &lt;b&gt; is gone" in mail.html


def test_one_table_is_not_called_tables() -> None:
    mail = failed_tables_mail("audit", [FailedTable("a", "b", "c")], run="r", run_url=RUN_URL)
    assert mail.subject == "Dental warehouse: 1 audit table failed"


def test_the_mail_about_a_late_run_says_that_it_goes_on() -> None:
    mail = missed_deadline_mail(
        "refresh_warehouse", run="manual__1", run_url=RUN_URL, queued_at=START, minutes=120.0
    )
    assert mail.subject == "Dental warehouse: refresh_warehouse is late"
    assert "queued at 2026-01-05 02:00:00+00:00" in mail.text
    assert "not finished within 120 minutes. It goes on" in mail.text


def test_the_report_mail_holds_the_whole_report_and_its_verdict() -> None:
    wrong = RunReport(
        run_id=7,
        mode="compare",
        started_at=START,
        finished_at=START + timedelta(minutes=5),
        totals=RunTotals(tables=1),
        blocked={"claim": "quality 0.9"},
    )
    mail = run_report_mail(wrong, run="manual__1", run_url=RUN_URL)
    assert mail.subject == "Dental warehouse: not all is right"
    for line in wrong.lines():
        assert line in mail.text
    assert "after 5 min" in mail.text
