{# The gate: passes only if the pipeline has loaded and accepted the source table, or if the practice's
   release of Open Dental lacks it, so that its view is empty. A table of which neither is known is
   not publishable. #}
{% test is_publishable(model) %}

select gate.table_name
from (select '{{ model.identifier }}' as table_name) as gate
left join ops.table_state as held
    on gate.table_name = held.table_name
left join ops.absent_column as absent
    on gate.table_name = absent.table_name and absent.column_name = '*'
where not coalesce(held.is_publishable, absent.table_name is not null)

{% endtest %}
