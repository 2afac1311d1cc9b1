"""Which tool looks after a Python app's dependencies."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Any

from wizard.errors import UsageError
from wizard.packages.pypi_manifests import CONDA, home, requirement_files
from wizard.project import BrokenFile, Project
from wizard.workspaces import is_member


class Manager(StrEnum):
    """A tool; those from `hatch` on have no call of ours that installs."""

    UV = "uv"
    POETRY = "poetry"
    PDM = "pdm"
    PIPENV = "pipenv"
    PIP = "pip"
    HATCH = "hatch"
    PIXI = "pixi"
    CONDA = "conda"
    RYE = "rye"

    @property
    def binary(self) -> str:
        """The name of its executable."""
        return self.value


_LOCKFILES = {
    "uv.lock": Manager.UV,
    "poetry.lock": Manager.POETRY,
    "pdm.lock": Manager.PDM,
    "Pipfile.lock": Manager.PIPENV,
    "pixi.lock": Manager.PIXI,
    "requirements.lock": Manager.RYE,
}
_TABLES = (
    ("poetry", Manager.POETRY),
    ("pdm", Manager.PDM),
    ("uv", Manager.UV),
    ("pixi", Manager.PIXI),
    ("rye", Manager.RYE),
    ("hatch", Manager.HATCH),
)
_BACKENDS = {
    "uv_build": Manager.UV,
    "poetry": Manager.POETRY,
    "pdm": Manager.PDM,
    "hatchling": Manager.HATCH,
}


def manager(project: Project, override: str | None = None) -> Manager:
    """The tool of the app: `override` > its uv workspace > nearest lockfile > tables of pyproject.toml > build backend
    > other files.

    Raises UsageError when the lockfiles of two tools lie side by side, and for an unknown override.
    """
    if override is not None:
        try:
            return Manager(override)
        except ValueError:
            known = ", ".join(Manager)
            raise UsageError(
                f"unknown package manager {override!r}", f"Use --package-manager with one of {known}."
            ) from None
    base = home(project)
    above = [up for up in project.upwards() if up != base and project.exists(f"{up}/uv.lock")]
    if any(is_member(project, up, ("uv",), base) for up in above):
        return Manager.UV  # a lockfile beside the member's manifest is a leftover
    beside = _lock_owner(project, base)
    if beside is not None:
        return beside
    data = project.toml(f"{base}/pyproject.toml")
    if "project" in data or _is_poetry(data, bool(requirement_files(project))):
        return _above(project) or _from_pyproject(data, bool(requirement_files(project)))
    if project.exists(f"{base}/Pipfile"):
        return Manager.PIPENV
    if requirement_files(project) or project.exists(f"{base}/setup.cfg") or project.exists(f"{base}/setup.py"):
        return Manager.PIP
    if project.exists(f"{base}/pixi.toml"):
        return Manager.PIXI
    return Manager.CONDA if any(project.exists(f"{base}/{name}") for name in CONDA) else Manager.PIP


def lockfile(project: Project, manager: Manager) -> str | None:
    """The path, relative to the app, of the lockfile that `manager` keeps or will make; None for tools without one."""
    name = next((name for name, owner in _LOCKFILES.items() if owner is manager), None)
    if name is None:
        return None
    base = home(project)
    ups = (up for up in project.upwards() if manager is not Manager.UV or is_member(project, up, ("uv",), base))
    found = next((up for up in ups if project.exists(f"{up}/{name}")), base)
    return name if found == "." else f"{found}/{name}"


def _lock_owner(project: Project, up: str) -> Manager | None:
    names = [name for name in _LOCKFILES if project.exists(f"{up}/{name}")]
    if "requirements.lock" in names and "rye" not in _tool(project.toml(f"{up}/pyproject.toml")):
        names.remove("requirements.lock")
    if len(names) > 1:
        choices = "|".join(sorted(_LOCKFILES[name] for name in names))
        place = project.within(up)
        where = "" if place == "." else f" in {place}"
        raise UsageError(
            f"two package managers have a lockfile{where}: {' and '.join(names)}",
            f"Say which with --package-manager {choices}, or delete the stale lockfile.",
        )
    return _LOCKFILES[names[0]] if names else None


def _above(project: Project) -> Manager | None:
    """Whoever has a uv workspace uses uv, for what is left out of the workspace too."""
    for up in project.upwards():
        if up == ".":
            continue
        try:
            tool = _tool(project.toml(f"{up}/pyproject.toml"))
        except BrokenFile:
            continue
        if isinstance(tool.get("uv"), dict) and "workspace" in tool["uv"]:
            return Manager.UV
    return None


def _tool(data: dict[str, Any]) -> dict[str, Any]:
    tool = data.get("tool")
    return tool if isinstance(tool, dict) else {}


def _is_poetry(data: dict[str, Any], requirements: bool) -> bool:
    """Does Poetry know the dependencies? Beside requirement files a table with nothing but `python` is a leftover."""
    table = _tool(data).get("poetry")
    known = table.get("dependencies") if isinstance(table, dict) else None
    return known is not None and not (requirements and isinstance(known, dict) and known.keys() <= {"python"})


def _from_pyproject(data: dict[str, Any], requirements: bool) -> Manager:
    tool = _tool(data)
    for name, owner in _TABLES:
        if name in tool and owner is not Manager.HATCH:
            return owner
    system = data.get("build-system")
    backend = str(system.get("build-backend", "")) if isinstance(system, dict) else ""
    named = _BACKENDS.get(re.split(r"[.:]", backend)[0])
    if named in (None, Manager.HATCH) and requirements:
        return Manager.PIP
    return Manager.HATCH if named is None and "hatch" in tool else named or Manager.PIP
