"""Rush: where a workspace keeps the lockfile and the versions of an app (https://rushjs.io/pages/advanced/subspaces/)."""

from __future__ import annotations

from typing import Any

from wizard.project import Project
from wizard.workspaces import is_member


def root(project: Project) -> str | None:
    """Where the Rush workspace has its root that lists the app; projects that it does not list are none of its."""
    ups = (up for up in project.upwards() if project.exists(f"{up}/rush.json"))
    return next((up for up in ups if is_member(project, up, ("rush",))), None)


def config(project: Project, up: str) -> str:
    """The folder of the app's lockfile, catalogs and preferred versions, as the root `up` of the workspace sees it."""
    own = subspace(project, up)
    return f"common/config/subspaces/{own}" if own else "common/config/rush"


def subspace(project: Project, up: str) -> str | None:
    """The name of the app's subspace; None in a workspace that has none."""
    if _setting(project, f"{up}/common/config/rush/subspaces.json", "subspacesEnabled") is not True:
        return None
    listed = _setting(project, f"{up}/rush.json", "projects")
    projects = [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
    own = next((each for each in projects if each.get("projectFolder") == project.seen_from(up)), {})
    return str(own.get("subspaceName", "default"))


def importer(project: Project, up: str) -> str:
    """What the lockfile calls the app: its path from the folder that Rush installs in."""
    return f"../../{'../' if subspace(project, up) else ''}{project.seen_from(up)}"


def _setting(project: Project, file: str, key: str) -> Any | None:
    from wizard.codemods.json import peek

    return peek(project.read(file) or "", (key,))
