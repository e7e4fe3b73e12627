"""The names under which Great Expectations sees a table, its columns and its rules.

It writes names into its own statements, into paths and, unescaped, into pages, where a name of the
source could mean anything. So it is given words like `column_0003` instead. What the words stand
for is put in at both ends: into a statement as psycopg quotes it, right before the server gets it,
and into a page as escaped text (see `include.validation.sealing`).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from psycopg import sql

from include.validation.rules import Rule, raw

WORD = re.compile(r"\b(?:table_[0-9a-f]{16}|(?:column|rule)_[0-9]{4})\b")


def table_word(raw_name: str) -> str:
    """Return the word for a raw table, which is the same in every run."""
    return f"table_{hashlib.sha256(raw_name.encode()).hexdigest()[:16]}"


def rule_word(number: int) -> str:
    """Return the word for the rule of that number in its suite."""
    return f"rule_{number:04}"


@dataclass(frozen=True, slots=True)
class NeutralTable:
    """A table's living rows under neutral names.

    `rows` is the query that stands for `word` in a statement: a column for each column that a rule
    names, and one for each rule, true where the row keeps it. `columns` has the words of columns by
    their raw names, and `meanings` what a person reads for each word.
    """

    word: str
    rows: sql.Composed
    columns: Mapping[str, str]
    meanings: Mapping[str, str]


def neutral_table(raw_name: str, rules: Sequence[Rule]) -> NeutralTable:
    """Return the table as Great Expectations sees it."""
    names = dict.fromkeys(name for rule in rules for name in rule.columns)
    columns = {name: f"column_{number:04}" for number, name in enumerate(names)}
    word = table_word(raw_name)
    cells: list[sql.Composable] = [
        sql.SQL("{} as {}").format(sql.Identifier(name), sql.Identifier(column))
        for name, column in columns.items()
    ]
    cells += [
        sql.SQL("{} as {}").format(rule.condition, sql.Identifier(rule_word(number)))
        for number, rule in enumerate(rules)
    ]
    rows = sql.SQL("(select {} from {} where _deleted_at is null) {}").format(
        sql.SQL(", ").join(cells), raw(raw_name), sql.Identifier(word)
    )
    meanings = {
        word: raw_name,
        **{column: name for name, column in columns.items()},
        **{rule_word(number): rule.description for number, rule in enumerate(rules)},
    }
    return NeutralTable(word, rows, columns, meanings)
