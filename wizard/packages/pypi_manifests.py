"""What the manifests of a Python app declare, read without any of their tools."""

from __future__ import annotations

import ast
import configparser
import re
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from posixpath import dirname, join, normpath
from typing import Any, TypeVar

from wizard.asides import is_own_code
from wizard.packages import yaml_lines
from wizard.project import Project

T = TypeVar("T")

REQUIREMENTS = ("requirements*.txt", "requirements*.in", "requirements/*.txt", "requirements/*.in")
CONDA = ("environment.yml", "environment.yaml", "env.yml")
_REQUIREMENT = re.compile(r"\s*([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*(?:\[[^\]]*\])?\s*([^;#]*)")
_MAIN = re.compile(r"(?:^|/)requirements(?:[-_./](?:base|common|main|core|prod|production|requirements))?\.(?:in|txt)$")
_APART = re.compile(r"(?:[^/]+/){1,3}requirements[^/]*\.(?:in|txt)")
_MANIFESTS = ("pyproject.toml", "Pipfile", "setup.cfg", "setup.py", "pixi.toml", *CONDA)


@dataclass(frozen=True, slots=True)
class Declared:
    """Where a distribution is declared (path relative to the app) and with which specifier (maybe empty)."""

    where: str
    specifier: str


def normalised(name: str) -> str:
    """The name by which distributions compare (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def home(project: Project) -> str:
    """The directory (`.`, `..`, ...) whose manifests describe the app.

    Looks above the app only when it has Python files of its own but no manifest, and is not a JavaScript package.
    """

    def find() -> str:
        if _has_manifest(project, ".") or project.exists("package.json") or not project.files("*.py"):
            return "."
        return next((up for up in project.upwards() if up != "." and _has_manifest(project, up)), ".")

    return _once(project, find)


def requirement_files(project: Project) -> list[str]:
    """Paths of the requirement files: production before dev, what the app runs with before variants for a purpose
    (`requirements-gpu.txt`), `.in` before `.txt`, those that others include first, then the ones that list the most.
    """
    return list(_once(project, lambda: _requirement_files(project)))


def _requirement_files(project: Project) -> list[str]:
    base = home(project)
    found = set(project.files(*REQUIREMENTS) or _apart(project)) if base == "." else set()
    if base != ".":
        found = {
            f"{base}/{n}"
            for n in ("requirements.txt", "requirements.in", "requirements/base.txt")
            if project.exists(f"{base}/{n}")
        }
    included = {path for file in found for path in includes(project, file)}

    def rank(path: str) -> tuple[object, ...]:
        extra, compiled = _rank(path)
        listed = len(re.findall(r"^[ \t]*[A-Za-z0-9]", project.read(path) or "", re.MULTILINE))
        return extra, path not in included and _MAIN.search(path) is None, compiled, path not in included, -listed, path

    return sorted(found | included, key=rank)


def _apart(project: Project) -> list[str]:
    """Requirement files in directories without code (`dependencies/pip`), when no manifest declares anything."""
    if not project.files("*.py") or any(project.exists(file) and any(_read(project, file)) for file in _MANIFESTS):
        return []
    top = "" if project.path == "." else f"{project.path}/"
    paths = [path.removeprefix(top) for path in project.tree.paths if path.startswith(top)]
    code = {str(folder) for path in paths if path.endswith(".py") for folder in PurePosixPath(path).parents}
    return [path for path in paths if _APART.fullmatch(path) and is_own_code(path) and dirname(path) not in code]


def includes(project: Project, path: str) -> list[str]:
    """The repository's files that a requirement file includes with `-r`, all the way down, deepest first."""
    ordered: list[str] = []
    seen = {path}
    pending = [(path, iter(_included(project, path)))]
    while pending:
        file, rest = pending[-1]
        target = next((target for target in rest if target not in seen), None)
        if target is None:
            pending.pop()
            ordered.append(file)
        else:
            seen.add(target)
            pending.append((target, iter(_included(project, target))))
    return ordered[:-1]


def _included(project: Project, path: str) -> list[str]:
    """The files that one file includes itself; none from outside of the repository."""
    lines = (project.read(path) or "").splitlines()
    named = [m[1] for line in lines if (m := re.match(r"\s*(?:-r|--requirement)[ =]*([^\s#]+)", line))]
    found = [normpath(join(dirname(path), name)) for name in named]
    return [
        file
        for file in found
        if project.exists(file) and not project.tree.leads_outside(project.within(file), project.tree.top)
    ]


def declarations(project: Project) -> tuple[tuple[str, Declared], ...]:
    """`(normalised name, Declared)` of every manifest, the leading one first; a name can come twice."""
    return _once(project, lambda: tuple(_declarations(project)))


def _once(project: Project, make: Callable[[], T]) -> T:
    """What `make` found the first time: a project is a cached view, and every detector asks."""
    kept: dict[str, T] = project.__dict__
    key = f"{__name__}:{make.__qualname__}"
    if key not in kept:
        kept[key] = make()
    return kept[key]


