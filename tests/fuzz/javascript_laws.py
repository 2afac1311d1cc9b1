"""What must hold for any codemod on any text, well formed or not."""

from __future__ import annotations

import contextlib
import re
import time
from collections import Counter
from collections.abc import Iterator

from tree_sitter import Node

from tests.fuzz.javascript import LOOKS, Attack
from wizard.codemods import html, sfc
from wizard.codemods.js.statements import is_directive
from wizard.codemods.js.tree import Script, descend, parse
from wizard.errors import CannotEdit

_ODDLY_READ = re.compile(
    r"<!--|-->|</\*|\s#!|^<\w+>$|\b(?:else|case|catch|finally|in|instanceof)\b[\s\ufeff]*$", re.MULTILINE
)
"""What the grammar takes for names, comments, tags or comparisons in one place and not in another."""

SECONDS = 3.0
"""Processor time: the longest that one codemod may take on one file."""


def holds(attack: Attack, text: str) -> str:
    """`changed`, `kept` or `refused`; an AssertionError or any other exception is a defect."""
    started = time.process_time()
    try:
        after = attack.codemod(text)
    except CannotEdit as refusal:
        _spoken(refusal, text)
        in_time(started)
        return "refused"
    with contextlib.suppress(CannotEdit):  # then no plan makes the first edit either
        assert attack.codemod(after) == after, "the second pass changes it again"
    in_time(started, 2 * SECONDS)
    if after == text:
        return "kept"
    unharmed(text, after, markup=attack.kind == "markup")
    return "changed"


def looks(name: str, text: str) -> str:
    """The same for a function that only looks."""
    started = time.process_time()
    try:
        LOOKS[name](text)
    except CannotEdit as refusal:
        _spoken(refusal, text)
        return "refused"
    finally:
        in_time(started)
    return "kept"


def unharmed(before: str, after: str, *, markup: bool) -> None:
    """Nothing but blanks is lost, the code still parses, and every token and comment is there in the same order."""
    missing = _lost("".join(before.split()), "".join(after.split()))
    assert missing is None, f"lost {missing!r}"
    if not re.search(r"\r(?!\n)", before):
        ends, new = (set(re.findall(r"\r\n|\n|\r", text)) for text in (before, after))
        assert not ends or new <= ends, f"line ends {ends} became {new}"
    old, new_parts = (list(_parts(text)) if markup else [text] for text in (before, after))
    for one, other in zip(old, new_parts, strict=False) if len(old) == len(new_parts) else ():
        _same_code(one, other)


def in_time(started: float, limit: float = SECONDS) -> None:
    took = time.process_time() - started
    assert took < limit, f"took {took:.1f} s"


def _parts(text: str) -> Iterator[str]:
    """The code inside markup."""
    try:
        if span := sfc.frontmatter(text):
            yield text[slice(*span)]
    except CannotEdit:
        return
    yield from (text[block.start : block.end] for block in html.scripts(text))


def _same_code(before: str, after: str) -> None:
    old, new = parse(before), parse(after)
    if before == after or old.root.has_error or _ODDLY_READ.search(before):
        return
    assert not new.root.has_error, "parsed before, does not now"
    assert _comments(old) == _comments(new), "comments differ"
    kinds, now = (Counter(n.type for n in descend(s.root) if n.type != "empty_statement") for s in (old, new))
    fewer = kinds - now
    assert not fewer, f"code became part of other code: {dict(fewer)}"
    directives = _directives(old)
    assert directives == _directives(new)[: len(directives)], "directives must stay first"
    rest = iter(_tokens(new))
    for token in _tokens(old):
        assert token in rest, f"token {token!r} is not there, or not in its place"


_EXCLUDED = re.compile(r"(?<=^./\(\(\?!)(?:ours|ph-relay)\|")
"""What a pattern of a matcher gains: the one edit inside a string."""


def _directives(script: Script) -> list[str]:
    """The shebang and `"use client"` and the like, up to the first other statement."""
    found = []
    for node in (n for n in script.root.children if n.type not in ("comment", ";")):
        if node.type != "hash_bang_line" and not is_directive(script, node):
            break
        found.append(script.source(node).rstrip(";").strip())
    return found


def _comments(script: Script) -> list[str]:
    return [re.sub(r"[ \t\r]+", " ", script.source(node)) for node in script.find("comment")]


def _tokens(script: Script) -> Iterator[str]:
    """Leaves of the tree; text in JSX without the blanks around it."""
    pending: list[Node] = [script.root]
    while pending:
        node = pending.pop()
        source = script.source(node)
        if node.child_count and node.type not in ("comment", "string"):
            pending.extend(reversed(node.children))
        elif source.strip() and source not in (",", ";"):
            source = _EXCLUDED.sub("", source) if node.type == "string" else source
            yield f"{node.type} {source.strip() if node.type == 'jsx_text' else source}"


def _lost(before: str, after: str) -> str | None:
    position = 0
    for offset, char in enumerate(before):
        position = after.find(char, position) + 1
        if not position:
            return before[max(0, offset - 20) : offset + 40]
    return None


def _spoken(refusal: CannotEdit, text: str) -> None:
    assert refusal.reason.isascii(), refusal.reason
    assert len(refusal.reason) < 200, refusal.reason
    if refusal.line is not None:
        assert 1 <= refusal.line <= text.count("\n") + 1, refusal.line
