"""What set-ups of the Python SDK share: the interpreter it needs, where a module goes, who loads `.env` files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from wizard.changes import Manual, Note
from wizard.existing import sites
from wizard.packages import pypi
from wizard.project import Project
from wizard.python_apps import import_root

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
    """The module `name` in the directory of the file `path`, and how that file imports it."""
    target = str(PurePosixPath(path).parent / f"{name}.py")
    return Neighbour(target, module_from(project, path, target))


def module_from(project: Project, path: str, target: str) -> str:
    """How the file `path` imports the file `target` of its own directory or below.

    Relative when the file has relative imports or is `__init__.py`; else from the directory that the project's own
    imports and start commands show (`import_root`), so that both `flask run` and `python app.py` find it; without such
    evidence from the first directory that is no package.
    """
    folder = PurePosixPath(path).parent
    relative = re.search(r"^\s*from\s+\.", project.read(path) or "", re.MULTILINE)
    package = project.exists(str(folder / "__init__.py"))
    near = PurePosixPath(target).is_relative_to(folder)
    if near and (relative or (package and PurePosixPath(path).name == "__init__.py")):
        return "." + ".".join(PurePosixPath(target).relative_to(folder).with_suffix("").parts)
    root = PurePosixPath(import_root(project, path) or _above_packages(project, folder))
    if not PurePosixPath(target).is_relative_to(root):
        root = PurePosixPath(".")
    return ".".join(PurePosixPath(target).relative_to(root).with_suffix("").parts)


def _above_packages(project: Project, folder: PurePosixPath) -> str:
    while folder.name and project.exists(str(folder / "__init__.py")):
        folder = folder.parent
    return str(folder)


@dataclass(frozen=True, slots=True)
class Found:
    """What of PostHog is there: `note` or `manual` ends the plan; both None means that there is work to do."""

    note: Note | None = None
    manual: Manual | None = None


def standing(project: Project, app: str, client: str) -> Found:
    """Does the client module or anybody else set PostHog up already, given that ours defines `get_posthog()`?

    `app` and `client` are the files that the plan edits and creates. A file in the client's place that is not ours
    is never imported from.
    """
    there = project.read(client)
    ours = there is not None and re.search(r"^def get_posthog\b", there, re.MULTILINE) is not None
    found = sites(project, "python", "server", besides=(app, client) if ours else ())
    if found:
        return Found(note=Note(f"PostHog is already set up: {found[0]}", "Left as it is."))
    if there is not None and not ours:
        step = Manual(f"Rename {client}: the wizard needs that name", "git mv posthog_client.py analytics.py", client)
        return Found(manual=step)
    if shadow := shadowed(project):
        title = "Rename your own module posthog: it hides the SDK of that name"
        return Found(manual=Manual(title, f"git mv {shadow} analytics.py", shadow))
    return Found(manual=unsupported(project))


def uses_pytest(project: Project) -> bool:
    """Are there tests that pytest runs? Then the client must not send their events."""
    return "pytest" in pypi.declared(project) or bool(project.files("**/conftest.py", "pytest.ini"))


def shadowed(project: Project) -> str | None:
    """A module of the project's own called `posthog`, which `import posthog` would find instead of the SDK."""
    return project.first("posthog.py", "posthog/__init__.py", "src/posthog.py", "src/posthog/__init__.py")


def env_note(project: Project, token_name: str, advice: str) -> Iterator[Note]:
    """How the variables reach the process when no code of the project loads an env file into its environment.

    Declaring python-dotenv is not enough: `flask run` loads files by itself then, gunicorn does not.
    """
    if any(_LOADS.search(text) for path, text in project.sources("**/*.py") if "test" not in path):
        return
    yield Note(f"Nothing here loads .env files: give {token_name} to the process", advice)


_LOADS = re.compile(r"\bload_dotenv\s*\(|\bread_env(?:file)?\s*\(")
