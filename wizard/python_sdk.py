"""What set-ups of the Python SDK share: the interpreter it needs, where a module goes, who loads `.env` files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from wizard.changes import Manual, Note
from wizard.packages import pypi
from wizard.project import Project

REQUIREMENT = ">=7.71"
"""Floor with the Flask and ASGI integrations reading tracing headers by default (PyPI posthog 7.71.0)."""


def unsupported(project: Project) -> Manual | None:
    """The step for an app whose Python is too old for the SDK (`Requires-Python: >=3.10` on PyPI), else None."""
    # Poetry's own words for a lower bound are no specifiers: ^3.9, ~3.9
    declared = re.sub(r"(?:\^|~(?!=))\s*(?=\d)", ">=", pypi.python_requires(project) or "")
    try:
        floor_is_old = bool(declared) and any(SpecifierSet(declared).contains(v) for v in ("3.8", "3.9"))
    except InvalidSpecifier:
        return None
    if not floor_is_old:
        return None
    return Manual(
        "Raise the Python floor to 3.10, then run the wizard again",
        'requires-python = ">=3.10"',
        "pyproject.toml" if project.exists("pyproject.toml") else "",
    )


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A module beside another one: its path, and the `from ... import` source that reaches it from there."""

    path: str
    module: str


def beside(project: Project, path: str, name: str) -> Neighbour:
    """The module `name` in the directory of the file `path`, and how that file imports it.

    In a package the import is relative when the file has relative imports or is `__init__.py`, else it is absolute
    from the first directory that is no package; a script (`if __name__ == "__main__"`) imports it as a top-level name.
    """
    folder = PurePosixPath(path).parent
    target = str(folder / f"{name}.py")
    text = project.read(path) or ""
    if not project.exists(str(folder / "__init__.py")):
        return Neighbour(target, _imported_as(text, folder, name))
    if PurePosixPath(path).name == "__init__.py" or re.search(r"^\s*from\s+\.", text, re.MULTILINE):
        return Neighbour(target, f".{name}")
    return Neighbour(target, ".".join([*_package(project, folder), name]))


def _imported_as(text: str, folder: PurePosixPath, name: str) -> str:
    """A directory without `__init__.py` is a namespace package when the file imports from it by its name."""
    if folder.name and re.search(rf"^\s*from\s+{re.escape(folder.name)}[. ]", text, re.MULTILINE):
        return f"{folder.name}.{name}"
    return f".{name}" if re.search(r"^\s*from\s+\.", text, re.MULTILINE) else name


def _package(project: Project, folder: PurePosixPath) -> list[str]:
    parts: list[str] = []
    while folder.name and project.exists(str(folder / "__init__.py")):
        parts.insert(0, folder.name)
        folder = folder.parent
    return parts


def dotted(project: Project, path: str) -> str:
    """The dotted name under which a file of the project is imported from the app's directory (`src/` left out)."""
    parts = list(PurePosixPath(path).with_suffix("").parts)
    if parts[-1] == "__init__":
        parts.pop()
    if parts and parts[0] == "src" and not project.exists("src/__init__.py"):
        parts.pop(0)
    return ".".join(parts)


def shadowed(project: Project) -> str | None:
    """A module of the project's own called `posthog`, which `import posthog` would find instead of the SDK."""
    return project.first("posthog.py", "posthog/__init__.py", "src/posthog.py", "src/posthog/__init__.py")


def env_note(project: Project, token_name: str) -> Iterator[Note]:
    """How the variables reach the process when nothing in the project loads an env file."""
    loaders = ("python-dotenv", "django-environ", "environs", "python-decouple", "pydantic-settings", "starlette")
    declared = pypi.declared(project)
    if any(name in declared for name in loaders):
        return
    yield Note(
        f"Nothing here loads .env files: give {token_name} to the process",
        "For example with your process manager, `docker run --env-file .env`, or python-dotenv.",
    )
