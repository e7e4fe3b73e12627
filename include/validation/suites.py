"""One Great Expectations run over all tables of a tier, and its Data Docs.

Only counts come back: no list of unexpected values is ever asked for, so none can reach a page, a
log or `ops`. Great Expectations is imported inside the function: that takes seconds.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from include import settings
from include.endpoints import Endpoint
from include.ops.validation_results import Effect
from include.validation.chatter import own_lines
from include.validation.neutral_names import WORD, NeutralTable, neutral_table, table_word
from include.validation.rules import Rule
from include.validation.sealing import seal_pages
from include.warehouse.session import (
    SESSION_SETTINGS,
    SET_SESSION,
    login_arguments,
    proof_options,
    tls_options,
)
from include.warehouse.watch import psycopg2_watched

if TYPE_CHECKING:
    from great_expectations.checkpoint.checkpoint import CheckpointResult

log = logging.getLogger(__name__)

# Keys of large tables are hashed to look references up; PostgreSQL takes it only where it needs it.
WORK_MEMORY = "256MB"
_FROM = re.compile(rf"\bfrom {WORD.pattern}")
# Counts, and not one value.
_RESULT_FORMAT = {"result_format": "BASIC", "partial_unexpected_count": 0}
_ALL_ROWS = "select * from "


@dataclass(frozen=True, slots=True)
class RuleResult:
    """How a rule fared; the counts are None when the expectation could not run."""

    rule: Rule
    row_count: int | None
    breach_count: int | None

    @property
    def is_passed(self) -> bool:
        """Whether the expectation ran and no row breaks the rule."""
        return self.breach_count == 0

    @property
    def is_blocking(self) -> bool:
        """Whether a breach counts against the quality of the table."""
        return self.rule.effect is Effect.BLOCKS


@dataclass(frozen=True, slots=True)
class Suite:
    """The rules of one table, by its name in `raw`."""

    table: str
    rules: tuple[Rule, ...]


def run_suites(
    warehouse: Endpoint, suites: Sequence[Suite], *, name: str, site: Path
) -> Mapping[str, tuple[RuleResult, ...]]:
    """Check the living rows of every suite's table in one checkpoint; return results by table.

    Builds the Data Docs in `site`. Bad data never raises; an expectation that cannot run shows as
    a result without counts. Raises WarehouseError when the server has stopped answering. Without
    suites nothing happens, not even the import.
    """
    if not suites:
        return {}
    settings.forbid_telemetry()
    with own_lines(), psycopg2_watched(login_arguments(warehouse)):
        return _run(warehouse, suites, name=name, site=site)


def _run(
    warehouse: Endpoint, suites: Sequence[Suite], *, name: str, site: Path
) -> dict[str, tuple[RuleResult, ...]]:
    import great_expectations as gx
    from great_expectations.core.run_identifier import RunIdentifier
    from great_expectations.data_context.types.base import ProgressBarsConfig
    from sqlalchemy import event

    from include.validation.expectations import expectation_for

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    builder: Any = {
        "class_name": "SiteBuilder",
        "show_how_to_buttons": False,
        "store_backend": {
            "class_name": "TupleFilesystemStoreBackend",
            "base_directory": str(site),
        },
        "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
    }
    context.add_data_docs_site(site_name=name, site_config=builder)
    source = context.data_sources.add_postgres(
        name="warehouse", connection_string=sqlalchemy_address(warehouse), create_temp_table=False
    )
    engine = source.get_execution_engine().engine
    event.listen(engine, "connect", _prepare)
    # What was connected to try the address is not prepared.
    engine.dispose()
    tables = [neutral_table(suite.table, suite.rules) for suite in suites]
    event.listen(engine, "before_cursor_execute", _with_real_names(tables), retval=True)
    definitions = []
    for suite, table in zip(suites, tables, strict=True):
        rows = source.add_query_asset(
            name=table.word,
            query=_ALL_ROWS + table.word,
        ).add_batch_definition_whole_table("living rows")
        expectations = [
            expectation_for(rule, number, table.columns) for number, rule in enumerate(suite.rules)
        ]
        definitions.append(
            context.validation_definitions.add(
                gx.ValidationDefinition(
                    name=table.word,
                    data=rows,
                    suite=context.suites.add(
                        gx.ExpectationSuite(name=table.word, expectations=expectations)
                    ),
                )
            )
        )
    checkpoint = context.checkpoints.add(
        gx.Checkpoint(name=name, validation_definitions=definitions, result_format=_RESULT_FORMAT)
    )
    outcome = checkpoint.run(run_id=RunIdentifier(run_name=name))
    context.build_data_docs(site_names=[name])
    seal_pages(site, tables)
    return _results(outcome, suites)


def _results(
    outcome: CheckpointResult, suites: Sequence[Suite]
) -> dict[str, tuple[RuleResult, ...]]:
    from include.validation.expectations import RULE_NUMBER

    by_name = {table_word(suite.table): suite for suite in suites}
    results: dict[str, tuple[RuleResult, ...]] = {}
    for run in outcome.run_results.values():
        suite = by_name[run.suite_name]
        found: dict[int, tuple[int | None, int | None]] = {}
        for result in run.results:
            configuration = result.expectation_config
            if configuration is None or configuration.meta is None:
                continue
            counts = result.result or {}
            found[int(configuration.meta[RULE_NUMBER])] = (
                counts.get("element_count"),
                counts.get("unexpected_count"),
            )
        results[suite.table] = tuple(
            RuleResult(rule, *found.get(number, (None, None)))
            for number, rule in enumerate(suite.rules)
        )
    return results


def _with_real_names(tables: Sequence[NeutralTable]) -> Callable[..., tuple[str, Any]]:
    """Return a hook that puts the tables' rows in the place of their words in a statement.

    The library sends the whole query to learn the names of its columns; it gets these, and no row.
    """
    # SQLAlchemy's driver takes every percent sign for the beginning of a parameter.
    rows = {f"from {table.word}": table.rows.as_string().replace("%", "%%") for table in tables}
    whole = {_ALL_ROWS + table.word for table in tables}

    def put_in(_: Any, __: Any, statement: str, parameters: Any, *___: Any) -> tuple[str, Any]:
        if statement.strip() in whole:
            statement = f"{statement} limit 0"
        return _FROM.sub(lambda found: f"from {rows[found[0]]}", statement), parameters

    return put_in


def sqlalchemy_address(warehouse: Endpoint) -> str:
    """Return the address for SQLAlchemy; it holds the password and stays in memory."""
    account = f"{quote(warehouse.user, safe='')}:{quote(warehouse.password, safe='')}"
    options = urlencode(tls_options(warehouse) | proof_options(warehouse), quote_via=quote)
    return (
        f"postgresql+psycopg2://{account}@{warehouse.host}:{warehouse.port}/"
        f"{quote(warehouse.database)}?{options}"
    )


def _prepare(connection: Any, _: object) -> None:
    # Not as startup options: a pooler refuses what it does not know.
    with connection.cursor() as cursor:
        cursor.execute(SET_SESSION, (list(SESSION_SETTINGS), list(SESSION_SETTINGS.values())))
        cursor.execute("set work_mem = %s", (WORK_MEMORY,))
    connection.commit()