def _declarations(project: Project) -> Iterator[tuple[str, Declared]]:
    base = home(project)
    for file in _MANIFESTS:
        path = file if base == "." else f"{base}/{file}"
        if project.exists(path):
            for name, specifier in _read(project, path):
                yield normalised(name), Declared(path, specifier.strip())
    for path in requirement_files(project):
        for line in (project.read(path) or "").splitlines():
            if (parsed := parsed_requirement(line)) and not re.match(r"\s*[-#]", line):
                yield normalised(parsed[0]), Declared(path, parsed[1])


def parsed_requirement(text: str) -> tuple[str, str] | None:
    """`Django[argon2] >= 5 ; marker` -> `("Django", ">= 5")`; None when it is no named requirement."""
    match = _REQUIREMENT.match(text)
    if match is None or "://" in match[1] or (match[2] and match[2][0] not in "=<>!~@("):
        return None
    return match[1], re.split(r"\s--", match[2])[0].strip().rstrip("\\").strip()


def is_production(path: str) -> bool:
    """Is the requirement file what the app runs with (not for tests, docs or development, no constraints)?"""
    return _rank(path)[0] == 0


def _has_manifest(project: Project, up: str) -> bool:
    names = (*_MANIFESTS, "requirements.txt", "requirements.in", "requirements/base.txt")
    return any(project.exists(f"{up}/{name}") for name in names)


def _rank(path: str) -> tuple[int, bool]:
    """Production before anything for tests, docs or development; sources before compiled files."""
    extra = re.search(r"dev|test|lint|doc|local|ci\b|optional|build|typing", path.rsplit("requirements", 1)[-1])
    constraints = "constraint" in path
    return 2 if constraints else 1 if extra else 0, not path.endswith(".in")


def _read(project: Project, path: str) -> Iterator[tuple[str, str]]:
    match path.rsplit("/", 1)[-1]:
        case "pyproject.toml":
            yield from _pyproject(project.toml(path))
        case "Pipfile":
            data = project.toml(path)
            yield from _tables(data, ("packages",), ("dev-packages",))
        case "pixi.toml":
            yield from _tables(project.toml(path), ("pypi-dependencies",), ("dependencies",))
        case "setup.cfg":
            yield from _lines(_setup_cfg(project.read(path) or ""))
        case "setup.py":
            yield from _lines(_setup_py(project.read(path) or ""))
        case _:
            text = project.read(path) or ""
            yield from _lines([line.removeprefix("- ").strip("\"'") for line in _dashes(text)])


def _dashes(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.lstrip().startswith("- ") and not line.endswith(":")]


def _pyproject(data: dict[str, Any]) -> Iterator[tuple[str, str]]:
    project = data.get("project")
    if isinstance(project, dict):
        yield from _lines(project.get("dependencies"))
    yield from _tables(data, ("tool", "poetry", "dependencies"), ("tool", "pixi", "pypi-dependencies"))
    if isinstance(project, dict):
        for group in _values(project.get("optional-dependencies")):
            yield from _lines(group)
    for group in (*_values(data.get("dependency-groups")), *_values(_at(data, "tool", "pdm", "dev-dependencies"))):
        yield from _lines(group)
    yield from _lines(_at(data, "tool", "uv", "dev-dependencies"))
    yield from _tables(data, ("tool", "poetry", "dev-dependencies"))
    for group in _values(_at(data, "tool", "poetry", "group")):
        yield from _tables(group, ("dependencies",))


def _at(data: object, *keys: str) -> object:
    for key in keys:
        data = data.get(key) if isinstance(data, dict) else None
    return data


def _values(table: object) -> list[Any]:
    return list(table.values()) if isinstance(table, dict) else []


def _tables(data: object, *paths: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Tables of `name = "specifier"` or `name = { version = "specifier" }`."""
    for path in paths:
        table = _at(data, *path)
        for name, value in table.items() if isinstance(table, dict) else ():
            specifier = value.get("version", "") if isinstance(value, dict) else value
            if name.lower() != "python":
                yield name, specifier if isinstance(specifier, str) else ""


def _lines(requirements: object) -> Iterator[tuple[str, str]]:
    for line in requirements if isinstance(requirements, list) else ():
        if isinstance(line, str) and (parsed := parsed_requirement(line)):
            yield parsed


def _setup_cfg(text: str) -> list[str]:
    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read_string(text)
    except configparser.Error:
        return []
    return parser.get("options", "install_requires", fallback="").replace(";", "\n;").splitlines()


def _setup_py(text: str) -> list[str]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of odd escapes: not ours to tell
            tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg == "install_requires" and isinstance(node.value, ast.List):
            return [e.value for e in node.value.elts if isinstance(e, ast.Constant) and isinstance(e.value, str)]
    return []


def conda_name(text: str) -> str | None:
    """The `name:` of a conda environment file."""
    return next((value for keys, value in yaml_lines.members(text) if keys == ("name",)), None)
