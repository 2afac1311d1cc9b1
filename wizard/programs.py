"""Other programs: which executable a name means, and which of our variables it is given."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

_OURS = re.compile(r"POSTHOG_(?:WIZARD_|CLI_)|POSTHOG_\w*(?:PERSONAL|SECRET)", re.IGNORECASE)
_KEYS = re.compile(r"POSTHOG_\w*(?:PERSONAL|SECRET|CLI_API_KEY|CLI_TOKEN)", re.IGNORECASE)
_SECRET = re.compile(r"\s*ph[xars]_", re.IGNORECASE)


def find(
    name: str, directory: Path | None = None, *, path: str | None = None, not_in: Path | None = None
) -> str | None:
    """The absolute path of an executable; None when there is none.

    A name with a slash is relative to `directory`. Any other is looked up in the absolute directories of `path`
    (default: PATH), never in the current one as `.`, an empty entry or Windows would have it: that is a repository
    which somebody else wrote. Nor in those inside of `not_in`.
    """
    if "/" in name or os.sep in name:
        return _executable(os.path.abspath((directory or Path.cwd()) / name))  # noqa: PTH100 - keeps symlinks
    for folder in absolute(os.environ.get("PATH", os.defpath) if path is None else path).split(os.pathsep):
        inside = not_in is not None and Path(os.path.realpath(folder)).is_relative_to(os.path.realpath(not_in))
        if folder and not inside and (found := _executable(os.path.join(folder, name))):  # noqa: PTH118 - a string
            return found
    return None


def absolute(path: str) -> str:
    """A PATH without the entries that depend on the current directory."""
    return os.pathsep.join(entry for entry in path.split(os.pathsep) if os.path.isabs(entry))  # noqa: PTH117 - a string


def variables(env: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment (default: ours) for a program that we start: without our settings and without PostHog's secrets.

    A package manager runs the scripts of strangers' packages; none of them has any business with a personal key.
    """
    kept = {
        name: value
        for name, value in (os.environ if env is None else env).items()
        if not _OURS.match(name) and not _SECRET.match(value)
    }
    return {name: absolute(value) if name.upper() == "PATH" else value for name, value in kept.items()}


def secrets() -> list[str]:
    """What our environment holds of PostHog's secrets, by the names of the variables: keys of old have no prefix."""
    return [value.strip() for name, value in os.environ.items() if _KEYS.match(name) and len(value.strip()) >= 8]


def _executable(path: str) -> str | None:
    names = [path]
    if os.name == "nt":
        endings = [ending.lower() for ending in os.environ.get("PATHEXT", ".COM;.EXE;.BAT;.CMD").split(os.pathsep)]
        names = [path] if Path(path).suffix.lower() in endings else [path + ending for ending in endings]
    return next((name for name in names if Path(name).is_file() and os.access(name, os.X_OK)), None)
