"""How each Python tool declares a package and brings lockfile and environment along.

Tried with the lockfile in place and older versions of other packages pinned in it; each call adds the package and
leaves the other pins alone, except that Pipenv also moves what the new package depends on (requests 2.31 -> 2.34):
uv 0.13.8 `uv sync --inexact` (a workspace member syncs itself; nothing is removed from the environment);
Poetry 1.8.5 and 2.5.1 `poetry update NAME` (`poetry install` refuses a lockfile older than the manifest);
Pipenv 2026.10.3 `pipenv install "NAME>=X"` (writes the same Pipfile line; a bare `pipenv install` upgrades everything);
PDM 2.24.2 `pdm update --update-reuse NAME` (pyproject.toml stays as it is).
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from posixpath import relpath
from typing import Any

from wizard.changes import Manual
from wizard.edits import Codemod
from wizard.packages import Declaration
from wizard.packages.command import Command
from wizard.packages.pypi_compiled import affected, compiled_files
from wizard.packages.pypi_environment import environment, interpreter, site_packages
from wizard.packages.pypi_manifests import CONDA, declarations, home, is_production, normalised, requirement_files
from wizard.packages.pypi_tools import Manager
from wizard.project import Project
from wizard.workspaces import is_member


def declaration(project: Project, tool: Manager, package: str, requirement: str) -> Declaration | Manual:
    """The manifest edit that `tool`'s own add would make, or the step for a person."""
    base = home(project)
    pyproject = _join(base, "pyproject.toml")
    match tool:
        case Manager.PIPENV:
            return Declaration(_join(base, "Pipfile"), _key(("packages",), package, requirement))
        case Manager.POETRY if not _lists_in_project(project.toml(pyproject)):
            return Declaration(pyproject, _key(("tool", "poetry", "dependencies"), package, requirement))
        case Manager.PIP:
            return _pip_declaration(project, package, requirement)
        case Manager.PIXI:
            return Manual(f"Add {package} with pixi", f'pixi add --pypi "{package}{requirement}"')
        case Manager.CONDA:
            file = next((_join(base, name) for name in CONDA if project.exists(f"{base}/{name}")), CONDA[0])
            body = f"dependencies:\n  - pip\n  - pip:\n      - {package}{requirement}\n\nconda env update -f {file}"
            return Manual(f"Add {package} to the conda environment", body, file)
        case _:
            return Declaration(pyproject, _requirement(package, requirement))


def call(project: Project, tool: Manager, packages: tuple[str, ...]) -> Command | Manual | None:
    """The one call after the manifest was edited; a step for a person, or None, where there is none to make."""
    base = home(project)
    match tool:
        case Manager.UV:
            return _uv_call(project, base)
        case Manager.POETRY:
            return Command(("poetry", "update", *packages, "--no-interaction"), base)
        case Manager.PDM:
            return Command(("pdm", "update", "--update-reuse", *packages), base)
        case Manager.PIPENV:
            return Command(("pipenv", "install", *_requirements(project, packages)), base)
        case Manager.RYE:
            return Command(("rye", "sync"), base)
        case Manager.HATCH if environment(project) is None:
            return None  # `hatch run` brings its own environments along
        case Manager.PIP | Manager.HATCH:
            return _pip_call(project, packages)
        case Manager.PIXI | Manager.CONDA:
            return None


def _uv_call(project: Project, base: str) -> Command:
    """`uv sync`; a member of a workspace can be synced from its root, together with others, by its name."""
    call = Command(("uv", "sync", "--inexact"), base)
    table = project.toml(f"{base}/pyproject.toml").get("project")
    name = table.get("name") if isinstance(table, dict) else None
    root = next((up for up in project.upwards() if up != base and is_member(project, up, ("uv",), base)), None)
    return replace(call, workspace=root, named=("--package", name)) if isinstance(name, str) and root else call


def _pip_declaration(project: Project, package: str, requirement: str) -> Declaration | Manual:
    base = home(project)
    path = source_file(project)
    if path is not None and not path.endswith("pyproject.toml"):
        from wizard.codemods.requirements import ensure_requirement

        return Declaration(path, ensure_requirement(package, requirement))
    if "project" in project.toml(f"{base}/pyproject.toml") and not _is_dynamic(project, base):
        return Declaration(_join(base, "pyproject.toml"), _requirement(package, requirement))
    from wizard.codemods import setup_files
    from wizard.codemods.requirements import ensure_requirement

    if "install_requires" in (project.read(f"{base}/setup.cfg") or ""):
        return Declaration(_join(base, "setup.cfg"), setup_files.ensure_in_setup_cfg(package, requirement))
    if "install_requires" in (project.read(f"{base}/setup.py") or ""):
        return Declaration(_join(base, "setup.py"), setup_files.ensure_in_setup_py(package, requirement))
    if groups := _groups(project, base):
        path = _join(base, "pyproject.toml")
        if len(groups) > 1:
            return Manual(f"Add {package} to the group that the app runs with", package + requirement, path)
        from wizard.codemods.toml import ensure_requirement as ensure_in_toml

        return Declaration(path, ensure_in_toml(("dependency-groups", groups[0]), package, requirement))
    return Declaration(_join(base, "requirements.txt"), ensure_requirement(package, requirement), create=True)


