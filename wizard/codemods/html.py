"""HTML pages and templates (Django, Jinja, ERB, Blade, Astro): markup in the head, and where script blocks are."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from wizard.edits import Codemod, insert, splice
from wizard.errors import CannotEdit
from wizard.text import indent_at, indent_unit, indented, line_number, line_start

# Scanned, not parsed: an HTML parser reads `{% if %}` inside a tag as attributes and a head in a string as a head.
_STARTS = re.compile(r"<(?=[!%?/a-zA-Z])|\{(?=[#{%/])")
PROLOGUE = re.compile(r"(?:[^<-]+|<!--.*?-->|-(?!--))*+", re.DOTALL)
"""What Astro lets stand in front of the frontmatter: anything but a tag."""
_FRONTMATTER = re.compile(r"---[ \t]*\r?\n.*?^[ \t]*---[ \t]*\r?$", re.MULTILINE | re.DOTALL)
_FLAGS = re.IGNORECASE | re.DOTALL
_PAIRS: tuple[tuple[str, re.Pattern[str], re.Pattern[str], bool], ...] = tuple(
    (kind, re.compile(opening, _FLAGS), re.compile(closing, _FLAGS), to_end)
    for kind, opening, closing, to_end in (
        ("comment", "<!--", "-->", True),
        ("comment", r"\{#", r"#\}", False),
        ("comment", r"\{\{!--", r"--\}\}", False),
        ("comment", r"\{\{--", r"--\}\}", False),
        ("comment", "<%--", "--%>", False),
        ("comment", r"\{%-?\s*comment\b", r"endcomment\s*-?%\}", False),
        ("comment", r"\{/\*", r"\*/\}", False),
        ("code", "<%", "%>", False),
        ("code", r"<\?(?:php|=)", r"\?>", True),
        ("code", r"\{\{", r"\}\}", False),
        ("code", r"\{%", r"%\}", False),
    )
)
"""What template languages put between two marks; the last column: does it reach the end of the page unclosed?"""
_RAW = re.compile(
    r"""<(?P<tag>script|style|textarea|title|template)\b
        (?P<attributes>(?>"[^"]*" | '[^']*' | \{(?>[^{}]|\{(?>[^{}]|\{[^{}]*\})*+\})*+\} | [^'">{])*+)>""",
    re.VERBOSE | _FLAGS,
)
_RAW_ENDS = {
    tag: re.compile(rf"</{tag}\s*>", re.IGNORECASE) for tag in ("script", "style", "textarea", "title", "template")
}
_HEAD = re.compile(r"</head\s*>", re.IGNORECASE)
_TAG = re.compile(r"""<[a-zA-Z](?>"[^"]*"|'[^']*'|[^'">])*+>""")
_MOST_BROKEN, _MANY_BROKEN, _LONGEST_TAG = 20, 2000, 400
"""So many tags may lack their end before the scan looks no further than that for one, and then than an eighth."""


@dataclass(frozen=True, slots=True)
class _Token:
    """`kind` is frontmatter, comment, code, raw, head or tag; `attributes` and `body` are those of a raw element."""

    kind: str
    start: int
    end: int
    tag: str = ""
    attributes: str = ""
    body: tuple[int, int] = (0, 0)


def _tokens(text: str) -> Iterator[_Token]:
    """What is not plain text, in order; a mark whose end is missing is plain text."""
    scan = _Scan(text)
    position = 0
    prologue = PROLOGUE.match(text)
    if prologue and (front := _FRONTMATTER.match(text, prologue.end())):
        yield _Token("frontmatter", *front.span())
        position = front.end()
    while start := _STARTS.search(text, position):
        found = scan.at(start.start())
        if found:
            yield found
        position = found.end if found else start.end()


class _Scan:
    """Remembers which marks have no end any more, so that each page is read about once."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.unclosed: set[re.Pattern[str]] = set()
        self.broken = 0

    def at(self, place: int) -> _Token | None:
        """The token that starts at `place`."""
        for kind, opening, closing, to_end in _PAIRS if self.text[place + 1] in "!%?#{/" else ():
            if match := opening.match(self.text, place):
                end = self._end(closing, match.end())
                if end is not None or to_end:
                    return _Token(kind, place, len(self.text) if end is None else end[1])
        if head := _HEAD.match(self.text, place):
            return _Token("head", *head.span())
        limit = len(self.text) if self.broken < _MOST_BROKEN else place + _LONGEST_TAG
        limit = limit if self.broken < _MANY_BROKEN else place + _LONGEST_TAG // 8
        if raw := _RAW.match(self.text, place, limit):
            tag = raw["tag"].lower()
            end = self._end(_RAW_ENDS[tag], raw.end())
            if end is not None:
                return _Token("raw", place, end[1], tag, raw["attributes"], (raw.end(), end[0]))
        if match := _TAG.match(self.text, place, limit):
            return _Token("tag", *match.span())
        self.broken += self.text.startswith("<", place)
        return None

    def _end(self, closing: re.Pattern[str], position: int) -> tuple[int, int] | None:
        if closing in self.unclosed:
            return None
        match = closing.search(self.text, position)
        if match is None:
            self.unclosed.add(closing)
        return match.span() if match else None


