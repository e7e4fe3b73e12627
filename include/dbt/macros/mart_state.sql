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
