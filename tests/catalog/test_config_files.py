"""tables.yml and overrides.yml: bytes, validation, versions."""

from __future__ import annotations

import resource
from dataclasses import replace
from pathlib import Path

import pytest

from include.catalog.document import dump_catalog, parse_catalog
from include.catalog.files import (
    OVERRIDES_FILE,
    TABLES_FILE,
    read_bytes,
    read_catalog,
    write_catalog,
)
from include.catalog.model import (
    Catalog,
    CellExclusion,
    ColumnConfig,
    IndexChoice,
    IndexConfig,
    ReferenceOrigin,
    SubstitutionRule,
    TableConfig,
    Tier,
)
from include.endpoints import Endpoint
from include.errors import ConfigError
from include.open_dental.protection import PhiClass
from include.ops.config_versions import (
    load_catalog,
    load_table_config,
    newest_bytes,
    pin_bytes,
)
from include.settings import PROJECT_ROOT
from include.warehouse.session import connect


def _table(name: str, tier: Tier = Tier.IMPORTANT, chunk_rows: int = 20_000) -> TableConfig:
    return TableConfig(
        name=name,
        key=("Id",),
        columns=(
            ColumnConfig(
                "Id",
                "bigint(20)",
                "bigint",
                references="Patient",
                reference_origin=ReferenceOrigin.DECLARED,
            ),
            ColumnConfig("Note", "enum('a: b','#','\u00e9')", "text", phi=PhiClass.FREE_TEXT),
            ColumnConfig("Secret", "text", "text", phi=PhiClass.CREDENTIAL, is_excluded=True),
            ColumnConfig("Place", "point", "none", is_excluded=True),
            ColumnConfig("Gone", "date", "date", is_retired=True),
            ColumnConfig("yes", "date", "date"),
        ),
        tier=tier,
        chunk_rows=chunk_rows,
        expected_minutes=2.0,
        sla_minutes=60.0,
        quality_threshold=0.98,
        is_alerting=tier is Tier.CRITICAL,
        fingerprint="abc",
        restate_by=("yes",),
        excluded_cells=(CellExclusion("Note", "Id", "pass|'\""),),
        consistency_group="money",
        key_index="uq",
    )


CATALOG = Catalog(
    tables={
        "Patient": _table("Patient", Tier.CRITICAL),
        "on": _table("on"),
        "kept": replace(
            _table("kept"),
            failing_rules=(SubstitutionRule.ZERO_DATE,),
            tombstone_days=30,
            index_choice=IndexChoice.SOURCE,
            indexes=(IndexConfig(("note", "yes")), IndexConfig(("yes",), 'nullif("yes", 0)')),
        ),
        "bare": replace(_table("bare"), indexes=()),
        "visit": _table("visit", chunk_rows=5_000),
        "visit2": _table("visit2"),
    },
    excluded_tables={"tmp1": "scratch", "null": "refused: no"},
)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    write_catalog(tmp_path, CATALOG)
    return tmp_path


def test_a_catalog_survives_its_file_and_equal_decisions_give_equal_bytes() -> None:
    data = dump_catalog(CATALOG)
    assert parse_catalog(data, where="x") == CATALOG
    shuffled = Catalog(
        tables=dict(reversed(list(CATALOG.tables.items()))),
        excluded_tables=dict(reversed(list(CATALOG.excluded_tables.items()))),
    )
    assert dump_catalog(shuffled) == data
    assert data.count(b"chunk_rows") == 3, "two tiers' defaults and the one table that differs"


