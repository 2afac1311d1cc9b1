"""Python packages: what an app declares, which versions are in use, how to declare and install more."""

from __future__ import annotations

import re

from wizard.packages.pypi_environment import environment, site_packages
from wizard.packages.pypi_manifests import Declared, declarations, home, normalised
from wizard.packages.pypi_tools import Manager, lockfile, manager
from wizard.project import Project

__all__ = [
    "Declared",
    "Manager",
    "at_least",
    "declared",
    "installed",
    "lockfile",
    "manager",
    "python_requires",
    "version",
]

_LOCKS = ("uv.lock", "poetry.lock", "pdm.lock", "pylock.toml")
_PIN = re.compile(r"(?:===?|~=|>=|\^|~)\s*v?(\d+(?:\.\d+)*)")


def declared(project: Project) -> dict[str, Declared]:
    """Normalised distribution name to where it is declared; the leading manifest wins. Raises BrokenFile."""
    found: dict[str, Declared] = {}
    for name, where in declarations(project):
        found.setdefault(name, where)
    return found


def version(project: Project, name: str) -> str | None:
    """The version of `name` that the app uses: lockfile, else its virtual environment, else the declared lower bound.

    None when nothing tells.
    """
    name = normalised(name)
    found = _locked(project, name) or _in_environment(project, name)
    if found is not None:
        return found
    bounds = [m[1] for _, d in declarations(project) if _ == name for m in _PIN.finditer(d.specifier)]
    return bounds[0] if bounds else None


def at_least(project: Project, name: str, minimum: str, *, unknown: bool = True) -> bool:
    """Is the version of `name` at least `minimum` (`"5.0"`)? `unknown` is the answer when no version can be told."""
    found = version(project, name)
    return unknown if found is None else _numbers(found) >= _numbers(minimum)


def installed(project: Project, name: str) -> bool:
    """Is `name` in the app's own virtual environment?"""
    return _in_environment(project, normalised(name)) is not None


def python_requires(project: Project) -> str | None:
    """The app's Python range (`>=3.9`, Poetry's `^3.10`), or `==3.x` of .python-version; None when nothing tells."""
    base = home(project)
    data = project.toml(f"{base}/pyproject.toml")
    for keys in (("project", "requires-python"), ("tool", "poetry", "dependencies", "python")):
        value: object = data
        for key in keys:
            value = value.get(key) if isinstance(value, dict) else None
        if isinstance(value, str):
            return value
    if match := re.search(
        r"^\s*python_requires\s*=\s*['\"]?([^'\"\n,]+(?:,[^'\"\n]+)?)", _setup(project, base), re.MULTILINE
    ):
        return match[1].strip()
    if match := re.match(r"\s*(\d+\.\d+)", project.read(f"{base}/.python-version") or ""):
        return f"=={match[1]}.*"
    return None


def _setup(project: Project, base: str) -> str:
    return "\n".join(project.read(f"{base}/{name}") or "" for name in ("setup.cfg", "setup.py"))


def _locked(project: Project, name: str) -> str | None:
    for up in project.upwards():
        for file in _LOCKS:
            text = project.read(f"{up}/{file}")
            pattern = rf'^name = "{re.escape(name)}"\r?\nversion = "([^"]+)"'
            if text and (match := re.search(pattern, text, re.MULTILINE | re.IGNORECASE)):
                return match[1]
    pins = project.json(f"{home(project)}/Pipfile.lock")
    for section in ("default", "develop"):
        entry = pins.get(section, {}).get(name)
        pin = entry.get("version") if isinstance(entry, dict) else None
        if isinstance(pin, str):
            return pin.removeprefix("==")
    return None


def _in_environment(project: Project, name: str) -> str | None:
    found = environment(project)
    for folder in site_packages(found) if found else ():
        for info in folder.glob("*.dist-info"):
            distribution, _, number = info.name.removesuffix(".dist-info").partition("-")
            if normalised(distribution) == name:
                return number
    return None


def _numbers(version: str) -> tuple[int, ...]:
    numbers = [int(n) for n in re.findall(r"\d+", re.split(r"[a-z+-]", version, maxsplit=1)[0])]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)
