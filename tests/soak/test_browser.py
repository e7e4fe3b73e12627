"""Pages and mails full of hostile names, in a browser that runs what it is given."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from include import settings
from include.endpoints import Endpoint
from include.errors import TerminalError
from tests.hostile_names import HOSTILE_NAMES, TAKEN, refresh_hostile
from tests.missing import skipped_where_missing
from tests.pages import PLAIN_ELEMENTS, Page
from tests.planning.practice import Practice

pytestmark = pytest.mark.soak

BROWSERS = ("chromium", "chromium-browser", "google-chrome")


class Browser:
    """Chromium without a window, with a profile of its own."""

    def __init__(self, profile: Path) -> None:
        found = [path for name in BROWSERS if (path := shutil.which(name))]
        if not found:
            raise TerminalError(
                "is not installed, so that nobody looked at the pages. Nothing was tried. Install "
                "it (apt-get install chromium), then run this part again.",
                where="Chromium",
            )
        self._command = [found[0], "--headless", "--disable-gpu", f"--user-data-dir={profile}"]
        if os.geteuid() == 0:
            # Its sandbox does not work for root.
            self._command.append("--no-sandbox")

    def open(self, page: Path) -> Page:
        """Return what stands in the page when its scripts have run and it has been left."""
        done = subprocess.run(
            [*self._command, "--virtual-time-budget=3000", "--dump-dom", page.as_uri()],
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        )
        return Page(done.stdout)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Browser:
    with skipped_where_missing():
        return Browser(tmp_path_factory.mktemp("profile"))


def test_the_browser_runs_what_a_careless_page_holds(browser: Browser, tmp_path: Path) -> None:
    script, leaving = HOSTILE_NAMES[0], "<meta http-equiv=refresh content='0;url=about:blank'>"
    for number, (name, is_left) in enumerate(((script, False), (leaving, True))):
        page = tmp_path / f"{number}.html"
        page.write_text(f"<html><head></head><body><h1>here</h1>{name}</body></html>")
        seen = browser.open(page)
        assert ("here" not in seen.text) is is_left
        assert (TAKEN in seen.text) is not is_left


def test_no_name_of_a_table_or_column_runs_or_leaves_a_page(
    browser: Browser,
    source: Endpoint,
    warehouse: Endpoint,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DENTAL_DATA_DOCS_DIRECTORY", str(tmp_path / "docs"))
    monkeypatch.setenv(settings.SOURCE_VARIABLE, source.uri())
    monkeypatch.setenv(settings.WAREHOUSE_VARIABLE, warehouse.uri())
    sinks = refresh_hostile(Practice(source, warehouse, tmp_path))
    for number, mail in enumerate(sinks.mails):
        (sinks.docs / f"mail-{number}.html").write_text(mail.html)
    pages = sorted(sinks.docs.rglob("*.html"))
    assert len(pages) > 2 * len(HOSTILE_NAMES)
    for path in pages:
        before, seen = Page(path.read_text()), browser.open(path)
        assert seen.elements <= PLAIN_ELEMENTS, path
        assert seen.text.split() == before.text.split(), path
