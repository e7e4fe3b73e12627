"""What the rules of tables count: anew, or as before where all that decides it is the same.

Great Expectations counts. Its counts are put on record with the digest of their inputs, and where
the digest is the same, so are the counts, and it is not asked. A count is only put on record if
nothing has moved while it was taken.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from psycopg import sql

from include.endpoints import Endpoint
from include.ops.rule_counts import RuleCounts, read_rule_counts
from include.ops.table_states import loaded_as
from include.validation.neutral_names import table_word
from include.validation.pages import Site, has_pages, keep_pages, result_pages
from include.validation.rules import raw
from include.validation.subjects import Subject
from include.validation.suites import RuleResult, Suite, run_suites
from include.warehouse.session import WarehouseConnection


@dataclass(frozen=True, slots=True)
class Counted:
    """What the rules of a table have counted; `breaking_rows` has each row once.

    `page` shows the results. `is_new` says that Great Expectations was asked. `record` is what is
    to be put on record, None if nothing is.
    """

    results: tuple[RuleResult, ...]
    breaking_rows: int
    page: str | None
    is_new: bool = False
    record: RuleCounts | None = None


NOTHING_COUNTED = Counted((), 0, None)


def count_breaches(
    warehouse: Endpoint,
    connection: WarehouseConnection,
    subjects: Sequence[Subject],
    *,
    run_name: str,
    site: Site,
) -> Mapping[str, Counted]:
    """Return what the rules of each subject count, by the table's name in raw.

    The pages with their results are among the tier's new ones afterwards, and so are those of its
    other tables, for the runs to come.
    """
    known = {
        name: one
        for name, one in read_rule_counts(connection).items()
        if has_pages(site, name, one.page)
    }
    carried = {
        name: _carried(subject, known[name])
        for subject in subjects
        if (name := subject.table.raw_name) in known and subject.inputs == known[name].inputs
    }
    anew = [one for one in subjects if one.table.raw_name not in carried]
    results = run_suites(
        warehouse,
        [Suite(one.table.raw_name, one.rules) for one in anew],
        name=run_name,
        site=site.fresh,
    )
    pages = result_pages(site)
    breaking = {name: _breaking_rows(connection, name, found) for name, found in results.items()}
    loads = loaded_as(connection)
    counted = {}
    for one in anew:
        name = one.table.raw_name
        page = pages.get(table_word(name))
        record = _record(one, results[name], breaking[name], page)
        if any(loads.get(target) != before for target, before in one.targets.items()):
            record = None
        counted[name] = Counted(results[name], breaking[name], page, is_new=True, record=record)
    keep_pages(site, {name: one.page for name, one in known.items() if name not in counted})
    return carried | counted


def broken(results: Sequence[RuleResult]) -> list[RuleResult]:
    """Return the results that count against the quality of their table. A finding does not."""
    return [result for result in results if result.is_blocking and not result.is_passed]


def _carried(subject: Subject, known: RuleCounts) -> Counted:
    results = tuple(
        RuleResult(rule, rows, breaches)
        for rule, rows, breaches in zip(
            subject.rules, known.row_counts, known.breach_counts, strict=True
        )
    )
    return Counted(results, known.breaking_rows, known.page)


def _record(
    subject: Subject, results: Sequence[RuleResult], breaking_rows: int, page: str | None
) -> RuleCounts | None:
    """Return the counts for the record; None if they may be others the next time."""
    rows = [result.row_count for result in results if result.row_count is not None]
    breaches = [result.breach_count for result in results if result.breach_count is not None]
    is_whole = len(rows) == len(breaches) == len(results)
    is_at_rest = all(count == subject.content.row_count for count in rows)
    if subject.inputs is None or page is None or not (is_whole and is_at_rest):
        return None
    return RuleCounts(subject.inputs, tuple(rows), tuple(breaches), breaking_rows, page)


def _breaking_rows(
    connection: WarehouseConnection, table: str, results: Sequence[RuleResult]
) -> int:
    """Count the living rows that break a rule, each once however many rules it breaks."""
    found = broken(results)
    if any(result.breach_count is None for result in found):
        return 0
    if len(found) <= 1:
        return sum(result.breach_count or 0 for result in found)
    row = connection.execute(
        sql.SQL("select count(*) from {} where _deleted_at is null and not ({})").format(
            raw(table), sql.SQL(" and ").join(result.rule.condition for result in found)
        )
    ).fetchone()
    return int(row[0]) if row else 0
