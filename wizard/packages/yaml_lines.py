"""Reading the block YAML that package managers write themselves: nested keys with one-line values, nothing more."""

from __future__ import annotations

import re
from collections.abc import Iterator

_KEY = r"""(?P<indent> *)(?P<key>"[^"]*"|'[^']*'|[^\s#'"\-][^:#]*?|[^\s#'"\-]\S*?)"""
_LINE = re.compile(_KEY + r"\s*:(?:\s+(?P<value>.*))?$")
_ITEM = re.compile(r"""\s*-\s+(?P<item>"[^"]*"|'[^']*'|[^#]*?)\s*(?:#.*)?$""")


def members(text: str) -> Iterator[tuple[tuple[str, ...], str]]:
    """`(keys from the top, value)` of every `key: value` line in order; an opening `key:` has the value ''.

    Lines of any other shape are passed over.
    """
    stack: list[tuple[int, str]] = []
    for line in text.splitlines():
        match = _LINE.match(line)
        if match is None:
            continue
        indent = len(match["indent"])
        while stack and stack[-1][0] >= indent:
            stack.pop()
        stack.append((indent, unquoted(match["key"])))
        yield tuple(key for _, key in stack), unquoted(_uncommented(match["value"] or ""))


def items(text: str, key: str) -> list[str]:
    """The one-line items of the list under the top-level `key`, also when they are all on its line (`key: [a, b]`)."""
    found: list[str] = []
    inside = False
    for line in text.splitlines():
        if inside and (match := _ITEM.match(line)):
            found.append(unquoted(match["item"]))
        elif line.strip() and not line.lstrip().startswith("#"):
            value = _uncommented(line).removeprefix(f"{key}:") if line.startswith(f"{key}:") else None
            inside = value is not None and not value.strip()
            if value is not None and (flow := re.fullmatch(r"\s*\[(.*)\]", value)):
                found += [unquoted(item.strip()) for item in flow[1].split(",") if item.strip()]
    return found


def unquoted(text: str) -> str:
    """`'a'` and `"a"` -> `a`."""
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'" else text


def _uncommented(value: str) -> str:
    return value if value[:1] in ("'", '"') else value.split(" #", 1)[0].rstrip()
