"""A simulated dental practice in MariaDB, with a clock and with its own books.

`build` simulates a practice from its first day, `advance` lets it live on. Both write rows into the
practice's database and the books, as truth.json, beside it. The same plan gives the same rows.

The way of a day: `simulation` turns the `clock` and calls `day`, which works off the agenda:
`people` arrive, `appointments` are kept or broken, `visits` complete work that `treatment` had
planned, `claims` and `preauthorizations` go to carriers by the rules of `insurance`, which pay by
`checks`, `money` comes in, `adjustments` are made, `payment_plans` pass a month, `contacts`,
`staff` and `audit` leave their trail, `corrections` and `clerical` change what was entered, `dirt`
is made. All of them act on one `world.Practice`, change rows through its `journal` and enter facts
into its `books`. `writer` saves the journal; `aging`, `report_totals` and `truth` read the books,
`memory` keeps the practice for the next process. `tables` makes the 424 tables of the practice
software, whose codes `statuses` calls by name; `office`, `carriers`, `discount_plans`, `codes` and
`names` furnish the rooms, and `settings` says what the office has decided.
"""

from include.open_dental.schema import Engine
from simulator.plan import PracticePlan, natural_years
from simulator.simulation import advance, build

__all__ = ["Engine", "PracticePlan", "advance", "build", "natural_years"]
