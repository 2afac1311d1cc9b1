"""Where a Python web app is made, which one of several is started, and from where its modules are imported."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from wizard.project import Project, normal
from wizard.workspace import ASIDE

_STARTS = (
    *("Procfile", "Dockerfile*", "*.Dockerfile", "docker/**", "*compose*.{yml,yaml}", "pyproject.toml", "*.sh"),
    *("scripts/*.sh", "Makefile", "justfile", "Taskfile.yml", "fly.toml", "render.yaml", "railway.{json,toml}"),
    *("app.yaml", ".flaskenv", "gunicorn*.py", "supervisord.conf", "*.service", "README.md", "README.rst"),
)
"""Files that say how an app is started."""

_FUNCTION = re.compile(r"^(?P<indent>[ \t]*)(?:async )?def (?P<name>\w+)\s*\(", re.MULTILINE)
_IMPORT = re.compile(
    r"^[ \t]*(?:from[ \t]+([A-Za-z_][\w.]*)[ \t]+import\b|import[ \t]+([A-Za-z_][\w.]*))", re.MULTILINE
)
_RUN_IN_CODE = re.compile(r"\b(?:uvicorn|granian|hypercorn)\b[^\n]*\(\s*[\"']([\w.]+:\w+)[\"']")


@dataclass(frozen=True, slots=True)
class Made:
    """One `name = Flask(...)`: the file, the variable, and the factory function around it (None at module level)."""

    path: str
    name: str
    factory: str | None


def made(project: Project, constructor: str) -> list[Made]:
    """Every app that the project's own code makes with `constructor` (a regex of names), short paths first."""
    pattern = re.compile(
        rf"^(?P<indent>[ \t]*)(?P<name>(?:self\.)?\w+)[ \t]*(?::[^=\n]+)?=[ \t]*(?:\w+\.)?(?:{constructor})\s*\(",
        re.MULTILINE,
    )
    found = []
    for path, text in own_sources(project):
        for match in pattern.finditer(text):
            found.append(Made(path, match["name"], _function_around(text, match.start(), match["indent"])))
    return sorted(found, key=lambda m: (m.path.count("/"), m.path))


def own_sources(project: Project) -> Iterator[tuple[str, str]]:
    """`(path, text)` of the app's Python files; tests and examples left out."""
    for path, text in project.sources("**/*.py"):
        parts = PurePosixPath(path).parts
        if ASIDE.isdisjoint(parts[:-1]) and not parts[-1].startswith(("test_", "conftest")):
            yield path, text


def started(project: Project, apps: Sequence[Made]) -> Made | None:
    """The app that is run: the one that a start command names, else the outermost one; None when that is open."""
    if len(apps) < 2:
        return next(iter(apps), None)
    commands = start_commands(project)
    named = [app for app in apps if _is_named(app, commands)]
    if named:
        return named[0] if len(named) == 1 else None
    texts = {app.path: project.read(app.path) or "" for app in apps}
    outer = [app for app in apps if not any(_mounts(text, app.name) for text in texts.values())] or list(apps)
    depth = min(app.path.count("/") for app in outer)
    shallow = [app for app in outer if app.path.count("/") == depth]
    return shallow[0] if len(shallow) == 1 else None


def start_commands(project: Project) -> str:
    """What the project says about starting it: deployment files, scripts, the README, `uvicorn.run("a:b")` in code."""
    texts = [project.read(path) or "" for path in project.files(*_STARTS)]
    code = [target for _, text in own_sources(project) for target in _RUN_IN_CODE.findall(text)]
    return "\n".join([*texts, *code])


def import_root(project: Project, path: str) -> str | None:
    """The directory from which the module at `path` is imported, as far as imports and start commands show it.

    The file's own absolute imports count first, then a start command that names the module, then its neighbours'
    imports, then those of whoever imports it. None without any evidence.
    """
    folder = PurePosixPath(path).parent
    above = [str(folder), *map(str, folder.parents)]
    near = [p for p in project.files("**/*.py") if PurePosixPath(p).parent == folder and p != path]
    if root := _root_of_imports(project, path, above):
        return root
    commands = start_commands(project)
    for module, root in _modules(path):
        if re.search(rf"(?<![\w.]){re.escape(module)}:\w", commands):
            return root
    for other in near:
        if root := _root_of_imports(project, other, above):
            return root
    for _, text in project.sources("**/*.py"):
        imported = {m[1] or m[2] for m in _IMPORT.finditer(text)}
        for module, root in _modules(path):
            if module in imported and "." in module:
                return root
    return None


def entry(project: Project, path: str) -> tuple[str, str]:
    """The dotted module of a file, and the directory (`.`, `src`) that has to be on the path to import it."""
    root = import_root(project, path)
    if root is None:
        root = "src" if path.startswith("src/") and not project.exists("src/__init__.py") else "."
    return next(module for module, base in _modules(path) if base == root), root


def module_file(project: Project, path: str, module: str) -> str | None:
    """The file behind `module` (maybe relative) as the file `path` imports it; None when it is not the project's."""
    folder = PurePosixPath(path).parent
    dots = len(module) - len(module.lstrip("."))
    relative = module[dots:].replace(".", "/")
    roots = [folder / "/".join([".."] * (dots - 1))] if dots else [folder, *folder.parents]
    for root in roots:
        if found := project.first(f"{root}/{relative}.py", f"{root}/{relative}/__init__.py"):
            return normal(found)
    return None


def _root_of_imports(project: Project, path: str, above: Sequence[str]) -> str | None:
    for match in _IMPORT.finditer(project.read(path) or ""):
        relative = (match[1] or match[2]).replace(".", "/")
        for root in above:
            target = relative if root == "." else f"{root}/{relative}"
            own = f"{target}.py" == path or (f"{target}/__init__.py" == path)
            if not own and (project.exists(f"{target}.py") or project.is_dir(target)):
                return root
    return None


def _modules(path: str) -> list[tuple[str, str]]:
    """`(dotted module, root)` for every directory that may be on the path, the longest module first."""
    parts = list(PurePosixPath(path).with_suffix("").parts)
    if parts[-1] == "__init__" and len(parts) > 1:
        parts.pop()
    return [(".".join(parts[i:]), "/".join(parts[:i]) or ".") for i in range(len(parts))]


def _is_named(app: Made, commands: str) -> bool:
    names = "|".join(re.escape(n) for n in (app.name, app.factory) if n)
    modules = "|".join(re.escape(module) for module, _ in _modules(app.path))
    target = rf"(?<![\w.])(?:{modules}):(?:{names})\b"
    starter = r"(?:FLASK_APP\s*=|--app[ =]|\bfastapi (?:run|dev)|\bpython3?)\s*[\"']?(?:\./)?"
    return re.search(rf"{target}|{starter}(?:{re.escape(app.path)}|(?:{modules})(?=[\s\"']|$))", commands) is not None


def _mounts(text: str, name: str) -> bool:
    return re.search(rf"\.mount\(\s*[^,()]+,\s*(?:app\s*=\s*)?{re.escape(name)}\b", text) is not None


def _function_around(text: str, position: int, indent: str) -> str | None:
    inside = [m["name"] for m in _FUNCTION.finditer(text, 0, position) if len(m["indent"]) < len(indent)]
    return inside[-1] if indent and inside else None