def _groups(project: Project, base: str) -> list[str]:
    """The dependency groups of a pyproject.toml that are not for tests, docs or development."""
    groups = project.toml(f"{base}/pyproject.toml").get("dependency-groups")
    return [name for name in groups if is_production(f"requirements-{name}.txt")] if isinstance(groups, dict) else []


def source_file(project: Project) -> str | None:
    """The requirement file to edit: a source before what is compiled from it, an included one first, no dev one."""
    files = [path for path in requirement_files(project) if is_production(path)]
    if not files:
        return None
    # what lies above the app is for its neighbours, too
    own = min(files, key=lambda path: (project.tree.leads_outside(project.within(path)), path.startswith("../")))
    for file in compiled_files(project):
        if file.path == own and file.sources:
            return file.sources[0]
    return own


def _pip_call(project: Project, packages: tuple[str, ...]) -> Command | Manual:
    """Compile what is compiled, then install into the app's own environment; by hand where there is none."""
    source = source_file(project)
    compiled = affected(project, source) if source else []
    cwd = compiled[0].cwd if compiled else home(project)
    target = compiled[0].path if compiled else source
    wanted = _requirements(project, packages)
    if target is not None and not target.endswith(".toml"):
        wanted = ("-r", _as_path(relpath(target, cwd)))
    compile_calls = [_in_environment(project, cwd, file.argv) for file in compiled if file.argv and file.cwd == cwd]
    if len(compile_calls) < len(compiled):
        body = "\n".join(f"compile {file.path} again from {source}" for file in compiled)
        return Manual("Compile the requirements again", f"{body}\n{_by_hand(wanted)}", str(target))
    install = _pip_install(project, cwd, wanted)
    calls = [*compile_calls, *([install] if install else [])]
    if not calls:
        return Manual("Install the new requirement in a virtual environment", _by_hand(wanted), str(target or ""))
    return Command(calls[0], cwd, then=tuple(calls[1:]))


def _pip_install(project: Project, cwd: str, wanted: tuple[str, ...]) -> tuple[str, ...] | None:
    found = environment(project)
    if found is None:
        return None
    python = _seen_from(project, cwd, interpreter(found))
    if any((folder / "pip").is_dir() for folder in site_packages(found)):
        # isolated: with -m alone a logging.py or pip.py of the app would be imported instead of the real one
        return (python, "-I", "-m", "pip", "install", "--disable-pip-version-check", "--no-input", *wanted)
    return ("uv", "pip", "install", "--python", python, *wanted)


def _in_environment(project: Project, cwd: str, argv: tuple[str, ...]) -> tuple[str, ...]:
    """The call with the program of the app's environment, when it has that program."""
    found = environment(project)
    for name in (argv[0], f"{argv[0]}.exe"):
        if found is not None and (interpreter(found).parent / name).exists():
            return (_seen_from(project, cwd, interpreter(found).parent / name), *argv[1:])
    return argv


def _seen_from(project: Project, cwd: str, path: Path) -> str:
    """A path for argv: relative to the call's directory when it lies in the repository."""
    if project.tree.top not in path.parents:
        return str(path)
    return os.path.relpath(path, project.root / cwd).replace(os.sep, "/")


def _as_path(path: str) -> str:
    """A path that no program takes for an option."""
    return f"./{path}" if path.startswith("-") else path


def _by_hand(wanted: tuple[str, ...]) -> str:
    python = ".venv\\Scripts\\python" if os.name == "nt" else ".venv/bin/python"
    quoted = " ".join(f'"{word}"' if set(word) & set("<>=~ ") else word for word in wanted)
    return f"python -m venv .venv\n{python} -m pip install {quoted}"


def _requirements(project: Project, packages: tuple[str, ...]) -> tuple[str, ...]:
    """`name>=1` of each package, as the manifest that declares it says."""
    specifiers = dict(reversed([(name, where.specifier) for name, where in declarations(project)]))
    found = ((package, specifiers.get(normalised(package), "")) for package in packages)
    return tuple(package + (specifier if specifier[:1] in tuple("=<>!~") else "") for package, specifier in found)


def _lists_in_project(data: dict[str, Any]) -> bool:
    """Poetry 2 adds to [project] when that has dependencies, or when its own table has none."""
    project = data.get("project")
    if not isinstance(project, dict) or _computes_dependencies(project):
        return False
    tool = data.get("tool")
    poetry = tool.get("poetry") if isinstance(tool, dict) else None
    own = poetry.get("dependencies") if isinstance(poetry, dict) else None
    return "dependencies" in project or not (set(own) if isinstance(own, dict) else set()) - {"python"}


def _is_dynamic(project: Project, base: str) -> bool:
    return _computes_dependencies(project.toml(f"{base}/pyproject.toml").get("project"))


def _computes_dependencies(table: object) -> bool:
    """Does [project] say that its dependencies are dynamic?"""
    dynamic = table.get("dynamic") if isinstance(table, dict) else None
    return isinstance(dynamic, list) and "dependencies" in dynamic


def _requirement(package: str, requirement: str) -> Codemod:
    from wizard.codemods.toml import ensure_requirement

    return ensure_requirement(("project", "dependencies"), package, requirement)


def _key(table: tuple[str, ...], package: str, requirement: str) -> Codemod:
    from wizard.codemods.toml import ensure_key

    return ensure_key(table, package, requirement)


def _join(base: str, name: str) -> str:
    return name if base == "." else f"{base}/{name}"
