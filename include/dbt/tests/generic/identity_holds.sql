{# The arithmetic identity is true in every row; where it may be off by a little, it says so itself. #}
{% test identity_holds(model, expression) %}

select 1 as broken
from {{ model }}
where ({{ expression }}) is not true

{% endtest %}
