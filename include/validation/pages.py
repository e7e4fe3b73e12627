"""The pages that people read: an index per tier, and Great Expectations' Data Docs below it.

Every page is sealed (see `include.validation.sealing`). The pages of the run before are replaced,
so the directory does not grow.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
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
    did not load it.
    """

    table: str
    row_count: int | None
    quality: float | None
    threshold: float
    reason: str | None


def new_site(docs: Path, tier: Tier) -> Path:
    """Make and return an empty directory to build a tier's pages in."""
    site = docs / f".{tier}"
    shutil.rmtree(site, ignore_errors=True)
    site.mkdir(parents=True)
    return site


def publish(site: Path, docs: Path, tier: Tier, lines: Sequence[TableLine]) -> None:
    """Add the tier's index to the sealed pages of `site`, and put them in the old ones' place."""
    pages = {
        path.relative_to(site).parts[1]: path.relative_to(site).as_posix()
        for path in sorted(site.glob("validations/*/**/*.html"))
    }
    rows = [_row(line, pages.get(table_word(line.table))) for line in lines]
    head = "<tr><th>table</th><th>rows</th><th>quality</th><th>threshold</th><th>verdict</th></tr>"
    body = f'<p><a href="../{INDEX}">all tiers</a></p><table><tr>{head}</tr>{"".join(rows)}</table>'
    (site / INDEX).write_text(_page(f"{tier} tables", body), encoding="utf-8")
    published = docs / tier.value
    shutil.rmtree(published, ignore_errors=True)
    site.replace(published)
    tiers = [
        f'<li><a href="{one}/{INDEX}">{one}</a></li>'
        for one in Tier
        if (docs / one.value / INDEX).exists()
    ]
    fresh = docs / f".{tier}.{INDEX}"
    fresh.write_text(_page("Validation", f"<ul>{''.join(tiers)}</ul>"), encoding="utf-8")
    fresh.replace(docs / INDEX)


def _row(line: TableLine, page: str | None) -> str:
    name = escaped(line.table)
    cells = [
        f'<a href="{quote(page)}">{name}</a>' if page else name,
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
def page_errors(docs: Path) -> Iterator[None]:
    """Turn a failure to write pages into a TerminalError that says what state the gates are in."""
    try:
        yield
    except OSError as error:
        raise TerminalError(
            f"cannot be written ({error.strerror}), so no page could show the results. The tables "
            "of this tier stay closed; the marts that read them keep their rows. Make room or "
            "permission there, or set DENTAL_DATA_DOCS_DIRECTORY, then validate again.",
            where=str(docs),
        ) from None
