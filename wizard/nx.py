"""What an Nx workspace says of its projects in the one list of old, instead of in a project.json of each."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import PurePosixPath
from typing import Any, cast

from wizard.project import BrokenFile, Project, Tree, normal


def listed(tree: Tree, top: str) -> Mapping[str, dict[str, Any]]:
    """Directory to what the `workspace.json` beside the nx.json in `top` says of the project in it; usually empty.

    Nx read this file up to its version 15, and so does whoever has not left it since.
    """
    projects: object = None
    with suppress(BrokenFile):
        projects = Project(tree, top).json("workspace.json").get("projects")
    table = projects if isinstance(projects, dict) else {}
    inline = [each for each in table.values() if isinstance(each, dict) and isinstance(each.get("root"), str)]
    return {path: each for each in inline if (path := normal(f"{top}/{each['root']}")) != top}


def declaration(project: Project) -> dict[str, Any]:
    """What Nx is told of the project: by its project.json, else by the list of the workspace; empty without either."""
    if declaration not in project.memo:
        project.memo[declaration] = _declaration(project)
    return cast(dict[str, Any], project.memo[declaration])


def where(project: Project) -> str:
    """The file that holds the `declaration`."""
    return "project.json" if project.exists("project.json") else "workspace.json"


def _declaration(project: Project) -> dict[str, Any]:
    with suppress(BrokenFile):
        if own := project.json("project.json"):
            return own
    above = map(str, PurePosixPath(project.path).parents)
    tops = (top for top in above if project.tree.exists(normal(f"{top}/workspace.json")))
    return next((found for top in tops if (found := listed(project.tree, top).get(project.path))), {})
