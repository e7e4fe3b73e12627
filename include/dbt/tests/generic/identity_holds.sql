{# The arithmetic identity is true in every row, to within `tolerance` where it names one itself. #}
{% test identity_holds(model, expression) %}

select 1 as broken
from {{ model }}
where ({{ expression }}) is not true

{% endtest %}
