"""Rows and pages far larger than the server's statistics let one expect."""

from __future__ import annotations

import resource

import pytest

from include.engine.verify import verify_table
from include.source import pages
from tests.engine.oracle import assert_equal
from tests.engine.practice import Practice

MEGABYTE = 1 << 20


@pytest.fixture
def roomy(practice: Practice) -> Practice:
    """A practice whose server lets single values of more than 16 MB through."""
    practice.execute("set global max_allowed_packet = 134217728")
    return practice


def test_values_longer_than_a_packet_arrive(roomy: Practice) -> None:
    # A packet holds 16 MB less one byte; the row's own bytes come on top of the value's.
    sizes = [16 * MEGABYTE - 40 + step for step in range(0, 40, 4)][-3:]
    roomy.execute(
        "create table T (Id int primary key, Picture longblob, Note longtext) engine=MyISAM",
        *(
            f"insert into T values ({number}, repeat('p', {size}), 'before')"
            for number, size in enumerate([10, *sizes, 33 * MEGABYTE, 11])
        ),
    )
    table = roomy.config("T")
    roomy.load(table)
    assert assert_equal(roomy.source, roomy.warehouse, "T") == 6
    roomy.execute("update T set Note = 'after' where Id = 4")
    assert roomy.load(table).changed == 1
    assert verify_table(roomy.source, roomy.warehouse, table).is_equal


def test_a_cluster_of_huge_rows_is_read_in_pieces(roomy: Practice) -> None:
    roomy.execute(
        "create table T (Id int primary key, Picture longblob) engine=MyISAM",
        "insert into T select seq, 'small' from seq_1_to_20000",
        f"update T set Picture = repeat('x', {MEGABYTE}) where Id between 5001 and 5100",
    )
    table = roomy.config("T", chunk_rows=20_000)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    load = roomy.load(table)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert load.inserted == 20_000
    # One page beside 16 MB of others, all doubled while they grow; the cluster itself has 100 MB.
    assert grown * 1024 < 6 * pages.BYTE_LIMIT
    counted = roomy.query("select count(*), sum(length(picture)) from raw.t")
    assert counted == [(20_000, 19_900 * 5 + 100 * MEGABYTE)]
    roomy.execute("update T set Picture = 'y' where Id = 5050")
    assert roomy.load(table).changed == 1
    assert verify_table(roomy.source, roomy.warehouse, table).is_equal
