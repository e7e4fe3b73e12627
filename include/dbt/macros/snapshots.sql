{# The marts that keep a snapshot a day. Their rows lie in tables of the schema `snapshots` under the
   same names; what is in `marts` are views. `ops.snapshot` says which days each of them keeps. #}
{% macro kept_marts() %}
    {{ return(['od_aging', 'od_aging_writeoffs_aged', 'od_insurance_aging', 'od_insurance_aging_details']) }}
{% endmacro %}

{# The days that a build computes: the office's today, and days that somebody asked for
   (`ops.snapshot_day`) until each mart has a snapshot of them that is newer, or a live one. #}
{% macro snapshot_days() -%}
    select
        {{ office_today() }} as as_of_on,
        {{ office_today() }} as today_on,
        false as is_historic

    union all

    select
        asked.as_of_on,
        {{ office_today() }} as today_on,
        true as is_historic
    from ops.snapshot_day as asked
    left join ops.snapshot as held
        on
            asked.as_of_on = held.as_of_on
            and held.mart in ('{{ kept_marts() | join("', '") }}')
            and (not held.is_recomputed or held.computed_at >= asked.requested_at)
    where asked.as_of_on < {{ office_today() }}
    group by asked.as_of_on
    having count(held.mart) < {{ kept_marts() | length }}
{%- endmacro %}

{# Whether a day of `days` may be written: one that was recomputed never replaces a live one. #}
{% macro is_day_written(mart) -%}
    not days.is_historic
    or not exists (
        select 1 from ops.snapshot as held
        where held.mart = '{{ mart }}' and held.as_of_on = days.as_of_on and not held.is_recomputed
    )
{%- endmacro %}

{# Pre-hook of a table of snapshots: one that is made anew keeps no day yet. #}
{% macro forget_lost_snapshots() %}
    {% if execute and not is_incremental() %}
        delete from ops.snapshot where mart = '{{ this.identifier }}'
    {% endif %}
{% endmacro %}

{# Post-hook of a table of snapshots, in its transaction: it keeps these days now. #}
{% macro record_snapshots() %}
    {% set days = ref('int_snapshot_days_listed') %}
    {% if execute %}
        insert into ops.snapshot as held (mart, as_of_on, is_recomputed)
        select '{{ this.identifier }}', days.as_of_on, days.is_historic
        from {{ days }} as days
        on conflict (mart, as_of_on) do update set
            is_recomputed = excluded.is_recomputed, computed_at = excluded.computed_at
        where held.is_recomputed or not excluded.is_recomputed
    {% endif %}
{% endmacro %}
