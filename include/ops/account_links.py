"""Which accounts (patients) have rows that name rows of each other: `ops.account_link`.

Models that compute some accounts alone compute those that are linked to them as well. A pair is
there both ways, and stays when its rows are gone: a figure that was computed from them has to be
computed anew without them. Rows of no account are those of account 0. The rows of a table whose
gate is closed count too; a pair too many costs a moment, one that is missing a wrong figure.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import LiteralString, NamedTuple

from psycopg import sql

from include.ops.affected import ALL_AFFECTED
from include.warehouse.session import WarehouseConnection

# Rows of `ops.affected` may be purged after two weeks.
_KNOWN_DAYS = 10


class _Reference(NamedTuple):
    """A column of a table with accounts that names rows of another one by their key."""

    table: LiteralString
    column: LiteralString
    named: LiteralString
    key: LiteralString


_REFERENCES = (
    _Reference("claimproc", "procnum", "procedurelog", "procnum"),
    _Reference("claimproc", "claimnum", "claim", "claimnum"),
    _Reference("paysplit", "procnum", "procedurelog", "procnum"),
    _Reference("paysplit", "paynum", "payment", "paynum"),
    _Reference("paysplit", "adjnum", "adjustment", "adjnum"),
    _Reference("paysplit", "payplannum", "payplan", "payplannum"),
    _Reference("adjustment", "procnum", "procedurelog", "procnum"),
    _Reference("procnote", "procnum", "procedurelog", "procnum"),
    _Reference("payplancharge", "procnum", "procedurelog", "procnum"),
    _Reference("payplancharge", "payplannum", "payplan", "payplannum"),
)
# Tables whose rows name two accounts themselves.
_GUARANTEED = ("patient", "payplan", "payplancharge")
# The link of a dynamic plan names a procedure or an adjustment; which of them does not matter here.
_PLAN_LINKS: LiteralString = "payplanlink"
_FINANCED = (
    _Reference(_PLAN_LINKS, "fkey", "procedurelog", "procnum"),
    _Reference(_PLAN_LINKS, "fkey", "adjustment", "adjnum"),
)
_TABLES = sorted(
    {*_GUARANTEED, _PLAN_LINKS}.union(*((one.table, one.named) for one in _REFERENCES))
)


@dataclass(frozen=True, slots=True)
class _Moved:
    """The loads that each table holds, and the accounts that moved; None for all of them.

    `is_still` says that no table has moved.
    """

    held: Mapping[str, int]
    accounts: list[int] | None
    is_still: bool


def update_account_links(connection: WarehouseConnection) -> None:
    """Add the pairs of all rows that moved since the last update.

    Whoever asks afterwards may rely on the loads in `ops.account_link_input`, and no later ones.
    The caller owns the transaction, and lets no two of them run at once.
    """
    moved = _look(connection)
    if not moved.is_still:
        columns = _columns(connection)
        for pairs in _pairs(columns, is_partial=moved.accounts is not None):
            connection.execute(
                sql.SQL(
                    """
                    insert into ops.account_link (account_id, linked_id)
                    select pair.account_id, pair.linked_id
                    from ({pairs}) as found (one, other)
                    cross join lateral (
                        values (found.one, found.other), (found.other, found.one)
                    ) as pair (account_id, linked_id)
                    where found.one <> found.other
                    on conflict do nothing
                    """
                ).format(pairs=pairs),
                {"accounts": moved.accounts},
            )
    connection.cursor().executemany(
        """
        insert into ops.account_link_input (table_name, batch_id) values (%s, %s)
        on conflict (table_name) do update set
            batch_id = excluded.batch_id, seen_at = excluded.seen_at
        """,
        list(moved.held.items()),
    )


def _look(connection: WarehouseConnection) -> _Moved:
    rows = connection.execute(
        """
        select
            state.table_name,
            coalesce(state.batch_id, 0),
            coalesce(state.batch_id, 0) is distinct from seen.batch_id as is_moved,
            coalesce(state.batch_id, 0) is distinct from seen.batch_id
            and (
                seen.batch_id is null
                or coalesce(state.batch_id, 0) < seen.batch_id
                or seen.seen_at < now() - make_interval(days => %s)
                or not exists (
                    select from ops.affected as a
                    where
                        a.table_name = state.table_name
                        and a.batch_id > seen.batch_id
                        and a.column_name in ('patnum', 'guarantor')
                )
                or exists (
                    select from ops.affected as a
                    where
                        a.table_name = state.table_name
                        and a.batch_id > seen.batch_id
                        and a.column_name = %s
                )
            ),
            array(
                select a.value::bigint from ops.affected as a
                where
                    a.table_name = state.table_name
                    and a.batch_id > seen.batch_id
                    and a.column_name in ('patnum', 'guarantor')
            )
        from ops.table_state as state
        left join ops.account_link_input as seen on state.table_name = seen.table_name
        where state.table_name = any(%s)
        """,
        (_KNOWN_DAYS, ALL_AFFECTED, _TABLES),
    ).fetchall()
    held = {str(table): int(batch) for table, batch, *_ in rows}
    is_still = not any(is_moved for _, _, is_moved, _, _ in rows)
    # Links of plans have no account, and are few: all of them are looked at every time.
    if any(is_unknown for table, _, _, is_unknown, _ in rows if table != _PLAN_LINKS):
        return _Moved(held, None, is_still)
    accounts = {account for *_, found in rows for account in found}
    return _Moved(held, sorted(accounts), is_still)


def _columns(connection: WarehouseConnection) -> Collection[tuple[str, str]]:
    """Return what raw holds of these tables: a release of the source may lack some of it."""
    rows = connection.execute(
        "select table_name, column_name from information_schema.columns"
        " where table_schema = 'raw' and table_name = any(%s)",
        (_TABLES,),
    )
    return {(str(table), str(column)) for table, column in rows}


def _pairs(columns: Collection[tuple[str, str]], *, is_partial: bool) -> Iterator[sql.Composable]:
    """Yield queries of pairs; partial ones of the parameter `accounts`, from either side."""
    moved = sql.SQL("(nullif({0}.patnum, 0) = any(%(accounts)s) or nullif({0}.patnum, 0) is null)")
    for table, column, named, key in _REFERENCES:
        if {(table, "patnum"), (table, column), (named, "patnum"), (named, key)} <= {*columns}:
            joined = sql.SQL(
                "select coalesce(naming.patnum, 0), coalesce(named.patnum, 0)"
                " from raw.{} as naming"
                " inner join raw.{} as named on nullif(naming.{}, 0) = named.{}"
            ).format(*map(sql.Identifier, (table, named, column, key)))
            for side in ("naming", "named") if is_partial else ():
                yield sql.SQL(" where ").join([joined, moved.format(sql.Identifier(side))])
            if not is_partial:
                yield joined
    for table in _GUARANTEED:
        if {(table, "patnum"), (table, "guarantor")} <= {*columns}:
            # Patients without a guarantor are a family as well.
            named_itself = sql.SQL(
                "select patnum, coalesce(guarantor, 0) from raw.{} where patnum <> 0"
                if table == "patient"
                else "select patnum, guarantor from raw.{} where patnum <> 0 and guarantor <> 0"
            ).format(sql.Identifier(table))
            own = moved.format(sql.Identifier(table))
            yield sql.SQL(" and ").join([named_itself, own]) if is_partial else named_itself
    plans = {("payplanlink", "payplannum"), ("payplan", "payplannum"), ("payplan", "patnum")}
    for table, column, named, key in _FINANCED:
        if plans | {(table, column), (named, key), (named, "patnum")} <= {*columns}:
            yield sql.SQL(
                "select coalesce(plan.patnum, 0), coalesce(named.patnum, 0)"
                " from raw.payplanlink as link"
                " inner join raw.payplan as plan on link.payplannum = plan.payplannum"
                " inner join raw.{} as named on link.{} = named.{}"
            ).format(*map(sql.Identifier, (named, column, key)))
