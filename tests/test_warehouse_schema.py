from include.endpoints import Endpoint
from include.warehouse import schema, session


def test_preparing_a_ready_warehouse_again_keeps_what_it_holds(warehouse: Endpoint) -> None:
    with session.connect(warehouse, autocommit=True) as connection:
        schema.prepare(connection)
        connection.execute("insert into ops.table_state (table_name) values ('patient')")
        schema.prepare(connection)
        rows = connection.execute("select table_name, is_publishable from ops.table_state")
        assert rows.fetchall() == [("patient", False)]
