"""Hosts that keep variables themselves: what the repository shows of them, and the commands that set them there.

Source of the commands: each host's documentation of its command line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from wizard.codemods.json import member
from wizard.deploy.place import Place, loaded_json, loaded_toml
from wizard.deploy.surface import Finding, State, Variable, lacking
from wizard.errors import CannotEdit


def at(data: object, *path: str) -> object:
    """The value at a path of keys in parsed data; None when there is none."""
    for key in path:
        data = data.get(key) if isinstance(data, Mapping) else None
    return data


def named(data: object, *path: str) -> set[str]:
    """The non-empty variables of the mapping at a path."""
    found = at(data, *path)
    return (
        {str(key) for key, value in found.items() if value not in ("", None)} if isinstance(found, Mapping) else set()
    )


def kept(place: Place, known: Mapping[str, str]) -> tuple[Variable, ...]:
    """All variables: those in `known` (name to place) are there, the host alone knows the others."""
    return tuple(
        Variable(w.name, "there" if w.name in known else "unseen", known.get(w.name, "")) for w in place.wanted
    )


def when(place: Place) -> Any:
    """When most of the app's variables are read."""
    return "build" if place.names("build") else "run"


def vercel(place: Place) -> Iterator[Finding]:
    """A linked or configured Vercel project; `vercel pull` shows us what it keeps."""
    for directory in place.directories:
        path = place.first(directory, ".vercel/project.json", "vercel.json", "vercel.ts")
        if path is None and (repo := place.first(directory, ".vercel/repo.json")):
            path = repo if _linked(place, directory, repo) else None
        if path is None or not (directory == "." or path.endswith("repo.json") or _builds(place, directory, path)):
            continue
        pulled = f"{directory}/.vercel/.env.production.local"
        known = {w.name: pulled for w in place.wanted if place.in_env_file(pulled, w.name)}
        config = place.first(directory, "vercel.json")
        if config is not None:
            data = loaded_json(place.read(config) or "")
            for w in place.wanted:
                if w.name in named(data, *(("build", "env") if w.when == "build" else ("env",))):
                    known[w.name] = config
        variables = kept(place, known)
        how = [f"vercel env add {n} {e}" for n in lacking(variables) for e in ("production", "preview")]
        if how:
            how.append("(asks for the value; to look again here: vercel pull --environment=production)")
        yield Finding("vercel", "Vercel", path, when(place), variables, tuple(how), "The next deployment has them.")
        return


def _linked(place: Place, directory: str, path: str) -> bool:
    projects = at(loaded_json(place.read(path) or ""), "projects")
    app = place.seen_from(directory)
    return isinstance(projects, list) and any(str(at(p, "directory") or ".").strip("/") == app for p in projects)


def _builds(place: Place, directory: str, path: str) -> bool:
    return place.names_app(place.seen_from(directory), place.read(path) or "")


def netlify(place: Place) -> Iterator[Finding]:
    """A Netlify site: netlify.toml reaches builds only, functions get what the site keeps. It runs no Python."""
    for directory in place.directories if place.language == "javascript" else ():
        path = place.first(directory, "netlify.toml", ".netlify/state.json")
        if path is None:
            continue
        text = place.read(path) or ""
        data = loaded_toml(text) if path.endswith(".toml") else None
        base = str(at(data, "build", "base") or "").strip("/.")
        app = place.seen_from(directory)
        if not (base == app or (app == "." and not base) or (not base and place.names_app(app, text))):
            continue
        written = named(data, "build", "environment") | named(data, "context", "production", "environment")
        known = {n: _line(path, text, n) for n in place.names("build") if n in written}
        variables = kept(place, known)
        how = tuple(f"netlify env:set {name} VALUE --context production" for name in lacking(variables))
        yield Finding("netlify", "Netlify", path, when(place), variables, how, "The next deploy has them.")
        return


def railway(place: Place) -> Iterator[Finding]:
    """A Railway service (or one of nixpacks, which Railway and others build with)."""
    for directory in place.directories:
        path = place.first(directory, "railway.json", "railway.toml", "nixpacks.toml")
        if path is None or not place.is_ours(directory, place.read(path) or ""):
            continue
        plan = place.first(directory, "nixpacks.toml")
        text = place.read(plan) or "" if plan else ""
        written = named(loaded_toml(text), "variables")
        variables = kept(place, {n: _line(str(plan), text, n) for n in written})
        how = tuple(f'railway variables --set "{name}=VALUE"' for name in lacking(variables))
        yield Finding("railway", "Railway", path, when(place), variables, how, "Railway deploys anew by itself.")
        return


