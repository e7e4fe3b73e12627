{# A view is made again only when its SQL, or what is said of it and its columns, is another than what
   it was made by; otherwise it costs no statement. Grants on it and views above it outlive that. #}
{% materialization view, adapter='postgres' %}
    {%- set relation = this.incorporate(type='view') -%}
    {%- set name = relation.include(database=false).render() -%}
    {%- set descriptions = described() -%}
    {%- set definition = 'dbt ' ~ local_md5(sql ~ tojson(descriptions)) -%}
    {%- set held = made_by(name) -%}
    {% if held == definition and not flags.FULL_REFRESH %}
        {% call noop_statement('main', 'UNCHANGED') -%}
            {{ sql }}
        {%- endcall %}
    {% else %}
        {{ run_hooks(pre_hooks, inside_transaction=False) }}
        {{ run_hooks(pre_hooks, inside_transaction=True) }}
        {% call statement('main') -%}
            {{ replace_view(name, sql, descriptions, definition) }}
        {%- endcall %}
        {{ run_hooks(post_hooks, inside_transaction=True) }}
        {% do adapter.commit() %}
        {{ run_hooks(post_hooks, inside_transaction=False) }}
    {% endif %}
    {{ return({'relations': [relation]}) }}
{% endmaterialization %}

{# What the comments of a view say: of each column by its name, and of the view itself by ''. #}
{% macro described() %}
    {% set texts = {} %}
    {% if config.persist_relation_docs() and model.description %}
        {% do texts.update({'': model.description}) %}
    {% endif %}
    {% if config.persist_column_docs() %}
        {% for column in model.columns.values() if column.description %}
            {% do texts.update({column.name: column.description}) %}
        {% endfor %}
    {% endif %}
    {{ return(texts) }}
{% endmacro %}

{# By what the view was made: the comment on its rule, which is gone with the view; a table that it
   reads takes it along when it is made anew, even while this invocation runs. #}
{% macro made_by(name) %}
    {% set answer = run_query("
        select d.description
        from pg_rewrite as r
        inner join pg_description as d
            on r.oid = d.objoid and d.classoid = 'pg_rewrite'::regclass
        where
            r.ev_class = to_regclass('" ~ name ~ "')
            and r.rulename = '_RETURN'
            and d.description like 'dbt %'
    ") %}
    {{ return(answer[0][0] if answer else none) }}
{% endmacro %}

{# PostgreSQL replaces a view in place when the new one only has more columns behind the old ones.
   Otherwise the view and all that stand on it are dropped and made again, with owner, grants and
   comments, in one transaction. A view of dbt's own that reads a column that is gone is left out:
   its model makes it. Somebody else's stops the model, and nothing is changed. #}
{% macro replace_view(name, sql, descriptions, definition) -%}
do $replace_view$
declare
    target constant text := $name${{ name }}$name$;
    query constant text := $query${{ sql }}$query$;
    is_replaced boolean := false;
    standing jsonb;
    one record;
    said record;
begin
    -- Two that replaced neighbours at once could wait for each other.
    perform pg_advisory_xact_lock(hashtextextended('dbt replaces a view', 0));
    begin
        execute format('create or replace view %s as %s', target, query);
        is_replaced := true;
    exception when invalid_table_definition or wrong_object_type then
        -- Columns are gone or have other names or types, or it is no view.
    end;
    if not is_replaced then
        {{ standing_views() }}
        for one in
            select * from jsonb_to_recordset(standing) as v (name text, kind text, depth int)
            order by v.depth desc, v.name
        loop
            if one.depth > 0 and one.kind <> 'view' then
                raise exception 'view % cannot get other columns while view % stands on it. Nothing was'
                    ' changed. Drop that, build again, and make it anew.', target, one.name
                    using errcode = 'dependent_objects_still_exist';
            end if;
            execute format('drop %s %s', one.kind, one.name);
        end loop;
        execute format('create view %s as %s', target, query);
        for one in
            select * from jsonb_to_recordset(standing)
                as v (name text, depth int, query text, is_ours boolean, properties text [])
            order by v.depth, v.name
        loop
            begin
                if one.depth > 0 then
                    execute one.query;
                end if;
            exception when syntax_error_or_access_rule_violation then
                if not one.is_ours then
                    raise exception 'view % reads columns that view % has no longer. Nothing was changed.'
                        ' Drop that view, build again, and make it anew.', one.name, target
                        using errcode = 'dependent_objects_still_exist';
                end if;
                continue;
            end;
            for said in select unnest(one.properties) as statement loop
                begin
                    execute said.statement;
                exception when undefined_column then
                    -- A grant or a comment on a column that is gone.
                end;
            end loop;
        end loop;
    end if;
    for said in
        select key as column_name, value as description
        from jsonb_each_text($descriptions${{ tojson(descriptions) }}$descriptions$)
    loop
        if said.column_name = '' then
            execute format('comment on view %s is %L', target, said.description);
        else
            execute format(
                'comment on column %s.%I is %L', target, said.column_name, said.description
            );
        end if;
    end loop;
    execute format('comment on rule "_RETURN" on %s is %L', target, '{{ definition }}');
end
$replace_view$
{%- endmacro %}

{# The part of `replace_view` that looks at what is to be dropped: the view and all that stand on it. #}
{% macro standing_views() -%}
with recursive above as (
    select to_regclass(target)::oid as oid, 0 as depth
    union
    select r.ev_class, above.depth + 1
    from above
    inner join pg_depend as d
        on above.oid = d.refobjid and d.refclassid = 'pg_class'::regclass
    inner join pg_rewrite as r on d.objid = r.oid and d.classid = 'pg_rewrite'::regclass
    where r.ev_class <> above.oid
),

farthest as (
    select oid, max(depth) as depth from above group by oid
),

grants as (
    select c.oid, g.*, '' as columns
    from pg_class as c, aclexplode(c.relacl) as g
    union all
    select a.attrelid, g.*, format('(%I)', a.attname)
    from pg_attribute as a, aclexplode(a.attacl) as g
)

select jsonb_agg(to_jsonb(v)) into standing
from (
    select
        f.depth,
        format('%I.%I', n.nspname, c.relname) as name,
        case c.relkind
            when 'v' then 'view' when 'm' then 'materialized view' else 'table'
        end as kind,
        format(
            'create view %I.%I %s as %s', n.nspname, c.relname,
            'with (' || array_to_string(c.reloptions, ', ') || ')', pg_get_viewdef(c.oid)
        ) as query,
        coalesce(made.description like 'dbt %', false) as is_ours,
        array(
            select format(
                'alter view %I.%I owner to %I', n.nspname, c.relname, pg_get_userbyid(c.relowner)
            )
            union all
            select format('comment on view %I.%I is %L', n.nspname, c.relname, d.description)
            from pg_description as d
            where d.objoid = c.oid and d.classoid = 'pg_class'::regclass and d.objsubid = 0
            union all
            select format(
                'comment on column %I.%I.%I is %L', n.nspname, c.relname, a.attname, d.description
            )
            from pg_description as d
            inner join pg_attribute as a on d.objoid = a.attrelid and d.objsubid = a.attnum
            where d.objoid = c.oid and d.classoid = 'pg_class'::regclass
            union all
            select format(
                'comment on rule "_RETURN" on %I.%I is %L', n.nspname, c.relname, made.description
            )
            where made.description is not null
            union all
            select format(
                'grant %s %s on %I.%I to %s%s', g.privilege_type, g.columns, n.nspname, c.relname,
                case g.grantee
                    when 0 then 'public' else quote_ident(pg_get_userbyid(g.grantee))
                end,
                case when g.is_grantable then ' with grant option' else '' end
            )
            from grants as g
            where g.oid = c.oid and g.grantee <> c.relowner
        ) as properties
    from farthest as f
    inner join pg_class as c on f.oid = c.oid
    inner join pg_namespace as n on c.relnamespace = n.oid
    left join pg_rewrite as r on c.oid = r.ev_class and r.rulename = '_RETURN'
    left join pg_description as made
        on r.oid = made.objoid and made.classoid = 'pg_rewrite'::regclass
) as v;
{%- endmacro %}
