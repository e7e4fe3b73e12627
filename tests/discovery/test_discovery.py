"""Discovery of the practice's whole schema: decisions, stability, protection."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from include.catalog.files import read_catalog
from include.catalog.model import Tier
from include.discovery import discover
from include.discovery.decisions import MONEY_GROUP
from include.endpoints import Endpoint
from include.errors import ConfigError, SourceError, SourceRefusedError
from include.warehouse.session import connect
from tests.discovery.practice import Discovered, execute

BUSINESS = {
    *("patient", "appointment", "procedurelog", "claim", "claimproc", "payment", "paysplit"),
    *("adjustment", "schedule"),
}
TRAIL = {
    *("securitylog", "entrylog", "loginattempt", "histappointment"),
    *("inseditlog", "inseditpatlog"),
}

# A staging model for each of two tables, and one model that reads the visits.
MANIFEST = {
    "nodes": {
        f"model.p.{name}": {"resource_type": "model", "name": name, "schema": layer}
        for name, layer in (
            ("stg_visits", "staging"),
            ("stg_unread", "staging"),
            ("int_visits", "intermediate"),
        )
    },
    "sources": {f"source.p.{name}": {"identifier": name} for name in ("visit", "unread")},
    "parent_map": {
        "model.p.stg_visits": ["source.p.visit"],
        "model.p.stg_unread": ["source.p.unread"],
        "model.p.int_visits": ["model.p.stg_visits"],
    },
}


def test_what_the_business_lives_on_is_critical_or_important(discovered: Discovered) -> None:
    tables = discovered.result.catalog.tables
    assert {tables[name].tier for name in BUSINESS} <= {Tier.CRITICAL, Tier.IMPORTANT}
    assert tables["patient"].tier is Tier.CRITICAL
    assert {tables[name].tier for name in TRAIL} == {Tier.AUDIT}
    for small in ("alertitem", "zipcode", "toothgriddef", "language", "computer"):
        assert tables[small].tier is Tier.REFERENCE
    sizes = discovered.result.tier_sizes
    assert sizes[Tier.CRITICAL] + sizes[Tier.IMPORTANT] < sizes[Tier.REFERENCE] / 3, sizes


def test_every_score_is_the_sum_of_its_named_signals(discovered: Discovered) -> None:
    from include.discovery.importance import WEIGHTS

    with connect(discovered.warehouse) as connection:
        rows = connection.execute(
            "select distinct on (table_name) table_name, score, signals from ops.table_profile "
            "order by table_name, discovered_at desc"
        ).fetchall()
    assert len(rows) == 424
    for name, score, signals in rows:
        total = sum(WEIGHTS[signal] * signals[signal] for signal in WEIGHTS)
        assert score == pytest.approx(total, abs=0.01), name
        assert set(signals) == {*WEIGHTS, "audit"}, name
    weights = {name: signals for name, _, signals in rows}
    assert weights["patient"]["money"] == 1.0
    assert weights["schedule"]["money"] == 0.0
    assert "named_like_a_log" in weights["securitylog"]["audit"]


def test_decisions_follow_the_tier(discovered: Discovered) -> None:
    thresholds = {
        table.tier: (table.quality_threshold, table.sla_minutes, table.is_alerting)
        for table in discovered.result.catalog.tables.values()
    }
    assert thresholds == {
        Tier.CRITICAL: (0.99, 60, True),
        Tier.IMPORTANT: (0.98, 120, True),
        Tier.AUDIT: (0.97, 180, False),
        Tier.REFERENCE: (0.95, 240, False),
    }


def test_money_tables_are_settled_together_and_say_what_they_restate(
    discovered: Discovered,
) -> None:
    tables = discovered.result.catalog.tables
    group = {name for name, table in tables.items() if table.consistency_group == MONEY_GROUP}
    assert group == {
        *("claim", "claimproc", "claimpayment", "payment", "paysplit", "adjustment"),
        *("procedurelog", "appointment", "payplan", "payplancharge"),
    }
    assert tables["adjustment"].restate_by == ("AdjDate", "PatNum", "ProcDate")
    assert {"DatePay", "PatNum"} <= set(tables["paysplit"].restate_by)
    assert {"ProcDate", "PatNum"} <= set(tables["procedurelog"].restate_by)
    assert {"PatNum", "Guarantor"} <= set(tables["patient"].restate_by)
    assert "Birthdate" not in tables["patient"].restate_by, "old values would be copied"
    assert tables["securitylog"].restate_by == ()


def test_credentials_signatures_and_scratch_tables_never_leave(discovered: Discovered) -> None:
    catalog = discovered.result.catalog
    assert catalog.excluded_tables.keys() == {"famaging", "securityloghash"}
    excluded = {
        f"{name}.{column.name}"
        for name, table in catalog.tables.items()
        for column in table.columns
        if column.is_excluded
    }
    assert {
        *("userod.Password", "userod.BadgeId", "treatplan.SignaturePracticeText"),
        *("emailaddress.RefreshToken", "centralconnection.OdPassword", "procnote.Signature"),
    } <= excluded
    assert not any(place.endswith("SecurityHash") for place in excluded)
    assert not excluded & {"userod.PasswordIsStrong", "treatplan.DateTSigned"}
    cells = {name: table.excluded_cells for name, table in catalog.tables.items()}
    assert {name for name, listed in cells.items() if listed} == {"preference", "programproperty"}


def test_protected_columns_are_classed(discovered: Discovered) -> None:
    tables = discovered.result.catalog.tables
    classes = {
        place: str(tables[place[0]].column(place[1]).phi)
        for place in (
            *(("patient", "LName"), ("patient", "WirelessPhone"), ("commlog", "Note")),
            *(("smstomobile", "MsgText"), ("rxpat", "Drug"), ("provider", "DEANum")),
            *(("payment", "CheckNum"), ("referral", "LName"), ("procedurelog", "ProcFee")),
        )
    }
    assert list(classes.values()) == [
        *("identifier", "contact", "free_text", "message", "clinical", "staff"),
        *("financial", "identifier", "None"),
    ]


def test_the_file_stays_byte_for_byte_while_nothing_speaks_against_it(
    discovered: Discovered,
) -> None:
    path = discovered.config_directory / "tables.yml"
    first = path.read_bytes()
    again = discovered.again()
    assert not again.is_changed
    assert path.read_bytes() == first
    assert again.config_version == discovered.result.config_version
    # A day in the practice: rows come, go and change.
    execute(
        discovered.source,
        "insert into patient (LName) values ('a'), ('b')",
        "insert into procedurelog (PatNum, ProcDate) select 1, '2024-01-01' from seq_1_to_500",
        "insert into securitylog (PatNum) select seq from seq_1_to_300",
        "update patient set FName = 'x'",
        "delete from procedurelog where ProcNum > 400",
    )
    assert not discovered.again().is_changed
    assert path.read_bytes() == first
    with connect(discovered.warehouse) as connection:
        row = connection.execute(
            "select row_count, change_rate from ops.table_profile "
            "where table_name = 'procedurelog' order by discovered_at desc limit 1"
        ).fetchone()
    assert row is not None
    assert row[0] == 400
    assert row[1] >= 500, "five hundred numbers were handed out since the discovery before"


def test_another_machine_goes_on_from_the_recorded_decisions(
    discovered: Discovered, tmp_path: Path
) -> None:
    result = discover(discovered.source, discovered.warehouse, config_directory=tmp_path)
    recorded = (discovered.config_directory / "tables.yml").read_bytes()
    assert (tmp_path / "tables.yml").read_bytes() == recorded
    assert result.config_version == discovered.result.config_version


def test_hostile_tables_are_refused_and_the_others_go_on(
    source: Endpoint, warehouse: Endpoint, tmp_path: Path
) -> None:
    long_name = "é" * 40
    execute(
        source,
        "create table good (GoodNum bigint primary key, Note text)",
        "create table Twin (a int)",
        "create table twin (a int)",
        f"create table `{long_name}` (a int)",
        "create table sys (CTID int)",
        "create table _hidden (a int)",
        "create table shape (ShapeNum int primary key, Area polygon, Name text)",
        "create table tmpwork (a int)",
        "create table patient_bak2 (a int)",
        "create table TempChair (a int)",
        "create table keyless (a int, b text)",
    )
    result = discover(source, warehouse, config_directory=tmp_path)
    assert set(result.catalog.tables) == {"good", "keyless"}
    assert result.catalog.tables["keyless"].key == ()
    assert set(result.refused) == {"Twin", "twin", long_name, "sys", "_hidden", "shape"}
    assert "Area (polygon)" in result.refused["shape"]
    assert "differs from twin by case only" in result.refused["Twin"]
    assert result.catalog.excluded_tables["TempChair"].startswith("scratch")
    # What a person decides resolves it, and is taken up by the next discovery.
    (tmp_path / "overrides.yml").write_text(
        "tables: {shape: {columns: {Area: {excluded: true}}}}\n"
        "include_tables: [TempChair]\n"
        f"exclude_tables: {{sys: not ours, {long_name}: not ours}}\n"
    )
    execute(source, "drop table twin", "drop table _hidden")
    again = discover(source, warehouse, config_directory=tmp_path)
    assert set(again.catalog.tables) == {"good", "keyless", "shape", "TempChair", "Twin"}
    columns = again.catalog.tables["shape"].replicated_columns
    assert [column.name for column in columns] == ["ShapeNum", "Name"]
    assert read_catalog(tmp_path) == again.catalog
    assert again.refused == {}


def test_a_damaged_table_is_refused_and_the_others_go_on(
    source: Endpoint, warehouse: Endpoint, tmp_path: Path, server_directory: Path
) -> None:
    execute(
        source,
        "create table broken (a int primary key) engine=MyISAM",
        "create table whole (a int primary key) engine=MyISAM",
        "insert into broken values (1)",
        "insert into whole values (1), (2)",
        "flush tables",
    )
    index = server_directory / "mariadb" / "data" / source.database / "broken.MYI"
    index.write_bytes(b"\0" * index.stat().st_size)
    result = discover(source, warehouse, config_directory=tmp_path)
    assert set(result.catalog.tables) == {"whole"}
    assert "the server could not read the table" in result.refused["broken"]
    index.unlink()


def test_a_column_that_may_not_be_selected_is_refused_by_name(
    source: Endpoint, warehouse: Endpoint, tmp_path: Path
) -> None:
    execute(
        source,
        "create table t (a int primary key, b int)",
        "create table u (a int primary key)",
        "create or replace user partial@'127.0.0.1' identified by 'x'",
        "grant select (a), insert (b) on t to partial@'127.0.0.1'",
        "grant select on u to partial@'127.0.0.1'",
    )
    partial = Endpoint("mysql", source.host, source.port, "partial", "x", source.database)
    result = discover(partial, warehouse, config_directory=tmp_path)
    assert set(result.catalog.tables) == {"u"}
    assert (
        "t: the practice database refuses partial@127.0.0.1 the right SELECT on columns of the "
        "table t (b)"
    ) in result.refused["t"]


def test_a_table_counts_for_more_when_a_model_beyond_staging_reads_it(
    source: Endpoint, warehouse: Endpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest = tmp_path / "manifest.json"
    monkeypatch.setattr("include.settings.DBT_MANIFEST", manifest)
    execute(
        source,
        "create table Visit (VisitNum int primary key)",
        "create table unread (UnreadNum int primary key)",
    )

    def counted() -> dict[str, float]:
        discover(source, warehouse, config_directory=tmp_path)
        with connect(warehouse) as connection:
            return dict(
                connection.execute(
                    "select distinct on (table_name) table_name, signals -> 'read_by_dbt' "
                    "from ops.table_profile order by table_name, discovered_at desc"
                ).fetchall()
            )

    assert counted() == {"visit": 0.0, "unread": 0.0}, "there is no manifest"
    manifest.write_text(json.dumps(MANIFEST))
    assert counted() == {"visit": 1.0, "unread": 0.0}
    manifest.write_text("{}")
    with pytest.raises(ConfigError, match="is no manifest of the dbt project"):
        discover(source, warehouse, config_directory=tmp_path)


def test_a_source_that_cannot_be_read_leaves_no_config(
    source: Endpoint, warehouse: Endpoint, tmp_path: Path
) -> None:
    nowhere = Endpoint("mysql", "127.0.0.1", 1, "reader", "s3cret", "opendental")
    with pytest.raises(SourceError, match="Check that the server runs"):
        discover(nowhere, warehouse, config_directory=tmp_path)
    stranger = Endpoint("mysql", source.host, source.port, "nobody", "s3cret", source.database)
    with pytest.raises(SourceRefusedError, match="refuses the log-in"):
        discover(stranger, warehouse, config_directory=tmp_path)
    with pytest.raises(SourceRefusedError, match="sees no table"):
        discover(source, warehouse, config_directory=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_an_invalid_override_stops_discovery_before_it_reads(
    source: Endpoint, warehouse: Endpoint, tmp_path: Path
) -> None:
    execute(source, "create table t (a int primary key)")
    (tmp_path / "overrides.yml").write_text("tables: {tt: {tier: audit}}")
    with pytest.raises(ConfigError, match="no table is called tt; the nearest is t"):
        discover(source, warehouse, config_directory=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["overrides.yml"]
