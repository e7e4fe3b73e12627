"""The tables of the source, created once per scale and kept from run to run."""

from __future__ import annotations

import hashlib
import logging
import subprocess
from fractions import Fraction

from bench.cells import Shape
from bench.layout import BENCH, PROJECT, Layout
from bench.servers import Servers, writing
from bench.tables import PARTS, SHAPES
from include.source.session import quote

log = logging.getLogger(__name__)

STATE = "bench_state"
# The files that decide the rows; a change of one creates the tables again.
_RECIPE = ("cells.py", "tables.py", "generate.py")


def rows(shape: Shape, scale: Fraction) -> int:
    """Return how many rows a table has at a scale, which is a multiple of 1/8."""
    return shape.rows * _parts(scale) // PARTS


def ensure_tables(layout: Layout, servers: Servers, scale: Fraction) -> str:
    """Create the database with the three tables at a scale unless it exists; return its name."""
    database = f"tables_{_parts(scale)}_of_{PARTS}"
    recipe = hashlib.sha256(b"".join((BENCH / name).read_bytes() for name in _RECIPE)).hexdigest()
    if made_from(servers, database) == recipe:
        return database
    log.info("making the three tables at %s", scale)
    with writing(servers.administrator) as cursor:
        cursor.execute(f"drop database if exists {quote(database)}")
        cursor.execute(f"create database {quote(database)} character set utf8mb4")
    for shape in SHAPES:
        _draw(layout, shape, recipe)
        with writing(servers.administrator, database) as cursor:
            cursor.execute(shape.ddl())
            for part in range(_parts(scale)):
                path = layout.parts / recipe[:16] / f"{shape.name}.{part}.tsv"
                cursor.execute(
                    f"load data infile '{path}' into table {quote(shape.name)} "
                    "character set utf8mb4"
                )
            cursor.execute(f"analyze table {quote(shape.name)}")
    remember(servers, database, recipe)
    return database


def copy_tables(servers: Servers, database: str, copy: str) -> None:
    """Create the database `copy` with the same tables and rows, which may then be changed."""
    with writing(servers.administrator) as cursor:
        cursor.execute(f"drop database if exists {quote(copy)}")
        cursor.execute(f"create database {quote(copy)} character set utf8mb4")
        for shape in SHAPES:
            source, target = (f"{quote(name)}.{quote(shape.name)}" for name in (database, copy))
            cursor.execute(f"create table {target} like {source}")
            cursor.execute(f"insert into {target} select * from {source}")  # noqa: S608
            cursor.execute(f"analyze table {target}")


def made_from(servers: Servers, database: str) -> str | None:
    """Return the recipe that a database was made from; None when it is missing or incomplete."""
    with writing(servers.administrator) as cursor:
        cursor.execute(f"create database if not exists {STATE}")
        cursor.execute(
            f"create table if not exists {STATE}.made (name varchar(64) primary key, recipe text)"
        )
        cursor.execute(f"select recipe from {STATE}.made where name = %s", (database,))  # noqa: S608
        row = cursor.fetchone()
    return str(row[0]) if row else None


def remember(servers: Servers, database: str, recipe: str) -> None:
    """Record a database as complete, with its recipe."""
    with writing(servers.administrator) as cursor:
        cursor.execute(f"replace into {STATE}.made values (%s, %s)", (database, recipe))  # noqa: S608


def _draw(layout: Layout, shape: Shape, recipe: str) -> None:
    directory = layout.parts / recipe[:16]
    directory.mkdir(parents=True, exist_ok=True)
    subprocess.run(
        [layout.python, "-m", "bench.generate", shape.name, directory], cwd=PROJECT, check=True
    )


def _parts(scale: Fraction) -> int:
    return int(scale * PARTS)