def test_a_reference_of_an_old_config_is_documented_where_the_facts_list_it_and_else_a_guess() -> (
    None
):
    parsed = parse_catalog(
        b"""
format: 1
defaults:
  audit: {chunk_rows: 1, expected_minutes: 1, sla_minutes: 1, quality_threshold: 1,
    is_alerting: false}
warehouse_types: {bigint(20): bigint}
tables:
  ProcedureLog:
    tier: audit
    fingerprint: f
    columns: &columns
      procnum: bigint(20)
      PatNum: {type: bigint(20), references: patient}
      ProvNum: {type: bigint(20), references: patient}
      AptNum: {type: bigint(20), references: {table: appointment, origin: confirmed}}
  ours:
    tier: audit
    fingerprint: f
    columns: *columns
excluded_tables: {}
""",
        where="x",
    )
    origins = {
        name: [column.reference_origin for column in table.columns]
        for name, table in parsed.tables.items()
    }
    assert origins == {
        "ProcedureLog": [None, "documented", "guessed", "confirmed"],
        # No table of the practice software: nothing is documented of it.
        "ours": [None, "guessed", "guessed", "confirmed"],
    }
    # What is written names who told it, and reads the same.
    written = dump_catalog(parsed)
    assert b"references: {table: patient, origin: documented}" in written
    assert parse_catalog(written, where="x") == parsed


def test_the_file_is_written_only_when_it_changes(directory: Path) -> None:
    before = (directory / TABLES_FILE).stat()
    assert not write_catalog(directory, CATALOG)
    assert (directory / TABLES_FILE).stat().st_ino == before.st_ino
    assert write_catalog(directory, replace(CATALOG, excluded_tables={}))


def test_a_disk_that_is_full_leaves_the_old_config_and_no_debris(directory: Path) -> None:
    before = (directory / TABLES_FILE).read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    larger = replace(CATALOG, excluded_tables={f"tmp{n}": "scratch" for n in range(1000)})
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 1, limits[1]))
    try:
        with pytest.raises(ConfigError, match=r"cannot be written .*stays as it was"):
            write_catalog(directory, larger)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert (directory / TABLES_FILE).read_bytes() == before
    assert [path.name for path in directory.iterdir()] == [TABLES_FILE]


def test_without_a_config_the_error_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"tables\.yml: does not exist.*discover_open_dental"):
        read_catalog(tmp_path)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (b"  visit:", b" visit:", r"tables\.yml: is not valid YAML at line \d+"),
        (b"tier: critical", b"tier: vital", r"tables\.Patient\.tier: input should be"),
        (b"key: [Id]", b"key: [Nope]", r"tables\.Patient: names the column Nope"),
        (b"format: 1", b"format: 9", "has format 9, this version reads 1"),
        (b"    key_index", b"    keyindex", r"tables\.Patient\.keyindex: extra inputs"),
        (b"bigint(20): bigint", b"bigint(21): bigint", "warehouse_types: has no entry for bigint"),
    ],
)
def test_a_damaged_config_is_refused_by_place(
    directory: Path, old: bytes, new: bytes, message: str
) -> None:
    path = directory / TABLES_FILE
    damaged = path.read_bytes().replace(old, new, 1)
    assert damaged != path.read_bytes()
    path.write_bytes(damaged)
    with pytest.raises(ConfigError, match=message):
        read_catalog(directory)


def test_overrides_win_and_say_nothing_about_the_rest(directory: Path) -> None:
    (directory / OVERRIDES_FILE).write_text(
        "tables:\n"
        "  visit:\n"
        "    tier: critical\n"
        "    sla_minutes: 5\n"
        "    consistency_group: ''\n"
        "    restate_by: [Id]\n"
        "    columns:\n"
        "      Note: {excluded: true}\n"
        "      Secret: {excluded: false}\n"
        "      'yes': {phi: clinical, references: Patient}\n"
        "      Id: {references: ''}\n"
        "exclude_tables: {visit2: not needed}\n"
    )
    catalog = read_catalog(directory)
    visit = catalog.tables["visit"]
    assert (visit.tier, visit.sla_minutes, visit.chunk_rows) == (Tier.CRITICAL, 5, 5_000)
    assert visit.consistency_group is None
    assert visit.restate_by == ("Id",)
    assert [column.name for column in visit.replicated_columns] == ["Id", "Secret", "yes"]
    assert visit.column("yes").phi is PhiClass.CLINICAL
    assert visit.column("yes").references == "Patient"
    assert visit.column("yes").reference_origin is ReferenceOrigin.CONFIRMED
    assert (visit.column("Id").references, visit.column("Id").reference_origin) == (None, None)
    assert catalog.excluded_tables["visit2"] == "not needed"
    assert catalog.tables["Patient"] == CATALOG.tables["Patient"]
    assert "visit2" not in catalog.tables


