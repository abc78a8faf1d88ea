"""Read the pages of a book: what is written where, which links lead whither."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"meta", "link", "input", "br"}


@dataclass
class Page:
    """One page: its text, ids, links, elements with attributes, and the text of each section."""

    text: str = ""
    ids: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    elements: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    sections: dict[str, str] = field(default_factory=dict)
    scripts: list[str] = field(default_factory=list)

    def tags(self, *names: str) -> list[tuple[str, dict[str, str]]]:
        """Return the elements of these names."""
        return [(tag, attributes) for tag, attributes in self.elements if tag in names]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.page = Page()
        self.open: list[tuple[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        self.page.elements.append((tag, attributes))
        if "id" in attributes:
            self.page.ids.append(attributes["id"])
        self.page.links += [attributes[n] for n in ("href", "src") if n in attributes]
        if tag not in VOID:
            labelled = attributes.get("aria-labelledby") if tag == "section" else None
            self.open.append((tag, labelled))

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        assert self.open, f"</{tag}> closes nothing"
        assert self.open[-1][0] == tag, f"</{tag}> closes <{self.open[-1][0]}>"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1][0] == "script":
            self.page.scripts.append(data)
        self.page.text += data
        for _, section in self.open:
            if section:
                self.page.sections[section] = self.page.sections.get(section, "") + data


def read_page(html: str) -> Page:
    """Return a page; fails where elements are not nested as they must be."""
    reader = _Reader()
    reader.feed(html)
    assert not reader.open, f"never closed: {reader.open}"
    return reader.page
