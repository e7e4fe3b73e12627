"""How well references are inferred, measured against what the vendor documents."""

from __future__ import annotations

from collections import Counter, defaultdict

import pytest

from include.discovery.references import (
    Reference,
    ReferenceKind,
    guess_references,
    infer_references,
    words,
)
from include.endpoints import Endpoint
from include.open_dental import schema
from include.source.session import connect, quote
from include.source.structure import read_structures
from tests.discovery.practice import Discovered, execute


def documented() -> dict[tuple[str, str], str]:
    """Return the documented references whose text names a table."""
    return {
        (table.name, column.name): column.target
        for table in schema.tables().values()
        for column in table.columns
        if column.target is not None
    }


def guessed(discovered: Discovered) -> dict[tuple[str, str], Reference]:
    """Return the guesses with a target, of documented tables only."""
    with connect(discovered.source) as connection:
        structures = read_structures(connection, discovered.source)
    return {
        (reference.table, reference.column): reference
        for reference in guess_references(structures)
        if reference.target and schema.tables()[reference.table].is_documented
    }


def test_precision_and_recall_against_the_documentation(discovered: Discovered) -> None:
    right, guesses = documented(), guessed(discovered)
    assert len(right) > 750, "the documentation was not understood"
    hits = {place for place, found in guesses.items() if right.get(place) == found.target}
    # A column that the documentation passes over is right if it gives columns of the same name
    # that target elsewhere (histappointment repeats the columns of appointment, for instance).
    votes: dict[str, Counter[str]] = defaultdict(Counter)
    for (_, column), target in right.items():
        votes[column.lower()][target] += 1
    confirmed = {
        place
        for place, found in guesses.items()
        if place not in right
        and (named := votes[place[1].lower()])
        and named[str(found.target)] >= 0.9 * named.total()
    }
    precision = (len(hits) + len(confirmed)) / len(guesses)
    where_documented = len(hits) / sum(place in right for place in guesses)
    recall = len(hits) / len(right)
    figures = (
        f"precision {precision:.4f} ({where_documented:.4f} where documented, "
        f"{len(hits) / len(guesses):.4f} if all else is wrong), recall {recall:.4f}"
    )
    print(figures)  # noqa: T201 - the measurement itself
    assert precision >= 0.95, figures
    assert where_documented >= 0.98, figures
    assert recall >= 0.90, figures


def test_references_to_any_table_name_the_column_that_tells_which(discovered: Discovered) -> None:
    with connect(discovered.source) as connection:
        structures = read_structures(connection, discovered.source)
    found = {(r.table, r.column): r for r in infer_references(structures)}
    securitylog = found["securitylog", "FKey"]
    assert securitylog.kind is ReferenceKind.POLYMORPHIC
    assert securitylog.told_by == "PermType"
    assert found["task", "KeyNum"].told_by == "ObjectType"
    assert found["payplanlink", "FKey"].told_by == "LinkType"
    assert found["patient", "Guarantor"].kind is ReferenceKind.SELF
    assert found["appointment", "NextAptNum"].kind is ReferenceKind.SELF
    assert found["repeatcharge", "ProcCode"].kind is ReferenceKind.NATURAL


def test_the_rules_serve_a_schema_of_other_habits(source: Endpoint) -> None:
    execute(
        source,
        "create table customers (id int primary key auto_increment, parent_id int, name text)",
        "create table invoice (invoice_id bigint primary key, customer_id int, total double)",
        "create table invoice_line (line_id bigint primary key, invoice_id bigint, qty int, "
        "currency varchar(3), credited_invoice_id bigint, is_paid tinyint)",
    )
    with connect(source) as connection:
        found = {
            (r.table, r.column): (r.target, r.kind.value)
            for r in infer_references(read_structures(connection, source))
        }
    assert found == {
        ("customers", "parent_id"): ("customers", "self"),
        ("invoice", "customer_id"): ("customers", "key"),
        ("invoice_line", "invoice_id"): ("invoice", "key"),
        ("invoice_line", "credited_invoice_id"): ("invoice", "key"),
    }


def test_what_is_declared_wins_over_what_names_suggest(source: Endpoint) -> None:
    other = f"{source.database}_other"
    execute(
        source,
        f"create database {quote(other)}",
        f"create table {quote(other)}.customer (customer_id int primary key)",
        "create table customer (customer_id int primary key, code int not null unique,"
        " region int not null, unique (region, code))",
        "create table client (client_id int primary key)",
        "create table bill (bill_id int primary key, customer_id int, client_id int, code int,"
        " region int, payer int, foreign key (customer_id) references client (client_id),"
        f" foreign key (client_id) references {quote(other)}.customer (customer_id),"
        " foreign key (payer) references customer (code),"
        " foreign key (region, code) references customer (region, code))",
        "create table bill_extra (bill_id int primary key, foreign key (bill_id)"
        " references bill (bill_id))",
        "create table bill_copy (bill_id int primary key)",
    )
    with connect(source) as connection:
        references = infer_references(read_structures(connection, source))
    execute(source, "drop table bill_extra, bill", f"drop database {quote(other)}")
    found = {(r.table, r.column): (r.target, r.kind.value) for r in references}
    assert found == {
        ("bill", "customer_id"): ("client", "key"),
        ("bill", "code"): ("customer", "natural"),
        ("bill", "region"): ("customer", "natural"),
        ("bill", "payer"): ("customer", "natural"),
        ("bill_extra", "bill_id"): ("bill", "key"),
    }
    assert {reference.origin for reference in references} == {"declared"}


def test_what_the_practice_software_documents_wins_over_what_names_suggest(
    discovered: Discovered,
) -> None:
    with connect(discovered.source) as connection:
        structures = read_structures(connection, discovered.source)
    found = {(r.table, r.column): (r.target, r.origin.value) for r in infer_references(structures)}
    for (table, column), target in documented().items():
        if column not in structures[table].key or target != table:
            assert found[table, column] == (target, "documented")
    assert found["procgroupitem", "GroupNum"] == ("procedurelog", "documented")
    assert found["patientnote", "PatNum"] == ("patient", "documented")
    assert found["insverifyhist", "InsVerifyNum"] == ("insverify", "guessed")


def test_a_name_that_may_mean_several_tables_means_none(source: Endpoint) -> None:
    execute(
        source,
        "create table time_slot (id int primary key)",
        "create table timeslot (id int primary key)",
        "create table north (serial int auto_increment primary key)",
        "create table south (serial int auto_increment primary key)",
        "create table entry (entry_id int primary key, timeslot_id int, next_serial int,"
        " serial int)",
    )
    with connect(source) as connection:
        assert infer_references(read_structures(connection, source)) == ()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("OrderingReferralNum", ("ordering", "referral", "num")),
        ("HL7DefSegmentNum", ("hl", "7", "def", "segment", "num")),
        ("UserNumCEMT", ("user", "num", "cemt")),
        ("customer_id", ("customer", "id")),
        ("_", ()),
        ("prénom_Élève2", ("prénom", "élève", "2")),
        ("pre\u0301nom", ("prénom",)),
        ("客户编号", ("客户编号",)),
        ("客户ID", ("客户", "id")),
        ("КодЗаказа", ("код", "заказа")),
        ("№☃", ("no",)),
    ],
)
def test_names_are_read_as_words(name: str, expected: tuple[str, ...]) -> None:
    assert words(name) == expected
