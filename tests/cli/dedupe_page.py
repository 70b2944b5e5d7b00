"""What a report's page holds, read as a browser's parser does; and that it is well-formed."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"meta", "link", "input", "br", "hr", "img"}
# In SVG an element without content closes itself.
LOADING = {"src", "href", "srcset", "action", "data", "poster", "background", "xlink:href"}


@dataclass
class Page(HTMLParser):
    """Tags, texts and attributes of a page."""

    markup: str
    wrong: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    loads: list[str] = field(default_factory=list)
    attributes: list[tuple[str, str, str]] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)

    def __post_init__(self):
        super().__init__(convert_charrefs=True)
        self._open: list[str] = []
        self.feed(self.markup)
        self.close()
        self.wrong += [f"<{tag}> is never closed" for tag in self._open]

    def handle_starttag(self, tag, attrs):
        self._note(tag, attrs)
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self._note(tag, attrs)

    def handle_endtag(self, tag):
        if not self._open or self._open.pop() != tag:
            self.wrong.append(f"</{tag}> closes nothing of its own")

    def handle_data(self, data):
        if self._open and self._open[-1] not in ("script", "style"):
            self.texts.append(data)

    def _note(self, tag, attrs):
        self.tags.append(tag)
        for name, value in attrs:
            self.attributes.append((tag, name, value or ""))
            if name in LOADING and not (value or "").startswith(("#", "data:,")):
                self.loads.append(f"<{tag} {name}={value}>")
            if name.startswith("on"):
                self.wrong.append(f"<{tag}> has {name}")

    def text(self) -> str:
        return " ".join(self.texts)
