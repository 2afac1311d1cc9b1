"""Python packages: what an app declares, which versions are in use, how to declare and install more."""

from __future__ import annotations

import re
from dataclasses import replace

from wizard.changes import Manual
from wizard.packages import Declaration, pypi_tools
from wizard.packages.command import Command
from wizard.packages.pypi_environment import environment, site_packages
from wizard.packages.pypi_manifests import Declared, declarations, home, normalised
from wizard.packages.pypi_tools import Manager
from wizard.packages.pypi_tools import manager as chosen
from wizard.project import Project

__all__ = [
    "Declared",
    "Manager",
    "at_least",
    "chosen",
    "declare",
    "declared",
    "install_command",
    "installed",
    "is_declared",
    "is_pending",
    "lockfile",
    "manager_name",
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
    found = _locked(project, name) or _distributions(project).get(name)
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
    return normalised(name) in _distributions(project)


def is_declared(project: Project, package: str) -> bool:
    """Does any manifest of the app ask for the package?"""
    return normalised(package) in declared(project)


def declare(project: Project, package: str, requirement: str, manager: str | None = None) -> Declaration | Manual:
    """The manifest edit that the app's tool would make itself, or the step for a person. Raises UsageError."""
    from wizard.packages.pypi_calls import declaration

    return declaration(project, chosen(project, manager), package, requirement)


def is_pending(project: Project, packages: tuple[str, ...]) -> bool:
    """Are others that the app declares installed in its environment, but not all of `packages`?"""
    found = _distributions(project)
    wanted = {normalised(package) for package in packages}
    return not wanted <= found.keys() and bool((declared(project).keys() - wanted) & found.keys())


def install_command(project: Project, packages: tuple[str, ...], manager: str | None = None) -> Command | Manual | None:
    """The call that brings lockfile and environment along after the manifest was edited.

    Never into the environment that runs us; without one of its own a pip project gets a step for a person, and Hatch
    needs none. Raises UsageError.
    """
    from wizard.packages.pypi_calls import call

    made = call(project, chosen(project, manager), packages)
    return replace(made, packages=packages) if isinstance(made, Command) else made


def lockfile(project: Project, manager: str | None = None) -> str | None:
    """Where the lockfile is or will be, relative to the app; None for tools without one. Raises UsageError."""
    return pypi_tools.lockfile(project, chosen(project, manager))


def manager_name(project: Project, manager: str | None = None) -> str:
    """`uv`, `poetry`, `pdm`, `pipenv`, `pip`, ... Raises UsageError when nobody can tell which."""
    return chosen(project, manager)


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


def _distributions(project: Project) -> dict[str, str]:
    """Normalised name to version of what is in the app's own environment."""
    found = environment(project)
    infos = [info for folder in (site_packages(found) if found else ()) for info in folder.glob("*.dist-info")]
    parts = (info.name.removesuffix(".dist-info").partition("-") for info in infos)
    return {normalised(distribution): number for distribution, _, number in parts}


def _numbers(version: str) -> tuple[int, ...]:
    numbers = [int(n) for n in re.findall(r"\d+", re.split(r"[a-z+-]", version, maxsplit=1)[0])]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)
