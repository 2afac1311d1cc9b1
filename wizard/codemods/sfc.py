"""JavaScript inside other files: the frontmatter of Astro, the script blocks of Vue and Svelte components."""

from __future__ import annotations

import re
from collections.abc import Sequence

from wizard.codemods.html import PROLOGUE, require_line_ends, scripts
from wizard.codemods.js.tree import parse
from wizard.edits import Codemod
from wizard.errors import CannotEdit
from wizard.text import line_number, line_start, newline, next_line

_MOST_FENCES = 10
_FENCE = re.compile(r"^[ \t]*---[ \t]*\r?$", re.MULTILINE)


def in_frontmatter(codemod: Codemod) -> Codemod:
    """`codemod` on the code between the `---` fences of an Astro component; the fences are made when missing."""

    def run(text: str) -> str:
        span = frontmatter(text)
        if span is None:
            return _with_fences(text, codemod)
        return _inside(text, *span, codemod)

    return run


def in_script(
    codemod: Codemod, prefer: Sequence[str] = ("setup",), avoid: Sequence[str] = ("src", "module")
) -> Codemod:
    """`codemod` on the one script block of a Vue or Svelte component.

    Blocks with an attribute in `avoid` (also as `context="module"`) never count; of several, the one with an
    attribute in `prefer` is taken. Raises CannotEdit when that leaves none or several.
    """

    def run(text: str) -> str:
        found = [block for block in scripts(text) if not any(block.has(name) for name in avoid)]
        preferred = [block for block in found if any(block.has(name) for name in prefer)]
        candidates = preferred or found
        if len(candidates) != 1:
            raise CannotEdit("has no script block" if not candidates else "has several script blocks")
        return _inside(text, candidates[0].start, candidates[0].end, codemod)

    return run


def frontmatter(text: str) -> tuple[int, int] | None:
    """Offsets of the code between the fences, line end of the first fence excluded; None without frontmatter.

    Raises CannotEdit when it does not end, or when it is unclear where.
    """
    prologue = PROLOGUE.match(text)
    fence = prologue.end() if prologue else 0
    if not text.startswith("---", fence):
        return None
    opening = _FENCE.match(text, line_start(text, fence))
    if opening is None:
        raise CannotEdit("has a frontmatter that does not begin on a line of its own", line_number(text, fence))
    start = next_line(text, opening.start())
    closing = [match.start() for match in _FENCE.finditer(text, start)]
    # a fence line can also stand in a template literal or a comment of the code, or in a code sample of the page
    sound = next((end for end in closing[:_MOST_FENCES] if not parse(text[start:end]).root.has_error), None)
    if not closing:
        raise CannotEdit("has a frontmatter that does not end", line_number(text, opening.start()))
    if sound is None and len(closing) > 1:
        raise CannotEdit("has a frontmatter whose end is unclear", line_number(text, closing[0]))
    return start, closing[0] if sound is None else sound


def _inside(text: str, start: int, end: int, codemod: Codemod) -> str:
    """`text` with the codemod's result in place of `text[start:end]`; line numbers of a refusal are the file's."""
    try:
        body = codemod(text[start:end])
    except CannotEdit as error:
        line = None if error.line is None else error.line + text.count("\n", 0, start)
        raise CannotEdit(error.reason, line) from error
    if body == text[start:end]:
        return text
    require_line_ends(text)
    if "\n" not in text[start:end]:
        body = body.replace("\n", newline(text))
    if body and not body.endswith("\n"):
        body += newline(text)
    return text[:start] + body + text[end:]


def _with_fences(text: str, codemod: Codemod) -> str:
    body = codemod("")
    if not body:
        return text
    require_line_ends(text)
    fenced = "---\n" + body.rstrip("\n") + "\n---\n" + ("" if text.startswith(("\n", "\r\n")) or not text else "\n")
    return fenced.replace("\n", newline(text)) + text
