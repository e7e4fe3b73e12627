"""The documents name files, make targets and commands that exist."""

import re
from pathlib import Path

import pytest

from include.cli import COMMANDS, COMPANIONS
from include.settings import PROJECT_ROOT

DOCUMENTS = sorted(
    path
    for pattern in ("*.md", "docs/**/*.md", "include/dbt/**/DECISIONS.md")
    for path in PROJECT_ROOT.glob(pattern)
    if path.is_file()
)
GENERATED = {"include/config/tables.yml"}


def _ids(path: Path) -> str:
    return str(path.relative_to(PROJECT_ROOT))


@pytest.mark.parametrize("document", DOCUMENTS, ids=_ids)
def test_every_file_that_a_document_names_exists(document: Path) -> None:
    text = document.read_text()
    named = set(
        re.findall(
            r"`((?:include|simulator|local_system|dags|plugins|tests|docs|bin)/[\w./-]+)`", text
        )
    )
    missing = [name for name in named - GENERATED if not (PROJECT_ROOT / name).exists()]
    links = re.findall(r"\]\((?!https?://|#)([^)#]+)", text)
    missing += [link for link in links if not (document.parent / link).exists()]
    assert missing == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=_ids)
def test_every_command_that_a_document_names_exists(document: Path) -> None:
    text = document.read_text()
    targets = set(re.findall(r"^([a-z]+):", (PROJECT_ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"(?:^|`)make ([a-z]+)", text, re.MULTILINE)) <= targets
    assert set(re.findall(r"\./dental ([a-z]+)", text)) <= {*COMMANDS, *COMPANIONS}


def test_every_package_of_include_is_in_the_architecture() -> None:
    text = (PROJECT_ROOT / "docs" / "architecture.md").read_text()
    packages = [path.parent.name for path in (PROJECT_ROOT / "include").glob("*/__init__.py")]
    assert [name for name in packages if f"include/{name}/" not in text] == []
