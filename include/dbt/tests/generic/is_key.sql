{# Every row has a value in the column, and no two rows the same one. #}
{% test is_key(model, column_name) %}

select
    {{ column_name }} is null as is_null,
    count(*) as row_count
from {{ model }}
group by {{ column_name }}
having {{ column_name }} is null or count(*) > 1

{% endtest %}
