"""Where a Python web app is made, which one of several is started, and from where its modules are imported."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import PurePosixPath
from warnings import catch_warnings, simplefilter

from wizard.asides import ASIDE
from wizard.project import Project, normal
from wizard.text import line_number

_STARTS = (
    *("Procfile", "Dockerfile*", "*.Dockerfile", "docker/**", "*compose*.{yml,yaml}", "pyproject.toml", "*.sh"),
    *("scripts/*.sh", "Makefile", "justfile", "Taskfile.yml", "fly.toml", "render.yaml", "railway.{json,toml}"),
    *("app.yaml", ".flaskenv", "gunicorn*.py", "supervisord.conf", "*.service", "README.md", "README.rst"),
)
"""Files that say how an app is started."""

_USUAL = ("main", "app", "application", "wsgi", "asgi")
"""Names of the module that makes the app; the others are for commands, workers and tests then."""

_KEPT, _MANY = f"{__name__}:own_sources", 5000
_SCRIPTS = frozenset({"scripts", "script", "tools", "bin"})
_FUNCTION = re.compile(r"^(?P<indent>[ \t]*)(?:async )?def (?P<name>\w+)\s*\(", re.MULTILINE)
_IMPORT = re.compile(
    r"^[ \t]*(?:from[ \t]+([A-Za-z_][\w.]*)[ \t]+import\b|import[ \t]+([A-Za-z_][\w.]*))", re.MULTILINE
)
_RUN_IN_CODE = re.compile(r"\b(?:uvicorn|granian|hypercorn)\b[^\n]*\(\s*[\"']([\w.]+:\w+)[\"']")


@dataclass(frozen=True, slots=True)
class Made:
    """One `name = Flask(...)`: the file, the variable, and the factory function around it (None at module level).

    `line` is 1-based, in the file as it is before any edit. `maker` is the dotted path of the function of another
    package of the repository that makes it (`name = create_app()`); empty for what the project's own code makes.
    """

    path: str
    name: str
    factory: str | None
    line: int = 1
    maker: str = ""


def made(project: Project, constructor: str) -> list[Made]:
    """Every app that the project's own code makes with `constructor` (a regex of names), short paths first."""
    pattern = re.compile(
        rf"^(?P<indent>[ \t]*)(?P<name>(?:self\.)?\w+)[ \t]*(?::[^=\n]+)?=(?:[ \t]|\\\r?\n)*(?:\w+[ \t]*=[ \t]*)*"
        rf"(?:\w+\.)?(?:{constructor})\s*\(",
        re.MULTILINE,
    )
    called = re.compile(rf"\b(?:{constructor})\s*\(")  # many times faster: most files make no app
    names = constructor.split("|") if re.fullmatch(r"[\w|]+", constructor) else [""]
    found = []
    for path, text in own_sources(project):
        makes = any(name in text for name in names) and called.search(text)
        matches = list(pattern.finditer(text)) if makes else []
        quoted = _quoted_lines(text) if matches else set()
        for match in matches:
            if line_number(text, match.start("name")) in quoted:
                continue
            factory = _function_around(text, match.start(), match["indent"])
            found.append(Made(path, match["name"], factory, line_number(text, match.start())))
    return sorted(found, key=lambda m: (m.path.count("/"), m.path))


def _quoted_lines(text: str) -> set[int]:
    """The lines within strings of several lines: what a docstring shows as an example is not made."""
    with suppress(SyntaxError, ValueError, RecursionError, MemoryError), catch_warnings():
        simplefilter("ignore")  # of odd escapes: not ours to tell
        texts = (node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Constant | ast.JoinedStr))
        return {n for t in texts if t.end_lineno != t.lineno for n in range(t.lineno + 1, (t.end_lineno or 0) + 1)}
    return set()


def listed(apps: Sequence[Made]) -> str:
    """`a.py, b.py` for apps of several files, `admin and public in a.py` for those of one."""
    paths = list(dict.fromkeys(app.path for app in apps))
    names = dict.fromkeys(app.name for app in apps)
    return f"{' and '.join(names)} in {paths[0]}" if len(paths) == 1 and len(names) > 1 else ", ".join(paths)


def unnamed(project: Project, constructor: str) -> str:
    """`path:line` of the first call of the constructor anywhere in the project's own code; "" without one."""
    pattern = re.compile(rf"(?<![\w\"'`])(?:\w+\.)?(?:{constructor})\s*\(")
    found = ((path, text, pattern.search(text)) for path, text in own_sources(project))
    return next((f"{path}:{line_number(text, match.start())}" for path, text, match in found if match), "")


def own_sources(project: Project) -> Iterator[tuple[str, str]]:
    """`(path, text)` of the app's Python files; tests and examples left out.

    Kept as long as the project, a view that does not change: a plan asks eight times.
    """
    kept: dict[str, tuple[tuple[str, str], ...]] = project.__dict__
    if (known := kept.get(_KEPT)) is not None:
        return iter(known)
    sources = _own_sources(project)
    if len(project.files("**/*.py")) > _MANY:
        return sources
    return iter(kept.setdefault(_KEPT, tuple(sources)))


def _own_sources(project: Project) -> Iterator[tuple[str, str]]:
    for path, text in project.sources("**/*.py"):
        parts = PurePosixPath(path).parts
        if ASIDE.isdisjoint(parts[:-1]) and not parts[-1].startswith(("test_", "conftest")):
            yield path, text


def started(project: Project, apps: Sequence[Made]) -> Made | None:
    """The app that is run: the one that a start command names, else the only one or the outermost one beside scripts,
    else the only one in a module of a usual name; None when that is open.
    """
    if len(apps) < 2:
        return next(iter(apps), None)
    commands = start_commands(project)
    named = [app for app in apps if _is_named(app, commands)]
    if named:
        return named[0] if len(named) == 1 else None
    apps = [app for app in apps if _SCRIPTS.isdisjoint(PurePosixPath(app.path).parts[:-1])] or apps
    if len(apps) == 1:
        return apps[0]
    texts = {app.path: project.read(app.path) or "" for app in apps}
    outer = [app for app in apps if not any(_mounts(text, app.name) for text in texts.values())] or list(apps)
    depth = min(app.path.count("/") for app in outer)
    shallow = [app for app in outer if app.path.count("/") == depth]
    if len(shallow) == 1:
        return shallow[0]
    usual = ([app for app in outer if PurePosixPath(app.path).stem == name] for name in _USUAL)
    return next((apps[0] for apps in usual if len(apps) == 1), None)


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


def own_package(project: Project, path: str) -> str | None:
    """The dotted package that the file at `path` lies in, when it imports neighbours of its own by that name."""
    folder, text = PurePosixPath(path).parent, project.read(path) or ""
    for name, _ in _modules(str(folder / "__init__.py")) if folder.name else ():
        start = rf"^[ \t]*(?:from|import)[ \t]+{re.escape(name)}"
        for match in re.finditer(rf"{start}(?:\.(\w+)|[ \t]+import[ \t]+(\w+))", text, re.MULTILINE):
            neighbour = folder / (match[1] or match[2])
            if project.exists(f"{neighbour}.py") or project.is_dir(str(neighbour)):
                return name
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
