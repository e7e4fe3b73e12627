"""The verdict on each table of a tier: may what was copied be published?"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from include import settings
from include.catalog.model import Catalog, TableConfig, Tier
from include.endpoints import Endpoint
from include.names import counted
from include.ops import schema, table_states
from include.ops.blocks import Block
from include.ops.config_versions import load_catalog
from include.ops.rule_counts import store_rule_counts
from include.ops.runs import read_run
from include.ops.validation_results import replace_results
from include.sessions.locks import lock_session, tables_at_rest, validation_turn
from include.validation.counting import NOTHING_COUNTED, count_breaches
from include.validation.judgements import Judgement, checks, judge
from include.validation.pages import Site, TableLine, begin_site, page_errors, publish
from include.validation.reconciliation import CHECK_NAMES, reconcile
from include.validation.scope import read_scope
from include.validation.subjects import Subject, read_subjects
from include.warehouse.session import WarehouseConnection

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class TierVerdict:
    """The tables of a tier that may not be published, with reasons, and every quality measured.

    Names are names in `raw`. A table that this run neither loaded nor was meant to load keeps its
    verdict and is in neither mapping.
    """

    tier: Tier
    blocked: Mapping[str, str]
    qualities: Mapping[str, float]

    def to_dict(self) -> dict[str, Any]:
        """Return the verdict for an XCom."""
        return asdict(self)


def validate_tier(warehouse: Endpoint, *, run_id: int, tier: Tier) -> TierVerdict:
    """Judge the tier's tables that the run loaded; write the results and open or close the gate.

    Call it when all tables of the run are loaded, since rows refer to other tables. The gate of a
    table that was loaded since its last verdict is closed first and opened last, so that a
    validation that dies publishes nothing. Bad data never raises; running it again gives the same
    verdicts. What decides nothing new is not counted again (`include.validation.counting`).

    Runs may overlap: what raw holds is judged, whichever run loaded it last. Loaders of the tier's
    tables and other validations of the tier wait meanwhile. A table that another run is in the
    middle of loading is left to that run.
    """
    with (
        schema.connect(warehouse, autocommit=True) as connection,
        lock_session(warehouse) as session,
        validation_turn(session, tier),
    ):
        run = read_run(connection, run_id)
        catalog = load_catalog(connection, run.config_version)
        covered = [table.raw_name for table in catalog.of_tier(tier) if run.covers(table)]
        with tables_at_rest(session, covered):
            blocks, judged = _validate(warehouse, connection, catalog, run_id=run_id, tier=tier)
    qualities = {name: one.quality for name, one in judged.items() if one.quality is not None}
    log.info(
        "tier %s: %s judged, %s may not be published, %s counted anew",
        tier,
        counted(len(judged), "table"),
        len(blocks),
        sum(one.counted.is_new for one in judged.values()),
    )
    reasons = {name: block.reason for name, block in sorted(blocks.items())}
    for name, reason in reasons.items():
        log.warning("table %s is blocked: %s", name, reason)
    return TierVerdict(tier, reasons, dict(sorted(qualities.items())))


def _validate(
    warehouse: Endpoint,
    connection: WarehouseConnection,
    catalog: Catalog,
    *,
    run_id: int,
    tier: Tier,
) -> tuple[dict[str, Block], dict[str, Judgement]]:
    """Judge the tables and record it; return what is blocked, and each judgement."""
    scope = read_scope(connection, run_id)
    tables = {table.raw_name: table for table in catalog.of_tier(tier)}
    blocked = {
        name: block
        for name, table in tables.items()
        if scope.covers(table) and (block := scope.table(name).block)
    }
    loaded = [table for name, table in tables.items() if scope.table(name).is_loaded_in_run]
    for name in tables:
        if (other := scope.table(name).loading_run_id) is not None:
            log.info("table %s is left to run %s, which is loading it", name, other)
    with connection.transaction():
        names = [table.raw_name for table in loaded]
        table_states.begin_validation(connection, names, run_id=run_id)
        table_states.close(connection, blocked)
    judged: dict[str, Judgement] = {}
    if loaded or blocked:
        site = Site(settings.data_docs_directory(), tier, frozenset(tables))
        with page_errors(site):
            begin_site(site)
            subjects = read_subjects(connection, scope, catalog, loaded)
            judged = _judge(warehouse, connection, subjects, run_id=run_id, site=site)
            lines = [_line(tables[name], one) for name, one in judged.items()]
            lines += [_missing(tables[name], block) for name, block in blocked.items()]
            publish(site, sorted(lines, key=lambda line: line.table))
    _write(connection, tables, judged, run_id=run_id)
    blocked |= {name: one.block for name, one in judged.items() if one.block is not None}
    return blocked, judged


def _judge(
    warehouse: Endpoint,
    connection: WarehouseConnection,
    subjects: Mapping[str, Subject],
    *,
    run_id: int,
    site: Site,
) -> dict[str, Judgement]:
    """Judge the tables, each by the rows that it holds now."""
    rows = {name: subject.content.row_count for name, subject in subjects.items()}
    counts = reconcile(connection, rows)
    found = count_breaches(
        warehouse,
        connection,
        [
            subject
            for name, subject in subjects.items()
            if rows[name] and all(count.is_equal for count in counts[name])
        ],
        run_name=f"run-{run_id}",
        site=site,
    )
    return {
        name: judge(subject.table, rows[name], counts[name], found.get(name, NOTHING_COUNTED))
        for name, subject in subjects.items()
    }


def _line(table: TableConfig, one: Judgement) -> TableLine:
    return TableLine(
        table.raw_name,
        one.row_count,
        one.quality,
        table.quality_threshold,
        one.block.reason if one.block else None,
        one.counted.page,
    )


def _missing(table: TableConfig, block: Block) -> TableLine:
    """Return the line of a table that the run should have loaded and did not."""
    return TableLine(table.raw_name, None, None, table.quality_threshold, block.reason)


def _write(
    connection: WarehouseConnection,
    tables: Mapping[str, TableConfig],
    judged: Mapping[str, Judgement],
    *,
    run_id: int,
) -> None:
    with connection.transaction():
        # Checks that other parts of the run have recorded stay.
        replace_results(
            connection,
            run_id,
            {
                name: list(checks(one, tables[name].quality_threshold))
                for name, one in judged.items()
            },
            reconciled=CHECK_NAMES,
        )
        store_rule_counts(
            connection,
            run_id,
            {
                name: one.counted.record
                for name, one in judged.items()
                if one.counted.record is not None
            },
        )
        table_states.judge(
            connection, {name: (one.block, one.quality) for name, one in judged.items()}
        )
