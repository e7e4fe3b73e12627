"""What the generator calls tables and columns, those of a newer release included."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from include.errors import ConfigError
from include.open_dental import codes, schema
from include.transform import naming, raw_columns
from include.transform.staging import FOLDER, generated_files

CACHES = (
    schema.tables,
    schema.enums,
    schema._schema,
    schema._folded,
    codes._names,
    naming.entities,
    naming._keys,
    raw_columns.staged_columns,
)
NEW_TABLE = {
    "engine": "InnoDB",
    "collation": "utf8mb3_general_ci",
    "primary_key": ["OrthoGadgetNum"],
    "indexes": {},
    "columns": [
        {"name": "OrthoGadgetNum", "type": "bigint(20)"},
        {"name": "PatNum", "type": "bigint(20)", "references": "patient"},
        {"name": "ProvNumFitted", "type": "bigint(20)", "references": "provider"},
        {"name": "DateGiven", "type": "date"},
        {"name": "FeeAmt", "type": "double"},
        {"name": "IsDone", "type": "tinyint(4)"},
        {"name": "SecDateTEdit", "type": "timestamp"},
        {"name": "GadgetPassword", "type": "varchar(255)"},
    ],
}


class Newer:
    """The schema file with whatever a test adds to it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.content: dict[str, Any] = json.loads(schema._FILE.read_text(encoding="utf-8"))

    def write(self) -> None:
        """Let the generator see it."""
        self._path.write_text(json.dumps(self.content), encoding="utf-8")
        for cached in CACHES:
            cached.cache_clear()


@pytest.fixture
def newer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Newer]:
    newer = Newer(tmp_path / "schema.json")
    monkeypatch.setattr(schema, "_FILE", tmp_path / "schema.json")
    yield newer
    monkeypatch.undo()
    for cached in CACHES:
        cached.cache_clear()


def test_tables_and_columns_of_a_newer_release_need_a_run_of_the_generator_alone(
    newer: Newer,
) -> None:
    newer.content["tables"]["orthogadget"] = NEW_TABLE
    newer.content["tables"]["adjustment"]["columns"].append(
        {"name": "OrthoGadgetNum", "type": "bigint(20)", "references": "orthogadget"}
    )
    newer.write()
    files = generated_files()
    model = files[FOLDER / "stg_open_dental__ortho_gadgets.sql"]
    for line in (
        "    orthogadgetnum as ortho_gadget_id,",
        "    nullif(patnum, 0) as patient_id,",
        "    nullif(provnumfitted, 0) as fitted_provider_id,",
        "    {{ open_dental_date('dategiven') }} as given_on,",
        "    feeamt::numeric as fee_amount,",
        "    isdone <> 0 as is_done,",
        "    {{ open_dental_timestamp('secdatetedit') }} as row_edited_at,",
        "    orthogadgetnum bigint, patnum bigint, provnumfitted bigint, dategiven date,",
    ):
        assert line in model.splitlines()
    assert "password" not in model
    adjustments = files[FOLDER / "stg_open_dental__adjustments.sql"]
    assert "    nullif(orthogadgetnum, 0) as ortho_gadget_id," in adjustments.splitlines()
    assert "name: orthogadget\n" in files[FOLDER / "_open_dental__sources.yml"]


def test_names_that_a_view_cannot_have_are_refused_with_their_table(newer: Newer) -> None:
    columns = newer.content["tables"]["site"]["columns"]
    columns.append({"name": "Descript", "type": "text"})
    newer.write()
    with pytest.raises(ConfigError, match="table site: two columns would be called description"):
        generated_files()
    columns[-1]["name"] = "Performing" * 6 + "Site"
    newer.write()
    with pytest.raises(ConfigError, match=r"table site: .* PostgreSQL holds 63 letters"):
        generated_files()


@pytest.mark.parametrize(
    ("table", "plural"),
    [
        ("scheduleop", "schedule_operatories"),
        ("covcat", "coverage_categories"),
        ("emailaddress", "email_addresses"),
        ("supply", "supplies"),
        ("dictcustom", "custom_dictionary_words"),
        ("evaluationcriterion", "evaluation_criteria"),
        ("registrationkey", "registration_keys"),
    ],
)
def test_plurals_are_right(table: str, plural: str) -> None:
    assert naming.entities()[table][2] == f"stg_open_dental__{plural}"
