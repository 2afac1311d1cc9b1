"""Directories beside what a repository ships: its tests, examples, templates and playgrounds."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

ASIDE = frozenset(
    """example examples sample samples fixture fixtures __fixtures__ __tests__ test tests testing e2e template templates
    boilerplate loadtest loadtests playground playgrounds demo demos third_party""".split()
)
"""Directories whose apps are not what the repository ships; used only when named with `--target`."""

_APP_ASIDE = ASIDE | frozenset("bench benchmark benchmarks dev develop docker integration-tests e2e-tests".split())
_NAMES_ASIDE = "(?:template|example|sample|fixture|playground|demo|mock)s?"
_ASIDE = re.compile(rf"{_NAMES_ASIDE}-.+|.+-{_NAMES_ASIDE}|.+-mock-.+|(?:e2e|generated)-.+")


def aside(path: str) -> str | None:
    """The directory name that makes an app root an example or a test, if any."""
    return next((part for part in PurePosixPath(path).parts if part in _APP_ASIDE or _ASIDE.fullmatch(part)), None)


def is_own_code(path: str) -> bool:
    """Is a file code of the app, and not of its tests or examples?"""
    *folders, name = path.split("/")
    return ASIDE.isdisjoint(folders) and not name.startswith(("test_", "conftest."))
