"""`.env` files: add or fill a variable, every other byte untouched."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from wizard.edits import Codemod, Edit, insert, splice
from wizard.errors import CannotEdit
from wizard.text import line_number

_ENTRY = re.compile(r"[^\S\r\n]*(?:export[ \t]+)?(?P<name>[\w.-]+)[ \t]*=[ \t]*")
_LINE_END = re.compile(r"[\r\n]")
_LINE_ENDS = re.compile(r"[\r\n]+")
_QUOTED = re.compile(  # as readers do: a quote that something follows on its line does not close
    r"""(?P<value>"[^"\\]*(?:\\"?[^"\\]*)*"|'[^'\\]*(?:\\'?[^'\\]*)*'|`[^`\\]*(?:\\`?[^`\\]*)*`)"""
    r"[ \t]*(?:#[^\r\n]*)?(?=[\r\n]|\Z)"
)
_COMMENT = re.compile(r"\A#|(?<![ \t])[ \t]+#")  # looks at a row of blanks once
_PLAIN = re.compile(r"[\w.:/@%+,=~-]*")
_READ_DIFFERENTLY = re.compile(r"[\\$`\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Entry:
    """One assignment: its name, its value without quotes, and where the written value lies in the text."""

    name: str
    value: str
    start: int
    end: int


def entries(text: str) -> Iterator[Entry]:
    """The assignments of an env file, in order. A quoted value may span lines; commented lines are none."""
    return (entry for entry, _ in _statements(text) if entry is not None)


def _statements(text: str) -> Iterator[tuple[Entry | None, str]]:
    """`(assignment or None, its text)` of each line, several lines when a quoted value spans them."""
    position = 0
    while position < len(text):
        end = _line_end(text, position)
        entry = None
        if match := _ENTRY.match(text, position):
            start = match.end()
            if whole := _QUOTED.match(text, start):
                entry = Entry(match["name"], whole["value"][1:-1], start, whole.end("value"))
                end = whole.end()
            else:
                comment = _COMMENT.search(text[start:end])
                written = text[start : start + comment.start() if comment else end].rstrip(" \t")
                start = start if written else text.index("=", match.end("name")) + 1
                entry = Entry(match["name"], written, start, start + len(written))
        yield entry, text[position:end]
        position = _next_line(text, end)


def _next_line(text: str, end: int) -> int:
    match = _LINE_ENDS.match(text, end)
    return match.end() if match else end + 1


def _line_end(text: str, position: int) -> int:
    match = _LINE_END.search(text, position)
    return match.start() if match else len(text)


def read(text: str) -> dict[str, str]:
    """Names and values of an env file; the last assignment of a name counts."""
    return {entry.name: entry.value for entry in entries(text)}


def quoted(value: str) -> str:
    """`value` as an env file writes it: bare when nothing in it means something, else in quotes.

    Raises CannotEdit for what no notation gives back in all readers: some know escapes and variables, some do not.
    """
    if _PLAIN.fullmatch(value):
        return value
    quote = '"' if "'" in value else "'"
    if quote in value or _READ_DIFFERENTLY.search(value):
        raise CannotEdit("the value has characters that env files are read differently with")
    return quote + value + quote


def ensure_variable(name: str, value: str, comment: str = "") -> Codemod:
    """`name` is assigned. A non-empty value stays as it is; an empty one is filled; a missing one is appended.

    What is appended stands below a blank line and its `comment`, if it has one.
    """

    def codemod(text: str) -> str:
        same = [entry for entry in entries(text) if entry.name == name]
        if any(entry.value for entry in same) or (same and not value):
            return text
        _check(text, name, value)
        if same:
            return splice(text, [_assigned(text, same[-1], value)])
        before = "" if not text or text.endswith(("\n", "\r")) else "\n"
        if comment:
            before += ("\n" if text.strip() else "") + f"# {comment}\n"
        return splice(text, [insert(len(text), f"{before}{name}={quoted(value)}\n")])

    return codemod


def set_variable(name: str, value: str) -> Codemod:
    """`name` has this very value: every assignment of it is replaced, or one is appended."""

    def codemod(text: str) -> str:
        same = [entry for entry in entries(text) if entry.name == name]
        if not same:
            return ensure_variable(name, value)(text)
        others = [entry for entry in same if entry.value != value]
        if others:
            _check(text, name, value)
        return splice(text, [_assigned(text, entry, value) for entry in others])

    return codemod


def _check(text: str, name: str, value: str) -> None:
    """Refuses where readers of env files differ about our variable."""
    bare = re.escape(name)
    some = rf"{bare}[ \t]*(?::[ \t]|#|[\r\n]|\Z)|'{bare}'|\"{bare}\"|[\w.-]+:\s*\Z"
    if other := re.search(rf"(?:\A|[\r\n])[^\S\r\n]*(?:export[ \t]+)?({some})", text):
        raise CannotEdit(f"not all readers see that {name} is assigned here", line_number(text, other.start(1)))
    if quoted(value) != value:
        # our quotes must not become the end of what the file leaves open
        for entry, line in _statements(text):
            strange = entry is None and line.strip() and not line.lstrip().startswith("#")
            escaped = re.search(r"\\['\"`]", line)
            if strange or escaped or (entry and _opens_a_quote(text, entry)):
                raise CannotEdit("a quote is not closed, or a line is no assignment")


def _opens_a_quote(text: str, entry: Entry) -> bool:
    return entry.value[:1] in ("'", '"', "`") and entry.value[0] == text[entry.start]


def _assigned(text: str, entry: Entry, value: str) -> Edit:
    if _opens_a_quote(text, entry):
        raise CannotEdit("a quote is not closed", line_number(text, entry.start))
    if text.startswith("#", entry.end):
        raise CannotEdit(f"{entry.name} has a value to some readers, a comment to others", line_number(text, entry.end))
    return Edit(entry.start, entry.end, quoted(value))
