"""The version of this program, read only when somebody asks: it takes 25 ms."""

from __future__ import annotations


def current() -> str:
    """`1.2.3`, or words when the program is not installed."""
    from importlib import metadata

    try:
        return metadata.version("posthog-wizard")
    except metadata.PackageNotFoundError:
        return "unknown (not installed)"
