"""The package of the workspace that renders an app: what its entry file imports is followed until React is started."""

from __future__ import annotations

import re
from dataclasses import dataclass

from wizard.codemods.js.imports import imports
from wizard.codemods.js.tree import has_code, parse
from wizard.existing.graph import relative_to_app
from wizard.existing.modules import JavaScriptModules
from wizard.project import Project

_RENDERS = r"\b(?:createRoot|hydrateRoot)\s*\(|\bReactDOM\s*\.\s*(?:render|hydrate)\s*\("
_IMPORTED = re.compile(r"""(?:\bfrom\s*|\bimport\s*\(?\s*)["']([^"'\n]+)["']""")
_MOST_FILES = 100


@dataclass(frozen=True, slots=True)
class Shell:
    """A file outside of the app that renders it (`../../packages/shell/src/mount.tsx`), and how the entry calls it."""

    path: str
    names: tuple[str, ...]


def shell(project: Project, entry: str) -> Shell | None:
    """The shell of an app; None when the entry renders by itself, or nothing tells what does."""
    text = project.read(entry) or ""
    if "react-dom" in text:
        return None
    modules = JavaScriptModules(project, project.tree.known)
    for one in imports(parse(text)):
        if one.is_type or one.module.startswith("."):
            continue
        if one.local and not has_code(text, rf"\b{re.escape(one.local)}\s*\("):
            continue  # a package of components may start a root of its own, for its dialogs
        pending = [*modules.resolve(project.within(entry), one.module)]
        seen = set(pending)
        while pending and len(seen) < _MOST_FILES:
            path = pending.pop(0)
            from_app = relative_to_app(project, path)
            code = project.read(from_app) or ""
            if from_app.startswith("../") and has_code(code, _RENDERS):
                return Shell(from_app, (one.local,) if one.local else ())
            near = [found for name in _IMPORTED.findall(code) for found in modules.resolve(path, name)]
            # what a module loads comes before what else may be meant by its name
            pending = [*(found for found in near if found not in seen), *pending]
            seen.update(near)
    return None