@dataclass(frozen=True, slots=True)
class Script:
    """A `<script>` block: the attributes as written, and the offsets of what is between its tags."""

    attributes: str
    start: int
    end: int

    def has(self, attribute: str) -> bool:
        """Whether it has an attribute, with or without a value; `name="value"` asks for that value."""
        return re.search(rf"(?<![\w-]){re.escape(attribute)}(?![\w-])", self.attributes) is not None


def ensure_in_head(snippet: str, present: str | Callable[[str], bool]) -> Codemod:
    """`snippet` are the last lines of the page's `<head>`.

    `present`: a regex on the text without comments, or a predicate on the text. Raises CannotEdit when there is no
    `</head>`, or more than one, outside comments, scripts and strings.
    """

    def run(text: str) -> str:
        if re.search(present, without_comments(text)) if isinstance(present, str) else present(text):
            return text
        require_line_ends(text)
        found = head_ends(text)
        if not found:
            raise CannotEdit("has no </head>")
        if len(found) > 1:
            raise CannotEdit("has several </head>", line_number(text, found[1]))
        return splice(text, [insert(*_placed(text, found[0], snippet.strip("\n")))])

    return run


def head_ends(text: str) -> list[int]:
    """Where each `</head>` starts that is not in a comment, a script or a string."""
    return [token.start for token in _tokens(text) if token.kind == "head"]


def require_line_ends(text: str) -> None:
    """Raise CannotEdit for a carriage return alone, the line end of old Macs: nothing here takes it for one."""
    if match := re.search(r"\r(?!\n)", text):
        raise CannotEdit("has line ends of old Macs", line_number(text, match.start()))


def without_comments(text: str) -> str:
    """`text` with the comments of HTML and of template languages blanked out; offsets and lines stay."""
    parts: list[str] = []
    position = 0
    for token in _tokens(text):
        if token.kind == "comment":
            parts += text[position : token.start], re.sub(r"[^\r\n]", " ", text[token.start : token.end])
            position = token.end
    return "".join([*parts, text[position:]])


def scripts(text: str) -> Iterator[Script]:
    """The script blocks of a page or a single-file component, in order."""
    for token in _tokens(text):
        if token.kind == "raw" and token.tag == "script":
            yield Script(token.attributes, *token.body)


def _placed(text: str, head: int, snippet: str) -> tuple[int, str]:
    start = line_start(text, head)
    outer = indent_at(text, head)
    if (first := text[start:head].strip()) and not re.match(r"<(?:head|html|!doctype)\b", first, re.IGNORECASE):
        return head, "\n" + indented(snippet, outer) + "\n" + outer.removesuffix(indent_unit(text))
    if first:
        return head, "\n" + indented(snippet, outer + indent_unit(text)) + "\n" + outer
    above = text[:start].rstrip()
    before = indent_at(text, len(above))
    if not before.startswith(outer) or re.search(r"<head\b[^>]*>$", above, re.IGNORECASE):
        before = outer + indent_unit(text)
    return start, indented(snippet, before) + "\n"
