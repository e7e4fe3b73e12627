{# `rows_are_right` without a key: of rows that have none, or that stand in a test of their own. Who
   reads a model waits for its tests only as far as they read that model alone, so the references and
   codes of a model above staging that others read stand apart. #}
{% test rules_hold(
    model, not_null=[], references={}, codes={}, identities={}, tolerated_share=0.01,
    tolerated_count=2
) %}
    {{ broken_rules(
        model, none, not_null, references, codes, identities, tolerated_share, tolerated_count
    ) }}
{% endtest %}
