"""Text that one system keeps as HTML and the other as it is: the same words and lines on both sides.

A field of native type `html` is carried as plain text.  Only words and lines travel: emphasis, pictures and tables stay
where they are, as long as nobody changes the text on the other side.
"""

from __future__ import annotations

import re
from html import escape, unescape
from html.parser import HTMLParser

_TAG = re.compile(r"</?[a-zA-Z][^<>]*>|<!--")
_NOTES = re.compile(r"<!--.*?-->|<[!?][^<>]*>", re.DOTALL)
"""Comments and declarations."""
_STRAY = re.compile(r"<(?=[!?])")
"""What begins one and is none: the parser gives up on it."""
_BREAKS = re.compile(r" *\n *")
_ENDS = re.compile(r" +$", re.MULTILINE)
_MANY = re.compile(r"\n{3,}")
_KEPT = re.compile(r"^ | (?= )")
"""Spaces that HTML would swallow."""
_LINES = frozenset((
    "address", "article", "aside", "blockquote", "dd", "div", "dl", "dt", "fieldset", "figure", "footer", "form",
    "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main", "nav", "ol", "p", "pre", "section", "table",
    "tr", "ul",
))  # fmt: skip
"""Elements that stand on lines of their own."""
_UNSEEN = frozenset({"script", "style", "head", "title", "template"})


def plain(html: str) -> str | None:
    """The text that a reader of this HTML sees; None where there is none.  Text without any tag keeps its lines."""
    if _TAG.search(html) is None:
        text = unescape(html)
    else:
        reader = _Reader()
        reader.feed(_STRAY.sub("&lt;", _NOTES.sub("", html)))
        reader.close()
        text = "".join(reader.parts)
        text = _BREAKS.sub("\n", text)
    text = _ENDS.sub("", text.replace("\N{NO-BREAK SPACE}", " "))
    return _MANY.sub("\n\n", text).strip() or None


def markup(text: str) -> str:
    """HTML that shows this text."""
    lines = escape(text.replace("\r\n", "\n").replace("\r", "\n"), quote=False).split("\n")
    return "<br>".join(_KEPT.sub("&nbsp;", line) for line in lines)


class _Reader(HTMLParser):
    """Gathers text, a new line before and after whatever stands on lines of its own."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._unseen = 0
        self._broken = True
        """Nothing stands on the present line yet."""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _UNSEEN:
            self._unseen += 1
        elif tag == "br":
            self._line(always=True)
        elif tag in _LINES:
            self._line()
            if tag == "li":
                self._say("- ")
                self._broken = True

    def handle_endtag(self, tag: str) -> None:
        if tag in _UNSEEN:
            self._unseen = max(self._unseen - 1, 0)
        elif tag in _LINES:
            self._line()

    def handle_data(self, data: str) -> None:
        words = re.sub(r"[ \t\n\r\f]+", " ", data)
        if self._unseen or (self._broken and not words.strip(" ")):
            return
        self._say(words)

    def _say(self, words: str) -> None:
        self.parts.append(words)
        self._broken = False

    def _line(self, *, always: bool = False) -> None:
        if always or not self._broken:
            self.parts.append("\n")
        self._broken = True
