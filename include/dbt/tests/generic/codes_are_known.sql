{# Every code of the named columns is in its list of the code dictionary. #}
{% test codes_are_known(model, columns) %}

{% for column, code_list in columns.items() %}
select
    '{{ column }}' as column_name,
    held.code
from (
    select distinct {{ column }}::text as code from {{ model }} where {{ column }} is not null
) as held
left join {{ ref('open_dental_codes') }} as dictionary
    {# dbt reads an empty code of the seed as null. #}
    on dictionary.code_list = '{{ code_list }}' and held.code = coalesce(dictionary.code, '')
where dictionary.code_list is null
{% if not loop.last %}union all{% endif %}
{% endfor %}

{% endtest %}
