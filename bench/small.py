"""424 small tables, as most tables of a practice are; created once, from a fixed seed."""

from __future__ import annotations

import random
from typing import Any

from bench import dataset
from bench.servers import Servers, writing
from include.source.session import quote

TABLES = 424
DATABASE = "small"
SEED = 3
_ROW_COUNTS = (0, 0, 1, 5, 20, 100, 500)
_KINDS = ("bigint", "varchar(100)", "double", "date", "datetime", "tinyint", "text")
_FEWEST_COLUMNS, _MOST_COLUMNS = 3, 22


def ensure_small_tables(servers: Servers) -> str:
    """Create the database unless it exists; return its name."""
    recipe = f"{TABLES} tables, seed {SEED}, 1"
    if dataset.made_from(servers, DATABASE) == recipe:
        return DATABASE
    draw = random.Random(SEED)  # noqa: S311  # data, not secrets
    with writing(servers.administrator) as cursor:
        cursor.execute(f"drop database if exists {DATABASE}")
        cursor.execute(f"create database {DATABASE} character set utf8mb4")
        for number in range(TABLES):
            kinds = draw.choices(_KINDS, k=draw.randint(_FEWEST_COLUMNS, _MOST_COLUMNS))
            table = f"{DATABASE}.{quote(f't{number:03d}')}"
            columns = ", ".join(f"c{n} {kind}" for n, kind in enumerate(kinds))
            cursor.execute(f"create table {table} (id bigint primary key, {columns})")
            rows = [
                (key + 1, *(_cell(kind, draw) for kind in kinds))
                for key in range(draw.choice(_ROW_COUNTS))
            ]
            if rows:
                marks = ", ".join(["%s"] * (len(kinds) + 1))
                cursor.executemany(f"insert into {table} values ({marks})", rows)  # noqa: S608
    dataset.remember(servers, DATABASE, recipe)
    return DATABASE


def _cell(kind: str, draw: random.Random) -> Any:
    match kind:
        case "bigint":
            return draw.randint(0, 10**6)
        case "varchar(100)":
            return f"abc {draw.randint(0, 99)}"
        case "double":
            return draw.random() * 100
        case "date":
            return f"2024-01-{draw.randint(1, 28):02d}"
        case "datetime":
            return "2024-01-01 10:00:00"
        case "tinyint":
            return draw.randint(-128, 127)
        case _:
            return draw.choice((None, "", "note é\t\n", "🦷 " * 20))
