"""Where a Flask app is made: read off the source text, without a parser."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath

from wizard.project import Project
from wizard.workspace import ASIDE

_MADE = re.compile(
    r"^(?P<indent>[ \t]*)(?:self\.)?(?P<name>\w+)[ \t]*(?::[^=\n]+)?=[ \t]*(?:flask\.)?Flask\s*\(", re.MULTILINE
)
_FACTORY = re.compile(r"^(?:async )?def (?P<name>\w+)\s*\(", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Made:
    """One `name = Flask(...)`: the file, the variable, and the factory function around it (None at module level)."""

    path: str
    name: str
    factory: str | None


def made(project: Project) -> list[Made]:
    """Every app that is made in the project's own code, the ones with short paths first."""
    found = []
    for path, text in project.sources("**/*.py"):
        parts = PurePosixPath(path).parts
        if not ASIDE.isdisjoint(parts[:-1]) or parts[-1].startswith(("test_", "conftest")):
            continue
        for match in _MADE.finditer(text):
            factory = None
            if match["indent"]:
                before = [m["name"] for m in _FACTORY.finditer(text, 0, match.start())]
                factory = before[-1] if before else None
            found.append(Made(path, match["name"], factory))
    return sorted(found, key=lambda m: (m.path.count("/"), m.path))


def variant(project: Project) -> str:
    """`module` (an app at module level) or `factory`."""
    apps = made(project)
    return "factory" if apps and all(a.factory for a in apps) else "module"
