"""The benchmark's workers load what they are told to: its measures are made of their answers."""

from __future__ import annotations

from pathlib import Path

from bench import children, transfer, warehouses
from bench.servers import writing
from include.catalog.targets import LoadTarget
from include.endpoints import Endpoint


def test_a_worker_answers_for_each_target_that_it_is_given(
    source: Endpoint, warehouse: Endpoint, tmp_path: Path
) -> None:
    with writing(source, source.database) as cursor:
        for name, rows in (("t", 30), ("u", 12)):
            cursor.execute(f"create table {name} (id int primary key)")
            cursor.execute(f"insert into {name} select seq from seq_1_to_{rows}")
    plan = warehouses.plan(source, warehouse, tmp_path / "config", warehouses.plain_configs(source))
    with children.worker("bench.worker", tmp_path, source=source, warehouse=warehouse) as worker:
        answers = transfer.in_turn(
            [worker],
            run_id=warehouses.run_number(plan),
            targets=[LoadTarget("t"), LoadTarget("u")],
        )
    assert [answer["rows"] for answer in answers] == [30, 12]
    assert [answer["moved"] for answer in answers] == [30, 12]
