"""Keys that the source tells apart and PostgreSQL cannot."""

from __future__ import annotations

import pytest

from include.endpoints import Endpoint
from include.errors import StructureError
from tests.engine.practice import open_practice

# One of the two codes that cp932 has for the sign for "because"; the other is 81E6.
BECAUSE = "_cp932 x'879A'"


@pytest.mark.parametrize("keys", ["primary key (Code)", "primary key (Code, Number)"])
def test_keys_that_become_the_same_text_are_named_as_the_reason(
    source: Endpoint, warehouse: Endpoint, keys: str
) -> None:
    practice = open_practice(source, warehouse)
    practice.execute(
        "create table t (Code varchar(9) character set cp932 collate cp932_bin, "
        f"Number int, {keys})",
        f"insert into t values (_cp932 x'81E6', 1), ({BECAUSE}, 1)",
    )
    table = practice.config("t")
    with pytest.raises(StructureError, match="two keys of the source become the same"):
        practice.load(table)
    # The same when the second one comes later.
    practice.execute(f"delete from t where Code = {BECAUSE}")
    practice.load(table)
    practice.execute(f"insert into t values ({BECAUSE}, 1)")
    for mode in ("compare", "full"):
        with pytest.raises(StructureError, match="keys become the same text as another one"):
            practice.load(table, mode)
    assert practice.query("select count(*) from raw.t") == [(1,)]
