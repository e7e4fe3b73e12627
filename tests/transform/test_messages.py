"""No value of a row comes through dbt into an output, a log or a file, whatever fails on it."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from include.endpoints import Endpoint
from include.transform.build import build, report_lines
from include.transform.messages import HIDDEN, is_outage, without_values
from include.transform.outcomes import ModelState
from tests.transform.small_build import Small, in_state, small_project

SECRET = "Zebrafish: Plaza"
MARKS = ("Zebrafish", "Plaza")
CAST = """{{{{ config(materialized='table', schema='marts'{}) }}}}
select {} from {{{{ source('practice', 'note') }}}}"""
FILES = {
    "dbt_project.yml": (
        "name: small\nversion: '1.0'\nprofile: open_dental\n"
        "models:\n  small: {+pre-hook: '{{ record_model_input() }}'}\n"
    ),
    "models/all.yml": """
version: 2
sources:
  - {name: practice, schema: raw, tables: [{name: note, data_tests: [is_publishable]}]}
models:
  - name: not_null_column
    config: {contract: {enforced: true}}
    columns:
      - {name: id, data_type: bigint}
      - {name: text, data_type: text}
      - {name: missing, data_type: text, constraints: [{type: not_null}]}
  - name: checked
    config: {contract: {enforced: true}}
    constraints: [{type: check, name: is_short, expression: "length(text) < 3"}]
    columns: [{name: text, data_type: text}]
  - name: tested
    columns:
      - name: text
        data_tests: [{accepted_values: {name: texts_are_known, arguments: {values: [a]}}}]
""",
    "models/tested.sql": CAST.format("", "text"),
    "models/not_null_column.sql": CAST.format("", "id, text, null::text as missing"),
    "models/checked.sql": CAST.format("", "text"),
    "models/indexed.sql": CAST.format(", indexes=[{'columns': ['text'], 'unique': true}]", "text"),
    # Ends its own session, as a server does that is stopped.
    "models/cut.sql": CAST.format("", "pg_terminate_backend(pg_backend_pid())"),
    **{
        f"models/cast_{name}.sql": CAST.format("", f"{expression} as value")
        for name, expression in {
            "number": "text::numeric",
            "number_within": "(text || '\n' || text)::integer",
            "date": "text::date",
            "by_format": "to_date(text, 'YYYY-MM-DD')",
            "json": "text::json",
            "array": "text::bigint []",
            "boolean": "text::boolean",
            "uuid": "text::uuid",
            "bytes": "decode(text, 'hex')",
            "length": "text::varchar(3)::char(1), (select text from raw.note)",
            "range": "text::int4range",
            "expression": "'' ~ ('(' || text)",
            "interval": "text::interval",
            "network": "text::inet",
        }.items()
    },
}
# What is there of them: a name is in the message, whoever's message it is.
TOLD = {
    "not_null_column": 'null value in column "missing" of relation',
    "checked": 'violates check constraint "is_short"',
    "indexed": "could not create unique index",
    "cast_number": "invalid input syntax for type numeric",
    "cast_date": "invalid input syntax for type date",
    "texts_are_known": "Got 1 result, configured to fail if != 0",
}


@pytest.fixture(scope="module")
def small(postgres: Endpoint, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Small]:
    directory = tmp_path_factory.mktemp("messages")
    with small_project(postgres, directory, FILES, {"note": "id bigint, text text"}) as one:
        one.execute(f"insert into raw.note values (1, '{SECRET}'), (2, '{SECRET}')")
        one.bake()
        yield one


def test_a_cast_constraint_or_test_that_fails_names_what_failed_and_never_the_row(
    small: Small, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    run = small.build()
    by_hand = build(small.warehouse, target_path=small.target)
    names = {name.split("/")[1].removesuffix(".sql") for name in FILES if name.endswith(".sql")}
    assert in_state(run, ModelState.FAILED) == names, "each of them fails on the row"
    assert [result.name for result in run.broken if result.is_outage] == ["cut"]
    assert run.is_outage
    for outcome in (run, by_hand):
        lines = list(report_lines(outcome))
        for name, words in TOLD.items():
            assert any(f" {name} failed: " in line and words in line for line in lines), name
        assert outcome.run is not None
        said = [outcome.run.output, caplog.text, repr(outcome), *lines]
        assert not [mark for mark in MARKS for text in said if mark in text]
    kept = [path for path in small.directory.rglob("*") if path.is_file()]
    assert small.target / "run_results.json" in kept
    for path in kept:
        content = path.read_bytes()
        assert not [mark for mark in MARKS if mark.encode() in content], path


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        (
            'value "Zebrafish" is out of range for type integer',
            "value ... is out of range for type integer",
        ),
        ('column "fee" does not exist\n  LINE 4: Zebrafish', 'column "fee" does not exist'),
        ('invalid value "Zebra\nfish" for "YYYY"', "invalid value ..."),
        (
            "character with byte sequence 0xe2 0x80 has no equivalent",
            "character with byte sequence ... ... has no equivalent",
        ),
        (
            f"invalid input syntax for type integer: {SECRET}",
            "invalid input syntax for type integer",
        ),
    ],
)
def test_a_sentence_of_the_database_ends_where_it_quotes_something(said: str, kept: str) -> None:
    head = "Database Error in model a (models/a.sql)"
    assert (
        without_values(f"{head}\n  {said}\n  compiled code at target/a.sql") == f"{head}\n  {kept}"
    )


@pytest.mark.parametrize(
    ("message", "kept"),
    [
        (
            "Compilation Error in model d\n  the practice has the preference X = 7",
            "Compilation Error in model d\n  the practice has the preference X = 7",
        ),
        ("Got 3 results, configured to fail if != 0", "Got 3 results, configured to fail if != 0"),
        (f"Database Error in model e\n  {SECRET}", "Database Error in model e"),
        (f"Runtime Error in model e\n  {SECRET}", "Runtime Error in model e"),
        (f"Unhandled error while executing f\n{SECRET}", "Unhandled error while executing f"),
        (f"year {SECRET} is out of range", HIDDEN),
    ],
)
def test_an_error_from_inside_dbt_names_its_node_alone(message: str, kept: str) -> None:
    assert without_values(message) == kept


def test_a_server_that_went_away_is_known_by_its_words() -> None:
    assert is_outage("Database Error in model a\n  server closed the connection unexpectedly")
    assert not is_outage("Database Error in model a\n  division by zero")
