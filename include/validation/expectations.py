"""Rules as expectations, among them the one that Great Expectations lacks: a condition in SQL.

Importing this module imports Great Expectations, which takes seconds: import it inside functions.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import sqlalchemy
from great_expectations.execution_engine.sqlalchemy_execution_engine import (
    SqlAlchemyExecutionEngine,
)
from great_expectations.expectations.core.expect_column_values_to_be_in_set import (
    ExpectColumnValuesToBeInSet,
)
from great_expectations.expectations.core.expect_column_values_to_be_unique import (
    ExpectColumnValuesToBeUnique,
)
from great_expectations.expectations.core.expect_column_values_to_not_be_null import (
    ExpectColumnValuesToNotBeNull,
)
from great_expectations.expectations.core.expect_compound_columns_to_be_unique import (
    ExpectCompoundColumnsToBeUnique,
)
from great_expectations.expectations.expectation import ColumnMapExpectation, Expectation
from great_expectations.expectations.metrics.map_metric_provider.column_condition_partial import (
    column_condition_partial,
)
from great_expectations.expectations.metrics.map_metric_provider.column_map_metric_provider import (
    ColumnMapMetricProvider,
)

from include.validation.neutral_names import rule_word
from include.validation.rules import Rule, RuleKind

# The entry of an expectation's meta that leads back from a result to its rule.
RULE_NUMBER = "rule"


class ColumnValuesKeepRule(ColumnMapMetricProvider):
    """Counts the rows whose column breaks a condition, in the same scan as the other columns."""

    condition_metric_name = "column_values.keep_rule"
    condition_value_keys = ("condition",)

    @column_condition_partial(engine=SqlAlchemyExecutionEngine)
    def _sqlalchemy(cls, column: Any, condition: str, **_: Any) -> Any:  # noqa: N805
        # `condition` is the column of the query that says whether the row keeps the rule.
        del column
        return sqlalchemy.column(condition, sqlalchemy.Boolean)


class ExpectColumnValuesToKeepRule(ColumnMapExpectation):
    """Expect the column `condition` to be true in every row; `description` says it in words."""

    condition: str

    map_metric: ClassVar[str] = "column_values.keep_rule"
    success_keys: ClassVar[tuple[str, ...]] = ("condition", "mostly")
    args_keys: ClassVar[tuple[str, ...]] = ("column", "condition")


def expectation_for(rule: Rule, number: int, columns: Mapping[str, str]) -> Expectation:
    """Return the rule as an expectation; `number` is its place in its suite.

    `columns` has the neutral names of columns.
    """
    word = rule_word(number)
    shared: dict[str, Any] = {"description": word, "meta": {RULE_NUMBER: number}}
    names = [columns[name] for name in rule.columns]
    column = names[0]
    if rule.kind is RuleKind.NOT_NULL:
        return ExpectColumnValuesToNotBeNull(column=column, **shared)
    if rule.kind is RuleKind.UNIQUE and len(rule.columns) > 1:
        return ExpectCompoundColumnsToBeUnique(column_list=names, **shared)
    if rule.kind is RuleKind.UNIQUE:
        return ExpectColumnValuesToBeUnique(column=column, **shared)
    if rule.numbers:
        return ExpectColumnValuesToBeInSet(column=column, value_set=list(rule.numbers), **shared)
    return ExpectColumnValuesToKeepRule(column=column, condition=word, **shared)
