"""Code as an app's own compiler options want it: those of tsconfig.json and of what that extends."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Any

from wizard.errors import CannotEdit
from wizard.project import BrokenFile, Project, normal
from wizard.text import decode

_INDEXED = "noPropertyAccessFromIndexSignature"
_EXACT = "exactOptionalPropertyTypes"
_STRICTEST = "@tsconfig/strictest"
"""A published configuration that turns on both (https://github.com/tsconfig/bases)."""

_OPEN = re.compile(r"\b((?:process|import\.meta)\.env|request\.headers)\.(\w+)")
_HOST = re.compile(r"^([ \t]*(?:api_)?host:) (process\.env\S+),$", re.MULTILINE)
_WIDTH = 80
"""What prettier and Biome let a line have."""


def typed(source: str, project: Project, host: str, declared: Collection[str] = ("MODE",)) -> str:
    """Our `source`, with variables in brackets and `host` where theirs may be undefined, if the app's compiler asks.

    `declared` are the variables whose types the framework brings along.
    Source: https://www.typescriptlang.org/tsconfig/#noPropertyAccessFromIndexSignature, #exactOptionalPropertyTypes
    """
    options = _options(project)
    if _INDEXED in options:
        source = _OPEN.sub(lambda m: m[0] if m[2] in declared else f'{m[1]}["{m[2]}"]', source)
    if _EXACT in options:
        source = _HOST.sub(lambda m: _fitting(m[1], f'{m[2]} ?? "{host}",'), source)
    return source


def _fitting(key: str, value: str) -> str:
    if len(key) + 1 + len(value) <= _WIDTH:
        return f"{key} {value}"
    indent = key[: len(key) - len(key.lstrip())]
    return f"{key}\n{indent}  {value}"


def _options(project: Project) -> frozenset[str]:
    """Which of the options above are on for an app."""
    if _options not in project.memo:
        found: dict[str, object] = {}
        for name in project.files("tsconfig.json", "tsconfig.app.json"):
            for own in _chain(project, project.within(name)):
                for option in (_INDEXED, _EXACT):
                    if option in own:
                        found.setdefault(option, own[option])
        project.memo[_options] = frozenset(option for option, value in found.items() if value is True)
    known: frozenset[str] = project.memo[_options]
    return known


def _chain(project: Project, path: str) -> Iterator[dict[str, Any]]:
    """The compilerOptions of a file, then those of the files that it extends; of several the last one counts."""
    pending, seen = [path], {path}
    while pending:
        path = pending.pop()
        if path.startswith(_STRICTEST):
            yield {_INDEXED: True, _EXACT: True}
            continue
        config = settings(project, path)
        options = config.get("compilerOptions")
        yield options if isinstance(options, dict) else {}
        extended = config.get("extends")
        for parent in [extended] if isinstance(extended, str) else extended if isinstance(extended, list) else []:
            target = _found(project, path, str(parent))
            if target and target not in seen:
                seen.add(target)
                pending.append(target)


def _found(project: Project, importer: str, specifier: str) -> str | None:
    """The file behind `extends`, relative to the tree: beside the importer or in another package of the repository."""
    if specifier.startswith(_STRICTEST):
        return specifier
    if specifier.startswith("."):
        return _file(project, normal(f"{importer.rpartition('/')[0] or '.'}/{specifier}"))
    parts = specifier.split("/")
    size = 2 if specifier.startswith("@") else 1
    name, rest = "/".join(parts[:size]), "/".join(parts[size:]) or "tsconfig.json"
    for manifest in project.tree.named("package.json"):
        if project.tree.reading(manifest, _package_name) == name:
            return _file(project, normal(f"{manifest.rpartition('/')[0] or '.'}/{rest}"))
    return None


def _file(project: Project, path: str) -> str | None:
    return next((one for one in (path, f"{path}.json", f"{path}/tsconfig.json") if one in project.tree.known), None)


def _package_name(data: bytes) -> str:
    name = re.search(rb'"name"\s*:\s*"([^"]+)"', data)
    return name[1].decode("utf-8", "replace") if name else ""


def settings(project: Project, path: str) -> dict[str, Any]:
    """`extends` and `compilerOptions` of a tsconfig.json by its path in the tree; empty for one that does not parse."""
    from wizard.codemods.json import member

    data = project.tree.bytes(path)
    try:
        text = decode(data)[0] if data else "{}"
        return {key: member(text, [key]) for key in ("extends", "compilerOptions")}
    except (CannotEdit, BrokenFile):
        return {}
