"""Globs: our own as regular expressions, those that a repository wrote as an automaton that cannot be made to hang."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from fnmatch import fnmatchcase
from functools import cache

LONGEST = 500
"""Characters; a longer glob of a manifest matches nothing."""


@cache
def globs_regex(patterns: tuple[str, ...]) -> re.Pattern[str]:
    """One regular expression for any of the globs."""
    return re.compile("|".join(map(glob_regex, patterns)) or "(?!)")


def matching(paths: Sequence[str], pattern: str) -> tuple[str, ...]:
    """Those of the sorted `paths` that match one of our own globs; only those that begin and end like it are tried."""
    head, tails = _ends(pattern)
    paths = beginning(paths, head) if head else paths
    if tails is not None:
        paths = [path for path in paths if path.endswith(tails)]
    matches = globs_regex((pattern,)).fullmatch
    return tuple(path for path in paths if matches(path))


@cache
def known_ends(pattern: str, size: int) -> tuple[str, ...] | None:
    """The last `size` characters that whatever matches may have; None when a shorter end or none is known of it."""
    tails = _ends(pattern)[1]
    return tuple(sorted({tail[-size:] for tail in tails})) if tails and min(map(len, tails)) >= size else None


def beginning(paths: Sequence[str], head: str) -> Sequence[str]:
    """Those of the sorted `paths` that begin like that: they stand together."""
    size, start = len(head), bisect_left(paths, head)
    return paths[start : bisect_right(paths, head, start, key=lambda path: path[:size])]


@cache
def _ends(pattern: str) -> tuple[str, tuple[str, ...] | None]:
    """How whatever matches begins, and how it ends (None: anyhow)."""
    head = re.split(r"[*{]", pattern, maxsplit=1)[0]
    tail = pattern.rpartition("*")[2].removeprefix("/")  # `**/` may stand for nothing
    certain = re.search(r"(?:[^{}]|\{[^{}]*\})*$", tail)  # what follows the braces that the last star is in
    return head, tuple(_alternatives(certain[0])) if certain and certain[0] else None


def glob_regex(pattern: str) -> str:
    """A glob as a regular expression: `*` stays in a directory, `**/` crosses any number, `{a,b}` alternates."""
    out, i = "", 0
    while i < len(pattern):
        if pattern.startswith("**/", i):
            # several in a row cross no more, and would be tried in every combination
            while pattern.startswith("**/", i):
                i += 3
            out += "(?:[^/]+/)*"
        elif pattern.startswith("**", i):
            out, i = out + ".*", i + 2
        elif pattern[i] == "*":
            out, i = out + "[^/]*", i + 1
        elif pattern[i] == "{" and (end := pattern.find("}", i)) > 0:
            out += "(?:" + "|".join(glob_regex(part) for part in pattern[i + 1 : end].split(",")) + ")"
            i = end + 1
        else:
            out, i = out + re.escape(pattern[i]), i + 1
    return out


def glob_matches(pattern: str, path: str) -> bool:
    """Does a glob that the repository wrote match? In time proportional to both lengths, whatever it is made of."""
    return len(pattern) <= LONGEST and any(
        _matches_segments(one.split("/"), path.split("/")) for one in _alternatives(pattern)
    )


def _alternatives(pattern: str) -> list[str]:
    """`{a,b}/c` -> `a/c`, `b/c`; more than a few dozen of them are not followed."""
    done: list[str] = []
    pending = [pattern]
    while pending and len(done) + len(pending) < 100:
        one = pending.pop()
        braces = re.search(r"\{([^{}]*)\}", one)
        if braces is None:
            done.append(one)
        else:
            pending += [one[: braces.start()] + part + one[braces.end() :] for part in braces[1].split(",")]
    return done


def _matches_segments(pattern: list[str], path: list[str]) -> bool:
    """All positions in the pattern that the path so far can have led to, as an automaton has them."""

    def past_stars(positions: set[int]) -> set[int]:
        found = set(positions)
        for position in sorted(positions):
            while position < len(pattern) and pattern[position] == "**":
                position += 1
                found.add(position)
        return found

    at = past_stars({0})
    for part in path:
        at = past_stars(
            {p for p in at if p < len(pattern) and pattern[p] == "**"}
            | {p + 1 for p in at if p < len(pattern) and pattern[p] != "**" and fnmatchcase(part, pattern[p])}
        )
    return len(pattern) in at
