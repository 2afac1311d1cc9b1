"""Turborepo: a task sees only the variables that turbo.json lists for it, or that its framework's prefix stands for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from wizard.changes import EditFile, Manual
from wizard.codemods.json import ensure_item, member, peek
from wizard.deploy.place import Place
from wizard.deploy.surface import Finding, Variable, lacking
from wizard.environment import env_folder
from wizard.errors import CannotEdit
from wizard.packages import npm

_FILES = ("turbo.json", "turbo.jsonc")
_GLOBAL = ("globalEnv", "globalPassThroughEnv")
_OWN = ("env", "passThroughEnv")
_INFERRED: Mapping[str, tuple[str, ...]] = {
    "astro": ("PUBLIC_",),
    "blitz": ("NEXT_PUBLIC_",),
    "react-scripts": ("REACT_APP_",),
    "gatsby": ("GATSBY_",),
    "next": ("NEXT_PUBLIC_",),
    "nuxt": ("NUXT_", "NITRO_", "SERVER_"),
    "@sanity/client": ("SANITY_STUDIO_",),
    "@solidjs/start": ("VITE_",),
    "solid-start": ("VITE_",),
    "@sveltejs/kit": ("VITE_", "PUBLIC_"),
    "vite": ("VITE_",),
    "@vue/cli-service": ("VUE_APP_",),
}
"""Prefixes that turbo adds to a task's `env` by itself. Source: frameworks.json of @turbo/types 2.5.3."""


def turbo(place: Place) -> Iterator[Finding]:
    """The task that builds the app, in the nearest turbo.json above it that has a pipeline, and in the app's own."""
    for directory in place.directories if place.project.exists("package.json") else ():
        path = place.first(directory, *_FILES)
        text = place.read(path) if path else None
        if path is None or text is None or (directory == "." and _extends(text) and len(place.directories) > 1):
            continue
        own = place.first(".", *_FILES) if directory != "." else None
        try:
            finding = _finding(place, path, text, own)
        except CannotEdit as error:
            where = f"{path}:{error.line}" if error.line else path
            names = tuple(Variable(w.name, "missing") for w in place.wanted)
            yield Finding("turbo", "Turborepo", where, "build", names, (f"cannot be read: {error.reason}",))
        else:
            if finding:
                yield finding
        return


def _extends(text: str) -> bool:
    return peek(text, ["extends"]) is not None


def _finding(place: Place, path: str, text: str, own: str | None) -> Finding | None:
    tasks = next((key for key in ("tasks", "pipeline") if isinstance(member(text, [key]), dict)), None)
    if tasks is None:
        return None
    own_text = place.read(own) if own else None
    lists = list(_lists(place, path, text, tasks, own, own_text))
    inferred = _prefixes(place)
    variables = []
    for wanted in place.wanted:
        hit = next((w for w, _, names in lists if _covers(names, wanted.name)), None)
        excluded = any(_covers_by_exclusion(names, wanted.name) for *_, names in lists)
        if hit is None and not excluded and wanted.name.startswith(inferred):
            hit = "the framework's prefix"
        variables.append(Variable(wanted.name, "there" if hit and not excluded else "missing", hit or ""))
    found = tuple(variables)
    if not (names := lacking(found)):
        return Finding("turbo", "Turborepo", path, "build", found)
    target, keys = _target(place, path, text, tasks, own, own_text)
    what = ", ".join(f'"{name}"' for name in names)
    how = (f"add {what} to {'.'.join(keys)} in {place.shown(target)}",)
    banned = [n for n in names if any(_covers_by_exclusion(listed, n) for *_, listed in lists)]
    if banned:  # an exclusion wins over a name that is listed beside it, and somebody meant it
        how = (f"take back what excludes {', '.join(banned)} in {place.shown(path)}",)
    edits = () if banned else _edits(place, target, keys, names, f"add {what}")
    strict = tasks == "tasks" and member(text, ["envMode"]) != "loose"
    then = (
        "Turborepo hides every other variable from the task."
        if strict
        else "Until then a build may come from the cache with the old value."
    )
    return Finding("turbo", "Turborepo", target, "build", found, how, then, edits)


def _lists(
    place: Place, path: str, text: str, tasks: str, own: str | None, own_text: str | None
) -> Iterator[tuple[str, Sequence[str], list[str]]]:
    """`(file, keys, names)` of the lists that count for the app's build."""
    for key in _GLOBAL:
        yield path, (key,), _strings(member(text, [key]))
    for key in _OWN:
        # what the app's own file says of a task replaces what the root says
        for task in _tasks(place):
            if own and own_text is not None:
                names = member(own_text, [tasks, task, key])
                if names is not None:
                    yield own, (tasks, task, key), _strings(names)
                    if "$TURBO_EXTENDS$" not in _strings(names):
                        continue
            specific = f"{place.package}#{task}"
            chosen = specific if place.package and member(text, [tasks, specific]) is not None else task
            yield path, (tasks, chosen, key), _strings(member(text, [tasks, chosen, key]))


def _tasks(place: Place) -> tuple[str, ...]:
    """The tasks that have to see the variables: the build; those that run the app, when the workspace loads its env
    file before it starts them.
    """
    loaded_above = env_folder(place.project).startswith("..")
    return ("dev", "start") if loaded_above and not place.names("build") else ("build",)


def _target(
    place: Place, path: str, text: str, tasks: str, own: str | None, own_text: str | None
) -> tuple[str, tuple[str, ...]]:
    """The list that a new name belongs in: the task's own if there is one, else the one for all tasks."""
    if "build" not in _tasks(place):
        return path, ("globalEnv",)
    if own and own_text is not None and member(own_text, [tasks, "build", "env"]) is not None:
        return own, (tasks, "build", "env")
    specific = f"{place.package}#build"
    task = specific if place.package and member(text, [tasks, specific]) is not None else "build"
    if member(text, [tasks, task, "env"]) is None and (
        member(text, ["globalEnv"]) is not None or member(text, [tasks, task]) is None
    ):
        return path, ("globalEnv",)
    return path, (tasks, task, "env")


def _edits(place: Place, path: str, keys: Sequence[str], names: Sequence[str], how: str) -> tuple[EditFile, ...]:
    # one reason for both, so that they are one edit
    why = "lets Turborepo pass the PostHog variables to the build"
    step = Manual(f"List {', '.join(names)} in {place.shown(path)}", how, path)
    return place.edits(path, [ensure_item(keys, name) for name in names], why, step)


def _strings(value: Any) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def _covers(names: Sequence[str], name: str) -> bool:
    return any(not n.startswith("!") and _matches(n.removeprefix("$"), name) for n in names)


def _covers_by_exclusion(names: Sequence[str], name: str) -> bool:
    return any(n.startswith("!") and _matches(n[1:], name) for n in names)


def _matches(pattern: str, name: str) -> bool:
    """`*` stands for anything; `\\*` for a star, which no variable has."""
    return bool(re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), name))


def _prefixes(place: Place) -> tuple[str, ...]:
    declared = npm.declared(place.project)
    return tuple(p for package, prefixes in _INFERRED.items() if package in declared for p in prefixes)
