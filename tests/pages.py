"""What stands in a page: its elements, attributes, addresses and text."""

from __future__ import annotations

from html.parser import HTMLParser

# Those of which a page of text and tables is made.
PLAIN_ELEMENTS = {
    *("html", "head", "meta", "style", "title", "body", "div", "span", "nav", "p", "a", "i", "b"),
    *("strong", "br", "ul", "ol", "li", "h1", "h2", "h3", "h4", "h5", "h6"),
    *("table", "thead", "tbody", "tr", "th", "td"),
}
PLAIN_ATTRIBUTES = {"http-equiv", "content", "charset", "class", "id", "hidden", "href"}


class Page(HTMLParser):
    """A parsed page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: set[str] = set()
        self.attributes: set[str] = set()
        self.addresses: list[str] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.add(tag)
        for name, value in attrs:
            self.attributes.add(name)
            if name in ("href", "src"):
                self.addresses.append(value or "")

    def handle_comment(self, data: str) -> None:
        self.elements.add(f"comment {data}")

    def handle_data(self, data: str) -> None:
        self.text += data
