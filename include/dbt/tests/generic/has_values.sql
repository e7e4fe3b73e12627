{# Every row has a value in each of the named columns. #}
{% test has_values(model, columns) %}

{% for column in columns %}
select
    '{{ column }}' as column_name,
    count(*) as row_count
from {{ model }}
where {{ column }} is null
having count(*) > 0
{% if not loop.last %}union all{% endif %}
{% endfor %}

{% endtest %}
