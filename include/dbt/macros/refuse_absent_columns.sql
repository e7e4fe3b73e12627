{# Pre-hook of a mart: refuses to make it when the practice's release of Open Dental lacks a column
   without which its figures would be wrong (`meta: {needs: [claim.SecDateTEdit]}`, or a table alone).
   The mart keeps the rows of its last build; marts that do not need the column go on. #}
{% macro refuse_absent_columns() %}
    {% set needs = model.config.get('meta', {}).get('needs', []) %}
    {% if execute and needs %}
        {% set listed = run_query('select table_name, column_name from ops.absent_column') %}
        {% set absent = [] %}
        {% for need in needs %}
            {% set table, _, column = (need | lower).partition('.') %}
            {% set held = raw_columns().get(table) %}
            {% set is_listed = [] %}
            {% for row in listed.rows
                if row[0] == table and (row[1] == '*' or row[1] == column) %}
                {% do is_listed.append(true) %}
            {% endfor %}
            {% if is_listed or held is none or (column and column not in held) %}
                {% do absent.append(need) %}
            {% endif %}
        {% endfor %}
        {% if absent %}
            {{ exceptions.raise_compiler_error(
                'the practice\'s release of Open Dental lacks ' ~ absent | join(', ') ~ ', without'
                ~ ' which ' ~ model.name ~ ' would be wrong; it keeps the rows of its last build.'
                ~ ' ops.absent_column lists what else is lacking.'
            ) }}
        {% endif %}
    {% endif %}
{% endmacro %}
