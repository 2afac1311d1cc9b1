"""Values out of a stranger's JSON: what is of the wanted type, and nothing in place of all else."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any


def text(value: Any) -> str:
    """A string; empty for everything else."""
    return value if isinstance(value, str) else ""


def number(value: Any) -> int | None:
    """A whole number that is not negative, also when it is written as a string."""
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 20:
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def flag(value: Any) -> bool | None:
    """true or false; None for everything else."""
    return value if isinstance(value, bool) else None


def mapping(value: Any) -> dict[str, Any]:
    """An object; empty for everything else."""
    return value if isinstance(value, dict) else {}


def objects(values: Any) -> list[dict[str, Any]]:
    """The objects in an array; none for everything else."""
    return [value for value in values if isinstance(value, dict)] if isinstance(values, list) else []


def texts(values: Any) -> tuple[str, ...]:
    """The strings in an array that are not empty; none for everything else."""
    return tuple(v for v in values if isinstance(v, str) and v) if isinstance(values, list) else ()


def numbers(values: Any) -> tuple[int, ...]:
    """The whole numbers in an array, each once, at most 500 (each may be asked for); none for everything else."""
    found = [number(v) for v in values] if isinstance(values, list) else []
    return tuple(dict.fromkeys(n for n in found if n is not None))[:500]


def moment(value: Any) -> datetime | None:
    """A time with its zone, UTC unless it names another; None for everything else."""
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return found.replace(tzinfo=UTC) if found and found.tzinfo is None else found


def line(said: str, longest: int = 300) -> str:
    """What a stranger wrote, as one line of printable ASCII."""
    joined = " ".join(said[: 10 * longest].split())[:longest]
    return "".join(letter if letter.isascii() and letter.isprintable() else "?" for letter in joined)
