"""The two config files of a deployment: generated tables.yml, reviewed overrides.yml."""

from __future__ import annotations

import logging
import os
import tempfile
from pathlib import Path

from include.catalog.document import dump_catalog, parse_catalog
from include.catalog.model import Catalog
from include.catalog.overrides import Overrides, parse_overrides
from include.errors import ConfigError

log = logging.getLogger(__name__)

TABLES_FILE = "tables.yml"
OVERRIDES_FILE = "overrides.yml"


def read_catalog(config_directory: Path) -> Catalog:
    """Return the catalog of tables.yml with overrides.yml applied.

    Raises ConfigError when there is no tables.yml yet, or when either file is invalid.
    """
    tables, overrides = read_bytes(config_directory)
    return combine(tables, overrides, where=str(config_directory))


def combine(tables: bytes, overrides: bytes, *, where: str) -> Catalog:
    """Return the catalog of the two documents; `where` names their directory in messages."""
    catalog = parse_catalog(tables, where=f"{where}/{TABLES_FILE}")
    return parse_overrides(overrides, where=f"{where}/{OVERRIDES_FILE}").apply(catalog)


def read_bytes(config_directory: Path) -> tuple[bytes, bytes]:
    """Return tables.yml and overrides.yml as they are; a missing overrides.yml is empty."""
    path = config_directory / TABLES_FILE
    try:
        tables = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        raise ConfigError(
            "does not exist: this deployment has no config yet. Nothing was loaded and nothing was "
            "changed. Run the DAG discover_open_dental, or ./dental discover, to write it.",
            where=str(path),
        ) from None
    except OSError as error:
        raise _unreadable(path, error) from None
    return tables, read_overrides_bytes(config_directory)


def read_overrides_bytes(config_directory: Path) -> bytes:
    """Return overrides.yml as it is; a missing file is empty."""
    path = config_directory / OVERRIDES_FILE
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise _unreadable(path, error) from None


def read_overrides(config_directory: Path) -> Overrides:
    """Return overrides.yml, without checking it against a catalog; a missing file is empty."""
    path = config_directory / OVERRIDES_FILE
    return parse_overrides(read_overrides_bytes(config_directory), where=str(path))


def read_decisions(config_directory: Path) -> Catalog | None:
    """Return tables.yml without overrides, or None when there is none yet."""
    path = config_directory / TABLES_FILE
    if not path.exists():
        return None
    return parse_catalog(path.read_bytes(), where=str(path))


def write_catalog(config_directory: Path, catalog: Catalog) -> bool:
    """Write tables.yml if its bytes change; return whether they did.

    A reader sees the old file or the new one, also after a crash. Raises ConfigError when it cannot
    be written; the old file is then unchanged.
    """
    path = config_directory / TABLES_FILE
    data = dump_catalog(catalog)
    if path.exists() and path.read_bytes() == data:
        return False
    try:
        config_directory.mkdir(parents=True, exist_ok=True)
        _replace(path, data)
    except OSError as error:
        raise ConfigError(
            f"cannot be written ({error.strerror}). The config stays as it was. Make room or "
            "permission there, then run discovery again.",
            where=str(path),
        ) from None
    return True


def follow(config_directory: Path, tables: bytes, *, began_with: bytes) -> None:
    """Let tables.yml follow decisions that were recorded in `ops.config` first.

    Only a file that holds what these began with is written. One that holds anything else, or that
    cannot be written, stays as it is, with a warning; the next discovery writes it anew. Where
    there is no file, none is made.
    """
    path = config_directory / TABLES_FILE
    try:
        present = path.read_bytes() if path.exists() else tables
        if present == began_with:
            _replace(path, tables)
            present = tables
    except OSError as error:
        log.warning("%s cannot be written (%s)", path, error.strerror)
        present = began_with
    if present != tables:
        log.warning(
            "%s is not the newest config, which is in ops.config and which refreshes follow; run "
            "discovery to write it anew",
            path,
        )


def _replace(path: Path, data: bytes) -> None:
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(0o644)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def _unreadable(path: Path, error: OSError) -> ConfigError:
    return ConfigError(
        f"cannot be read ({error.strerror}). Nothing was loaded and nothing was changed.",
        where=str(path),
    )
