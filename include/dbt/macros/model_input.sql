{# Pre-hook of every model and seed, in its transaction. Nobody knows any more by what it was made,
   until who knows it says so. Of a model with rows of its own: up to which load of each raw table
   they will go. What it reads through another model's rows is as old as that model. Where only some
   accounts are computed anew, loads that nobody has asked for these accounts are not in it. #}
{% macro record_model_input() %}
    {% if execute %}
        delete from ops.node_state where node = '{{ model.unique_id }}';
    {% endif %}
    {% if execute and model.config.materialized in ('table', 'incremental') %}
        {% set inputs = inputs_of(model.unique_id) %}
        {% set restated, kept = {}, [] %}
        {% if restates_accounts() and not should_full_refresh() %}
            {% set restated = restatement().tables %}
            {% set kept = accounted_tables() | reject('in', restated) | list %}
        {% endif %}
        {% set needed = [] %}
        {% for table in inputs.tables if table not in kept %}
            {% do needed.append((none, table, restated.get(table, {}).held)) %}
        {% endfor %}
        {% for parent in inputs.models %}
            {% for table in inputs_of(parent, through_rows=true).tables if table not in kept %}
                {% do needed.append((graph.nodes[parent].name, table, restated.get(table, {}).held)) %}
            {% endfor %}
        {% endfor %}
        {% if needed %}
            insert into ops.model_input (model, table_name, batch_id)
            select
                '{{ model.name }}',
                needed.table_name,
                min(least(
                    case
                        when needed.model is null then coalesce(state.batch_id, 0)
                        else coalesce(seen.batch_id, 0)
                    end,
                    needed.asked_to
                ))
            from (
                values
                {%- for parent, table, asked_to in needed %}
                (
                    {{ "'" ~ parent ~ "'" if parent else 'null' }}, '{{ table }}',
                    {{ asked_to if asked_to is defined else 'null' }}::bigint
                ){{ ',' if not loop.last }}
                {%- endfor %}
            ) as needed (model, table_name, asked_to)
            left join ops.table_state as state on needed.table_name = state.table_name
            left join ops.model_input as seen
                on needed.model = seen.model and needed.table_name = seen.table_name
            group by needed.table_name
            on conflict (model, table_name) do update set
                batch_id = excluded.batch_id, seen_at = excluded.seen_at
        {% endif %}
    {% endif %}
{% endmacro %}
