"""Where a Django project keeps manage.py and its settings: read off the source text, without a parser."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from posixpath import dirname, join, normpath

from wizard.asides import ASIDE
from wizard.detect import Evidence, Strength
from wizard.project import Project

VARIABLE = "DJANGO_SETTINGS_MODULE"
_ENTRIES = ("{}", "*/{}", "*/*/{}", "*/*/*/{}")
_NAMED = re.compile(
    rf"[\"']{VARIABLE}[\"'](?:[^\"'\n]|\n|[\"']{VARIABLE}[\"'])*?[\"'](?!{VARIABLE})([A-Za-z_][\w.]*)[\"']"
)
_COMPUTED = re.compile(r"\b(?!(?:config|env|get|getenv|setdefault|str)\()\w+\(")
_ON_PATH = re.compile(r"sys\.path\.(?:append|insert)\([^\n]*?[\"'](\w+)[\"']\s*\)")
_STAR = re.compile(r"^[ \t]*from[ \t]+(\.*[\w.]*)[ \t]+import[ \t]+\*", re.MULTILINE)
_COMMENT = re.compile(r"#[^\n\"']*$", re.MULTILINE)
_DEFINES = re.compile(r"^(?:INSTALLED_APPS|MIDDLEWARE)[ \t]*(?::[^=\n]+)?=(?!=)", re.MULTILINE)


def manage_files(project: Project) -> list[str]:
    """Paths of the app's manage.py, at most three levels down, the shallowest first; examples and tests left out."""
    return _entries(project, "manage.py")


def manage_evidence(project: Project) -> tuple[Evidence, ...]:
    """A manage.py (else a wsgi.py) that names the settings module; a manage.py may leave that to the environment."""
    for name in ("manage.py", "wsgi.py"):
        for path in _entries(project, name):
            text = project.read(path) or ""
            if VARIABLE in text and re.search(r"\b(?:django|configurations)\b", text):
                return (Evidence(Strength.CERTAIN, f"{path} sets {VARIABLE}"),)
            # of django.core.management, or a package's own that tells the settings
            if re.search(r"^\s*from [\w.]+\.management import [^\n]*\bexecute_from_command_line\b", text, re.MULTILINE):
                return (Evidence(Strength.CERTAIN, f"{path} runs Django's commands"),)
    return ()


def home(project: Project) -> str:
    """The directory that is on sys.path when the project runs: the one of manage.py, else the parent of wsgi.py's."""
    if manage := manage_files(project):
        return dirname(manage[0]) or "."
    entries = [*_entries(project, "wsgi.py"), *_entries(project, "asgi.py")]
    return normpath(join(dirname(entries[0]) or ".", "..")) if entries and "/" in entries[0] else "."


def roots(project: Project) -> tuple[str, ...]:
    """The directories in which top-level modules are looked up, the first one first.

    The last one is above the `manage.py` of a project that is a package itself, installed to be imported.
    """
    base = home(project)
    extra = [name for path in _named_in(project) for name in _ON_PATH.findall(project.read(path) or "")]
    return tuple(
        dict.fromkeys(normpath(join(base, sub)) for sub in (".", "src", *extra, *([".."] if base != "." else [])))
    )


def settings_module(project: Project) -> str | None:
    """The dotted settings module that manage.py (then asgi.py, wsgi.py) sets; None when it cannot be told."""
    for path in _named_in(project):
        match = _NAMED.search(_COMMENT.sub("", project.read(path) or ""))
        if match and not _COMPUTED.search(match[0]):
            return match[1]
    return None


def module_file(project: Project, module: str) -> str | None:
    """The file of a dotted module below one of the roots; None when it is not the project's own."""
    relative = module.replace(".", "/")
    paths = [join(root, relative + end) for root in roots(project) for end in (".py", "/__init__.py")]
    return next((normpath(p) for p in paths if project.exists(p)), None)


def settings_file(project: Project) -> str | None:
    """The file of the settings module; when nothing names one, the only file that assigns MIDDLEWARE."""
    module = settings_module(project)
    if module is not None:
        return module_file(project, module)
    found = [
        path
        for path, text in project.sources("**/*.py")
        if ASIDE.isdisjoint(PurePosixPath(path).parts) and re.search(r"^MIDDLEWARE\s*=", text, re.MULTILINE)
    ]
    return found[0] if len(found) == 1 else None


def star_targets(project: Project, path: str, text: str) -> list[str]:
    """The project's files that a settings file builds on, by `from x import *` in any block."""
    own = _DEFINES.search(text)
    return _star_targets(project, path, text[: own.start()] if own else text)


def late_targets(project: Project, path: str, text: str) -> list[str]:
    """The files whose settings replace those of this file (`local_settings.py`): it takes them over at its end."""
    own = _DEFINES.search(text)
    return _star_targets(project, path, text[own.start() :]) if own else []


def imported_file(project: Project, path: str, module: str) -> str | None:
    """The project's file behind `module` (maybe relative) as the file `path` imports it."""
    dots = len(module) - len(module.lstrip("."))
    if not dots:
        return module_file(project, module)
    folder = normpath(join(dirname(path) or ".", *[".."] * (dots - 1)))
    relative = module.lstrip(".").replace(".", "/") or "__init__"
    return project.first(*(normpath(join(folder, relative + end)) for end in (".py", "/__init__.py")))


def _star_targets(project: Project, path: str, text: str) -> list[str]:
    found = (imported_file(project, path, module) for module in _STAR.findall(text))
    return [target for target in found if target is not None]


def variant(project: Project) -> str:
    """`configurations`, `settings-package` or `settings-file`."""
    path = settings_file(project)
    text = (project.read(path) or "") if path else ""
    entries = [text, *(project.read(p) or "" for p in manage_files(project)[:1])]
    if any(re.search(r"^\s*(?:from|import) configurations\b", t, re.MULTILINE) for t in entries):
        return "configurations"
    if path is None or (PurePosixPath(path).name != "__init__.py" and not star_targets(project, path, text)):
        parent = PurePosixPath(path or "").parent.name
        return "settings-package" if parent == "settings" else "settings-file"
    return "settings-package"


def _entries(project: Project, name: str) -> list[str]:
    found = project.files(*(pattern.format(name) for pattern in _ENTRIES))
    own = [path for path in found if ASIDE.isdisjoint(PurePosixPath(path).parts[:-1])]
    return sorted(own, key=lambda path: (path.count("/"), path))


def _named_in(project: Project) -> list[str]:
    """The files that can name the settings module, manage.py first; entry points of other directories left out."""
    return [*manage_files(project)[:1], *_entries(project, "asgi.py"), *_entries(project, "wsgi.py")]
