"""Web apps that a factory of another package of the repository makes: where an app of its own takes them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from wizard.asides import ASIDE, is_own_code
from wizard.changes import Note
from wizard.detect import Detector, Evidence, Strength
from wizard.packages.pypi_manifests import normalised
from wizard.project import Project
from wizard.python_apps import Made, module_file, own_sources
from wizard.text import line_number

_ENTRIES = "**/{main,app,application,api,run,server,service,asgi,wsgi,__main__}.py"
"""Where a server finds its app: detection looks into every directory, and must not read all of its files."""

_TAKEN = re.compile(r"^(?P<name>\w+)[ \t]*(?::[^=\n]+)?=[ \t]*(?:\w+[ \t]*=[ \t]*)*(?P<call>[a-z_]\w*)\(", re.MULTILINE)
_MAKES_APPS = re.compile(r"app|api|serv|asgi|wsgi", re.IGNORECASE)
_STARTED = re.compile(
    r"^\w+[ \t]*(?::[^=\n]+)?=[ \t]*(?:\w+\.)?(?:Flask|FastAPI|\w*(?:app|api|server)\w*)\("
    r"|\b(?:uvicorn|app)\.run\(",
    re.MULTILINE,
)
_IMPORT = re.compile(
    r"^[ \t]*from[ \t]+(?P<module>\.*[\w.]*)[ \t]+import[ \t]+(?:\((?P<lines>[^)]*)\)|(?P<line>[^\n#]+))", re.MULTILINE
)


@dataclass(frozen=True, slots=True)
class Factory:
    """A function of another package: the file that defines it, in the tree, with its parameters and its body."""

    path: str
    parameters: str
    body: str


def taken(project: Project, constructor: str) -> list[Made]:
    """Every `app = create_app(...)` at module level whose function is another package's, and calls `constructor`.

    `constructor` is a regex of names. The function is found where exactly one file of the tree can be the module that
    is imported, tests and examples left out. Only modules of a usual name are looked at.
    """
    found = []
    for path, text in project.sources(_ENTRIES):
        for match in _TAKEN.finditer(text) if is_own_code(path) else ():
            if not (_MAKES_APPS.search(match["call"]) or _MAKES_APPS.search(match["name"])):
                continue
            maker = _maker(project, path, text, match["call"])
            if (
                maker
                and (factory := factory_of(project, maker))
                and re.search(rf"\b(?:{constructor})\s*\(", factory.body)
            ):
                found.append(Made(path, match["name"], None, line_number(text, match.start()), maker))
    return sorted(found, key=lambda app: (app.path.count("/"), app.path))


def taken_from_another_package(constructor: str) -> Detector:
    """An app that this directory starts and a factory elsewhere in the repository makes."""

    def detector(project: Project) -> tuple[Evidence, ...]:
        for app in taken(project, constructor):
            factory = factory_of(project, app.maker)
            where = f" ({factory.path})" if factory else ""
            return (Evidence(Strength.LIKELY, f"{app.path} takes its app from {app.maker}{where}"),)
        return ()

    return detector


def factory_of(project: Project, maker: str) -> Factory | None:
    """The function with the dotted path `maker` in another package of the tree; None when it cannot be told."""
    known = project.memo.setdefault(__name__, {})
    if maker not in known:
        module, _, name = maker.rpartition(".")
        path = _elsewhere(project, module)
        known[maker] = _defined(Project(project.tree), path, name) if path else None
    found: Factory | None = known[maker]
    return found


def distribution(project: Project) -> str | None:
    """The normalised name of the directory's distribution; None for one without a name. Raises BrokenFile."""
    data = project.toml("pyproject.toml")
    tool = data.get("tool")
    for table in (data.get("project"), tool.get("poetry") if isinstance(tool, dict) else None):
        if isinstance(table, dict) and isinstance(name := table.get("name"), str):
            return normalised(name)
    return None


def starts_an_app(project: Project) -> bool:
    """Does the project's own code make an app at module level, or run a server?"""
    return any(_STARTED.search(text) for _, text in own_sources(project))


def remark(project: Project, app: Made) -> Iterator[Note]:
    """Where an app that another package makes is connected, and why not there."""
    factory = factory_of(project, app.maker) if app.maker else None
    if factory:
        name = app.maker.rpartition(".")[2]
        title = (
            f"{name}() of {factory.path} makes the app; it is connected in {project.within(app.path)}, which loads it"
        )
        yield Note(title, "What else is made with that function stays as it is.")


def _maker(project: Project, path: str, text: str, call: str) -> str | None:
    """The dotted path of the function that a file calls `call`, when it is imported from no file of its own."""
    for match in _IMPORT.finditer(text):
        for name, known_as in _names(match):
            if known_as == call and not match["module"].startswith("."):
                return None if module_file(project, path, match["module"]) else f"{match['module']}.{name}"
    return None


def _names(match: re.Match[str]) -> Iterator[tuple[str, str]]:
    for item in re.sub(r"#[^\n]*", "", match["lines"] or match["line"]).split(","):
        words = item.split()
        if words:
            yield words[0], words[-1]


def _elsewhere(project: Project, module: str) -> str | None:
    """The one file of the tree that can be the module, outside of this project."""
    relative = module.replace(".", "/")
    ends = (f"/{relative}.py", f"/{relative}/__init__.py")
    own = "" if project.path == "." else project.path + "/"
    found = [
        path
        for path in project.tree.paths
        if path.endswith(".py")
        and f"/{path}".endswith(ends)
        and not (own and path.startswith(own))
        and ASIDE.isdisjoint(PurePosixPath(path).parts[:-1])
    ]
    return found[0] if len(found) == 1 else None


def _defined(tree: Project, path: str, name: str, hops: int = 3) -> Factory | None:
    """The function in the file, or where the file imports it from."""
    text = tree.read(path) or ""
    if defined := re.search(
        rf"^(?:async )?def {re.escape(name)}\s*\((.*?)\)[^\n)]*:[ \t]*(?:#[^\n]*)?$", text, re.M | re.S
    ):
        body = re.split(r"^(?=[^\s#)])", text[defined.end() :], maxsplit=1, flags=re.MULTILINE)[0]
        return Factory(path, defined[1], body)
    for match in _IMPORT.finditer(text):
        for original, known_as in _names(match):
            if known_as == name and hops:
                target = module_file(tree, path, match["module"])
                return _defined(tree, target, original, hops - 1) if target else None
    return None
