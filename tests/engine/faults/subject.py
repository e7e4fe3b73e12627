"""A table that loads are interrupted on, and what must hold whatever happened to one.

While its gate is open the raw rows are those of one moment of the source: the last load's or this
one's. The next load brings both sides together and has moved, with what the broken one committed,
every row once; what it restates by was recorded; a further load finds nothing. No value is said.
"""

from __future__ import annotations

import traceback
from collections import Counter
from dataclasses import dataclass, field

from include.catalog.model import TableConfig
from include.endpoints import Endpoint
from include.engine.verify import verify_table
from tests.engine.oracle import assert_equal
from tests.engine.practice import Practice, writing
from tests.ops.gates import OPEN_GATES

MARK = "Wilhelmina-Marked"
ROWS = 600
Content = Counter[tuple[object, ...]]

SHAPES = {
    "number": "Id int primary key, PatNum int, Note text",
    "text": "Id varchar(9) primary key, PatNum int, Note text",
    "none": "Id int, PatNum int, Note text",
}


@dataclass
class Subject:
    """One table of a practice.

    `seen` is what the last good load brought, `counted` how many rows were moved until then.
    """

    practice: Practice
    name: str
    shape: str
    step: int = 0
    seen: Content = field(default_factory=Counter)
    counted: int = 0

    def create(self) -> None:
        """Make the table with its rows; nothing of it is in the warehouse."""
        engine = "InnoDB" if self.shape == "text" else "MyISAM"
        self.practice.execute(
            f"create table {self.name} ({SHAPES[self.shape]}) engine={engine}",
            f"insert into {self.name} select seq, seq, concat('{MARK} ', seq) from seq_1_to_{ROWS}",
        )

    @property
    def config(self) -> TableConfig:
        return self.practice.config(self.name, chunk_rows=60, restate_by=("PatNum",))

    def edit(self) -> None:
        """Change rows all over the table, delete some, add some, and bring old ones back."""
        self.step += 1
        new = 10_000 * self.step
        self.practice.execute(
            f"update {self.name} set PatNum = PatNum + {new} where (Id + {self.step}) % 7 = 0",
            f"delete from {self.name} where (Id + {self.step}) % 31 = 0",
            f"insert into {self.name} select {new} + seq, seq, '{MARK} new' from seq_1_to_9",
            f"insert into {self.name} select seq, 0, '{MARK} back' from seq_1_to_{ROWS} "
            f"where (seq + {self.step} - 1) % 31 = 0 "
            f"and seq not in (select Id from {self.name})",
        )

    def load(self) -> None:
        """Load it undisturbed and open its gate, as validation would."""
        self.practice.load(self.config)
        self.seen = self.source()
        self.counted = self._moved_so_far()
        self.practice.command(f"{OPEN_GATES} where table_name = '{self.config.raw_name}'")

    def source(self) -> Content:
        """Return the source's rows."""
        return source_rows(self.practice.source, self.name)

    def raw(self) -> Content:
        """Return the living raw rows."""
        if self.practice.query(f"select to_regclass('raw.{self.name.lower()}')") == [(None,)]:
            return Counter()
        rows = self.practice.query(
            f"select id, patnum, note from raw.{self.name.lower()} where _deleted_at is null"
        )
        return Counter(rows)

    def hold_what_readers_see(self) -> None:
        """Hold that an open gate never shows half of a load, and that no row is there twice."""
        raw = self.raw()
        state = self._query("select state, is_publishable from ops.table_state where")
        assert state in ([], [("never_loaded", False)], [("loading", False)]) or (
            raw in (self.seen, self.source())
        )
        assert not [row for row, count in raw.items() if count > 1]

    def hold_what_the_next_load_mends(self) -> None:
        """Hold that one more load ends it: equal, each row moved once, restated, then still."""
        old, new, counted = self.seen, self.source(), self.counted
        self.load()
        assert assert_equal(self.practice.source, self.practice.warehouse, self.name) == new.total()
        assert verify_table(self.practice.source, self.practice.warehouse, self.config).is_equal
        left, right = old - new, new - old
        is_keyed = self.shape != "none"
        moved = {row[0] for row in left | right} if is_keyed else [*left, *right]
        assert self.counted - counted == len(moved)
        recorded = {value for (value,) in self._query("select value from ops.affected where")}
        # Only a first load may say that everything is affected, in place of each value.
        if old or "*" not in recorded:
            assert {str(row[1]) for row in left | right} <= recorded
        assert self.practice.load(self.config).moved == 0
        self.hold_no_value_was_recorded()

    def hold_no_value_was_recorded(self, said: str = "") -> None:
        """Hold that neither what was said nor the bookkeeping has a value of a row."""
        for table in ("table_load", "table_state", "substitution", "quarantine", "run", "chunk"):
            where = f"table_name = '{self.name.lower()}'" if table != "run" else "true"
            said += repr(self.practice.query(f"select * from ops.{table} where {where}"))
        assert MARK not in said

    def _moved_so_far(self) -> int:
        rows = self._query(
            "select coalesce(sum(inserted + changed + undeleted + deleted), 0)::int "
            "from ops.table_load where"
        )
        return int(str(rows[0][0]))

    def _query(self, start: str) -> list[tuple[object, ...]]:
        return self.practice.query(f"{start} table_name = '{self.name.lower()}'")


def source_rows(source: Endpoint, name: str) -> Content:
    """Return the rows of such a table."""
    with writing(source) as cursor:
        cursor.execute(f"select Id, PatNum, Note from {name}")
        return Counter(cursor.fetchall())


def told(error: BaseException) -> str:
    """Return all that an error says, with its causes and places."""
    return "".join(traceback.format_exception(error))
