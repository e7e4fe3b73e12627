"""A pooler in front of the warehouse: one that shares sessions is refused, any other serves."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from include.endpoints import Endpoint
from include.errors import TerminalError, WarehouseError
from include.warehouse import pooler
from include.warehouse.session import connect
from tests.encrypted_servers import Certificates, with_options
from tests.engine.oracle import assert_equal
from tests.engine.practice import open_practice
from tests.missing import skipped_where_missing
from tests.warehouse.bouncer import bouncer, installed_pgbouncer


@pytest.fixture
def directory(server_directory: Path) -> Iterator[Path]:
    """A new directory for a pooler, which must be installed."""
    with skipped_where_missing():
        installed_pgbouncer()
    with tempfile.TemporaryDirectory(dir=server_directory) as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.mark.parametrize("order", [0, 1], ids=["last backend first", "backends in turn"])
@pytest.mark.parametrize("others", [0, 1, 3])
def test_a_transaction_pooler_is_refused_however_it_chooses_backends(
    warehouse: Endpoint, directory: Path, order: int, others: int
) -> None:
    with bouncer(
        warehouse, directory, pool_mode="transaction", server_round_robin=order
    ) as endpoint:
        open_backends(endpoint, others)
        with pytest.raises(TerminalError, match=r"different backends.*pool_mode = session"):
            connect(endpoint)


def test_a_transaction_pooler_with_one_backend_is_refused_without_hanging(
    warehouse: Endpoint, directory: Path
) -> None:
    with (
        bouncer(warehouse, directory, pool_mode="transaction", default_pool_size=1) as endpoint,
        pytest.raises(TerminalError, match="different backends"),
    ):
        connect(endpoint)


def test_a_statement_pooler_is_refused(warehouse: Endpoint, directory: Path) -> None:
    with (
        bouncer(warehouse, directory, pool_mode="statement") as endpoint,
        pytest.raises(TerminalError, match="pool_mode = session"),
    ):
        connect(endpoint)


def test_a_table_is_loaded_through_a_pooler_in_session_mode(
    source: Endpoint, warehouse: Endpoint, directory: Path
) -> None:
    with bouncer(warehouse, directory, pool_mode="session") as endpoint:
        practice = open_practice(source, endpoint)
        practice.execute(
            "create table T (Id int primary key, Note text)",
            "insert into T select seq, concat('note ', seq) from seq_1_to_1000",
        )
        table = practice.config("T", chunk_rows=100)
        assert practice.load(table).inserted == 1000
        practice.execute("delete from T where Id % 100 = 7")
        assert practice.load(table).deleted == 10
        assert_equal(source, warehouse, "T")


def test_a_session_pooler_without_a_free_backend_says_so_and_may_be_tried_again(
    warehouse: Endpoint, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pooler, "ANSWER_LIMIT_SECONDS", 1)
    with (
        bouncer(warehouse, directory, pool_mode="session", default_pool_size=1) as endpoint,
        pytest.raises(
            WarehouseError, match="in 1 s: it hangs, or a pooler in front of it had no backend"
        ),
    ):
        connect(endpoint)


def test_a_pooler_that_goes_on_in_plain_text_is_refused_when_encryption_is_demanded(
    postgres: Endpoint, directory: Path, certificates: Certificates
) -> None:
    tls = {
        "client_tls_sslmode": "require",
        "client_tls_cert_file": certificates.warehouse.cert,
        "client_tls_key_file": certificates.warehouse.key,
    }
    with bouncer(postgres, directory, pool_mode="session", **tls) as endpoint:
        demanding = with_options(endpoint, sslmode="require")
        with pytest.raises(TerminalError, match=r"not encrypted, .*server_tls_sslmode"):
            connect(demanding)


def open_backends(endpoint: Endpoint, number: int) -> None:
    """Make the pooler hold as many idle backends."""
    sessions = [
        psycopg.connect(
            host=endpoint.host,
            port=endpoint.port,
            user=endpoint.user,
            password=endpoint.password,
            dbname=endpoint.database,
        )
        for _ in range(number)
    ]
    for session in sessions:
        session.execute("select 1")
    for session in sessions:
        session.close()
