import re
from pathlib import Path

from include.catalog.model import Tier
from tests.pages import PLAIN_ELEMENTS, Page
from tests.validation.loaded_warehouse import LoadedWarehouse


def test_the_index_leads_from_the_tier_to_the_results_of_each_table(
    loaded: LoadedWarehouse, docs: Path
) -> None:
    loaded.execute("update raw.procedurelog set procstatus = 99")
    loaded.validate()
    assert 'href="critical/index.html"' in (docs / "index.html").read_text()
    index = (docs / "critical" / "index.html").read_text()
    assert "blocked: quality 0.0000 is below its threshold 0.99" in index
    [page] = re.findall(r'href="(validations/[^"]*)"', index)
    text = (docs / "critical" / page).read_text()
    assert "procstatus holds a code of the list ProcStat." in text
    assert "patnum is 0 or names a row of patient: documented by the practice software." in text


def test_no_page_lets_the_browser_load_anything_from_outside(
    loaded: LoadedWarehouse, docs: Path
) -> None:
    loaded.validate()
    pages = list(docs.rglob("*.html"))
    assert len(pages) == 4  # two indexes, the suite and its results
    for page in pages:
        text = page.read_text()
        assert "default-src 'none'" in text
        assert "//" not in text
        assert Page(text).elements <= PLAIN_ELEMENTS


def test_the_pages_of_what_was_counted_before_are_replaced(
    loaded: LoadedWarehouse, docs: Path
) -> None:
    loaded.validate()
    before = set(docs.rglob("validations/*/*/*/*.html"))
    loaded.execute("update raw.procedurelog set procstatus = 99")
    loaded.validate()
    after = set(docs.rglob("validations/*/*/*/*.html"))
    assert len(before) == len(after) == 1
    assert before != after


def test_a_tier_without_a_load_keeps_its_pages(loaded: LoadedWarehouse, docs: Path) -> None:
    loaded.validate(Tier.IMPORTANT)
    page = (docs / "important" / "index.html").read_text()
    loaded.start_run(*loaded.catalog.tables.values(), phase=1)
    loaded.load("procedurelog")
    loaded.validate(Tier.IMPORTANT)
    assert (docs / "important" / "index.html").read_text() == page


def test_a_table_that_the_run_could_not_load_is_shown_as_missing(
    loaded: LoadedWarehouse, docs: Path
) -> None:
    loaded.execute("update ops.table_load set state = 'failed', error = 'no such <table>'")
    loaded.execute("insert into ops.quarantine values ('patient', 'the source lost it')")
    loaded.validate()
    index = (docs / "critical" / "index.html").read_text()
    assert "<td>procedurelog</td><td>missing</td>" in index
    assert "blocked: load failed: no such &lt;table&gt;" in index
    loaded.validate(Tier.IMPORTANT)
    index = (docs / "important" / "index.html").read_text()
    assert "<td>patient</td><td>missing</td>" in index
    assert "the source lost it" in index
