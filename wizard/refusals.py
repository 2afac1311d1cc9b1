"""Edits that a person refused, remembered outside of the repository, so that a later run does not force them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from wizard.disk import keep_record, naming
from wizard.errors import WizardError
from wizard.shelves import shelf

_NAME = "refused.json"


def refused(root: Path) -> frozenset[str]:
    """The ids of the edits refused in this directory. Raises WizardError when the record cannot be read."""
    file = _file(root)
    with naming(f"read {file}"):
        try:
            data = file.read_bytes()
        except FileNotFoundError:
            return frozenset()
    try:
        return frozenset(str(name) for name in json.loads(data)["refused"])
    except (ValueError, KeyError, TypeError) as error:
        raise WizardError(f"{file} is damaged", "Add --reconsider: it forgets what was refused.") from error


def remember(root: Path, refuse: Iterable[str], take: Iterable[str]) -> None:
    """Add the ids in `refuse` to the record and drop those in `take`, which are wanted now."""
    file, before = _file(root), refused(root)
    after = (before | frozenset(refuse)) - frozenset(take)
    if after == before:
        return
    keep_record(file, {"refused": sorted(after)})


def forget(root: Path) -> None:
    """Drop the record: every edit is offered again."""
    with naming("forget what was refused"):
        _file(root).unlink(missing_ok=True)


def _file(root: Path) -> Path:
    return shelf(root.resolve()) / _NAME
