from pathlib import Path

from include.endpoints import Endpoint
from include.source import session as source_session
from include.warehouse import session as warehouse_session


def test_the_private_servers_answer_with_the_settings_asked_for(
    source: Endpoint, warehouse: Endpoint
) -> None:
    with source_session.connect(source) as connection, connection.cursor() as cursor:
        cursor.execute("select @@time_zone, database()")
        assert cursor.fetchone() == ("+00:00", source.database)
    with warehouse_session.connect(warehouse) as session:
        assert session.execute("show timezone").fetchone() == ("UTC",)


def test_a_server_keeps_its_temporary_files_apart_from_those_of_others(mariadb: Endpoint) -> None:
    with source_session.connect(mariadb) as connection, connection.cursor() as cursor:
        cursor.execute("select @@tmpdir, @@datadir")
        temporary, data = (Path(str(path)) for path in cursor.fetchone() or ())
    assert temporary.parent == data.parent
    assert list(temporary.iterdir()) == []
