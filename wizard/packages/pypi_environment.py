"""The virtual environment that belongs to a Python app; never the one that runs us."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from wizard.project import Project

_NAMES = (".venv", "venv", "env", ".env")


def environment(project: Project) -> Path | None:
    """The app's virtual environment: `.venv` or `venv` in or above the app, else VIRTUAL_ENV in the repository.

    None when there is none; the environment that runs this process is none.
    """
    for up in project.upwards():
        for name in _NAMES:
            candidate = Path(os.path.normpath(project.root / up / name))
            if _is_environment(candidate):
                return candidate
    active = os.environ.get("VIRTUAL_ENV")
    if active and _is_environment(Path(active)) and _belongs(Path(active), project):
        return Path(active)
    return None


def _belongs(active: Path, project: Project) -> bool:
    """In the repository, or tied to it by virtualenvwrapper's `.project` file."""
    if project.tree.top in active.parents:
        return True
    try:
        tied = Path((active / ".project").read_text(encoding="utf-8").strip())
    except (OSError, UnicodeDecodeError):
        return False
    return tied in (project.tree.top, Path(os.path.normpath(project.root)))


def interpreter(environment: Path) -> Path:
    """The Python executable of a virtual environment."""
    windows = environment / "Scripts" / "python.exe"
    return windows if windows.exists() else environment / "bin" / "python"


def site_packages(environment: Path) -> list[Path]:
    """The directories that hold the environment's distributions."""
    return [*sorted((environment / "lib").glob("python3*/site-packages")), *environment.glob("Lib/site-packages")]


def _is_environment(path: Path) -> bool:
    return (path / "pyvenv.cfg").is_file() and path.resolve() != Path(sys.prefix).resolve()
