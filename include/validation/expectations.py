"""A rule as an expectation: the column of the query that says of each row whether it keeps it.

One expectation serves every kind of rule, so that the condition in `include.validation.rules` is
its only definition. It asks for two counts and never for a value, and Great Expectations takes
those of all rules of a table in one scan.

Importing this module imports Great Expectations, which takes seconds: import it inside functions.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import sqlalchemy
from great_expectations.execution_engine.sqlalchemy_execution_engine import (
    SqlAlchemyExecutionEngine,
)
from great_expectations.expectations.expectation import ColumnMapExpectation
from great_expectations.expectations.metrics.column_aggregate_metric_provider import (
    ColumnAggregateMetricProvider,
    column_aggregate_partial,
)
from great_expectations.expectations.registry import get_metric_kwargs
from great_expectations.validator.metric_configuration import MetricConfiguration
from great_expectations.validator.validator import ValidationDependencies

from include.validation.neutral_names import rule_word
from include.validation.rules import Rule

# The entry of an expectation's meta that leads back from a result to its rule.
RULE_NUMBER = "rule"
_ROWS = "column.rows"
_BREACHES = "column.breaches"


class _CountedInOneScan(ColumnAggregateMetricProvider):
    """An aggregate of the rows, without the library's own count of them, which is one more scan."""

    @classmethod
    def _get_evaluation_dependencies(cls, *arguments: Any, **named: Any) -> Any:
        needed = super()._get_evaluation_dependencies(*arguments, **named)
        needed.pop("table.row_count")
        return needed


class ColumnRows(_CountedInOneScan):
    """Counts the rows."""

    metric_name = _ROWS

    @column_aggregate_partial(engine=SqlAlchemyExecutionEngine)
    def _sqlalchemy(cls, column: Any, **_: Any) -> Any:  # noqa: N805
        del column
        return sqlalchemy.func.count()


class ColumnBreaches(_CountedInOneScan):
    """Counts the rows that break a rule; what NULL means is in the rule's condition.

    `condition` is the column of the query that says whether the row keeps the rule.
    """

    metric_name = _BREACHES
    value_keys = ("condition",)

    @column_aggregate_partial(engine=SqlAlchemyExecutionEngine)
    def _sqlalchemy(cls, column: Any, condition: str, **_: Any) -> Any:  # noqa: N805
        del column
        is_kept = sqlalchemy.column(condition, sqlalchemy.Boolean)
        return sqlalchemy.func.count().filter(sqlalchemy.not_(is_kept))


class ExpectColumnValuesToKeepRule(ColumnMapExpectation):
    """Expect the column `condition` to be true in every row; `description` says it in words."""

    condition: str

    map_metric: ClassVar[str] = _BREACHES
    success_keys: ClassVar[tuple[str, ...]] = ("condition", "mostly")
    args_keys: ClassVar[tuple[str, ...]] = ("column", "condition")

    def get_validation_dependencies(
        self,
        execution_engine: Any = None,
        runtime_configuration: dict[str, Any] | None = None,
        **_: Any,
    ) -> ValidationDependencies:
        """Return the two counts; the library's own list has values as well."""
        needed = super(ColumnMapExpectation, self).get_validation_dependencies(
            execution_engine, runtime_configuration
        )
        for name in (_ROWS, _BREACHES):
            found = get_metric_kwargs(name, self.configuration, runtime_configuration)
            needed.set_metric_configuration(
                name,
                MetricConfiguration(
                    name, found["metric_domain_kwargs"], found["metric_value_kwargs"]
                ),
            )
        return needed

    def _validate(
        self,
        metrics: dict[str, Any],
        runtime_configuration: dict[str, Any] | None = None,
        execution_engine: Any = None,
    ) -> Any:
        counts = {
            "table.row_count": metrics[_ROWS],
            "column_values.nonnull.unexpected_count": 0,
            f"{_BREACHES}.unexpected_count": metrics[_BREACHES],
        }
        return super()._validate(counts, runtime_configuration, execution_engine)


def expectation_for(
    rule: Rule, number: int, columns: Mapping[str, str]
) -> ExpectColumnValuesToKeepRule:
    """Return the rule as an expectation; `number` is its place in its suite.

    `columns` has the neutral names of columns.
    """
    word = rule_word(number)
    return ExpectColumnValuesToKeepRule(
        column=columns[rule.columns[0]],
        condition=word,
        description=word,
        meta={RULE_NUMBER: number},
    )
