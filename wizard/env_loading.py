"""Which env files are loaded for an app before it starts: by its scripts, the workspace's, Nx, direnv or compose."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from wizard.codemods.yaml import Node, read
from wizard.errors import CannotEdit
from wizard.project import BrokenFile, Project, normal

_LOADS = re.compile(
    r"(?:\bdotenv(?:x run)?\s(?:[^&|;]*?\s)??(?:-e|-f)|\benv-cmd\s+-f|--env-file(?:-if-exists)?|\bDOTENV_CONFIG_PATH)"
    r"[= ]([\w./-]+)"
)
_LOADS_FOLDER = re.compile(r"""\bloadEnvConfig\([^"'\n]{0,80}["']((?:\.\.?/?)+)["']""")
_LOADS_PLAIN = re.compile(r"\bdotenv\s+(?:--\s|[\w@/-]+\s)|\bdotenvx\s+run\s+--\s|\benv-cmd\s+(?!-)\w")
_STARTS_OTHERS = re.compile(
    r"\b(?:turbo|nx|lerna|wireit|moon|(?:pnpm|npm|yarn|bun)\b[^&|;]*(?:--filter|-r|-w|workspace))\b"
)
_DIRENV = re.compile(r"^[ \t]*dotenv(?:_if_exists)?(?:[ \t]+([\w./-]+))?[ \t]*$", re.MULTILINE)
_COMPOSE = "{compose,docker-compose}{,.*,-*}.{yaml,yml}"
_CALLED = ("dev", "start", "build")


def loaded(project: Project) -> Iterator[str]:
    """Paths relative to the app, of files that are there or not, the one that is nearest to it first."""
    yield from loaded_by_scripts(project)
    for config in ("next.config.js", "next.config.mjs", "next.config.ts"):
        for folder in _LOADS_FOLDER.findall(project.read(config) or ""):
            yield f"{folder}/.env"
    for folder in list(project.upwards())[1:]:
        for line in _lines(project, folder):
            if _STARTS_OTHERS.search(line):
                found = _LOADS.findall(line) or ([".env"] if _LOADS_PLAIN.search(line) else [])
                yield from (f"{folder}/{path}" for path in found)
        if project.exists(f"{folder}/nx.json"):
            yield f"{folder}/{_of_nx(project, folder)}"
        for match in _DIRENV.finditer(project.read(f"{folder}/.envrc") or ""):
            yield f"{folder}/{match[1] or '.env'}"


def loaded_by_scripts(project: Project) -> Iterator[str]:
    """The files that the app's own scripts to start and to build it name."""
    for line in _lines(project, "."):
        yield from _LOADS.findall(line)


def _of_nx(project: Project, folder: str) -> str:
    """Nx loads both files of its root; `.env` is for defaults where git knows it.

    Source: nx.dev/docs/reference/environment-variables; nx/src/utils/dotenv.js of nx 20.4.
    """
    from wizard.environment import is_ignored

    path = f"{folder}/.env"
    # a plan that writes an ignored file lists it from then on
    shared = project.within(path) in project.tree.known and not is_ignored(project, path)
    return ".env.local" if shared or project.exists(f"{folder}/.env.local") else ".env"


def _lines(project: Project, folder: str) -> list[str]:
    """The scripts of a directory that start and build, with those that they call on the way."""
    try:
        scripts = project.json(f"{folder}/package.json").get("scripts")
    except BrokenFile:
        return []
    known = {k: v for k, v in scripts.items() if isinstance(v, str)} if isinstance(scripts, Mapping) else {}
    lines = [known[name] for name in _CALLED if name in known]
    called = [(name, text) for name, text in known.items() if any(name in line.split() for line in lines)]
    if folder == ".":
        return [*lines, *(text for _, text in called)]
    # the loader may be a script of its own, which starts what is behind it
    return [_with_called(line, called) for line in lines]


def _with_called(line: str, called: list[tuple[str, str]]) -> str:
    return " ".join([*(text for name, text in called if name in line.split()), line])


def composed(project: Project) -> Iterator[str]:
    """The env files that compose gives to the services built from the app's directory."""
    for folder in project.upwards():
        here = Project(project.tree, project.within(folder))
        for path in here.files(_COMPOSE) if not here.path.startswith("..") else ():
            for service in _services(here.read(path) or ""):
                build = service.at("build")
                context = (
                    build.value if build is not None and build.kind == "scalar" else service.text("build", "context")
                )
                if build is None or context is None or here.within(context) != project.within("."):
                    continue
                listed = service.at("env_file")
                nodes = [] if listed is None else [listed] if listed.kind == "scalar" else list(listed.items)
                names = (node.value if node.kind == "scalar" else node.text("path") for node in nodes)
                yield from (normal(f"{folder}/{name}") for name in names if name and "$" not in name)


def _services(text: str) -> Iterator[Node]:
    try:
        services = read(text).at("services") if "env_file" in text else None
    except CannotEdit:
        return
    if services is not None and services.kind == "map":
        found = (services.get(name) for name in services.names())
        yield from (service for service in found if service is not None and service.kind == "map")
