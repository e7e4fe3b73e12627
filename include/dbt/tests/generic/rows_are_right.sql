{# The rows of a model keep its rules, and `key` names each of them. All rules of all columns are
   asked in one query, and a failure tells which are broken and in how many rows:

   - key: the column has a value in every row, and no other row has the same one.
   - not_null: each of these columns has a value in every row.
   - references: what a column refers to exists; a mapping to `<model>.<its key>`. Open Dental declares
     no foreign keys and deletes for good, so few may dangle: up to one in a hundred, and always two
     (`tolerated_share`, `tolerated_count`), are passed over. More are a warning. A wrong join key leaves
     most of a column without a row, and is an error (DECISIONS.md).
   - codes: every code of a column is in its list of the code dictionary; a mapping to the list.
   - identities: the condition is true in every row; where it may be off by a little, it says so
     itself. A mapping from its name. #}
{% test rows_are_right(
    model, key, not_null=[], references={}, codes={}, identities={}, tolerated_share=0.01,
    tolerated_count=2
) %}
    {% if not key %}
        {{ exceptions.raise_compiler_error('rows_are_right of ' ~ model ~ ' names no key of the rows') }}
    {% endif %}
    {{ broken_rules(
        model, key, not_null, references, codes, identities, tolerated_share, tolerated_count
    ) }}
{% endtest %}