def test_what_is_said_of_one_table_wins_over_what_is_said_of_all(directory: Path) -> None:
    (directory / OVERRIDES_FILE).write_text(
        "defaults:\n"
        "  substitutions: {zero_date: fail, nul_character: fail}\n"
        "  indexes: none\n"
        "  tombstone_days: 90\n"
        "tables:\n"
        "  visit:\n"
        "    substitutions: {zero_date: allow, impossible_date: fail}\n"
        "    indexes: source\n"
        "    tombstone_days: 7\n"
    )
    catalog = read_catalog(directory)
    visit, other = catalog.tables["visit"], catalog.tables["visit2"]
    assert visit.failing_rules == ("impossible_date", "nul_character")
    assert (visit.index_choice, visit.tombstone_days) == ("source", 7)
    assert other.failing_rules == ("zero_date", "nul_character")
    assert (other.index_choice, other.tombstone_days) == ("none", 90)
    assert parse_catalog(dump_catalog(catalog), where="x") == catalog
    plain = CATALOG.tables["visit"]
    assert (plain.failing_rules, plain.index_choice, plain.tombstone_days) == ((), "dbt", 400)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("tables: {visits: {tier: audit}}", "no table is called visits; the nearest is visit"),
        ("exclude_tables: {pateint: x}", "no table is called pateint; the nearest is Patient"),
        ("include_tables: [tmp2]", "no table is called tmp2; the nearest is tmp1"),
        (
            "tables: {visit: {columns: {Notes: {excluded: true}}}}",
            "no column is called Notes; the nearest is Note",
        ),
        ("tables: {visit: {restate_by: [Yess]}}", "no column is called Yess; the nearest is yes"),
        (
            "tables: {visit: {excluded_cells: [{column: X, when_column: Id, pattern: a}]}}",
            "no column is called X",
        ),
        (
            "tables: {visit: {columns: {Note: {references: patien}}}}",
            "no table is called patien; the nearest is Patient",
        ),
        ("tables: {visit: {chunkrows: 1}}", r"chunkrows: this key is not known.*chunk_rows"),
        ("tables: {visit: {columns: {Note: {exclude: true}}}}", "not known; the nearest is excl"),
        ("table: {}", "table: this key is not known; the nearest is tables"),
        ("tables: {visit: {tier: vital}}", r"tables\.visit\.tier: input should be"),
        ("tables: {visit: {quality_threshold: 2}}", "less than or equal to 1"),
        ("exclude_tables: {visit: ''}", r"exclude_tables\.visit"),
        ("tables: {visit: {columns: {Id: {excluded: true}}}}", "Id: is part of the key"),
        ("tables: {visit: {columns: {Place: {excluded: false}}}}", "cannot hold its type point"),
        ("defaults: {substitutions: {zero_dates: fail}}", r"zero_dates\.\[key\]: input should be"),
        ("defaults: {substitutions: {zero_date: warn}}", "should be 'allow' or 'fail'"),
        ("defaults: {tombstone_day: 3}", "not known; the nearest is tombstone_days"),
        ("defaults: {tier: audit}", r"defaults\.tier: this key is not known"),
        ("tables: {visit: {tombstone_days: 0}}", "greater than or equal to 1"),
        ("tables: {visit: {indexes: both}}", "'dbt', 'source' or 'none'"),
        ("tables:\n  visit: {}\n  visit: {}", "line 3: visit is already given on line 2"),
        ("tables: [", r"overrides\.yml: is not valid YAML at line \d"),
        ("- a", "the document: should be keys with values"),
        ("exclude_tables: [visit]", "exclude_tables: should be keys with values"),
        ("tables: {visit: {chunk_rows: many}}", "chunk_rows: should be a number"),
        ("tables: {visit: {restate_by: Id}}", r"restate_by: should be a list, like \[one"),
    ],
)
def test_an_override_that_cannot_be_meant_is_an_error_that_names_it(
    directory: Path, text: str, message: str
) -> None:
    (directory / OVERRIDES_FILE).write_text(text)
    with pytest.raises(ConfigError, match=message) as failure:
        read_catalog(directory)
    assert failure.value.where == str(directory / OVERRIDES_FILE)


