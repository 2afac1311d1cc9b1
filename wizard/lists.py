"""How lists are laid out in source text: inline or one item per line, trailing comma, comments; in any language."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence

from wizard.edits import Edit, insert
from wizard.text import indent_at, indented, line_end, line_start, next_line

Span = tuple[int, int]
_BLANKS = re.compile(r"\s*")
_COMMENT_ENDS = (re.compile(r"[\r\n]"), re.compile(r"\*/"))
_LEADING = re.compile(r"[ \t]*,?[ \t]*((?:/\*(?:[^*\n]|\*(?!/))*\*/[ \t]*)+)")


def insert_item(
    text: str,
    open: int,
    close: int,
    items: Sequence[Span],
    index: int,
    new: str,
    comment_markers: Sequence[str] = ("//", "/*"),
    *,
    unit: str = "  ",
    pad: str = "",
    trailing_comma: bool = True,
    lone_comma: bool = False,
) -> list[Edit]:
    """Edits that make `new` the item number `index` (len(items) appends) of a comma separated list.

    `open` and `close` are the offsets of the two brackets, `items` the spans between them in order. `new` is written
    as at column 0 without a comma; its further lines get the indent of their place. `comment_markers` are those of
    the language (`//`, `#`; `/*` ends at `*/`). For a list that shows no style of its own: `unit` is one level of
    indentation, `pad` the blank inside brackets of an inline list (` ` for JS objects), `trailing_comma` whether one
    item per line ends in a comma. `lone_comma`: a single item needs its comma (Python tuples).
    """
    if not items:
        return _first(text, open, close, new, unit, pad, trailing_comma, lone_comma)
    if "\n" in new and _explodable(text, open, close, led := _with_comments(text, open, items, comment_markers)):
        return _exploded(text, open, close, led, index, new, unit, trailing_comma)
    if index < len(items):
        return _before(text, open, items, index, new, comment_markers)
    return _append(text, open, close, items, new, comment_markers, unit)


def alphabetical_place(names: Sequence[str], new: str) -> int:
    """The index at which `new` belongs among `names`: by alphabet if they are (capitals first or mixed), else last."""
    for order in (str, str.casefold):
        ordered = [order(name) for name in names]
        if ordered == sorted(ordered):
            return bisect_left(ordered, order(new))
    return len(names)


def skip_blanks(text: str, position: int, end: int, comment_markers: Sequence[str]) -> int:
    """The offset of the first character in `text[position:end]` that is neither blank nor comment, or `end`."""
    while position < end:
        match = _BLANKS.match(text, position, end)
        position = match.end() if match else position
        marker = next((m for m in comment_markers if text.startswith(m, position)), None)
        if position >= end or marker is None:
            return position
        ended = _COMMENT_ENDS[marker == "/*"].search(text, position + len(marker), end)
        position = ended.end() if ended else end
    return end


def _first(
    text: str,
    open: int,
    close: int,
    new: str,
    unit: str,
    pad: str,
    trailing_comma: bool,
    lone_comma: bool,
) -> list[Edit]:
    content = text[open + 1 : close]
    outer = indent_at(text, open)
    comma = "," if trailing_comma or lone_comma else ""
    if "\n" in content:
        last = open + 1 + len(content.rstrip())
        inner = indent_at(text, last - 1) if content.strip() and line_start(text, last - 1) > open else outer + unit
        item = "\n" + indented(new, inner) + comma
        return [insert(_line_place(text, last, close), item + ("" if "\n" in text[last:close] else "\n" + outer))]
    if "\n" in new and not content.strip():
        return [Edit(open + 1, close, "\n" + indented(new, outer + unit) + comma + "\n" + outer)]
    item = _continued(new, outer) + ("," if lone_comma else "")
    if "\n" in new and content.strip().endswith("*/"):
        start, last = open + 1 + len(content) - len(content.lstrip()), open + 1 + len(content.rstrip())
        below = "\n" + indented(new, outer + unit) + comma + "\n" + outer
        return [Edit(open + 1, start, "\n" + outer + unit), Edit(last, close, below)]
    if content.strip():
        return [insert(open + 1 + len(content.rstrip()), " " + item)]
    return [Edit(open + 1, close, pad + item + pad)]


def _with_comments(text: str, open: int, items: Sequence[Span], markers: Sequence[str]) -> list[Span]:
    """The items, each with the block comments right in front of it."""
    found = []
    for index, (start, end) in enumerate(items):
        after = items[index - 1][1] if index else open + 1
        match = _LEADING.fullmatch(text, after, start) if "/*" in markers else None
        found.append((match.start(1) if match else start, end))
    return found


def _explodable(text: str, open: int, close: int, items: Sequence[Span]) -> bool:
    """One line with nothing but items and commas: no comments, whose place would be a guess."""
    gaps = "".join(text[start:end] for start, end in _gaps(open, close, items))
    return "\n" not in text[open:close] and not gaps.strip(" \t,")


def _exploded(
    text: str, open: int, close: int, items: Sequence[Span], index: int, new: str, unit: str, trailing_comma: bool
) -> list[Edit]:
    """A one-line list that gets an item of several lines: one item per line from now on."""
    outer = indent_at(text, open)
    item = "\n" + indented(new, outer + unit)
    edits = []
    for number, (start, end) in enumerate(_gaps(open, close, items)):
        added = item if number == index else ""
        comma_before = "," if number and (added or number < len(items)) else ""
        if number < len(items):
            edits.append(Edit(start, end, comma_before + (added and added + ",") + "\n" + outer + unit))
        else:
            edits.append(Edit(start, end, comma_before + added + ("," if trailing_comma else "") + "\n" + outer))
    return edits


def _gaps(open: int, close: int, items: Sequence[Span]) -> list[Span]:
    """What lies between the brackets and the items, in order."""
    return list(zip([open + 1, *(end for _, end in items)], [*(start for start, _ in items), close], strict=True))


def _before(text: str, open: int, items: Sequence[Span], index: int, new: str, markers: Sequence[str]) -> list[Edit]:
    start = items[index][0]
    previous = items[index - 1][1] if index else open + 1
    if not _starts_line(text, start) or "\n" not in text[previous:start]:
        return [insert(start, _continued(new, indent_at(text, start)) + ", ")]
    if index:
        comma = skip_blanks(text, previous, start, markers)
        previous = comma + 1 if text.startswith(",", comma) else previous
    place = _line_after(text, previous, start, markers)
    if place > start:
        return [insert(start, _continued(new, indent_at(text, start)) + ", ")]
    return [insert(place, indented(new, indent_at(text, start)) + ",\n")]


def _line_after(text: str, position: int, end: int, markers: Sequence[str]) -> int:
    """The next line that does not begin within a comment."""
    while "/*" in markers:
        opened = text.find("/*", position, line_end(text, position))
        closed = text.find("*/", opened + 2, end)
        if opened == -1 or closed == -1 or "//" in text[position:opened]:
            break
        position = closed + 2
    return next_line(text, position)


def _append(
    text: str, open: int, close: int, items: Sequence[Span], new: str, markers: Sequence[str], unit: str
) -> list[Edit]:
    start, end = items[-1]
    comma = skip_blanks(text, end, close, markers)
    has_comma = text.startswith(",", comma) and comma < close
    last = len(text[:close].rstrip())
    after = comma + 1 if has_comma else end
    line_comment = any(m != "/*" and m in text[after:last] for m in markers)
    own_line = _starts_line(text, start) and line_start(text, start) > open
    if own_line or line_comment:
        inner = indent_at(text, start) if own_line else indent_at(text, open) + unit
        item = "\n" + indented(new, inner) + ("," if has_comma else "")
        place = _line_place(text, last, close)
        return [insert(place, item)] if has_comma else [insert(end, ","), insert(place, item)]
    item = " " + _continued(new, indent_at(text, start))
    if not has_comma:
        return [insert(last, "," + item)]
    lone = text[open] == "(" and len(items) == 1
    return [insert(last, item + ("" if lone else ","))]


def _line_place(text: str, last: int, close: int) -> int:
    """Where a line can be added behind `last`: behind the blanks that end its line, which stay where they are."""
    return line_end(text, last) if "\n" in text[last:close] else last


def _starts_line(text: str, position: int) -> bool:
    return not text[line_start(text, position) : position].strip()


def _continued(block: str, indent: str) -> str:
    first, *rest = block.split("\n")
    return "\n".join([first, *(indent + line if line.strip() else line for line in rest)])
