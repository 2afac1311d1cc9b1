"""Task runners that hand all variables to a build, but take an old one from their cache: Nx, Moon, Wireit, Rush."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

from wizard.changes import Manual
from wizard.codemods.json import ensure_item, ensure_member, peek
from wizard.codemods.yaml import ensure_name, read
from wizard.deploy.place import Place
from wizard.deploy.surface import Finding, Variable, lacking
from wizard.edits import Codemod
from wizard.errors import CannotEdit

_THEN = "Until then a build may come from the cache with the old value."


def nx(place: Place) -> Iterator[Finding]:
    """The inputs of the app's build, of every build, else of all tasks. Source: nx.dev/docs/reference/inputs."""
    top = next((d for d in place.directories if place.first(d, "nx.json")), None)
    if not place.names("build") or top is None:
        return
    for path, keys in (
        (place.first(".", "project.json"), ("targets", "build", "inputs")),
        (place.first(top, "nx.json"), ("targetDefaults", "build", "inputs")),
        (place.first(top, "nx.json"), ("namedInputs", "sharedGlobals")),
    ):
        inputs = _member(place, path, keys)
        if path is not None and isinstance(inputs, list):
            everything = place.read(path) or ""
            there = {n for n in place.names("build") if {"env": n} in inputs or f'"{n}"' in everything}
            how = f'{".".join(keys)} of {place.shown(path)}: {{ "env": "%s" }}'
            yield _finding(place, "nx", "Nx", path, there, how, partial(_input, keys))
            return


def _input(keys: Sequence[str], name: str) -> Codemod:
    return ensure_item(keys, {"env": name})


def moon(place: Place) -> Iterator[Finding]:
    """The inputs of the task `build` in moon.yml. Source: moonrepo.dev/docs/config/project#inputs."""
    path = place.first(".", "moon.yml")
    if path is None or not place.names("build"):
        return
    keys = ("tasks", "build", "inputs")
    try:
        inputs = read(place.read(path) or "").at(*keys)
    except CannotEdit:
        return
    if inputs is None or inputs.kind != "list":
        return
    listed = {item.value for item in inputs.items}
    there = {n for n in place.names("build") if listed & {f"${n}", "$*"}}
    how = f"{'.'.join(keys)} of {place.shown(path)}: - $%s"
    yield _finding(place, "moon", "Moon", path, there, how, lambda name: ensure_name(keys, f"${name}"))


def wireit(place: Place) -> Iterator[Finding]:
    """A build with `files`, which make it cached. Source: github.com/google/wireit#environment-variables."""
    path = place.first(".", "package.json")
    build = _member(place, path, ("wireit", "build"))
    if path is None or not place.names("build") or not isinstance(build, dict) or "files" not in build:
        return
    known = build.get("env")
    there = {n for n in place.names("build") if isinstance(known, dict) and n in known}
    keys = ("wireit", "build", "env")
    how = f'{".".join(keys)} of {place.shown(path)}: "%s": {{ "external": true }}'
    yield _finding(
        place, "wireit", "Wireit", path, there, how, lambda name: ensure_member(keys, name, {"external": True})
    )


def rush(place: Place) -> Iterator[Finding]:
    """The build in rush-project.json: only told. Source: rushjs.io/pages/configs/rush-project_json."""
    path = place.first(".", "config/rush-project.json")
    settings = _member(place, path, ("operationSettings",))
    if path is None or not place.names("build") or not isinstance(settings, list):
        return
    for one in settings:
        if isinstance(one, Mapping) and one.get("operationName") in ("build", "_phase:build"):
            known = one.get("dependsOnEnvVars")
            there = {n for n in place.names("build") if isinstance(known, list) and n in known}
            how = f'dependsOnEnvVars of {one["operationName"]} in {place.shown(path)}: "%s"'
            yield _finding(place, "rush", "Rush", path, there, how, None)
            return


def _finding(
    place: Place,
    surface: str,
    title: str,
    path: str,
    there: set[str],
    how: str,
    naming: Callable[[str], Codemod] | None,
) -> Finding:
    variables = tuple(Variable(n, "there" if n in there else "missing") for n in place.names("build"))
    missing = lacking(variables)
    lines = tuple(how % name for name in missing)
    step = Manual(f"Name the PostHog variables in {place.shown(path)}", "\n".join(lines), path)
    codemods = [naming(name) for name in missing] if naming else []
    edits = place.edits(path, codemods, f"lets {title} see when the PostHog variables change", step)
    return Finding(surface, title, path, "build", variables, lines, _THEN, edits)


def _member(place: Place, path: str | None, keys: Sequence[str]) -> object:
    return peek(place.read(path) or "", keys) if path else None
