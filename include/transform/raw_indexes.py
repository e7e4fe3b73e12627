"""Which indexes of raw tables the dbt project can use, worked out when its manifest is baked.

The result lies beside the manifest, so that a plan needs neither dbt nor a parser of SQL.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from include.catalog.model import IndexConfig
from include.errors import ConfigError
from include.settings import DBT_MANIFEST
from include.transform.lineage import Lineage
from include.warehouse.raw_tables import SCHEMA

log = logging.getLogger(__name__)

RAW_INDEXES = "raw_indexes.json"
# What Airflow's tasks and the command line read; not part of the checkout.
BAKED_INDEXES = DBT_MANIFEST.with_name(RAW_INDEXES)
_FORMAT = 1
_VIEWS = ("view", "ephemeral")

RawIndexes = Mapping[str, tuple[IndexConfig, ...]]


def derive_indexes(manifest: Mapping[str, Any]) -> dict[str, tuple[IndexConfig, ...]]:
    """Return the indexes that the models' joins and filters can use, by raw table.

    The manifest is one with compiled SQL. Equal projects give equal results in the same order. A
    model that cannot be read is named in the log and asks for no index.
    """
    from sqlglot.errors import SqlglotError

    from include.transform.condition_columns import RawTable, Reached, Relation, parse

    relations: dict[str, Relation] = {
        f"{SCHEMA}.{source['identifier']}".lower(): RawTable(source["identifier"].lower())
        for source in manifest["sources"].values()
        if source["schema"] == SCHEMA
    }
    reached: set[Reached] = set()
    for model in Lineage(manifest).models().values():
        try:
            query = parse(model["compiled_code"], relations)
        except SqlglotError:
            log.warning("model %s: cannot be read, so raw gets no index for it", model["name"])
            continue
        if model["config"]["materialized"] in _VIEWS:
            relations[f"{model['schema']}.{model['alias']}".lower()] = query
        reached |= query.conditions()
    found: dict[str, tuple[IndexConfig, ...]] = {}
    for one in sorted(reached, key=lambda one: (one.table, one.column, one.expression or "")):
        index = IndexConfig((one.column,), one.expression)
        found[one.table] = (*found.get(one.table, ()), index)
    return found


def dump_indexes(indexes: RawIndexes) -> bytes:
    """Return the indexes as the bytes of RAW_INDEXES; equal ones give equal bytes."""
    tables = {
        table: [{"columns": list(i.columns), "expression": i.expression} for i in listed]
        for table, listed in sorted(indexes.items())
    }
    return (json.dumps({"format": _FORMAT, "tables": tables}, indent=1) + "\n").encode()


def read_indexes(path: Path) -> RawIndexes | None:
    """Return what was baked, or None where nothing was; raises ConfigError for another file."""
    try:
        document = json.loads(path.read_bytes())
        if document["format"] != _FORMAT:
            raise ValueError(document["format"])
        return {
            table: tuple(IndexConfig(tuple(i["columns"]), i["expression"]) for i in listed)
            for table, listed in document["tables"].items()
        }
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError):
        raise ConfigError(
            "does not list the indexes of raw that the dbt project can use. Nothing was loaded and "
            "nothing was changed. Write it anew with `./dental transform --bake`.",
            where=str(path),
        ) from None
