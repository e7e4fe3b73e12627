{# Restating by accounts: a model with `incremental_strategy: restated_accounts` computes the rows of
   the accounts (patients) that moved since it was last built, and of all that are linked to these;
   the others stay. The staging models of the large tables show only these accounts meanwhile
   (`is_restated`), so the SQL of such a model is the same whether it computes all rows or some.

   The model has a column `patient_id`: a row is computed from rows of that account, of accounts
   linked to it (`ops.account_link`), and of tables of which none moved.
   It reads neither the practice's day nor anything that keeps rows of its own by another rule. #}

{# Whether the model that is being built is one of these. #}
{% macro restates_accounts() %}
    {{ return(config.get('incremental_strategy') == 'restated_accounts') }}
{% endmacro %}

{# The raw tables whose moved rows move accounts; a setting that moves is another matter. #}
{% macro accounted_tables() %}
    {{ return(inputs_of(model.unique_id, through_rows=true, beside_settings=true).tables) }}
{% endmacro %}

{# Whether rows of an account are computed in this build; those of no account always are. #}
{% macro is_restated(account) -%}
    (
        ops.restated_accounts() is null
        or {{ account }} is null
        or {{ account }} = any(ops.restated_accounts())
    )
{%- endmacro %}

{# Tables without a column of accounts, and where rows of accounts name their rows. A model that reads
   them through these columns alone says so (`meta: {named_by_accounts: [...]}`): what moves in them
   then moves the accounts that name it. #}
{% macro naming_columns() %}
    {{ return({
        'claimpayment': {'key': 'claimpaymentnum', 'named_by': [('claimproc', 'claimpaymentnum')]},
        'claimsnapshot': {'key': 'claimprocnum', 'named_by': [('claimproc', 'claimprocnum')]},
        'definition': {
            'key': 'defnum',
            'named_by': [
                ('adjustment', 'adjtype'), ('payment', 'paytype'), ('paysplit', 'unearnedtype')
            ]
        },
        'insplan': {'key': 'plannum', 'named_by': [('claimproc', 'plannum')]}
    }) }}
{% endmacro %}

{# Whether raw has the columns that tell which accounts name rows of the table. #}
{% macro has_naming_columns(table) %}
    {% set naming, held = naming_columns()[table], raw_columns() %}
    {% for named_by, column in naming.named_by + [(table, naming.key)] %}
        {% if column not in held.get(named_by, []) %}
            {{ return(false) }}
        {% endif %}
    {% endfor %}
    {{ return(true) }}
{% endmacro %}

{# How a build computes this model: `tables` have what it reads and what has moved, each with the
   loads up to which it was seen and is held, `accounts` those whose rows are computed. None where all
   rows have to be: because a load cannot say which accounts it moved, because links of before are not
   known any more, or because most accounts moved. It is decided once in an invocation. #}
{% macro restatement() %}
    {% set memory = graph.setdefault('restatements', {}) %}
    {% if model.unique_id not in memory %}
        {% do memory.update({model.unique_id: decide_restatement()}) %}
    {% endif %}
    {{ return(memory[model.unique_id]) }}
{% endmacro %}

{% macro decide_restatement() %}
    {% if load_cached_relation(this) is none %}
        {{ return(none) }}
    {% endif %}
    {% set moved = run_query("
        select
            needed.table_name,
            coalesce(seen.batch_id, 0) as seen,
            least(held.batch_id, linked.batch_id) as held,
            coalesce(bool_or(affected.column_name in ('patnum', 'guarantor')), false) as has_accounts,
            seen.batch_id is null
            or least(held.batch_id, linked.batch_id) < seen.batch_id
            or coalesce(bool_or(affected.column_name = '*'), false) as is_unknown
        from unnest(array['" ~ accounted_tables() | join("', '") ~ "']) as needed (table_name)
        left join ops.table_state as held on needed.table_name = held.table_name
        left join ops.account_link_input as linked on needed.table_name = linked.table_name
        left join ops.model_input as seen
            on needed.table_name = seen.table_name and seen.model = '" ~ model.name ~ "'
        left join ops.affected as affected
            on needed.table_name = affected.table_name
            and affected.batch_id > seen.batch_id
        where seen.batch_id is distinct from coalesce(held.batch_id, 0)
        group by needed.table_name, seen.batch_id, held.batch_id, linked.batch_id
    ") %}
    {# Rows of no account are computed every time, and what they name with them. #}
    {% set tables, accounts = {}, [0] %}
    {% for row in moved %}
        {% set is_named = row.table_name in config.get('meta', {}).get('named_by_accounts', []) %}
        {% if row.is_unknown or not (row.has_accounts or is_named)
            or (is_named and not has_naming_columns(row.table_name)) %}
            {{ return(none) }}
        {% endif %}
        {% do tables.update({row.table_name: {'seen': row.seen | int, 'held': row.held | int}}) %}
        {% do accounts.extend(accounts_moved_in(row.table_name, row.seen | int, row.held | int)) %}
    {% endfor %}
    {% set linked = linked_accounts(accounts) %}
    {{ return({'tables': tables, 'accounts': linked} if linked | length <= 5000 else none) }}
{% endmacro %}

{# The accounts of the rows that later loads moved: as they were before and as they are now. Models
   that have seen the same load ask once, until there is a newer one. #}
{% macro accounts_moved_in(table, seen, held) %}
    {% set memory = graph.setdefault('moved_accounts', {}) %}
    {% if (table, seen, held) not in memory %}
        {% set moved = run_query(moved_accounts(table, seen)) %}
        {% do memory.update({(table, seen, held): moved.columns[0].values() | list}) %}
    {% endif %}
    {{ return(memory[(table, seen, held)]) }}
{% endmacro %}

{% macro moved_accounts(table, seen) -%}
    select value::bigint as account_id
    from ops.affected
    where table_name = '{{ table }}' and batch_id > {{ seen }} and column_name in ('patnum', 'guarantor')
    {%- if table in naming_columns() and has_naming_columns(table) %}
    {%- set naming = naming_columns()[table] %}
    {%- for named_by, column in naming.named_by %}
    union
    select coalesce(patnum, 0) from raw.{{ named_by }}
    where {{ column }} in (
        select {{ naming.key }} from raw.{{ table }} where _batch_id > {{ seen }}
        {%- if table == 'claimsnapshot' %}
        union
        select value::bigint from ops.affected
        where
            table_name = '{{ table }}' and column_name = '{{ naming.key }}' and batch_id > {{ seen }}
        {%- endif %}
    )
    {%- endfor %}
    {%- endif %}
{%- endmacro %}

{# These, and all that are linked to them, however far; no more than tell that they are too many. #}
{% macro linked_accounts(accounts) %}
    {% set reached = run_query("
        with recursive reached as (
            select unnest('{" ~ accounts | unique | join(',') ~ "}'::bigint []) as account_id
            union
            select links.linked_id
            from reached
            inner join ops.account_link as links on reached.account_id = links.account_id
        )
        select account_id from reached limit 5001
    ") %}
    {{ return(reached.columns[0].values() | map('int') | list) }}
{% endmacro %}

{# Pre-hook of every model, before what it reads is recorded: names the accounts to the views. #}
{% macro name_restated_accounts() %}
    {% if execute and restates_accounts() and not should_full_refresh() %}
        do $restated$
        begin
            perform set_config(
                'dental.restated_accounts', '{ {{- restatement().accounts | join(',') -}} }', true
            );
        end
        $restated$
    {% endif %}
{% endmacro %}

{# Post-hook of every model, in its transaction: which accounts' rows its tests have to look at, beside
   those that they have not seen since they passed. Where no row of `ops.tested_model` says that they
   have seen the others, they look at all. #}
{% macro record_untested_accounts() %}
    {% if execute and restates_accounts() %}
        {% if should_full_refresh() %}
            delete from ops.tested_model where model = '{{ model.name }}'
        {% else %}
            insert into ops.untested_account (model, account_id)
            select '{{ model.name }}', unnest(ops.restated_accounts())
            on conflict do nothing
        {% endif %}
    {% endif %}
{% endmacro %}

{# Whether a test looks at the rows of an account; none if it looks at all rows of the relation. A mart
   that is a view says whose rows it shows (`meta: {shows: ...}`). #}
{% macro untested_rows(relation, account) %}
    {% if execute and flags.WHICH != 'compile' %}
        {% for node in graph.nodes.values()
            if node.resource_type == 'model' and node.name == relation.identifier %}
            {% set name = node.config.get('meta', {}).get('shows', node.name) %}
            {% if run_query("select 1 from ops.tested_model where model = '" ~ name ~ "'") %}
                {% set accounts = "select account_id from ops.untested_account where model = '" ~ name ~ "'" %}
                {{ return('(' ~ account ~ ' is null or ' ~ account ~ ' = any(array(' ~ accounts ~ ')))') }}
            {% endif %}
        {% endfor %}
    {% endif %}
    {{ return(none) }}
{% endmacro %}

{# The same as a condition, for tests that hold a model against what it was made of. #}
{% macro is_untested(relation, account) -%}
    {{ untested_rows(relation, account) or 'true' }}
{%- endmacro %}

{# Post-hook of every model, in its transaction: a load that ended meanwhile may have linked accounts
   that nobody knows of, and the next one may part them again. All rows are computed anew then. #}
{% macro doubt_unknown_links() %}
    {% if execute and restates_accounts() %}
        delete from ops.model_input
        where model = '{{ model.name }}' and exists (
            select 1
            from ops.account_link_input as linked
            inner join ops.table_state as held on linked.table_name = held.table_name
            where coalesce(held.batch_id, 0) <> linked.batch_id
        )
    {% endif %}
{% endmacro %}
