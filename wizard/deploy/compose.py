"""Compose files: what a service's build is given (`build.args`) and its container (`environment`, `env_file`)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Literal

from wizard.changes import EditFile, Manual
from wizard.codemods.dockerfile import build_steps, made_from
from wizard.codemods.yaml import Node, ensure_name, read
from wizard.deploy.docker import dockerfiles
from wizard.deploy.place import Place
from wizard.deploy.surface import Finding, State, Variable
from wizard.errors import CannotEdit
from wizard.project import normal

_NAMES = ("{compose,docker-compose}{,.*,-*}.{yaml,yml}",)
_FOLDERS = ("", "docker/", ".docker/", "deploy/", "deployment/", "infra/")
_ASIDE = re.compile(r"[.-](?:dev|development|local|test|tests|ci|override|db|database)\b")


def compose(place: Place) -> Iterator[Finding]:
    """Each service of the app in each compose file above it, but for those of development and tests.

    What such a file includes or extends counts too, and so does a service that runs the image of one of the app's.
    """
    images = {place.shown(path): text for path, text in dockerfiles(place)}
    found = list(_files(place))
    ours = {id(s) for path, _, services in found for _, s in services if _is_ours(place, path, s, images)}
    made = {_image(s) for *_, services in found for _, s in services if id(s) in ours} - {""}
    for path, text, services in found:
        for key, service in services:
            if id(service) in ours:
                yield from _service(place, path, text, key, service, _bundles(place, path, service, images))
            elif service.at("build") is None and _image(service) in made:
                yield from _service(place, path, text, key, service, bundles=False)


def _files(place: Place) -> Iterator[tuple[str, str, list[tuple[str, Node]]]]:
    """`(path, text, services)` of the compose files above the app, and of those that they name."""
    patterns = tuple(f"{folder}{name}" for folder in _FOLDERS for name in _NAMES)
    pending = [path for directory in place.directories for path in place.listed(directory, *patterns)]
    seen: set[str] = set()
    while pending:
        path = pending.pop(0)
        text = place.read(path) if place.shown(path) not in seen else None
        seen.add(place.shown(path))
        if text is None or _ASIDE.search(path.rpartition("/")[2]):
            continue
        try:
            root = read(text)
        except CannotEdit:
            continue  # a template, or something else of that name
        services = _services(root)
        pending += [normal(f"{_folder(path)}/{name}") for name in _named_files(root, services)]
        yield path, text, services


def _services(root: Node) -> list[tuple[str, Node]]:
    services = root.at("services")
    if services is None or services.kind != "map":
        return []
    found = ((key, services.get(key)) for key in services.names())
    return [(key, service) for key, service in found if service is not None and service.kind == "map"]


def _named_files(root: Node, services: list[tuple[str, Node]]) -> list[str]:
    """Source: docs.docker.com/reference/compose-file/include and .../services/#extends."""
    include = root.at("include")
    items = include.items if include is not None and include.kind == "list" else ()
    nodes = [item if item.kind == "scalar" else item.at("path") for item in items]
    nodes += [service.at("extends", "file") for _, service in services]
    written = (one for node in nodes if node for one in (node.items if node.kind == "list" else (node,)))
    return [one.value for one in written if one.value and not set("$:") & set(one.value)]


def _image(service: Node) -> str:
    """The name of an image without its tag."""
    image = (service.text("image") or "").partition("$")[0]
    folder, slash, name = image.rpartition("/")
    return folder + slash + name.partition(":")[0].partition("@")[0]


def _folder(path: str) -> str:
    return normal(path.rpartition("/")[0] or ".")


def _is_ours(place: Place, path: str, service: Node, images: Mapping[str, str]) -> bool:
    """Is the service built from the app: from its directory, or with one of its Dockerfiles (`images`)?"""
    build = service.at("build")
    if build is None:
        return False
    if build.kind not in ("scalar", "map"):
        return False
    context = build.value if build.kind == "scalar" else build.text("context") or "."
    if context is None or "$" in context or ":" in context:
        return False
    folder = normal(f"{_folder(path)}/{context}")
    if build.text("target") and _ASIDE.search(f".{build.text('target')}"):
        return False  # the stage that developers work in
    file = _dockerfile(path, build)
    if place.shown(file) in images:
        return True
    return place.shown(folder) == place.shown(".") and not place.project.exists(file)


def _dockerfile(path: str, build: Node) -> str:
    context = build.value if build.kind == "scalar" else build.text("context") or "."
    return normal(f"{_folder(path)}/{context}/{build.text('dockerfile') or 'Dockerfile'}")


