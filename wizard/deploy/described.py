"""Hosts whose variables a YAML or JSON file of the repository lists: Render, App Engine."""

from __future__ import annotations

from collections.abc import Iterator

from wizard.changes import Manual
from wizard.codemods.yaml import Node, ensure_record, read
from wizard.deploy.place import Place
from wizard.deploy.surface import Finding, State, Variable, lacking
from wizard.errors import CannotEdit


def render(place: Place) -> Iterator[Finding]:
    """The app's services in a Render blueprint. `sync: false` asks for the value once, when the service is made."""
    top = place.directories[-1]
    path = place.first(top, "render.yaml", "render.yml")
    root = _yaml(place, path)
    services = root.at("services") if root else None
    for index, service in enumerate(services.items if services else ()):
        if (
            path is None
            or root is None
            or service.kind != "map"
            or service.text("type") in (None, "redis", "keyvalue", "pserv-db")
        ):
            continue
        if not _is_ours(place, top, service):
            continue
        part = service.text("name") or str(index + 1)
        variables = tuple(_listed(place, path, root, service.at("envVars"), w.name) for w in place.wanted)
        missing = [v.name for v in variables if v.state == "missing"]
        how = [f"envVars of {part}: - key: {name}, sync: false" for name in missing]
        if unset := lacking(variables):
            how.append(f"Render dashboard > {part} > Environment: {', '.join(unset)}")
        codemods = [ensure_record(("services", index, "envVars"), "key", name, ["sync: false"]) for name in missing]
        step = Manual(f"Name the PostHog variables in {place.shown(path)}", "\n".join(how), path)
        yield Finding(
            "render",
            f"Render service {part}",
            place.line(path, service.start),
            "build" if place.names("build") else "run",
            variables,
            tuple(how),
            "Render deploys anew when you save them.",
            place.edits(path, codemods, f"names the PostHog variables of the service {part}", step),
            part,
        )


def _is_ours(place: Place, directory: str, service: Node) -> bool:
    app = place.seen_from(directory)
    folder = (service.text("rootDir") or "").strip("./") or "."
    if folder != ".":
        return folder == app
    commands = " ".join(
        service.text(key) or ""
        for key in ("buildCommand", "startCommand", "dockerfilePath", "dockerContext", "staticPublishPath")
    )
    if app != ".":
        return place.names_app(app, commands)
    return not any(nested in commands for nested in place.project.nested)


def _listed(place: Place, path: str, root: Node, variables: Node | None, name: str) -> Variable:
    groups = root.at("envVarGroups")
    for entry in variables.items if variables else ():
        if entry.text("key") == name:
            state: State = "there" if entry.text("value") or entry.at("fromService") else "unseen"
            return Variable(name, state, place.line(path, entry.start))
        group = entry.text("fromGroup")
        if group is None:
            continue
        known = next((g for g in groups.items if g.text("name") == group), None) if groups else None
        if known is None:
            return Variable(name, "unseen", place.line(path, entry.start))  # made in the dashboard
        found = _listed(place, path, root, known.at("envVars"), name)
        if found.state != "missing":
            return found
    return Variable(name, "missing")


def app_engine(place: Place) -> Iterator[Finding]:
    """`app.yaml` of App Engine: its process has the variables that it lists, and no others."""
    names = place.names("run")
    for directory in place.directories if names else ():
        path = place.first(directory, "app.yaml", "app.yml")
        root = _yaml(place, path)
        if path is None or root is None or root.text("runtime") is None or not place.is_ours(directory, "", path):
            continue
        listed = root.at("env_variables")
        variables = []
        for name in names:
            value = listed.get(name) if listed is not None and listed.kind == "map" else None
            there = value is not None and bool(value.value)
            where = place.line(path, value.start) if value is not None else ""
            variables.append(Variable(name, "there" if there else "missing", where))
        lack = lacking(tuple(variables))
        how = tuple(f"env_variables of {place.shown(path)}: {name}: VALUE" for name in lack)
        yield Finding("app-engine", "App Engine", path, "run", tuple(variables), how, "gcloud app deploy")
        return


def _yaml(place: Place, path: str | None) -> Node | None:
    text = place.read(path) if path else None
    try:
        root = read(text) if text is not None else None
    except CannotEdit:
        return None
    return root if root is not None and root.kind == "map" else None
