"""What `.gitignore` files leave out, for trees where git cannot be asked.

Source: https://git-scm.com/docs/gitignore, held against git itself in the tests.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

LONGEST = 500
"""Characters; a longer pattern ignores nothing."""

_DEEPEST = 8
"""Times that a pattern may cross directories with `**/`; each one multiplies the ways to match."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One line: what it matches, whether it ignores or takes back, and whether it means directories only.

    `anchored` lines are about paths from their own directory on, all others about names.
    """

    glob: Glob
    ignores: bool
    folders_only: bool
    anchored: bool


@dataclass(frozen=True, slots=True)
class Glob:
    """What a line matches: a `whole` text, an `end`, or an `expression`. Most are no patterns, and none is compiled."""

    whole: str | None = None
    end: str | None = None
    expression: str = ""

    def matches(self, text: str) -> bool:
        """Is it about this name or path?"""
        if self.whole is not None:
            return text == self.whole
        if self.end is not None:
            return text.endswith(self.end)
        return _compiled(self.expression).fullmatch(text) is not None


class AnyOf:
    """Many globs as one."""

    __slots__ = ("ends", "pattern", "wholes")

    def __init__(self, globs: Sequence[Glob]) -> None:
        self.wholes = frozenset(glob.whole for glob in globs)
        self.ends = tuple(glob.end for glob in globs if glob.end is not None)
        expressions = "|".join(dict.fromkeys(glob.expression for glob in globs if glob.expression))
        self.pattern = _compiled(expressions) if expressions else None

    def matches(self, text: str) -> bool:
        """Does any of them?"""
        return (
            text in self.wholes
            or text.endswith(self.ends)
            or (self.pattern is not None and self.pattern.fullmatch(text) is not None)
        )


@dataclass(frozen=True, slots=True)
class Lines:
    """What one file says: `paths` and `names` match whatever any line may match, and nothing else is looked at."""

    rules: tuple[Rule, ...] = ()
    paths: AnyOf | None = None
    names: AnyOf | None = None


@dataclass(frozen=True, slots=True)
class Rules:
    """The lines that hold in a directory: its own and, `above`, those of the directories around it."""

    folder: str = ""  # with a final slash, relative to where the walk began
    own: Lines = Lines()
    above: Rules | None = None

    def ignore(self, path: str, is_folder: bool) -> bool:
        """Is `path` (relative to where the walk began) left out? The last line that matches it decides."""
        inner, name, own = path[len(self.folder) :], path[path.rfind("/") + 1 :], self.own
        if (own.names and own.names.matches(name)) or (own.paths and own.paths.matches(inner)):
            for rule in reversed(own.rules):
                if (is_folder or not rule.folders_only) and rule.glob.matches(inner if rule.anchored else name):
                    return rule.ignores
        return self.above.ignore(path, is_folder) if self.above else False

    def inside(self, folder: str, text: str) -> Rules:
        """The rules in `folder` (with a final slash, or empty), whose `.gitignore` has this text."""
        own = _lines(text)
        return Rules(folder, own, self) if own.rules else self


@lru_cache(maxsize=256)
def _lines(text: str) -> Lines:
    rules = [rule for line in text.split("\n") if (rule := _rule(line.removesuffix("\r"))) is not None]
    paths, names = ([rule.glob for rule in rules if rule.anchored is anchored] for anchored in (True, False))
    return Lines(tuple(rules), AnyOf(paths) if paths else None, AnyOf(names) if names else None)


@lru_cache(maxsize=2048)
def _compiled(expression: str) -> re.Pattern[str]:
    return re.compile(expression, re.DOTALL)


def _rule(line: str) -> Rule | None:
    line = re.sub(r"(?<!\\) +$", "", line.lstrip("\ufeff"))
    if not line or line.startswith("#") or len(line) > LONGEST:
        return None
    ignores = not line.startswith("!")
    pattern = line if ignores else line[1:]
    folders_only = pattern.endswith("/")
    pattern = pattern[:-1] if folders_only else pattern
    if not pattern.strip("/"):
        return None
    glob = _glob(pattern.removeprefix("/"))
    return Rule(glob, ignores, folders_only, anchored="/" in pattern) if glob else None


def _glob(pattern: str) -> Glob | None:
    """None for a pattern that matches nothing."""
    if not _SPECIAL.search(pattern):
        return Glob(whole=pattern)
    if pattern[0] == "*" and "/" not in pattern and not _SPECIAL.search(pattern, 1):
        return Glob(end=pattern[1:])
    expression = _expression(pattern)
    return None if expression is None else Glob(expression=expression)


_SPECIAL = re.compile(r"[*?\[\\]")


def _expression(pattern: str) -> str | None:
    """A regular expression for a pattern; None for one that matches nothing."""
    segments = pattern.split("/")
    if segments.count("**") > _DEEPEST:
        return None
    out = ""
    for number, segment in enumerate(segments):
        is_last = number == len(segments) - 1
        if segment == "**":
            if number and segments[number - 1] == "**" and not is_last:
                continue
            out += ".+" if is_last else "(?:[^/]+/)*"
            continue
        part = _segment(segment)
        if part is None:
            return None
        out += part if is_last else f"{part}/"
    return out


def _segment(segment: str) -> str | None:
    parts, out, i = [], "", 0
    while i < len(segment):
        character = segment[i]
        if character == "*":
            parts.append(out)
            out = ""
        elif character == "?":
            out += "[^/]"
        elif character == "\\":
            if i + 1 == len(segment):
                return None
            i += 1
            out += re.escape(segment[i])
        elif character == "[":
            found = _set(segment, i)
            if found is None:
                return None
            text, i = found
            out += text
        else:
            out += re.escape(character)
        i += 1
    if not parts:
        return out
    # what stands between two stars may match where it first can: without going back, so that nothing takes long
    between = "".join(f"(?>[^/]*?{part})" for part in parts[1:] if part)
    return f"{parts[0]}{between}[^/]*{out}"


_CLASSES = {
    "alnum": "a-zA-Z0-9",
    "alpha": "a-zA-Z",
    "blank": " \\t",
    "digit": "0-9",
    "lower": "a-z",
    "space": "\\s",
    "upper": "A-Z",
    "xdigit": "0-9a-fA-F",
    "punct": re.escape("!\"#$%&'()*+,-.:;<=>?@[\\]^_`{|}~"),
}


def _set(segment: str, start: int) -> tuple[str, int] | None:
    """`[a-c]` from `start` as a regular expression, and where its `]` is; None when it has none."""
    i = start + 1
    negated = i < len(segment) and segment[i] in "!^"
    i += negated
    first, out = i, ""
    while i < len(segment) and (segment[i] != "]" or i == first):
        if segment.startswith("[:", i) and (end := segment.find(":]", i)) > 0:
            name = segment[i + 2 : end]
            if name not in _CLASSES:
                return None
            out, i = out + _CLASSES[name], end + 2
            continue
        low, i = _literal(segment, i)
        high = low
        if i + 1 < len(segment) and segment[i] == "-" and segment[i + 1] != "]":
            high, i = _literal(segment, i + 1)
        if low <= high:
            out += re.escape(low) if low == high else f"{re.escape(low)}-{re.escape(high)}"
    if i >= len(segment):
        return None
    if not out:
        return ("[^/]" if negated else "(?!)"), i
    return (f"(?!/)[^{out}]" if negated else f"(?!/)[{out}]"), i


def _literal(segment: str, i: int) -> tuple[str, int]:
    """A character of a set, maybe behind a backslash, and where the next one is."""
    if segment[i] == "\\" and i + 1 < len(segment):
        return segment[i + 1], i + 2
    return segment[i], i + 1
