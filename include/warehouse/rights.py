"""What a role lacks of the rights that a refresh needs in the warehouse.

PostgreSQL names a refused object in the language of the server, among words that may be anybody's.
So its catalogs are asked instead, once a statement was refused.
"""

from __future__ import annotations

from dataclasses import dataclass

import psycopg

from include.endpoints import Endpoint
from include.errors import PipelineError
from include.warehouse import session

# The most rights that are named; whoever lacks more of them owns none of it.
_NAMED = 3
# Each missing right, how its owner grants it, and the raw table that it is about.
_MISSING = """
    with needed as (
        select s.name, n.oid
        from unnest(array['raw', 'ops', 'staging', 'intermediate', 'snapshots', 'marts'])
            with ordinality s (name, position)
        left join pg_namespace n on n.nspname = s.name
        order by s.position
    )
    select
        format('CREATE on the database %I', current_database()),
        format('grant create on database %I to %I', current_database(), current_user),
        null
    where not has_database_privilege(current_database(), 'create')
        and exists (select from needed where oid is null)
    union all
    select
        format('TEMPORARY on the database %I', current_database()),
        format('grant temporary on database %I to %I', current_database(), current_user),
        null
    where not has_database_privilege(current_database(), 'temporary')
    union all
    select
        format('USAGE and CREATE on the schema %I', name),
        format('grant usage, create on schema %I to %I', name, current_user),
        null
    from needed
    where not (has_schema_privilege(oid, 'usage') and has_schema_privilege(oid, 'create'))
    union all
    select
        format('the ownership of %I.%I, which belongs to %I', name, relname, rolname),
        format(
            'alter %s %I.%I owner to %I',
            case relkind when 'v' then 'view' when 'S' then 'sequence' else 'table' end,
            name, relname, current_user
        ),
        case name when 'raw' then relname end
    from needed
    join pg_class on relnamespace = needed.oid
    join pg_roles on pg_roles.oid = relowner
    where relkind in ('r', 'p', 'v', 'S') and not pg_has_role(relowner, 'usage')
        -- The sequence of a column follows its table.
        and not exists (select from pg_depend where objid = pg_class.oid and deptype in ('a', 'i'))
"""


@dataclass(frozen=True, slots=True)
class Denial:
    """What a role lacks, as a clause, and what to do about it, as a sentence."""

    seen: str
    advice: str


def missing_rights(warehouse: Endpoint, *, raw_table: str | None = None) -> Denial:
    """Say which rights the role lacks, and what their owner runs to grant them.

    With `raw_table`, other tables of raw are passed over. Opens a session of its own. Where nothing
    is found, or the warehouse does not answer, it says what is known.
    """
    return find_missing(warehouse, raw_table=raw_table) or Denial(
        f"the warehouse refuses the role {warehouse.user} a right",
        "Let it own the schemas raw, ops, staging, intermediate, snapshots and marts with all that "
        "is in them.",
    )


def find_missing(warehouse: Endpoint, *, raw_table: str | None = None) -> Denial | None:
    """Return the same; None where nothing is found, or the warehouse does not answer."""
    try:
        with session.connect(warehouse, autocommit=True) as connection:
            rows = connection.execute(_MISSING).fetchall()
    except (psycopg.Error, PipelineError):
        return None
    found = [
        (str(what), str(remedy))
        for what, remedy, table in rows
        if table is None or raw_table is None or table == raw_table
    ]
    if not found:
        return None
    named = [what for what, _ in found[:_NAMED]]
    if len(found) > _NAMED:
        named.append(f"{len(found) - _NAMED} more rights")
    remedies = "; ".join(remedy for _, remedy in found[:_NAMED])
    return Denial(
        f"the role {warehouse.user} lacks {', '.join(named)}", f"Let the owner run: {remedies}."
    )
