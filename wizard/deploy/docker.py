"""Dockerfiles: a bundle holds what its build was given as arguments; a process what its container is started with."""

from __future__ import annotations

import re
from collections.abc import Iterator

from wizard.changes import EditFile, Manual
from wizard.codemods.dockerfile import Declared, build_steps, ensure_build_arguments, in_scope, stages
from wizard.deploy.place import Place, mentioned
from wizard.deploy.surface import Finding, State, Variable, lacking
from wizard.errors import CannotEdit

_NAMES = ("{Dockerfile,Containerfile}{,.*}", "*.{Dockerfile,dockerfile}")
_FOLDERS = ("", "docker/", "docker/*/", ".docker/", "deploy/", "deployment/", "infra/", "build/", "ops/", "compose/**/")
_LAST = re.compile(
    r"\.(?:dockerignore|dev|development|test|tests|ci|local|bak|md|orig)\Z|(?:^|/)[^/]*(?:dev|test|gitpod)[^/]*\Z"
)

_MANIFESTS = re.compile(r"^[ \t]*(?:COPY|ADD)[ \t].*(?:package|project|deno)\.jsonc?\b.*$", re.M | re.I)
"""Lines that take in the manifests of all apps of a workspace, whichever is built."""

_BESIDE = re.compile(
    r"(?:[\w.-]+/)*(?:caddy|nginx|httpd|traefik|haproxy|postgres|mysql|mariadb|mongo|redis)(?:[:@]|\Z)"
)
"""Images of what runs beside an app and reads none of its variables."""


def dockerfiles(place: Place) -> list[tuple[str, str]]:
    """`(path, text)` of the Dockerfiles that ship this app: in its directory, above it and speaking of it, or
    another app's that takes in this one's directory.
    """
    patterns = tuple(f"{folder}{name}" for folder in _FOLDERS for name in _NAMES)
    found: dict[str, str] = {}
    for directory in place.directories:
        for path in place.listed(directory, *patterns):
            text = place.read(path)
            if text is None or _LAST.search(path.rpartition("/")[2]) or not _is_dockerfile(text):
                continue
            if place.is_ours(directory, _MANIFESTS.sub("", text), path):
                found.setdefault(path, text)
    top = place.directories[-1]
    for path in place.listed(top, *(f"**/{name}" for name in _NAMES)) if place.names("build") and top != "." else ():
        text = place.read(path)
        if text and not _LAST.search(path.rpartition("/")[2]) and _is_dockerfile(text) and _takes_in(place, top, text):
            found.setdefault(path, text)
    return list(found.items())


def _takes_in(place: Place, top: str, text: str) -> bool:
    app = re.escape(place.seen_from(top))
    return re.search(rf"^\s*COPY\s+(?:--(?!from)\S+\s+)*\.?/?{app}/?\s+\S+\s*$", text, re.MULTILINE | re.I) is not None


def _is_dockerfile(text: str) -> bool:
    return re.search(r"^[ \t]*FROM[ \t]", text, re.MULTILINE | re.IGNORECASE) is not None


def docker(place: Place) -> Iterator[Finding]:
    """Each Dockerfile of the app: the arguments of its build, the environment of its last stage."""
    for path, text in dockerfiles(place):
        try:
            stages(text)
        except CannotEdit as error:
            where = f"{path}:{error.line}" if error.line else path
            names = tuple(Variable(w.name, "missing") for w in place.wanted)
            yield Finding("docker", "Docker image", where, "build", names, (f"cannot be read: {error.reason}",))
            continue
        if built := place.names("build"):
            yield from _build(place, path, text, built)
        if (run := place.names("run")) and not _BESIDE.match(stages(text)[-1].base):
            yield _run(place, path, text, run)


def _build(place: Place, path: str, text: str, names: tuple[str, ...]) -> Iterator[Finding]:
    steps = build_steps(text, place.may_build)
    if not steps:
        return  # the bundle is built elsewhere and copied in, or this is not its image
    scopes = [in_scope(text, stage, step) for stage, step in steps]
    variables = tuple(_argument(place, path, name, [scope.get(name) for scope in scopes]) for name in names)
    arguments = " ".join(f"--build-arg {name}" for name in names)
    unnamed = [v.name for v in variables if v.state == "missing"]
    how = [f"before the build step: ARG {name}" for name in unnamed]
    if lacking(variables):
        how.append(f"docker build {arguments} ...   (takes the values from the environment)")
        if hidden := _hidden(place, path):
            how.append(hidden)
    edits: tuple[EditFile, ...] = ()
    if unnamed and place.may_edit(path) and len(steps) == 1:
        where = place.line(path, steps[0][1].start)
        body = "\n".join(f"ARG {name}" for name in unnamed)
        step = Manual(f"Declare {', '.join(unnamed)} before the build in {place.shown(path)}", body, where)
        why = "lets docker pass the PostHog variables to the build"
        edits = (EditFile(path, (ensure_build_arguments(names, place.may_build),), why, step),)
    then = "Build the image again: the bundle holds the values of its build."
    where = place.line(path, steps[0][1].start)
    yield Finding("docker", "Docker image", where, "build", variables, tuple(how), then, edits)


def _argument(place: Place, path: str, name: str, found: list[Declared | None]) -> Variable:
    declared = [d for d in found if d is not None]
    if len(declared) < len(found):
        return Variable(name, "missing")
    literal = all(d.value and "$" not in d.value.strip("\"'")[:1] for d in declared)
    state: State = "there" if literal else "unseen"
    return Variable(name, state, place.line(path, declared[0].start))


def _run(place: Place, path: str, text: str, names: tuple[str, ...]) -> Finding:
    scope = in_scope(text, stages(text)[-1])
    variables = []
    for name in names:
        found = scope.get(name)
        if found is not None and found.keyword == "ENV":
            variables.append(Variable(name, "there" if found.value else "missing", place.line(path, found.start)))
        else:
            variables.append(Variable(name, "unseen"))
    lack = lacking(tuple(variables))
    how = (f"docker run {' '.join(f'-e {name}' for name in lack)} ...   (or --env-file FILE)",) if lack else ()
    return Finding("docker", "Docker image", path, "run", tuple(variables), how, "Start the container again.")


def _hidden(place: Place, path: str) -> str:
    """What .dockerignore does to env files, which the build would read otherwise."""
    ignore = next(
        (
            i
            for i in (f"{path}.dockerignore", *(f"{d}/.dockerignore" for d in place.directories))
            if place.project.exists(i)
        ),
        None,
    )
    lines = [line.strip() for line in (place.read(ignore) or "").splitlines()] if ignore else []
    if any(re.fullmatch(r"(?:\*\*/|/)?\.env(?:\*|\.\*|\.local|\*\*)?", line) for line in lines):
        return f"{place.shown(str(ignore))} keeps env files out of the build"
    return ""


def passed_by(text: str, name: str) -> bool:
    """Does a text pass a build argument of that name?"""
    return "build-arg" in text and mentioned(text, name)
