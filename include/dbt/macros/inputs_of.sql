{# The raw tables that a node reads, and the models with rows of their own at which its ways down to
   them end. With `through_rows` no way ends at a model: the tables are then all of them, and with
   `beside_settings` all but those that are read as settings alone. #}
{% macro inputs_of(unique_id, through_rows=false, beside_settings=false) %}
    {% set tables = [] %}
    {% set models = [] %}
    {# The list grows while it is walked; each node is in it once. #}
    {% set pending = graph.nodes[unique_id].depends_on.nodes | unique | list %}
    {% for current in pending %}
        {% if current in graph.sources %}
            {% do tables.append(graph.sources[current].identifier) %}
        {% elif current in graph.nodes %}
            {% set node = graph.nodes[current] %}
            {% if beside_settings and node.name == 'int_preferences_pivoted' %}
            {% elif through_rows or node.config.materialized in ('view', 'ephemeral') %}
                {% for parent in node.depends_on.nodes if parent not in pending %}
                    {% do pending.append(parent) %}
                {% endfor %}
            {% elif node.resource_type == 'model' %}
                {% do models.append(current) %}
            {% endif %}
        {% endif %}
    {% endfor %}
    {{ return({'tables': tables | unique | sort, 'models': models | sort}) }}
{% endmacro %}
