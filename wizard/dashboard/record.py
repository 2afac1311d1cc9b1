"""Which dashboards were made from a directory: their ids, kept outside of the repository."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wizard.disk import keep_record, naming
from wizard.shelves import shelf

_NAME = "dashboards.json"

Key = tuple[str, int, str]
"""App host, project, name of the dashboard."""


@dataclass(frozen=True, slots=True)
class Record:
    """What was made of one dashboard: the ids of its insights by the names of the charts, and what else was done."""

    dashboard: int
    insights: Mapping[str, int] = field(default_factory=dict)
    text: bool = False
    arranged: bool = False


def recorded(root: Path, key: Key) -> Record | None:
    """What was kept about a dashboard; None when there is nothing, or nothing that can be read."""
    for entry in _entries(root):
        if _key(entry) == key and isinstance(entry.get("dashboard"), int):
            known = entry.get("insights")
            known = known if isinstance(known, dict) else {}
            ids = {str(name): number for name, number in known.items() if isinstance(number, int)}
            return Record(entry["dashboard"], ids, entry.get("text") is True, entry.get("arranged") is True)
    return None


def remember(root: Path, key: Key, record: Record) -> None:
    """Keep it instead of what was kept about the same dashboard. Raises WizardError when that cannot be written."""
    host, project, name = key
    entry = {
        "host": host,
        "project": project,
        "name": name,
        "dashboard": record.dashboard,
        "insights": dict(record.insights),
        "text": record.text,
        "arranged": record.arranged,
    }
    entries = [*(other for other in _entries(root) if _key(other) != key), entry]
    keep_record(_file(root), {"dashboards": entries})


def _entries(root: Path) -> list[dict[str, Any]]:
    file = _file(root)
    try:
        with naming(f"read {file}"):
            known = json.loads(file.read_bytes()) if file.exists() else {}
    except ValueError:
        return []  # damaged: the tag and the name still find the dashboard
    found = known.get("dashboards") if isinstance(known, dict) else None
    return [entry for entry in found if isinstance(entry, dict)] if isinstance(found, list) else []


def _key(entry: Mapping[str, Any]) -> tuple[Any, Any, Any]:
    return entry.get("host"), entry.get("project"), entry.get("name")


def _file(root: Path) -> Path:
    return shelf(root.resolve()) / _NAME
