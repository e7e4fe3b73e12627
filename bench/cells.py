"""What the cells of a made-up column look like, without saying how they are drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Key:
    """1, 2, 3 and so on."""


@dataclass(frozen=True, slots=True)
class Number:
    """Whole numbers from `low` to `high` - 1."""

    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Amount:
    """Money as a double: many zeros, mostly two decimals, sometimes all the digits there are."""


@dataclass(frozen=True, slots=True)
class Moment:
    """Days or, `has_time`, seconds between 2008 and 2025; `special` in its share of the rows."""

    special: str = "0001-01-01"
    share: float = 0.3
    has_time: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a few values; None is NULL. Without weights all are as likely."""

    values: tuple[str | None, ...]
    weights: tuple[float, ...] | None = None


@dataclass(frozen=True, slots=True)
class Text:
    """`shortest` to `longest` words from a pool of texts; a share is empty, another NULL."""

    shortest: int
    longest: int
    pool: int = 20_000
    empty: float = 0.6
    null: float = 0.02


Cells: TypeAlias = Key | Number | Amount | Moment | Choice | Text


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the source, its declaration and its cells."""

    name: str
    declaration: str
    cells: Cells


@dataclass(frozen=True, slots=True)
class Shape:
    """A table of the source; its first column is the key, without holes."""

    letter: str
    name: str
    rows: int
    columns: tuple[Column, ...]

    @property
    def key(self) -> str:
        """The primary key's column."""
        return self.columns[0].name

    def ddl(self) -> str:
        """Return the statement that creates the table in MariaDB."""
        columns = ", ".join(f"`{c.name}` {c.declaration}" for c in self.columns)
        return (
            f"create table `{self.name}` ({columns}, primary key (`{self.key}`)) "
            "engine=InnoDB default charset=utf8mb4"
        )
