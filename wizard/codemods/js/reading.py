"""Text to syntax tree: which grammar, what compilers take and the grammars do not, and what is too much to read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from tree_sitter import Node, Parser

from wizard.codemods.grammar import one_byte_per_character, parser

LONGEST, DEEPEST = 400_000, 1000
"""Characters, and levels of the tree: what is beyond is generated, and no person's code to edit."""
MOST_OPEN = 2000
"""Brackets in one another, those of strings included: at some 30,000 the parser runs out of stack, and all ends."""
MOST_ANGLES = 1000
"""`<` behind a word in one statement: each may begin type arguments, and the parser keeps the square of them."""
STEPS = 6000
"""How often the parser reports progress: a sound file of 400,000 characters takes 5000, a torn one of 10,000 too."""
CHUNK, READS = 8192, 100
"""Bytes that the parser is given at once, and how often it may ask for each: it reads to the end for every `/*`."""

_LONE = re.compile(rb"&(?!#?\w{1,30};)")
_VALUE = re.compile(rb"(?<=[\w-])=(?:\"[^\"\n]*\"|'[^'\n]*')")
_EXPORT_TYPES = re.compile(rb"(?m)^(export[ \t]+)type(?=[ \t]*\*)")
_BRACKETS = re.compile(rb"[(){}\[\]]")
_ANGLES = re.compile(rb"\w\s*<(?!/)")
_ROUNDS, _MOST_ERRORS, _MOST_LONE = 24, 200, 200


def read(text: str) -> Node | None:
    """The tree of TypeScript, JavaScript, TSX or JSX, errors included; None when it is too long, nested too deeply, or
    has line ends of old Macs.

    Offsets are those of `text`.
    """
    if len(text) > LONGEST or re.search(r"\r(?!\n)", text):
        return None  # a carriage return alone, the line end of old Macs, ends no line for anything else here
    data = one_byte_per_character(text)
    root = None if _is_heavy(data) else _tree(_tsx(), data)
    if root is None or _is_deep(root):
        return None
    if not root.has_error or _is_hopeless(root):
        return root
    # only the plain TypeScript grammar reads `<T>x`, only the JavaScript one reads `a < b > (c)`
    for package, language in (
        ("tree_sitter_typescript", "language_typescript"),
        ("tree_sitter_javascript", "language"),
    ):
        other = _tree(parser(package, language), data)
        if other is not None and not other.has_error:
            return None if _is_deep(other) else other
    found = _reread(data, root)
    return None if _is_deep(found) else found


def unreadable() -> Node:
    """A tree that is nothing but an error."""
    return _tsx().parse(b"(").root_node


def errors_in(node: Node) -> Iterator[Node]:
    """What the parser could not read below `node`, in source order."""
    pending = [node]
    while pending:
        node = pending.pop()
        if node.is_error or node.is_missing:
            yield node
        elif node.has_error:
            pending.extend(reversed(node.children))


def _tree(parser: Parser, data: bytes) -> Node | None:
    """The tree; None when the parser takes more than STEPS and READS allow. Counts, no clock: the answer is stable."""
    left, steps = READS * (len(data) // CHUNK + 10), STEPS

    def given(offset: int, _: object) -> bytes:
        nonlocal left
        left -= 1
        return data[offset : offset + CHUNK] if left > 0 else b""

    def is_enough(_: int, __: bool) -> bool:
        nonlocal steps
        steps -= 1
        return left <= 0 or steps <= 0

    try:
        root = parser.parse(given, progress_callback=is_enough).root_node
    except ValueError:  # it was stopped
        parser.reset()
        return None
    return root if left > 0 else None


def _is_heavy(data: bytes) -> bool:
    """Would the parser run out of stack or memory?"""
    depth = 0
    for bracket in _BRACKETS.findall(data) if len(data) > MOST_OPEN else ():
        depth = depth + 1 if bracket in b"([{" else max(0, depth - 1)
        if depth > MOST_OPEN:
            return True
    angles = (len(_ANGLES.findall(part)) for part in re.split(rb"[;{}()]", data) if len(part) > MOST_ANGLES)
    return any(count > MOST_ANGLES for count in angles)


def _tsx() -> Parser:
    return parser("tree_sitter_typescript", "language_tsx")


def _reread(data: bytes, root: Node) -> Node:
    """The tree with as few errors as can be.

    JSX may hold a lone `&` in text and in attributes (`href="/?a=1&b=2"`), and `export type * from` is TypeScript 5.0.
    Only such characters are replaced, by others that take as much place.
    """
    if not (_EXPORT_TYPES.search(data) or 0 < len(_LONE.findall(data)) <= _MOST_LONE):
        return root
    data = _EXPORT_TYPES.sub(rb"\1    ", _VALUE.sub(lambda m: _LONE.sub(b"_", m[0]), data))
    best, fewest = root, _count(root)
    for _ in range(min(_ROUNDS, 1 + LONGEST // (len(data) + 1))):
        again = _tree(_tsx(), data)
        if again is None:
            break
        root = again
        errors = list(islice(errors_in(root), _MOST_ERRORS))
        if len(errors) < fewest:
            best, fewest = root, len(errors)
        spots = {spot for error in errors if (spot := _lone_in(data, error)) is not None}
        if not spots:
            break
        changed = bytearray(data)
        for spot in spots:
            changed[spot : spot + 1] = b"_"
        data = bytes(changed)
    return best


def _count(root: Node) -> int:
    return sum(1 for _ in islice(errors_in(root), _MOST_ERRORS + 1))


def _is_hopeless(root: Node) -> bool:
    """Is this no JavaScript at all, so that other grammars would only take as long to say so?"""
    errors = list(islice(errors_in(root), _MOST_ERRORS + 1))
    return len(errors) > _MOST_ERRORS or any(error.child_count > _MOST_ERRORS for error in errors)


def _lone_in(data: bytes, error: Node) -> int | None:
    match = _LONE.search(data, max(0, error.start_byte - 1), error.end_byte)
    return match.start() if match else None


def _is_deep(root: Node) -> bool:
    cursor, depth = root.walk(), 0
    while True:
        if cursor.goto_first_child():
            depth += 1
            if depth > DEEPEST:
                return True
            continue
        while not cursor.goto_next_sibling():
            if not cursor.goto_parent():
                return False
            depth -= 1
