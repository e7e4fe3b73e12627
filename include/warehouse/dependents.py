"""Drop the views that depend on a table, and create them again exactly as they were."""

from __future__ import annotations

from dataclasses import dataclass

from psycopg import sql

from include.errors import StructureError
from include.warehouse.session import WarehouseConnection

# Every relation that reads the table through any number of views, nearest first.
_DEPENDENTS = """
    with recursive dependent as (
        select r.ev_class as oid, 1 as depth
        from pg_depend d
        join pg_rewrite r on r.oid = d.objid and d.classid = 'pg_rewrite'::regclass
        where d.refobjid = to_regclass(format('%%I.%%I', %(schema)s::text, %(name)s::text))
            and r.ev_class <> d.refobjid
        union
        select r.ev_class, p.depth + 1
        from dependent p
        join pg_depend d on d.refobjid = p.oid
        join pg_rewrite r on r.oid = d.objid and d.classid = 'pg_rewrite'::regclass
        where r.ev_class <> p.oid
    )

    select
        n.nspname,
        c.relname,
        c.relkind::text,
        pg_get_userbyid(c.relowner),
        pg_get_viewdef(c.oid),
        coalesce(c.reloptions, '{}'),
        obj_description(c.oid, 'pg_class'),
        array(
            select format(
                'grant %%s on %%I.%%I to %%s%%s',
                g.privilege_type,
                n.nspname,
                c.relname,
                case g.grantee
                    when 0 then 'public'
                    else quote_ident(pg_get_userbyid(g.grantee))
                end,
                case when g.is_grantable then ' with grant option' else '' end
            )
            from aclexplode(c.relacl) g
            where g.grantee <> c.relowner
            union all
            select format(
                'grant %%s (%%I) on %%I.%%I to %%s%%s',
                g.privilege_type,
                a.attname,
                n.nspname,
                c.relname,
                case g.grantee
                    when 0 then 'public'
                    else quote_ident(pg_get_userbyid(g.grantee))
                end,
                case when g.is_grantable then ' with grant option' else '' end
            )
            from pg_attribute a, aclexplode(a.attacl) g
            where a.attrelid = c.oid
            union all
            select format(
                'comment on column %%I.%%I.%%I is %%L',
                n.nspname,
                c.relname,
                a.attname,
                col_description(c.oid, a.attnum)
            )
            from pg_attribute a
            where a.attrelid = c.oid and col_description(c.oid, a.attnum) is not null
        )
    from (select oid, max(depth) as depth from dependent group by oid) v
    join pg_class c on c.oid = v.oid
    join pg_namespace n on n.oid = c.relnamespace
    order by v.depth, n.nspname, c.relname
"""


@dataclass(frozen=True, slots=True)
class View:
    """What is needed to create a view again; `statements` are its grants and column comments."""

    schema: str
    name: str
    owner: str
    definition: str
    options: tuple[str, ...]
    comment: str | None
    statements: tuple[str, ...]

    @property
    def identifier(self) -> sql.Identifier:
        """The view's quoted name."""
        return sql.Identifier(self.schema, self.name)


def drop_views(connection: WarehouseConnection, schema: str, name: str) -> tuple[View, ...]:
    """Drop all views that depend on the table, and return what `recreate_views` needs.

    Works in the caller's transaction. Raises StructureError, before it drops anything, when
    something other than a view depends on the table.
    """
    views = []
    for row in connection.execute(_DEPENDENTS, {"schema": schema, "name": name}).fetchall():
        view_schema, view_name, kind, owner, definition, options, comment, statements = row
        if kind != "v":
            raise StructureError(
                f"{view_schema}.{view_name} depends on this table and is no plain view, so a "
                "column's type cannot be changed under it. Nothing was changed. Drop it, refresh, "
                "and create it again.",
                where=f"table {schema}.{name}",
            )
        views.append(
            View(
                view_schema,
                view_name,
                owner,
                definition,
                tuple(options),
                comment,
                tuple(statements),
            )
        )
    for view in reversed(views):
        connection.execute(sql.SQL("drop view {}").format(view.identifier))
    return tuple(views)


def recreate_views(connection: WarehouseConnection, views: tuple[View, ...]) -> None:
    """Create dropped views again, nearest to the table first, in the caller's transaction."""
    for view in views:
        # Definition, options, grants and comments are executed as the server wrote them.
        options = f" with ({', '.join(view.options)})" if view.options else ""
        connection.execute(
            sql.SQL("create view {}{} as {}").format(
                view.identifier,
                sql.SQL(options),
                sql.SQL(view.definition),
            )
        )
        connection.execute(
            sql.SQL("alter view {} owner to {}").format(view.identifier, sql.Identifier(view.owner))
        )
        if view.comment is not None:
            connection.execute(
                sql.SQL("comment on view {} is {}").format(
                    view.identifier, sql.Literal(view.comment)
                )
            )
        for statement in view.statements:
            connection.execute(statement.encode())
