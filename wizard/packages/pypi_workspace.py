"""What others have settled on for a Python package: the members of a uv workspace, and constraints."""

from __future__ import annotations

import re
from collections.abc import Iterator
from posixpath import dirname, join, normpath

from wizard.changes import Manual
from wizard.packages import pypi
from wizard.packages.pypi_manifests import normalised, parsed_requirement, requirement_files
from wizard.packages.pypi_tools import Manager
from wizard.project import BrokenFile, Project, normal
from wizard.workspaces import is_member, workspaces

_CONSTRAINED = re.compile(r"\s*(?:-c|--constraint)[ =]*([^\s#]+)")
_UV = ("constraint-dependencies", "override-dependencies")


def agreed(project: Project, tool: Manager, package: str, oldest: str) -> str | None:
    """The specifier that the other members of a uv workspace agree on, if it leads to `oldest` or later."""
    if tool is not Manager.UV:
        return None
    root = next((up for up in list(project.upwards())[1:] if is_member(project, up, ("uv",))), ".")
    members = [other for other in _members(project, root) if pypi.is_declared(other, package)]
    specifiers = {pypi.declared(other)[normalised(package)].specifier for other in members}
    if len(specifiers) != 1 or not (specifier := specifiers.pop()):
        return None
    return None if any(pypi.ends_below(other, package, oldest) for other in members) else specifier


def constraints(project: Project, package: str, oldest: str) -> Iterator[Manual]:
    """The steps for constraints that keep `package` below `oldest`: what they say goes for everybody, so it stays."""
    for file, line in _constraints(project):
        parsed = parsed_requirement(line)
        if parsed and normalised(parsed[0]) == normalised(package) and pypi.is_below(parsed[1], oldest):
            title = f"Raise {package} in {project.within(file)}: {line.strip()} is too old for this set-up"
            yield Manual(title, f"{package}>={oldest}", file)


def _members(project: Project, root: str) -> Iterator[Project]:
    top = project.within(root)
    tree = project.tree
    folders = tuple(path.rpartition("/")[0] or "." for path in tree.named("pyproject.toml"))
    found = workspaces(tree, {"pyproject.toml": folders})
    for folder in sorted({path for w in found if (w.path, w.kind) == (top, "uv") for path in w.members}):
        if folder != normal(project.path):
            yield Project(tree, folder)


def _constraints(project: Project) -> Iterator[tuple[str, str]]:
    """`(file, requirement)` of every constraint, the file as the app sees it."""
    for path in requirement_files(project):
        named = [m[1] for line in (project.read(path) or "").splitlines() if (m := _CONSTRAINED.match(line))]
        for file in (normpath(join(dirname(path), name)) for name in named):
            if not project.tree.leads_outside(project.within(file), project.tree.top):
                yield from ((file, line) for line in (project.read(file) or "").splitlines())
    for up in project.upwards():
        file = "pyproject.toml" if up == "." else f"{up}/pyproject.toml"
        try:
            settings = project.toml(file).get("tool", {}).get("uv", {})
        except (BrokenFile, AttributeError):
            continue
        lists = [settings.get(key) for key in _UV] if isinstance(settings, dict) else []
        for listed in (found for found in lists if isinstance(found, list)):
            yield from ((file, line) for line in listed if isinstance(line, str))
