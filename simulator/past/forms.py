"""What the server fills in: how a table is described."""

from __future__ import annotations

from dataclasses import dataclass

# A row for each place in the table: its moment, its patient `p`, and `h`, which looks random.
SLOTS = (
    "(select seq, seq * 2654435761 % 4294967296 as h,"
    " date_add('{first} 08:00:00', interval"
    " ({skipped} + seq * {days} div {n}) * 86400 + seq * {days} % {n} * 32400 div {n} second)"
    " as at,"
    " greatest(1, {patients} * seq div {n} - seq * 40503 % {window}) as p"
    " from seq_1_to_{n}) s"
)
# The same without the places on a Sunday, when nobody is there.
OPEN_SLOTS = SLOTS + " where dayofweek(at) <> 1"
# So many places it takes for each that is not on a Sunday.
PLACES_TO_OPEN = 7 / 6


@dataclass(frozen=True, slots=True)
class Form:
    """How a table is filled. Columns, values and source are SQL; braces hold the office's numbers.

    Without a source there are `rows` rows, in an office of the full size unless `is_fixed`; on
    working days, unless it `is_list`; over the last years of the past if `is_recent`. With one,
    `rows` is what it says there.
    """

    table: str
    columns: str
    values: str
    rows: int = 0
    source: str = ""
    is_fixed: bool = False
    is_list: bool = False
    is_recent: bool = False


# Somebody at the front desk.
USER = "1 + h % {users}"
