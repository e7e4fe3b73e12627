"""Both servers with TLS, and certificates to reach them with."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from include.endpoints import Endpoint
from local_system import servers
from local_system.layout import MARIADB_ACCOUNT, POSTGRES_ACCOUNT
from local_system.postgres_programs import installed_postgres
from tests.certificates import Authority, Signed
from tests.missing import skipped_where_missing


@dataclass(frozen=True)
class Certificates:
    """One authority that signed both servers' and a client's certificate, and a stranger."""

    authority: Authority
    stranger: Authority
    source: Signed
    warehouse: Signed
    client: Signed


@pytest.fixture(scope="session")
def certificates(server_directory: Path) -> Certificates:
    """Certificates, of which each server's account can read its own."""
    directory = server_directory / "certificates"
    directory.mkdir()
    directory.chmod(0o755)
    authority = Authority(directory, "authority")
    made = Certificates(
        authority,
        Authority(directory, "stranger"),
        authority.sign("source"),
        authority.sign("warehouse"),
        authority.sign("client"),
    )
    if os.geteuid() == 0:
        shutil.chown(made.source.key, MARIADB_ACCOUNT)
        shutil.chown(made.warehouse.key, POSTGRES_ACCOUNT)
    return made


@pytest.fixture(scope="session")
def encrypted_mariadb(server_directory: Path, certificates: Certificates) -> Iterator[Endpoint]:
    """The administrator's endpoint, without options, of a MariaDB that offers TLS."""
    with skipped_where_missing():
        server = servers.start_mariadb(
            server_directory / "mariadb-tls",
            port=servers.free_port(),
            password=servers.new_password(),
            settings={
                "ssl-ca": str(certificates.authority.file),
                "ssl-cert": str(certificates.source.cert),
                "ssl-key": str(certificates.source.key),
            },
        )
    yield server.endpoint
    server.stop()


@pytest.fixture(scope="session")
def encrypted_postgres(server_directory: Path, certificates: Certificates) -> Iterator[Endpoint]:
    """The administrator's endpoint, without options, of a PostgreSQL that offers TLS."""
    with skipped_where_missing():
        server = servers.start_postgres(
            server_directory / "postgres-tls",
            port=servers.free_port(),
            password=servers.new_password(),
            programs=installed_postgres(),
            settings={
                "ssl": "on",
                "ssl_ca_file": str(certificates.authority.file),
                "ssl_cert_file": str(certificates.warehouse.cert),
                "ssl_key_file": str(certificates.warehouse.key),
            },
        )
    yield server.endpoint
    server.stop()


def with_options(endpoint: Endpoint, **options: object) -> Endpoint:
    """Return the endpoint as a connection with these options names it."""
    return replace(endpoint, options={name: str(value) for name, value in options.items()})
