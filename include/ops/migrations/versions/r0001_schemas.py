"""The schemas of a warehouse, as they were before revisions were counted.

A warehouse of that time has no version table: every statement may run on one that is there.
"""

from __future__ import annotations

from include.ops.migrations.plain_sql import run

revision = "0001"
down_revision = None

STATEMENTS = """
-- "create schema if not exists" asks for the right to create one that is there.
do $$
declare
    name text;
begin
    foreach name in array array['raw', 'ops', 'staging', 'intermediate', 'marts'] loop
        if to_regnamespace(name) is null then
            execute format('create schema %I', name);
        end if;
    end loop;
end
$$;

-- One number per table load, taken under the table's lock, so that they only grow.
create sequence if not exists ops.batch_id;

-- Every version of the config, as the bytes of tables.yml and overrides.yml.
create table if not exists ops.config (
    config_version bigint generated always as identity primary key,
    sha256 text not null,
    tables_yml bytea not null,
    overrides_yml bytea not null,
    -- Set when a refresh changed that version to fit a source that has drifted since.
    derived_from bigint references ops.config,
    created_at timestamptz not null default now()
);

-- The same for one table each, overrides applied, so that a task reads its own table alone.
create table if not exists ops.config_table (
    config_version bigint not null references ops.config,
    table_name text not null,
    config jsonb not null,
    primary key (config_version, table_name)
);

-- One row per refresh or command-line load.
create table if not exists ops.run (
    run_id bigint generated always as identity primary key,
    dag_run_id text,
    mode text not null check (mode in ('compare', 'full')),
    phase smallint not null check (phase between 1 and 4),
    requested_tables text [] not null default '{}',
    config_version bigint not null references ops.config,
    state text not null default 'running' check (state in ('running', 'succeeded', 'failed')),
    started_at timestamptz not null default now(),
    finished_at timestamptz,
    summary jsonb
);

-- The measurements of each discovery; decisions are in ops.config.
create table if not exists ops.table_profile (
    discovered_at timestamptz not null,
    table_name text not null,
    source_name text not null,
    row_count bigint not null,
    byte_count bigint not null,
    engine text,
    fingerprint text not null,
    content_marker text,
    change_rate double precision,
    score double precision not null,
    signals jsonb not null,
    inferred_references jsonb not null,
    on_update_columns text [] not null,
    primary key (table_name, discovered_at)
);

-- The present state of every replicated table. `is_publishable` is the gate that dbt asks.
create table if not exists ops.table_state (
    table_name text primary key,
    state text not null default 'never_loaded'
    check (state in ('never_loaded', 'loading', 'loaded', 'quarantined')),
    is_publishable boolean not null default false,
    blocked_reason text default 'never loaded',
    row_count bigint not null default 0,
    deleted_count bigint not null default 0,
    quality double precision,
    batch_id bigint,
    config_version bigint references ops.config,
    fingerprint text,
    last_run_id bigint references ops.run,
    loaded_at timestamptz,
    changed_at timestamptz,
    validated_at timestamptz
);

-- One row per table and run; a retry overwrites the row of its run.
create table if not exists ops.table_load (
    run_id bigint not null references ops.run,
    table_name text not null,
    tier text not null,
    state text not null check (state in ('running', 'succeeded', 'failed')),
    attempt integer not null default 1,
    batch_id bigint,
    rows_read bigint not null default 0,
    inserted bigint not null default 0,
    changed bigint not null default 0,
    undeleted bigint not null default 0,
    deleted bigint not null default 0,
    chunks_read bigint not null default 0,
    chunks_changed bigint not null default 0,
    bytes_read bigint not null default 0,
    error text,
    started_at timestamptz not null default now(),
    finished_at timestamptz,
    primary key (run_id, table_name)
);

-- Chunks are only remembered content. Those of an older form go, and the next load compares all.
do $$
begin
    if to_regclass('ops.chunk') is not null and not exists (
        select from information_schema.columns
        where table_schema = 'ops' and table_name = 'chunk' and column_name = 'row_index'
    ) then
        drop table ops.chunk;
    end if;
end
$$;

-- The ranges of the key that were last read, with the hash of what they held. Both bounds are the
-- key's columns as text, lo excluded, hi included; null means open.
create table if not exists ops.chunk (
    chunk_id bigint generated always as identity primary key,
    table_name text not null,
    ordinal integer not null,
    lo text [],
    hi text [],
    row_count bigint not null,
    content_hash bytea not null,
    -- How many of these rows' values a rule changed: {"column": {"rule": count}}.
    substitutions jsonb not null default '{}',
    -- The key, as raw names, that the bounds belong to; chunks along another key are void.
    key_columns text [] not null default '{}',
    -- Keys and hashes of the rows, packed by include.transcoder; null where keys are no integers.
    row_index bytea
);
-- Hashes do not compress.
alter table ops.chunk alter column row_index set storage external;
create index if not exists chunk_table_name_ordinal on ops.chunk (table_name, ordinal);

-- The ranges of the key in which a run loads a table that is larger than the rest of its queue. lo
-- is excluded, hi included, null means open; the key is one whole number.
create table if not exists ops.load_range (
    run_id bigint not null references ops.run,
    table_name text not null,
    part smallint not null,
    lo text,
    hi text,
    -- superseded: a load of the whole table came between; finished: the table was completed.
    state text not null default 'planned'
    check (state in ('planned', 'open', 'loaded', 'finished', 'superseded')),
    attempt integer not null default 0,
    -- Whether what an earlier attempt had committed was kept.
    was_resumed boolean not null default false,
    bytes_read bigint not null default 0,
    chunks_read bigint not null default 0,
    chunks_changed bigint not null default 0,
    error text,
    started_at timestamptz,
    finished_at timestamptz,
    primary key (run_id, table_name, part)
);
create index if not exists load_range_open on ops.load_range (table_name)
where state in ('planned', 'open', 'loaded');

-- Old and new values of the restate_by columns of every row that a load inserted, changed, brought
-- back or tombstoned: identifiers, and days (of a timestamp, its date). Nothing for NULL. A
-- load that filled a whole table with a key has one row whose column and value are '*': restate
-- everything.
create table if not exists ops.affected (
    table_name text not null,
    batch_id bigint not null,
    column_name text not null,
    value text not null,
    primary key (table_name, batch_id, column_name, value)
);

-- How often a rule changed a value that PostgreSQL cannot hold, in the rows held now.
create table if not exists ops.substitution (
    table_name text not null,
    column_name text not null,
    rule text not null check (rule in ('zero_date', 'impossible_date', 'nul_character')),
    value_count bigint not null,
    run_id bigint not null references ops.run,
    counted_at timestamptz not null default now(),
    primary key (table_name, column_name, rule, run_id)
);

-- Tables that may not be loaded until discovery or a person has looked.
create table if not exists ops.quarantine (
    table_name text primary key,
    reason text not null,
    run_id bigint references ops.run,
    quarantined_at timestamptz not null default now()
);

create table if not exists ops.validation_result (
    run_id bigint not null references ops.run,
    table_name text not null,
    source text not null check (source in ('reconciliation', 'great_expectations')),
    check_name text not null,
    column_name text not null default '',
    is_passed boolean not null,
    element_count bigint,
    unexpected_count bigint,
    detail text,
    checked_at timestamptz not null default now(),
    primary key (run_id, table_name, source, check_name, column_name)
);

-- What stands in each mart: built in the latest run, or kept from an earlier one because a table
-- that it reads is blocked or its build failed.
create table if not exists ops.mart_state (
    mart text primary key,
    state text not null check (state in ('built', 'blocked', 'failed')),
    batch_id bigint,
    built_at timestamptz,
    blocked_by text [] not null default '{}',
    run_id bigint
);

create table if not exists ops.sla_misses (
    run_id bigint not null references ops.run,
    table_name text not null,
    tier text not null,
    sla_minutes double precision not null,
    minutes double precision,
    missed_at timestamptz not null default now(),
    primary key (run_id, table_name)
);

-- Up to which load of each raw table a model's rows go, however many models lie between. Written in
-- the model's own transaction, before it reads: never more than what it has seen.
create table if not exists ops.model_input (
    model text not null,
    table_name text not null,
    batch_id bigint not null,
    seen_at timestamptz not null default now(),
    primary key (model, table_name)
);

-- What each run took away for good: tombstones past their retention, and rows of ops.affected that
-- no model waits for. `kept` tombstones are past it and wait for models that have not seen them.
create table if not exists ops.purge (
    run_id bigint not null references ops.run,
    table_name text not null,
    tombstones bigint not null,
    affected bigint not null,
    kept bigint not null,
    waiting_for text [] not null default '{}',
    purged_at timestamptz not null default now(),
    primary key (run_id, table_name)
);
"""


def upgrade() -> None:
    """Create what is missing."""
    run(STATEMENTS)
