"""Databases of other software: what is exact is publishable, whatever names and dates suggest."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from include.catalog.files import read_catalog
from include.catalog.model import Tier
from include.endpoints import Endpoint
from include.reporting import RunReport, report_run
from include.validation import validate_tier
from tests.planning.practice import Practice


class Foreign(Practice):
    """A database without a table of the practice software."""

    def validate(self, **request: Any) -> tuple[dict[str, str], RunReport]:
        """Load and judge; return the blocked tables with the reasons, and the report."""
        run_id = self.refresh(**request).run_id
        assert run_id is not None
        blocked: dict[str, str] = {}
        for tier in Tier:
            blocked |= validate_tier(self.warehouse, run_id=run_id, tier=tier).blocked
        return blocked, report_run(self.warehouse, run_id=run_id)

    def references(self) -> dict[str, str]:
        """Return what the config says of the columns that refer to a table."""
        return {
            f"{table.name}.{column.name}": f"{column.references} {column.reference_origin}"
            for table in read_catalog(self.config_directory).tables.values()
            for column in table.columns
            if column.references
        }

    def override(self, text: str) -> None:
        (self.config_directory / "overrides.yml").write_text(text)


@pytest.fixture
def foreign(source: Endpoint, warehouse: Endpoint, docs: Path, tmp_path: Path) -> Foreign:
    del docs
    return Foreign(source, warehouse, tmp_path)


def test_a_declared_key_wins_and_a_key_that_is_merely_named_alike_refers_to_nothing(
    foreign: Foreign,
) -> None:
    foreign.execute(
        "create table board (nr int unsigned auto_increment primary key, topic varchar(30))",
        "create table history (nr int unsigned auto_increment primary key, v int)",
        "create table link (id int primary key, old_nr int unsigned not null,"
        " foreign key (old_nr) references history (nr))",
        "create table options (nr int unsigned auto_increment primary key, value varchar(30))",
        "insert into board values (1, 'a')",
        "insert into history values (7, 1), (8, 2)",
        "insert into link values (1, 7), (2, 8)",
        "insert into options values (50, 'x'), (51, 'y')",
    )
    foreign.discover()
    assert foreign.references() == {"link.old_nr": "history declared"}
    blocked, report = foreign.validate()
    assert (blocked, report.findings) == ({}, ())


def test_names_without_ascii_letters_do_not_refer_to_everything(foreign: Foreign) -> None:
    foreign.execute(
        "create table `学生` (`学号` int primary key, `年龄` int not null, `姓名` varchar(20))",
        "create table `成绩` (`成绩号` int primary key, `课程号` int not null, `分数` int not null,"
        " `平均` decimal(10, 2))",
        "create table `счёт` (`код` int primary key, `сумма` int not null)",
        "create table `___` (`_` int primary key, `__` int not null)",
        "insert into `学生` values (1, 44, '王'), (2, 31, '李')",
        "insert into `成绩` values (100, 1, 5, 10.5), (101, 2, 7, 11), (102, 2, 900, 12)",
        "insert into `счёт` values (5, 1000), (6, 2000)",
        "insert into `___` values (1, 77), (2, 78)",
    )
    foreign.discover()
    assert foreign.references() == {}
    blocked, report = foreign.validate()
    assert (blocked, report.findings) == ({}, ())


def test_dates_and_codes_of_other_software_break_no_rule_of_this_one(foreign: Foreign) -> None:
    foreign.execute(
        "create table post (person int primary key, until date not null)",
        "insert into post values (1, '9999-01-01'), (2, '2000-01-01'), (3, '9999-01-01')",
        "create table reign (id int primary key, began date, ended datetime)",
        "insert into reign values (1, '1066-10-14', '1087-09-09 00:00:00')",
        # Named like tables and columns of the practice software, with keys of their own.
        "create table appointment (id int primary key, AptStatus tinyint, AptDateTime datetime)",
        "insert into appointment values (1, 99, '1700-01-01 10:00:00')",
    )
    foreign.discover()
    blocked, report = foreign.validate()
    assert (blocked, report.findings) == ({}, ())


def test_a_guess_is_told_once_and_counts_when_a_person_confirms_it(foreign: Foreign) -> None:
    foreign.execute(
        "create table customers (id int primary key, name text)",
        "create table invoice (invoice_id int primary key, customer_id int not null)",
        "insert into customers values (1, 'a')",
        "insert into invoice values (10, 1), (11, 77), (12, 78)",
    )
    foreign.discover()
    assert foreign.references() == {"invoice.customer_id": "customers guessed"}
    blocked, report = foreign.validate()
    assert blocked == {}
    assert report.is_right
    [line] = [line for line in report.lines() if line.startswith("new finding")]
    assert line == (
        "new finding: invoice.customer_id: 2 of 3 rows break: customer_id is 0 or names a row of "
        "customers: a guess from its name."
    )
    # The next night brings another such row, and no news.
    foreign.execute("insert into invoice values (13, 79)")
    blocked, report = foreign.validate()
    assert (blocked, report.findings) == ({}, ())

    foreign.override("tables: {invoice: {columns: {customer_id: {references: customers}}}}")
    blocked, _ = foreign.validate(mode="full")
    assert blocked == {
        "invoice": "quality 0.2500 is below its threshold 0.95: 3 of 4 rows break a rule. "
        "customer_id names no row of customers (confirmed in overrides.yml): 3 rows. Correct these "
        "rows in the source, or set tables.invoice.quality_threshold in overrides.yml to what you "
        "tolerate. What is no reference is taken away there by "
        "tables.invoice.columns.customer_id.references: ''."
    }
    foreign.override("tables: {invoice: {columns: {customer_id: {references: ''}}}}")
    blocked, report = foreign.validate(mode="full")
    assert (blocked, report.findings) == ({}, ())
