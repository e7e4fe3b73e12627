"""Draw the parts of a table into files for LOAD DATA: `python -m bench.generate TABLE DIRECTORY`.

Runs in the benchmark's own environment, which has numpy and pyarrow. The same table gives the same
bytes each time; each part has a generator of its own, so that parts can be made one by one.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from bench.cells import Amount, Cells, Choice, Column, Key, Moment, Number, Shape, Text
from bench.tables import PARTS, SHAPES

SEED = 7
# Rows that are held in memory at a time.
BLOCK = 250_000

_WORDS = (
    *("crown", "prep", "#14", "MOD", "composite", "pt tolerated well", "Lidocaine 2%", "perio"),
    *("épinéphrine", "naïve", "日本語", "🦷", "x-ray", "recall", "\\t", "\\N", "its", '"q"'),
    *("tab\there", "line1\nline2", "back\\slash", "cr\r\nlf", "NULL", "\\", "caries", "DDS"),
    *("note", "of", "the", "a", "and", "exam"),
)
_ESCAPES = (("\\", "\\\\"), ("\t", "\\\t"), ("\n", "\\\n"), ("\r", "\\\r"), ("\0", "\\0"))
_NULL = "\\N"


class Draw:
    """Draws the columns of one table, part by part."""

    def __init__(self, shape: Shape) -> None:
        self._shape = shape
        self._pools = {
            column.name: _pool(column.cells, np.random.default_rng([SEED, ord(shape.letter), n]))
            for n, column in enumerate(shape.columns)
            if isinstance(column.cells, Text)
        }

    def write_part(self, part: int, path: Path) -> None:
        """Write one part of the table."""
        size = self._shape.rows // PARTS
        random = np.random.default_rng([SEED, ord(self._shape.letter), 1000 + part])
        with path.open("wb") as file:
            for start in range(0, size, BLOCK):
                count = min(BLOCK, size - start)
                first = part * size + start + 1
                columns = [self._cells(c, first, count, random) for c in self._shape.columns]
                lines = pc.binary_join_element_wise(*columns, "\t")
                lines = pc.binary_join_element_wise(lines, "\n", "")
                offsets = np.frombuffer(lines.buffers()[1], "int32")
                low, high = offsets[lines.offset], offsets[lines.offset + len(lines)]
                file.write(memoryview(lines.buffers()[2])[low:high])

    def _cells(self, column: Column, first: int, count: int, random: Any) -> Any:
        match column.cells:
            case Key():
                return _text(np.arange(first, first + count))
            case Number(low, high):
                return _text(random.integers(low, high, count))
            case Amount():
                return _text(_amounts(count, random))
            case Moment():
                return _moments(column.cells, count, random)
            case Choice(values, weights):
                written = [_escaped(value) for value in values]
                return _picked(random.choice(len(values), count, p=weights), written)
            case Text():
                return self._texts(column, count, random)

    def _texts(self, column: Column, count: int, random: Any) -> Any:
        cells = column.cells
        assert isinstance(cells, Text)  # noqa: S101  # a narrowing for the type checker
        texts = ["", _NULL, *self._pools[column.name]]
        chosen = random.integers(2, len(texts), count)
        share = random.random(count)
        chosen[share < cells.empty] = 0
        chosen[share > 1 - cells.null] = 1
        return _picked(chosen, texts)


def _amounts(count: int, random: Any) -> Any:
    amounts = np.round(random.gamma(2, 80, count), 2)
    amounts[random.random(count) < 0.4] = 0
    full = random.random(count) < 0.03
    amounts[full] = random.random(int(full.sum())) * 1000
    amounts[random.random(count) < 0.02] = -1
    return amounts


def _moments(cells: Moment, count: int, random: Any) -> Any:
    days = 6500
    if cells.has_time:
        drawn = np.datetime64("2008-01-01T00:00:00") + random.integers(0, days * 86_400, count)
        texts = pc.strftime(pa.array(drawn), format="%Y-%m-%d %H:%M:%S")
    else:
        drawn = np.datetime64("2008-01-01") + random.integers(0, days, count)
        texts = pc.cast(pa.array(drawn), pa.string())
    return pc.if_else(pa.array(random.random(count) < cells.share), cells.special, texts)


def _pool(cells: Cells, random: Any) -> list[str]:
    assert isinstance(cells, Text)  # noqa: S101  # a narrowing for the type checker
    words = np.array([_escaped(word) for word in _WORDS], dtype=object)
    lengths = random.integers(cells.shortest, cells.longest, cells.pool)
    return [" ".join(words[random.integers(0, len(words), length)]) for length in lengths]


def _picked(chosen: Any, texts: list[str]) -> Any:
    values = pa.array(texts, pa.string())
    return pa.DictionaryArray.from_arrays(pa.array(chosen.astype("int32")), values).cast(
        pa.string()
    )


def _text(numbers: Any) -> Any:
    return pc.cast(pa.array(numbers), pa.string())


def _escaped(value: str | None) -> str:
    if value is None:
        return _NULL
    for plain, written in _ESCAPES:
        value = value.replace(plain, written)
    return value


def main(name: str, directory: Path) -> None:
    """Write the parts of a table that are not there yet."""
    draw: Draw | None = None
    for part in range(PARTS):
        path = directory / f"{name}.{part}.tsv"
        if not path.exists():
            draw = draw or Draw(next(shape for shape in SHAPES if shape.name == name))
            unfinished = path.with_suffix(".part")
            draw.write_part(part, unfinished)
            unfinished.chmod(0o644)
            unfinished.rename(path)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
