"""What set-ups of the Python SDK share: the interpreter it needs, where a module goes, who loads `.env` files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from posixpath import join, normpath

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from wizard.changes import Manual, Note
from wizard.existing.offers import Standing
from wizard.existing.offers import standing as existing_standing
from wizard.packages import pypi
from wizard.packages.pypi_manifests import home, requirement_files
from wizard.project import Project
from wizard.python_apps import import_root, own_package

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
    if not floor_is_old or _runs_on_newer(project):
        return None
    line, path = _floor(project)
    return Manual("Raise the Python floor to 3.10, then run the wizard again", line, path)


def _floor(project: Project) -> tuple[str, str]:
    """What to write where, so that the app asks for Python 3.10, in the words of the file that says it now."""
    base = home(project)
    pyproject = normpath(join(base, "pyproject.toml"))
    words = (
        (pyproject, "requires-python", 'requires-python = ">=3.10"'),
        (pyproject, "python", 'python = "^3.10"'),
        (normpath(join(base, "setup.cfg")), "python_requires", "python_requires = >=3.10"),
        (normpath(join(base, "setup.py")), "python_requires", 'python_requires=">=3.10"'),
    )
    for path, key, line in words:
        if re.search(rf"^[^#\n]*\b(?<!-){key}\s*=", project.read(path) or "", re.MULTILINE):
            return line, path
    return "3.10", normpath(join(base, ".python-version"))


def _runs_on_newer(project: Project) -> bool:
    """Do all images that the app is built into have Python 3.10 or later, and does nothing resolve for older ones?

    pip installs for the Python that runs it; uv, Poetry and PDM lock for all that the project declares.
    """
    if pypi.manager_name(project) != "pip":
        return False
    texts = [project.read(path) or "" for path in project.files("Dockerfile*", "*.Dockerfile")]
    images = [int(minor) for text in texts for minor in _IMAGE.findall(text)]
    return bool(images) and min(images) >= 10


_IMAGE = re.compile(r"^FROM\s+(?:--platform=\S+\s+)?(?:[\w./-]+/)?python:3\.(\d+)", re.MULTILINE | re.IGNORECASE)


def too_old(project: Project, package: str, minimum: str) -> Manual | None:
    """The step for an app that is held below the framework's `minimum`: no Python that the SDK needs runs it."""
    if not pypi.ends_below(project, package, minimum):
        return None
    title = (
        f"Move to {package} {minimum} or later, then run the wizard again: {pypi.version(project, package)} is too old"
    )
    found = pypi.declared(project).get(package.lower())
    return Manual(title, f"{package}>={minimum}", found.where if found else "")


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

    Relative when the file has relative imports, or is an `__init__.py`, and does not import its neighbours by the name
    of their package; else from the directory that the project's own
    imports and start commands show (`import_root`), so that both `flask run` and `python app.py` find it; without such
    evidence from the first directory that is no package.
    """
    folder = PurePosixPath(path).parent
    text = project.read(path) or ""
    relative = re.search(r"^from\s+\.", text, re.MULTILINE)
    nested = re.search(r"^\s+from\s+\.", text, re.MULTILINE)
    package = project.exists(str(folder / "__init__.py"))
    near = PurePosixPath(target).is_relative_to(folder)
    if near and (relative or nested or (package and PurePosixPath(path).name == "__init__.py")):
        named = None if relative else own_package(project, path)
        return f"{named or ''}." + ".".join(PurePosixPath(target).relative_to(folder).with_suffix("").parts)
    root = PurePosixPath(import_root(project, path) or _above_packages(project, folder))
    if not PurePosixPath(target).is_relative_to(root):
        root = PurePosixPath(".")
    return ".".join(PurePosixPath(target).relative_to(root).with_suffix("").parts)


def _above_packages(project: Project, folder: PurePosixPath) -> str:
    while folder.name and project.exists(str(folder / "__init__.py")):
        folder = folder.parent
    return str(folder)


def standing(
    project: Project, app: str, client: str, since: tuple[str, str] = ("", "")
) -> tuple[Standing, Manual | None]:
    """The set-ups that are there, and the step that must come first, given that our client defines `get_posthog()`.

    `since` is the framework's package with the first version that is supported.
    `app` and `client` are the files that the plan edits and creates. A file in the client's place that is not ours
    is never imported from.
    """
    text = project.read(client)
    ours = text is not None and re.search(r"^def get_posthog\b", text, re.MULTILINE) is not None
    there = existing_standing(project, "python", "server", besides=(app, client) if ours else (), starts=(app,))
    if there.elsewhere:
        return there, None
    if text is not None and not ours:
        title = f"Rename {client}: the wizard needs that name"
        return there, Manual(title, "git mv posthog_client.py analytics.py", client)
    if shadow := shadowed(project):
        title = "Rename your own module posthog: it hides the SDK of that name"
        return there, Manual(title, f"git mv {shadow} analytics.py", shadow)
    return there, unsupported(project) or (too_old(project, *since) if since[0] else None)


def uses_pytest(project: Project) -> bool:
    """Are there tests that pytest runs? Then the client must not send their events."""
    return "pytest" in pypi.declared(project) or bool(project.files("**/conftest.py", "pytest.ini"))


def shadowed(project: Project) -> str | None:
    """A module of the project's own called `posthog`, which `import posthog` would find instead of the SDK."""
    return project.first("posthog.py", "posthog/__init__.py", "src/posthog.py", "src/posthog/__init__.py")


def exported(project: Project) -> Iterator[Manual]:
    """The step for a requirement file that a tool exports from its lockfile: what is deployed from it lacks the SDK."""
    for path in requirement_files(project):
        text = project.read(path) or ""
        match = _EXPORTED.search(text)
        if match and not re.search(r"^posthog\b", text, re.MULTILINE) and pypi.manager_name(project) == match[2]:
            yield Manual(f"Export {path} again once the lockfile has posthog", match[1].strip(), path)


_EXPORTED = re.compile(r"^#\s+((uv|poetry|pdm) export\b[^\r\n]*)", re.MULTILINE)


def env_note(token_name: str, advice: str) -> Note:
    """How the variables reach the process when no code of the project loads an env file into its environment.

    Declaring python-dotenv is not enough: `flask run` loads files by itself then, gunicorn does not.
    """
    return Note(f"Nothing here loads .env files: give {token_name} to the process", advice)
