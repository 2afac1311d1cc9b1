"""Python packages: what an app declares, which versions are in use, how to declare and install more."""

from __future__ import annotations

import re
import shlex
from dataclasses import replace

from wizard.changes import Manual
from wizard.errors import UsageError
from wizard.packages import Declaration, pypi_tools
from wizard.packages.command import Command
from wizard.packages.pypi_compiled import compiled_files
from wizard.packages.pypi_environment import environment, site_packages
from wizard.packages.pypi_manifests import Declared, declarations, home, normalised
from wizard.packages.pypi_tools import Manager
from wizard.packages.pypi_tools import manager as chosen
from wizard.project import Project

__all__ = [
    "Declared",
    "Manager",
    "at_least",
    "brought_along",
    "chosen",
    "declare",
    "declared",
    "ends_below",
    "install_command",
    "installed",
    "is_below",
    "is_declared",
    "is_pending",
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


def ends_below(project: Project, name: str, minimum: str) -> bool:
    """Is `name` locked, installed or pinned below `minimum`? Not with an open range (`>=1.0`), nor if nothing tells."""
    name = normalised(name)
    found = _locked(project, name) or _distributions(project).get(name)
    if found is not None:
        return _numbers(found) < _numbers(minimum)
    specifiers = [where.specifier for known, where in declarations(project) if known == name]
    return bool(specifiers) and all(is_below(specifier, minimum) for specifier in specifiers)


def is_below(specifier: str, minimum: str) -> bool:
    """Does a specifier allow no version from `minimum` on?"""
    return _ends_below(specifier, _numbers(minimum))


def _ends_below(specifier: str, minimum: tuple[int, ...]) -> bool:
    for operator, number, rest in re.findall(r"(===?|~=|<=?|\^|~)\s*v?(\d+(?:\.\d+)*)(\.\*)?", specifier):
        parts = [int(part) for part in number.split(".")]
        if operator in ("==", "===", "<=") and not rest:
            return _numbers(number) < minimum
        if operator == "<":
            return _numbers(number) <= minimum
        # the last part that stays: ~=1.4.2 and ^0.4.2 end below (0|1).5, ^1.4.2 ends below 2
        kept = (
            len(parts) - 1 if operator in ("~=", "==") else min(2, len(parts)) if operator == "~" or not parts[0] else 1
        )
        kept = len(parts) if rest else max(1, kept)
        end = (*parts[: kept - 1], parts[kept - 1] + 1)
        return tuple(end) <= minimum
    return False


def installed(project: Project, name: str) -> bool:
    """Is `name` in the app's own virtual environment?"""
    return normalised(name) in _distributions(project)


def is_declared(project: Project, package: str) -> bool:
    """Does any manifest of the app ask for the package?"""
    return normalised(package) in declared(project)


def declare(
    project: Project, package: str, requirement: str, manager: str | None = None, oldest: str | None = ""
) -> Declaration | Manual:
    """The manifest edit that the app's tool would make itself, or the step for a person. Raises UsageError.

    `requirement` is a version or a specifier; that of a uv workspace's other members is taken if it leads to `oldest`
    or later (None: never). A manifest that lies outside of what we were told to change is left.
    """
    from wizard.packages.pypi_calls import declaration
    from wizard.packages.pypi_workspace import agreed, constraints

    tool = chosen(project, manager)
    wanted = _specifier(tool, package, requirement)
    least = oldest or ".".join(re.findall(r"\d+", requirement)[:2])
    if oldest is not None:
        wanted = agreed(project, tool, package, least) or wanted
    found = declaration(project, tool, package, wanted)
    if isinstance(found, Declaration) and project.tree.leads_outside(project.within(found.path)):
        return Manual(f"Add {package} to {found.path}, which lies outside of this directory", package + wanted)
    if isinstance(found, Declaration):
        return replace(found, told=tuple(constraints(project, package, least)))
    return found


def is_pending(project: Project, packages: tuple[str, ...], unfinished: bool = False) -> bool:
    """Are others that the app declares in its environment, or `unfinished` is their install, but not all `packages`?"""
    found = _distributions(project)
    wanted = {normalised(package) for package in packages}
    return not wanted <= found.keys() and (unfinished or bool((declared(project).keys() - wanted) & found.keys()))


def install_command(project: Project, packages: tuple[str, ...], manager: str | None = None) -> Command | Manual | None:
    """The call that brings lockfile and environment along after the manifest was edited.

    Never into the environment that runs us; without one of its own a pip project gets a step for a person, and Hatch
    needs none. Raises UsageError.
    """
    from wizard.packages.pypi_calls import call

    tool = chosen(project, manager)
    made = call(project, tool, packages)
    if not isinstance(made, Command):
        return made
    lock = pypi_tools.lockfile(project, tool)
    if lock is not None and project.tree.leads_outside(project.within(lock), project.tree.top):
        return Manual("Install by hand: the lockfile lies outside of the repository", shlex.join(made.argv), lock)
    return replace(made, packages=packages, lock=lock)


def brought_along(project: Project, manager: str | None = None) -> tuple[str, ...]:
    """The lockfile or the compiled requirements, relative to the app, if the tool keeps any. Raises UsageError."""
    tool = chosen(project, manager)
    lock = pypi_tools.lockfile(project, tool)
    if lock is None:
        return tuple(file.path for file in compiled_files(project))
    # Pipenv completes a Pipfile that lacks a section
    return (lock, lock.removesuffix(".lock")) if tool is Manager.PIPENV else (lock,)


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


def _specifier(tool: Manager, package: str, requirement: str) -> str:
    """`7.71` as `==7.71`, specifiers as they are, Poetry's `^7.71` too. Raises UsageError for anything else."""
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    wanted = requirement.strip()
    if re.fullmatch(r"\d[\w.!+]*", wanted):
        wanted = f"=={wanted}"
    try:
        if not wanted:
            raise InvalidSpecifier("empty")
        SpecifierSet(wanted.replace("^", ">=", 1) if wanted.startswith("^") and tool is Manager.POETRY else wanted)
    except InvalidSpecifier as error:
        hint = f"For example --sdk-version {package}=7.71.0"
        raise UsageError(f"{requirement!r} is no version of {package}", hint) from error
    return wanted


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
        listed = pins.get(section)
        entry = listed.get(name) if isinstance(listed, dict) else None
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
