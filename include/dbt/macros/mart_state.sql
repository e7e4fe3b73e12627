{# Post-hook of a mart, in its transaction: it is built, from loads up to this batch. #}
{% macro record_built_mart() %}
    {% if execute %}
        {% set tables = inputs_of(model.unique_id, through_rows=true).tables %}
        insert into ops.mart_state (mart, state, batch_id, built_at, blocked_by)
        select '{{ model.name }}', 'built', max(batch_id), now(), '{}'
        from ops.table_state
        where table_name in ({{ "'" ~ tables | join("', '") ~ "'" }})
        on conflict (mart) do update set
            state = excluded.state,
            batch_id = excluded.batch_id,
            built_at = excluded.built_at,
            blocked_by = excluded.blocked_by
    {% endif %}
{% endmacro %}

{# At the end of a run: a mart that was skipped or broke keeps its rows, and says what stopped it. #}
{% macro record_unbuilt_marts(results) %}
    {% for result in results %}
        {% set node = result.node %}
        {% if
            node.resource_type == 'model' and 'marts' in node.tags
            and result.status in ('skipped', 'error')
        %}
            {% set tables = inputs_of(node.unique_id, through_rows=true).tables %}
            {% set state = 'blocked' if result.status == 'skipped' else 'failed' %}
            insert into ops.mart_state (mart, state, blocked_by)
            select
                '{{ node.name }}',
                '{{ state }}',
                array(
                    select needed.table_name
                    from
                        unnest(array[{{ "'" ~ tables | join("', '") ~ "'" }}]::text []) as needed (
                            table_name
                        )
                    left join ops.table_state as held on needed.table_name = held.table_name
                    where held.is_publishable is not true
                    order by needed.table_name
                )
            on conflict (mart) do update set
                state = excluded.state, blocked_by = excluded.blocked_by;
        {% endif %}
    {% endfor %}
{% endmacro %}
