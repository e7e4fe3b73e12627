"""What the figures were measured on: hardware, kernel, versions."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path

from bench.layout import PROJECT, Layout
from bench.results import Circumstances
from bench.servers import MARIADB_SETTINGS, POSTGRES_SETTINGS, Servers, administering, writing

_PACKAGES = (
    *("connectorx", "pgpq", "pyarrow", "adbc-driver-postgresql", "dlt"),
    *("sling-linux-amd64", "psycopg", "numpy"),
)


def describe(layout: Layout, servers: Servers) -> dict[str, str]:
    """Return the machine's facts by name."""
    with writing(servers.administrator) as cursor:
        cursor.execute("select version()")
        row = cursor.fetchone()
        mariadb = str(row[0]) if row else "?"
    with administering(servers) as connection:
        version = connection.execute("show server_version").fetchone()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "processor": f"{_processor()}, {os.cpu_count()} cores",
        "memory": f"{memory:.0f} GiB",
        "kernel": f"{platform.system()} {platform.release()}",
        "MariaDB": mariadb,
        "PostgreSQL": str(version[0]) if version else "?",
        "Python": platform.python_version(),
        "peers": ", ".join(f"{name} {number}" for name, number in _peers(layout).items()),
        "MariaDB settings": _settings({**MARIADB_SETTINGS, "innodb_flush_log_at_trx_commit": "2"}),
        "PostgreSQL settings": _settings(POSTGRES_SETTINGS),
    }


def circumstances(scale: str, rounds: int) -> Circumstances:
    """Return when and how this run measures."""
    commit = _output("git", "describe", "--always", "--dirty", "--abbrev=12")
    return Circumstances(
        measured_at=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        commit=commit,
        scale=scale,
        rounds=rounds,
        load=round(os.getloadavg()[0], 2),
    )


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _peers(layout: Layout) -> dict[str, str]:
    code = (
        "import json, importlib.metadata as m;"
        f"print(json.dumps({{n: m.version(n) for n in {_PACKAGES!r}}}))"
    )
    versions: dict[str, str] = json.loads(_output(str(layout.python), "-c", code))
    versions["pgloader"] = _output("dpkg-query", "-W", "-f=${Version}", "pgloader")
    versions["mysql_fdw"] = _output("dpkg-query", "-W", "-f=${Version}", "postgresql-15-mysql-fdw")
    return versions


def _settings(settings: dict[str, str]) -> str:
    return ", ".join(f"{name}={value}" for name, value in settings.items())


def _output(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=PROJECT)
    return done.stdout.strip()
