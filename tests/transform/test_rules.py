"""The rules of layers and names in `dbt-bouncer.yml`, held against the project's manifest."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import yaml

from include.settings import PROJECT_ROOT, inherited_environment
from include.transform.manifest import MANIFEST

RULES = PROJECT_ROOT / "dbt-bouncer.yml"


def test_the_project_keeps_every_rule(baked_project: Path, tmp_path: Path) -> None:
    assert _broken_rules(baked_project / MANIFEST, tmp_path) == []


def test_a_mart_that_reads_a_source_breaks_a_rule(baked_project: Path, tmp_path: Path) -> None:
    manifest = json.loads((baked_project / MANIFEST).read_text(encoding="utf-8"))
    mart = manifest["nodes"]["model.open_dental.od_aging"]
    mart["depends_on"]["nodes"].append("source.open_dental.open_dental.claim")
    spoilt = tmp_path / MANIFEST
    spoilt.write_text(json.dumps(manifest), encoding="utf-8")
    assert _broken_rules(spoilt, tmp_path) == [
        "Source `open_dental.claim` is referenced by more than one model.",
        "`od_aging` references a source even though this is not permitted.",
    ]


def _broken_rules(manifest: Path, directory: Path) -> list[str]:
    """Return what dbt-bouncer says against a manifest; its files go to the directory."""
    rules = yaml.safe_load(RULES.read_text(encoding="utf-8"))
    config, findings = directory / RULES.name, directory / "findings.json"
    config.write_text(yaml.safe_dump({**rules, "dbt_artifacts_dir": str(manifest.parent)}))
    command = [str(Path(sys.executable).with_name("dbt-bouncer")), "--config-file", str(config)]
    command += ["--output-file", str(findings), "--output-only-failures"]
    done = subprocess.run(
        command,
        # It keeps a cache of the config below the home directory.
        env={**inherited_environment(), "HOME": str(directory)},
        capture_output=True,
        text=True,
    )
    assert done.returncode in (0, 1), done.stdout + done.stderr
    found = json.loads(findings.read_text(encoding="utf-8"))
    return sorted(str(finding["failure_message"]) for finding in found)
