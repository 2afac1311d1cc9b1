"""Taking our lines out of a file that was reformatted since, or whose list goes on after our entry."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import PurePosixPath

from wizard.codemods.syntax import parses
from wizard.errors import CannotEdit
from wizard.merge import Merged, hunks, matches, place
from wizard.text import decode

_COMMA = re.compile(rb",(?=\s*$)")
_COMMA_SAYS_NOTHING = {".js", ".jsx", ".ts", ".tsx", ".mjs", ".cjs", ".mts", ".cts", ".json"}


def merge_loosely(path: str, base: bytes, ours: bytes, theirs: bytes) -> Merged | None:
    """`merge` that takes two lines for equal when only blanks, kind of quotes and a last comma or semicolon differ.

    None unless our change is nothing but whole lines to take out (and the comma of the line before), each is found,
    and the result parses like `theirs`.
    """
    if b"\0" in base + ours + theirs:
        return None
    b, o, t = (side.splitlines(keepends=True) for side in (base, ours, theirs))
    if any(hunk.lines for hunk in hunks([_COMMA.sub(b"", x) for x in b], [_COMMA.sub(b"", x) for x in o])):
        return None
    keys, our_keys, their_keys = ([_key(line) for line in side] for side in (b, o, t))
    change = place(keys, our_keys, their_keys)
    if change.conflicts or any(hunk.lines for hunk in change.ours):
        return None
    in_theirs = dict(matches(keys, their_keys))
    gone = {in_theirs[k] for hunk in change.ours for k in range(hunk.start, hunk.end) if k in in_theirs}
    if not gone:
        return None
    content = b"".join(_without(path, t, gone, _given_commas(b, o, keys, our_keys, in_theirs)))
    return Merged(content) if _still_parses(path, theirs, content) else None


def _key(line: bytes) -> bytes:
    """What a formatter leaves of a line."""
    return re.sub(rb"[,;]$", b"", re.sub(rb"\s+", b"", line).replace(b"'", b'"'))


def _given_commas(
    base: Sequence[bytes],
    ours: Sequence[bytes],
    keys: Sequence[bytes],
    our_keys: Sequence[bytes],
    in_theirs: dict[int, int],
) -> dict[int, bytes]:
    """Lines of `theirs` to which we had given a comma, and the key of the line that followed then."""
    return {
        in_theirs[k]: our_keys[m + 1] if m + 1 < len(our_keys) else b""
        for k, m in matches(keys, our_keys)
        if k in in_theirs and _COMMA.search(base[k]) and not _COMMA.search(ours[m])
    }


def _without(path: str, lines: Sequence[bytes], gone: set[int], given: dict[int, bytes]) -> list[bytes]:
    kept = [i for i in range(len(lines)) if i not in gone]
    result = []
    for i, following in zip(kept, [*kept[1:], len(lines)], strict=True):
        then = lines[following] if following < len(lines) else b""
        taken = lines[i + 1 : following]
        is_separator = bool(taken) and not _COMMA.search(taken[-1])  # else each line of the list has one
        if is_separator and (given.get(i) == _key(then) or _ends_list(path, then)):
            result.append(_COMMA.sub(b"", lines[i]))
        else:
            result.append(lines[i])
    return result


def _ends_list(path: str, line: bytes) -> bool:
    """Does the line close a list, in a language where a last comma says nothing (it makes a tuple in Python)?"""
    return line.lstrip()[:1] in (b")", b"]", b"}") and PurePosixPath(path).suffix in _COMMA_SAYS_NOTHING


def _still_parses(path: str, before: bytes, after: bytes) -> bool:
    try:
        old, new = decode(before)[0], decode(after)[0]
    except CannotEdit:
        return False
    if path.endswith(".json"):
        try:
            json.loads(new)
        except ValueError:
            return False
    return parses(path, new) or not parses(path, old)
