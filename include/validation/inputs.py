"""All that decides what Great Expectations counts in a table, as one digest.

Counts whose inputs are the same are the same, and are not counted again. The threshold is no input:
each verdict is passed anew, on counts that are new or carried over.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from include.validation.contents import RawTable
from include.validation.rules import Rule
from include.warehouse.session import SESSION_SETTINGS

# What a release counts by, beside its library.
CODE = Path(__file__).parent


def inputs_digest(
    rules: Sequence[Rule],
    *,
    raw_table: RawTable,
    rows: str,
    target_keys: Mapping[str, str | None],
    server_version: int,
) -> str | None:
    """Return the digest of what the counts of these rules depend on; None when it is not known.

    `rows` is the digest of the table's living rows, `target_keys` those of the keys that its
    references are held against, by table. Of a target only the keys count, not its other columns.
    """
    targets = {rule.target: target_keys.get(rule.target) for rule in rules if rule.target}
    if None in targets.values():
        return None
    inputs = {
        "judge": judge_digest(),
        "server": server_version,
        "columns": [
            raw_table.number,
            *((c.number, c.name, c.type_name, c.collation) for c in raw_table.columns),
        ],
        "rows": rows,
        "rules": [
            (rule.kind, rule.columns, rule.condition.as_string(), rule.description, rule.effect)
            for rule in rules
        ],
        "targets": targets,
    }
    return hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()


@cache
def judge_digest() -> str:
    """Return the digest of this release's way of judging: its code, its library, its sessions."""
    digest = hashlib.sha256()
    for path in sorted(CODE.glob("*.py")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    digest.update(importlib.metadata.version("great_expectations").encode())
    digest.update(repr(sorted(SESSION_SETTINGS.items())).encode())
    return digest.hexdigest()