def test_the_example_of_the_shipped_overrides_is_understood(directory: Path) -> None:
    shipped = (PROJECT_ROOT / "include" / "config" / OVERRIDES_FILE).read_text()
    (directory / OVERRIDES_FILE).write_text(shipped)
    assert read_catalog(directory) == CATALOG
    lines = [line.removeprefix("# ") for line in shipped.splitlines() if line.startswith("# ")]
    start = next(n for n, line in enumerate(lines) if line.startswith("defaults:"))
    example = "\n".join(lines[start:])
    for old, new in {
        "recall": "visit",
        "DateDue, PatNum": "Id",
        "ValueString": "Note",
        "PrefName": "Id",
        "Priority": "'yes'",
        "definition": "Patient",
        "wikipage": "visit2",
        "temp_chair": "tmp1",
        "ApiToken": "Secret",
    }.items():
        example = example.replace(old, new)
    (directory / OVERRIDES_FILE).write_text(example)
    catalog = read_catalog(directory)
    assert catalog.tables["visit"].chunk_rows == 5_000
    assert catalog.tables["visit"].failing_rules == ("zero_date", "impossible_date")
    assert catalog.tables["Patient"].failing_rules == ("impossible_date",)
    assert "visit2" in catalog.excluded_tables


def test_a_release_that_knows_more_credentials_pins_the_same_files_anew(
    directory: Path, warehouse: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    tables, overrides = read_bytes(directory)
    with connect(warehouse, autocommit=True) as connection:
        before = pin_bytes(connection, tables, overrides)
        assert pin_bytes(connection, tables, overrides) == before
        monkeypatch.setattr("include.ops.config_versions.rules_digest", lambda: "other rules")
        assert pin_bytes(connection, tables, overrides) > before


def test_equal_bytes_are_one_version_and_a_derived_one_is_never_the_newest(
    warehouse: Endpoint, directory: Path
) -> None:
    with connect(warehouse) as connection:
        with pytest.raises(ConfigError, match="holds no config yet"):
            newest_bytes(connection)
        first = pin_bytes(connection, *read_bytes(directory))
        assert pin_bytes(connection, *read_bytes(directory)) == first
        (directory / OVERRIDES_FILE).write_text("exclude_tables: {visit: gone}")
        second = pin_bytes(connection, *read_bytes(directory))
        derived = pin_bytes(connection, dump_catalog(CATALOG), b"", derived_from=second)
        assert len({first, second, derived}) == 3
        assert newest_bytes(connection)[1] == b"exclude_tables: {visit: gone}"
        assert pin_bytes(connection, *read_bytes(directory)) == second
        assert load_catalog(connection, first) == CATALOG
        one_by_one = {name: load_table_config(connection, first, name) for name in CATALOG.tables}
        assert one_by_one == CATALOG.tables
        assert load_table_config(connection, second, "visit") is None
        assert "visit" not in load_catalog(connection, second).tables
        (directory / OVERRIDES_FILE).unlink()
        assert pin_bytes(connection, *read_bytes(directory)) > second, (
            "what was in force before is new again"
        )
