"""Great Expectations' pages, made harmless and readable.

The pages as they come load scripts, styles and a logo from other hosts, which would tell those
hosts who looks at a practice's validation and when. A sealed page has only the text and the tables:
no script, no style and no address of another host is left, and where the page holds a neutral name,
it shows escaped what that stands for.
"""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from html.parser import HTMLParser
from pathlib import Path

from include.names import shown
from include.validation.neutral_names import WORD, NeutralTable

# The browser loads and runs nothing, whatever stands in a page.
HEAD = """<meta http-equiv="Content-Security-Policy" content="default-src 'none'; \
style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"><meta charset="utf-8"><style>
body { font-family: sans-serif; margin: 1rem 2rem; color: #222; }
table { border-collapse: collapse; margin: 0.5rem 0; }
th, td { border: 1px solid #ccc; padding: 0.25rem 0.6rem; text-align: left; vertical-align: top;
         overflow-wrap: anywhere; }
.fa-check-circle::before { content: "kept"; color: #176117; }
.fa-times::before, .fa-exclamation-triangle::before { content: "broken"; color: #a11; }
.btn, .modal, nav.navbar { display: none !important; }
.row:has(> .col-lg-2) { display: flex; }
.col-lg-2 { flex: 0 0 18rem; }
.card.mb-3 { display: none; }
</style>"""
_KEPT = frozenset(
    {
        *("body", "div", "span", "nav", "p", "a", "i", "b", "strong", "br", "ul", "ol", "li"),
        *("h1", "h2", "h3", "h4", "h5", "h6", "title"),
        *("table", "thead", "tbody", "tr", "th", "td"),
    }
)
_VOID = frozenset({"br"})
# Code is what an exception said, which may hold a row's value.
_DROPPED_WITH_CONTENT = frozenset({"script", "style", "footer", "code"})


def seal_pages(site: Path, tables: Sequence[NeutralTable]) -> None:
    """Rewrite every page below `site`; what the words of a table mean stands in its own pages."""
    by_word = {table.word: table for table in tables}
    for page in site.rglob("*.html"):
        parts = page.relative_to(site).with_suffix("").parts
        table = next((by_word[part] for part in parts if part in by_word), None)
        sealer = _Sealer(table.meanings if table else {t.word: t.meanings[t.word] for t in tables})
        sealer.feed(page.read_text(encoding="utf-8"))
        sealer.close()
        page.write_text("".join([*sealer.parts, "</html>\n"]), encoding="utf-8")


def escaped(text: str) -> str:
    """Return text of the source for a page: visible, and never markup."""
    return html.escape(shown(text))


class _Sealer(HTMLParser):
    """Writes a page again, with the known elements and its text alone."""

    def __init__(self, meanings: Mapping[str, str]) -> None:
        super().__init__(convert_charrefs=True)
        self.parts = [f"<!DOCTYPE html>\n<html><head>{HEAD}</head>\n"]
        self._meanings = meanings
        self._dropping: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._dropping is None and tag in _DROPPED_WITH_CONTENT:
            self._dropping = tag
        if self._dropping is None and tag in _KEPT:
            kept = "".join(
                f' {name}="{html.escape(value or "")}"'
                for name, value in attrs
                if _is_harmless(name, value or "")
            )
            self.parts.append(f"<{tag}{kept}>")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in _DROPPED_WITH_CONTENT:
            self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if tag == self._dropping:
            self._dropping = None
        elif self._dropping is None and tag in _KEPT - _VOID:
            self.parts.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        if self._dropping is None:
            self.parts.append(
                WORD.sub(
                    lambda word: escaped(self._meanings.get(word[0], word[0])), html.escape(data)
                )
            )


def _is_harmless(name: str, value: str) -> bool:
    if name == "href":
        return ":" not in value and not value.startswith("//")
    return name in ("class", "id", "hidden")
