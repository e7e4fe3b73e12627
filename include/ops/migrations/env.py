"""How alembic runs the revisions: over the session that `include.ops.migrate` hands it."""

from __future__ import annotations

from alembic import context

with context.config.attributes["engine"].connect() as connection:
    # "create schema if not exists" asks for the right to create one that is there.
    if not connection.dialect.has_schema(connection, "ops"):
        connection.exec_driver_sql("create schema ops")
    context.configure(
        connection=connection,
        version_table=context.config.get_main_option("version_table"),
        version_table_schema="ops",
    )
    context.run_migrations()
    connection.commit()