def _bundles(place: Place, path: str, service: Node, images: Mapping[str, str]) -> bool:
    """Is the app built in the image of the service? Not in one that a server for developers runs in, nor in another
    target of the same Dockerfile; yes in one whose Dockerfile is not to be seen.
    """
    build = service.at("build")
    text = images.get(place.shown(_dockerfile(path, build))) if build is not None else None
    if build is None or text is None:
        return True
    try:
        made = made_from(text, build.text("target") or "")
        return any(stage in made for stage, _ in build_steps(text, place.may_build))
    except CannotEdit:
        return True


def _service(place: Place, path: str, text: str, key: str, service: Node, bundles: bool) -> Iterator[Finding]:
    where = place.line(path, service.start)
    title = f"Compose service {key}"
    build = service.at("build")
    if (names := place.names("build")) and build is not None and bundles:
        node = build.at("args") if build.kind == "map" else None
        variables = tuple(_named(place, path, node, name) for name in names)
        how = _how(place, "build args", key, variables)
        edits = _edits(place, path, ("services", key, "build", "args"), "build", variables)
        then = f"Build again: docker compose up --build {key}"
        yield Finding("compose", title, where, "build", variables, how, then, edits, key)
    if names := place.names("run"):
        files = _env_files(place, path, service.at("env_file"))
        variables = tuple(_running(place, path, service, name, files) for name in names)
        how = _how(place, "environment", key, variables)
        # a name without a value would take away what an env file says
        edits = () if files else _edits(place, path, ("services", key, "environment"), "service", variables)
        yield Finding("compose", title, where, "run", variables, how, f"docker compose up -d {key}", edits, key)


def _how(place: Place, what: str, key: str, variables: tuple[Variable, ...]) -> tuple[str, ...]:
    missing = [v.name for v in variables if v.state == "missing"]
    unseen = [v.name for v in variables if v.state == "unseen"]
    lines = [f"in {what} of {key}: - {name}" for name in missing]
    if missing or unseen:
        lines.append("values come from the shell, or from a .env file beside the compose file")
    return tuple(lines)


def _named(place: Place, path: str, node: Node | None, name: str) -> Variable:
    """What a list or mapping of variables says of one."""
    found = _entry(node, name)
    if found is None:
        return Variable(name, "missing")
    place_of, value = found
    return Variable(name, _state(place, path, name, value), place.line(path, place_of))


def _entry(node: Node | None, name: str) -> tuple[int, str | None] | None:
    """`(offset, value)` of a variable; the value is None when it is passed through."""
    if node is not None and node.kind == "list":
        for item in node.items:
            key, equals, value = (item.value or "").partition("=")
            if key.strip() == name:
                return item.start, value if equals else None
    elif node is not None and node.kind == "map" and name in node.names():
        value_node = node.get(name)
        return (value_node.start, value_node.value) if value_node is not None else (node.start, None)
    return None


def _state(place: Place, path: str, name: str, value: str | None) -> State:
    reference = re.fullmatch(r"\$\{?(\w+)\}?|\$\{(\w+):?-\}", value) if value else None
    if value and reference is None:
        return "there"  # a literal, or a default
    source = (reference[1] or reference[2]) if reference else name
    if value == "":
        return "missing"
    return "there" if place.in_env_file(normal(f"{_folder(path)}/.env"), source) else "unseen"


def _running(place: Place, path: str, service: Node, name: str, files: list[str]) -> Variable:
    found = _named(place, path, service.at("environment"), name)
    if found.state != "missing" or not files:
        return found
    for file in files:
        if place.in_env_file(file, name):
            return Variable(name, "there", file)
    # an env file that is not on this machine is on the server
    absent = next((f for f in files if not place.project.exists(f)), None)
    return Variable(name, "unseen" if absent else "missing", absent or files[-1])


def _env_files(place: Place, path: str, node: Node | None) -> list[str]:
    if node is None:
        return []
    written = [node] if node.kind == "scalar" else list(node.items)
    names = [item.value if item.kind == "scalar" else item.text("path") for item in written]
    return [normal(f"{_folder(path)}/{name}") for name in names if name]


def _edits(
    place: Place,
    path: str,
    keys: tuple[str, ...],
    what: Literal["build", "service"],
    variables: tuple[Variable, ...],
) -> tuple[EditFile, ...]:
    missing = [v.name for v in variables if v.state == "missing"]
    codemods = [ensure_name(keys, name) for name in missing]
    body = "\n".join(f"- {name}" for name in missing)
    step = Manual(f"Name {', '.join(missing)} in {'.'.join(keys)} of {place.shown(path)}", body, path)
    return place.edits(path, codemods, f"passes the PostHog variables to the {what} of {keys[1]}", step)
