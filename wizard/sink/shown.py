"""How what arrives is shown: rows of a table, plain lines, JSON; filters; counts at the end."""

from __future__ import annotations

import json
import textwrap
import time
import unicodedata
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from wizard.posthog.tokens import redact
from wizard.sink.received import Received

SCHEMA = 1
NARROW = 72
"""Columns below which a row takes two lines."""

_COLOURS = {"leak": "1;31", "refused": "33", "event": "", "replay": "36"}


def as_json(item: Received, when: float) -> str:
    """One object on one line, ASCII, without secrets; the keys are those of `wizard.commands.listen`."""
    value: dict[str, Any] = {
        "schema": SCHEMA,
        "time": f"{_clock(int(when), '%Y-%m-%dT%H:%M:%S')}.{int(when % 1 * 1000):03}Z",
        "kind": item.kind,
        "status": item.status,
        "method": item.method,
        "path": item.path,
        "token": item.token,
        "user_agent": item.user_agent,
        "size": item.size,
        "note": item.note,
        "leak": item.leak,
        "event": item.event,
        "replay": item.detail,
    }
    return redact(json.dumps(value, default=str))


def plain(item: Received, when: float) -> str:
    """One line for a pipe, or a terminal that can only print."""
    return "  ".join((_clock(int(when), "%H:%M:%S", local=True), *filter(None, _cells(item))))


def row(item: Received, when: float, width: int, colour: bool) -> str:
    """A row of the table: one line, or two where the terminal is narrow; what is no event is said in full."""
    what, who, library, where = _cells(item)
    now = _clock(int(when), "%H:%M:%S", local=True)
    if item.event is None:
        note = textwrap.wrap(where, max(width - 11, 8), max_lines=4)
        head = "  ".join(filter(None, (now, what, who)))
        together = "  ".join((head, *note)) if len(note) < 2 else ""
        if together and _cells_wide(together) < width:
            return _painted(together, item, colour)
        return _painted("\n".join((_clipped(head, width - 1), *(f"{' ' * 10}{line}" for line in note))), item, colour)
    if width < NARROW:
        first = _clipped(f"{now}  {what}", width - 1)
        second = _clipped("  ".join(filter(None, (who, library, where))), width - 11)
        text = f"{first}\n{' ' * 10}{second}" if second else first
        return _painted(text, item, colour)
    a, b, c, d = columns(width)
    text = f"{_padded(what, a)}  {_padded(who, b)}  {_padded(library, c)}  {_clipped(where, d)}".rstrip()
    return _painted(f"{now}  {text}", item, colour)


def heading(width: int) -> str:
    """The titles above the rows; none where rows take two lines."""
    if width < NARROW:
        return ""
    a, b, c, _ = columns(width)
    return f"{'time':8}  {'event':{a}}  {'person':{b}}  {'SDK':{c}}  where"


@lru_cache(maxsize=8)
def columns(width: int) -> tuple[int, int, int, int]:
    """Widths of event, person, SDK and place in a terminal of that many columns."""
    free = width - 1 - 8 - 4 * 2
    a, b, c = free * 28 // 100, free * 22 // 100, min(24, free * 22 // 100)
    return a, b, c, free - a - b - c


def matches(item: Received, filters: Sequence[str]) -> bool:
    """Is it asked for? With several filters any will do. `kind:flags` means a kind, anything else text anywhere in
    the item, in any case."""
    if not filters:
        return True
    text = ""
    for each in filters:
        if each.startswith("kind:"):
            if each == f"kind:{item.kind}":
                return True
            continue
        text = (
            text
            or json.dumps(
                [item.path, item.token, item.user_agent, item.note, item.event], ensure_ascii=False, default=str
            ).casefold()
        )
        if each.casefold() in text:
            return True
    return False


def counted(kinds: Counter[str]) -> str:
    """`812 events, 3 flags, 1 refused`."""
    names = {"event": ("event", "events"), "flags": ("flags request", "flags requests")}
    names |= {"config": ("config request", "config requests"), "replay": ("replay part", "replay parts")}
    names |= {"other": ("other request", "other requests"), "refused": ("refused", "refused")}
    found = [f"{kinds[k]} {forms[kinds[k] != 1]}" for k, forms in names.items() if kinds[k]]
    return ", ".join(found) or "nothing"


def _cells(item: Received) -> tuple[str, str, str, str]:
    """What, who, with which SDK, where."""
    path = item.path.partition("?")[0]
    if item.event is None:
        status = f" {item.status}" if item.status >= 400 else ""
        name = "SECRET KEY LEAKED" if item.leak else f"({item.kind}){status}"
        return name, _clean(path), "", _clean(item.note)
    properties = item.event["properties"]
    library = " ".join(_short(properties[key]) for key in ("$lib", "$lib_version") if key in properties)
    where = properties.get("$current_url") or properties.get("$request_path") or ""
    who = item.event["distinct_id"]
    return (
        _clean(item.event["event"][:500]),
        "" if who is None else _clean(_short(who)),
        _clean(library or item.user_agent[:200]),
        _clean(_short(where)),
    )


def _short(value: Any) -> str:
    return (value if isinstance(value, str) else json.dumps(value, default=str))[:2000]


def _clean(text: str) -> str:
    """One line that a terminal only shows: control characters and turns of direction as escapes, no secrets."""
    if not text.isascii() or not text.isprintable():
        text = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
    return redact(text) if "ph" in text else text


def _cells_wide(text: str) -> int:
    if text.isascii():
        return len(text)
    return sum(0 if unicodedata.combining(c) else 1 + (unicodedata.east_asian_width(c) in "WF") for c in text)


def _clipped(text: str, width: int) -> str:
    if _cells_wide(text) <= width:
        return text
    while text and _cells_wide(text) > width - 2:
        text = text[: max(width - 2, 0)] if len(text) > width else text[:-1]
    return text + ".."


def _padded(text: str, width: int) -> str:
    text = _clipped(text, width)
    return text + " " * (width - _cells_wide(text))


def _painted(text: str, item: Received, colour: bool) -> str:
    code = _COLOURS.get("leak" if item.leak else item.kind, "2")
    return f"\x1b[{code}m{text}\x1b[0m" if colour and code else text


@lru_cache(maxsize=16)
def _clock(second: int, form: str, local: bool = False) -> str:
    return time.strftime(form, time.localtime(second) if local else time.gmtime(second))
