{# Pre-hook of every model and seed, in its transaction. Nobody knows any more by what it was made,
   until who knows it says so. Of a model with rows of its own: up to which load of each raw table
   they will go. What it reads through another model's rows is as old as that model. #}
{% macro record_model_input() %}
    {% if execute %}
        delete from ops.node_state where node = '{{ model.unique_id }}';
    {% endif %}
    {% if execute and model.config.materialized in ('table', 'incremental') %}
        {% set inputs = inputs_of(model.unique_id) %}
        {% set indirect = [] %}
        {% for parent in inputs.models %}
            {% for table in inputs_of(parent, through_rows=true).tables %}
                {% do indirect.append((graph.nodes[parent].name, table)) %}
            {% endfor %}
        {% endfor %}
        {% if inputs.tables or indirect %}
            insert into ops.model_input (model, table_name, batch_id)
            select '{{ model.name }}', seen.table_name, min(seen.batch_id)
            from (
                select needed.table_name, coalesce(held.batch_id, 0) as batch_id
                from unnest(array[
                    {%- for table in inputs.tables %}'{{ table }}'{{ ', ' if not loop.last }}{% endfor -%}
                ]::text []) as needed (table_name)
                left join ops.table_state as held on needed.table_name = held.table_name
                union all
                select needed.table_name, coalesce(held.batch_id, 0) as batch_id
                from unnest(array[
                    {%- for pair in indirect %}'{{ pair[0] }}'{{ ', ' if not loop.last }}{% endfor -%}
                ]::text [], array[
                    {%- for pair in indirect %}'{{ pair[1] }}'{{ ', ' if not loop.last }}{% endfor -%}
                ]::text []) as needed (model, table_name)
                left join ops.model_input as held
                    on needed.model = held.model and needed.table_name = held.table_name
            ) as seen
            group by seen.table_name
            on conflict (model, table_name) do update set
                batch_id = excluded.batch_id, seen_at = excluded.seen_at
        {% endif %}
    {% endif %}
{% endmacro %}