def heroku(place: Place) -> Iterator[Finding]:
    """A Procfile: Heroku, or what works like it; or the images that Heroku builds."""
    for directory in place.directories:
        path = place.first(directory, "Procfile", "heroku.yml")
        if path is None or not place.is_ours(directory, place.read(path) or ""):
            continue
        manifest = place.first(directory, "app.json")
        described = named(loaded_json(place.read(manifest) or ""), "env") if manifest else set()
        variables = kept(place, {})
        variables = tuple(Variable(v.name, v.state, manifest or "" if v.name in described else "") for v in variables)
        how = (f"heroku config:set {' '.join(f'{name}=VALUE' for name in lacking(variables))}",)
        then = "Heroku restarts the app by itself."
        if place.names("build"):
            then = "Build anew: the bundle holds the values of its build."
        title = "Heroku" if path.endswith(".yml") else "Procfile (Heroku and the like)"
        yield Finding("heroku", title, path, when(place), variables, how, then)
        return


def fly(place: Place) -> Iterator[Finding]:
    """A Fly app: `[env]` and secrets for the process, `[build.args]` for a bundle."""
    for directory in place.directories:
        for path in place.listed(directory, "fly.toml", "fly.*.toml"):
            text = place.read(path) or ""
            if re.search(r"fly\.(?:staging|dev|test|preview)", path) or not place.is_ours(directory, text, path):
                continue
            data = loaded_toml(text)
            run, build = named(data, "env"), named(data, "build", "args")
            variables, how = [], []
            for w in place.wanted:
                there = w.name in (build if w.when == "build" else run)
                state: State = "there" if there else "missing" if w.when == "build" else "unseen"
                variables.append(Variable(w.name, state, _line(path, text, w.name) if there else ""))
                if state == "missing":
                    how.append(f'[build.args] of {place.shown(path)}: {w.name} = "VALUE"')
                    how.append(f"or: fly deploy --build-arg {w.name}=VALUE")
                elif state == "unseen":
                    how.append(f"fly secrets set {w.name}=VALUE -c {place.shown(path)}")
            then = "fly deploy" if place.names("build") else "Fly restarts the app by itself."
            yield Finding("fly", "Fly.io", path, when(place), tuple(variables), tuple(how), then)


def wrangler(place: Place) -> Iterator[Finding]:
    """A Cloudflare worker or Pages project: `vars` and secrets for the worker, a bundle gets them where it is built."""
    for directory in place.directories:
        path = place.first(directory, "wrangler.jsonc", "wrangler.json", "wrangler.toml")
        if path is None or not (directory == "." or place.is_ours(directory, place.read(path) or "")):
            continue
        text = place.read(path) or ""
        data = _config(path, text)
        pages = at(data, "pages_build_output_dir") is not None
        environments = at(data, "env")
        scopes = [named(data, "vars")]
        if isinstance(environments, Mapping) and not pages:
            scopes = [*scopes, *(named(e, "vars") for e in environments.values())]  # they inherit no vars
        variables, how = [], []
        for w in place.wanted:
            there = w.when == "run" and all(w.name in scope for scope in scopes)
            variables.append(
                Variable(w.name, "there" if there else "unseen", _line(path, text, w.name) if there else "")
            )
            if w.when == "build":
                how.append(f"where the bundle is built (dashboard: Settings > Build > Variables): {w.name}")
            elif not there and pages:
                how.append(f"wrangler pages secret put {w.name} --project-name {at(data, 'name') or 'NAME'}")
            elif not there:
                flags = [""] + [f" --env {e}" for e in environments] if isinstance(environments, Mapping) else [""]
                how += [f"wrangler secret put {w.name}{flag}" for flag in flags]
        title = "Cloudflare Pages" if pages else "Cloudflare Workers"
        then = "Build and deploy anew." if place.names("build") or pages else "A secret deploys by itself."
        yield Finding("wrangler", title, path, when(place), tuple(variables), tuple(how), then)
        return


def _config(path: str, text: str) -> object:
    if path.endswith(".toml"):
        return loaded_toml(text)
    try:
        return {key: member(text, [key]) for key in ("name", "vars", "env", "pages_build_output_dir")}
    except CannotEdit:
        return None


def _line(path: str, text: str, name: str) -> str:
    match = re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text)
    return f"{path}:{text.count(chr(10), 0, match.start()) + 1}" if match else path
