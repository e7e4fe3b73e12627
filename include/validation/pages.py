"""The pages that people read: an index per tier, and Great Expectations' Data Docs below it.

Every page is sealed (see `include.validation.sealing`). The pages of the run before are replaced,
so the directory does not grow; those of a table that is not counted anew stay.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from include.catalog.model import Tier
from include.errors import TerminalError
from include.validation.neutral_names import table_word
from include.validation.sealing import HEAD, escaped

INDEX = "index.html"


@dataclass(frozen=True, slots=True)
class TableLine:
    """One table's line on its tier's index.

    `quality` is None when it could not be judged, `row_count` as well when it is missing: the run
    did not load it. `page` shows its results, below the directory of the tier.
    """

    table: str
    row_count: int | None
    quality: float | None
    threshold: float
    reason: str | None
    page: str | None = None


@dataclass(frozen=True, slots=True)
class Site:
    """The pages of a tier's tables: those that are published, and those that are being made."""

    docs: Path
    tier: Tier
    tables: frozenset[str]

    @property
    def fresh(self) -> Path:
        """The directory in which new pages are made."""
        return self.docs / f".{self.tier}"

    @property
    def published(self) -> Path:
        """The directory that people see."""
        return self.docs / self.tier.value


def begin_site(site: Site) -> None:
    """Make an empty directory for the tier's new pages."""
    shutil.rmtree(site.fresh, ignore_errors=True)
    site.fresh.mkdir(parents=True)


def result_pages(site: Site) -> Mapping[str, str]:
    """Return the new page with the results of each table, by the table's neutral word."""
    return {
        path.relative_to(site.fresh).parts[1]: path.relative_to(site.fresh).as_posix()
        for path in sorted(site.fresh.glob("validations/*/**/*.html"))
    }


def has_pages(site: Site, table: str, page: str) -> bool:
    """Whether the table has that page with its results here, and the one with its rules."""
    return table in site.tables and all(
        (site.published / one).is_file() for one in _pages_of(table, page)
    )


def keep_pages(site: Site, pages: Mapping[str, str]) -> None:
    """Copy the published pages of these tables to the new ones; `pages` shows their results."""
    for table, page in pages.items():
        for kept in _pages_of(table, page):
            (site.fresh / kept).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(site.published / kept, site.fresh / kept)


def publish(site: Site, lines: Sequence[TableLine]) -> None:
    """Add the tier's index to the new pages, which are sealed, and put them in the old ones' place.

    The index of all tiers names this one then.
    """
    rows = [_row(line) for line in lines]
    head = "<tr><th>table</th><th>rows</th><th>quality</th><th>threshold</th><th>verdict</th></tr>"
    body = f'<p><a href="../{INDEX}">all tiers</a></p><table><tr>{head}</tr>{"".join(rows)}</table>'
    (site.fresh / INDEX).write_text(_page(f"{site.tier} tables", body), encoding="utf-8")
    shutil.rmtree(site.published, ignore_errors=True)
    site.fresh.replace(site.published)
    docs = site.docs
    tiers = [
        f'<li><a href="{one}/{INDEX}">{one}</a></li>'
        for one in Tier
        if (docs / one.value / INDEX).exists()
    ]
    fresh = docs / f".{site.tier}.{INDEX}"
    fresh.write_text(_page("Validation", f"<ul>{''.join(tiers)}</ul>"), encoding="utf-8")
    fresh.replace(docs / INDEX)


def _pages_of(table: str, page: str) -> tuple[str, str]:
    return page, f"expectations/{table_word(table)}.html"


def _row(line: TableLine) -> str:
    name = escaped(line.table)
    cells = [
        f'<a href="{quote(line.page)}">{name}</a>' if line.page else name,
        "missing" if line.row_count is None else str(line.row_count),
        "" if line.quality is None else f"{line.quality:.6f}",
        f"{line.threshold:g}",
        "publishable" if line.reason is None else f"blocked: {escaped(line.reason)}",
    ]
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"


def _page(title: str, body: str) -> str:
    return (
        f"<!DOCTYPE html><html><head>{HEAD}<title>{title}</title></head>"
        f"<body><h1>{title}</h1>{body}</body></html>\n"
    )


@contextmanager
def page_errors(site: Site) -> Iterator[None]:
    """Turn a failure to write pages into a TerminalError that says what state the gates are in."""
    try:
        yield
    except OSError as error:
        raise TerminalError(
            f"cannot be written ({error.strerror}), so no page could show the results. The tables "
            "of this tier stay closed; the marts that read them keep their rows. Make room or "
            "permission there, or set DENTAL_DATA_DOCS_DIRECTORY, then validate again.",
            where=str(site.docs),
        ) from None
