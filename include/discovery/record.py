"""What discovery found about each table, as `ops.table_profile` keeps it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from include.discovery.decisions import Evidence
from include.ops.profiles import TableProfile


def table_profiles(
    evidence: Evidence, audit: Mapping[str, Mapping[str, float]]
) -> Iterator[TableProfile]:
    """Yield one profile per table that was measured; `audit` are its signals of an audit trail."""
    references: dict[str, list[dict[str, str | None]]] = {}
    for reference in evidence.references:
        references.setdefault(reference.table, []).append(
            {
                "column": reference.column,
                "kind": reference.kind.value,
                "target": reference.target,
                "told_by": reference.told_by,
                "rule": reference.rule,
                "origin": reference.origin.value,
            }
        )
    for name, measured in evidence.measurements.items():
        structure, importance = evidence.structures[name], evidence.importance[name]
        yield TableProfile(
            # Two tables of one folded name are both left out: keep their rows apart.
            table_name=name if _is_twin(name, evidence) else name.lower(),
            source_name=name,
            row_count=measured.row_count,
            byte_count=measured.byte_count,
            engine=measured.engine,
            fingerprint=structure.fingerprint,
            content_marker=measured.content_marker,
            change_rate=measured.changes_a_day,
            score=importance.score,
            signals={**importance.signals, "audit": dict(audit[name])},
            inferred_references=references.get(name, []),
            on_update_columns=structure.on_update_columns,
        )


def _is_twin(name: str, evidence: Evidence) -> bool:
    return sum(other.lower() == name.lower() for other in evidence.structures) > 1
