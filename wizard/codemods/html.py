"""HTML pages and templates (Django, Jinja, ERB, Blade, Astro): markup in the head, and where script blocks are."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from wizard.edits import Codemod, insert, splice
from wizard.errors import CannotEdit
from wizard.text import indent_at, indent_unit, indented, line_number, line_start

# Scanned, not parsed: an HTML parser reads `{% if %}` inside a tag as attributes and a head in a string as a head.
_TOKEN = re.compile(
    r"""
    (?P<frontmatter>\A\s*---[ \t]*\r?\n.*?^---[ \t]*\r?$)
  | (?P<comment><!--.*?(?:-->|\Z) | \{\#.*?\#\} | \{\{!--.*?--\}\} | \{\{--.*?--\}\} | <%--.*?--%>
        | \{%-?\s*comment\b.*?endcomment\s*-?%\} | \{/\*.*?\*/\})
  | (?P<code><%.*?%> | <\?(?:php|=).*?(?:\?>|\Z) | \{\{.*?\}\} | \{%.*?%\})
  | (?P<raw><(?P<tag>script|style|textarea|title|template)\b
        (?P<attributes>(?>"[^"]*" | '[^']*' | \{(?>[^{}]|\{(?>[^{}]|\{[^{}]*\})*+\})*+\} | [^'">{])*+)>
        (?P<body>.*?)</(?P=tag)\s*>)
  | (?P<head></head\s*>)
  | <[a-zA-Z](?>"[^"]*"|'[^']*'|[^'">])*+>
    """,
    re.VERBOSE | re.DOTALL | re.IGNORECASE | re.MULTILINE,
)


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
        found = [match.start("head") for match in _TOKEN.finditer(text) if match["head"]]
        if not found:
            raise CannotEdit("has no </head>")
        if len(found) > 1:
            raise CannotEdit("has several </head>", line_number(text, found[1]))
        return splice(text, [insert(*_placed(text, found[0], snippet.strip("\n")))])

    return run


def without_comments(text: str) -> str:
    """`text` with the comments of HTML and of template languages blanked out; offsets and lines stay."""
    return _TOKEN.sub(lambda m: re.sub(r"[^\r\n]", " ", m[0]) if m["comment"] else m[0], text)


def scripts(text: str) -> Iterator[Script]:
    """The script blocks of a page or a single-file component, in order."""
    for match in _TOKEN.finditer(text):
        if match["raw"] and match["tag"].lower() == "script":
            yield Script(match["attributes"], *match.span("body"))


def _placed(text: str, head: int, snippet: str) -> tuple[int, str]:
    start = line_start(text, head)
    outer = indent_at(text, head)
    if text[start:head].strip():
        return head, "\n" + indented(snippet, outer + indent_unit(text)) + "\n" + outer
    above = text[:start].rstrip()
    before = indent_at(text, len(above))
    if not before.startswith(outer) or re.search(r"<head\b[^>]*>$", above, re.IGNORECASE):
        before = outer + indent_unit(text)
    return start, indented(snippet, before) + "\n"
