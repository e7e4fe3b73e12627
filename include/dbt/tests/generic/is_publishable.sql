{# The gate: passes only if the pipeline has loaded and accepted the source table. A table that it
   does not know is not publishable. #}
{% test is_publishable(model) %}

select gate.table_name
from (select '{{ model.identifier }}' as table_name) as gate
left join ops.table_state as held
    on gate.table_name = held.table_name
where held.is_publishable is not true

{% endtest %}
