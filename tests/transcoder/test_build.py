"""The core is built once for its source, and its absence is said and does not stop the work."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from include.errors import ConfigError
from include.transcoder import build, core


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An environment of its own, in which nothing is built; what is loaded is forgotten after."""
    with monkeypatch.context() as environment:
        environment.setattr(sys, "prefix", str(tmp_path))
        forget()
        yield
    forget()


def forget() -> None:
    core._compiled.cache_clear()
    core._fallback_with_warning.cache_clear()


def test_without_a_library_the_fallback_works_and_says_so_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.WARNING):
        assert [core.load_core().name, core.load_core().name] == ["python", "python"]
    assert len(caplog.messages) == 1
    assert "python -m include.transcoder.build" in caplog.text
    with pytest.raises(ConfigError, match="libxxhash-dev"):
        core.load_core(compiled=True)


def test_a_build_appears_under_its_name_and_leaves_nothing_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert build.main() == 0
    path = build.library_path()
    assert [found.name for found in path.parent.iterdir()] == [path.name]
    assert core.load_core().name == "compiled"
    # A second set-up has nothing to do, and needs no compiler for it.
    monkeypatch.setenv("CC", "no-such-compiler")
    assert build.build() == path


def test_a_library_of_another_source_is_not_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built = build.build()
    for names in ("SOURCES", "HEADERS"):
        files = getattr(build, names)
        changed = tmp_path / files[0].name
        changed.write_text(files[0].read_text() + "\n/* changed */\n")
        with monkeypatch.context() as edit:
            edit.setattr(build, names, (changed, *files[1:]))
            assert build.library_path() != built
            assert core.load_core().name == "python"
    assert set(build.SOURCES) == set(Path(build.__file__).parent.glob("*.c"))
    assert set(build.HEADERS) == set(Path(build.__file__).parent.glob("*.h"))


def test_a_library_that_cannot_be_loaded_leaves_the_fallback(
    caplog: pytest.LogCaptureFixture,
) -> None:
    path = build.library_path()
    path.parent.mkdir(parents=True)
    path.write_bytes(b"of another machine")
    with caplog.at_level(logging.WARNING):
        assert core.load_core().name == "python"
    assert "cannot be loaded" in caplog.text


def test_a_build_without_a_compiler_fails_with_advice(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("CC", "no-such-compiler")
    assert build.main() == 1
    assert "no-such-compiler: there is no C compiler" in caplog.text
    monkeypatch.setenv("CC", "false")
    assert build.main() == 1
    assert "the compiler failed" in caplog.text
    assert list(build.library_path().parent.iterdir()) == []
