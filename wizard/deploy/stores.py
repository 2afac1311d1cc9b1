"""Variables that come from a store instead of a file: a command that fetches them for the app, or SST's own config."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from wizard.deploy.hosts import kept, when
from wizard.deploy.place import Place, loaded_json, mentioned
from wizard.deploy.surface import Finding, Variable, lacking

_SCRIPTS = ("package.json", "Makefile", "justfile", "Procfile.dev", "Taskfile.yml", "mise.toml")
_SHELL = ("*.sh", "scripts/*.sh", "bin/*.sh")
_PYTHON = re.compile(r"\b(?:uvicorn|gunicorn|flask|fastapi|manage\.py|python3?|uv run)\b")
_SST = ("sst.config.{ts,js,mjs}", "infra/**/*.ts", "stacks/**/*.{ts,js}", "stack/**/*.ts")


@dataclass(frozen=True, slots=True)
class _Store:
    """`runs` is how a command starts the app with it, `config` its file, `sets` the line that keeps one variable."""

    key: str
    title: str
    runs: str
    config: tuple[str, ...]
    sets: str
    then: str = "The next start has them."


_STORES = (
    _Store(
        "doppler", "Doppler", r"\bdoppler run\b", ("doppler.yaml", ".doppler.yaml"), 'doppler secrets set {0}="VALUE"'
    ),
    _Store("infisical", "Infisical", r"\binfisical run\b", (".infisical.json",), "infisical secrets set {0}=VALUE"),
    _Store("phase", "Phase", r"\bphase run\b", (".phase.json",), "phase secrets create {0}"),
    _Store(
        "1password",
        "1Password",
        r"\bop run\b",
        (),
        "{0}=VALUE (or op://VAULT/ITEM/FIELD) in the env file that op run reads",
    ),
    _Store(
        "vercel-pull",
        "Vercel's env files",
        r"\bvercel (?:env )?pull\b",
        (),
        "vercel env add {0} development",
        "What is pulled takes the place of the file that was there.",
    ),
)


def stores(place: Place) -> Iterator[Finding]:
    """Each store that the app's own start, or that of the workspace, fetches variables from."""
    seen: set[str] = set()
    for directory in place.directories:
        texts = dict(_starts(place, directory))
        for store in _STORES:
            path = next((p for p, text in texts.items() if re.search(store.runs, text)), None)
            path = path or (place.first(directory, *store.config) if store.config else None)
            if path is None or store.key in seen:
                continue
            seen.add(store.key)
            variables = kept(place, {})
            how = tuple(store.sets.format(name) for name in lacking(variables))
            yield Finding(store.key, store.title, path, when(place), variables, how, store.then)


def _starts(place: Place, directory: str) -> Iterator[tuple[str, str]]:
    """`(path, text)` of what starts things from a directory; above the app's own, what is for it or for all apps."""
    for path in place.listed(directory, *_SCRIPTS, *_SHELL):
        text = place.read(path) or ""
        if path.endswith("package.json"):
            data = loaded_json(text)
            scripts = data.get("scripts") if isinstance(data, dict) else None
            lines = [str(line) for line in scripts.values()] if isinstance(scripts, dict) else []
        else:
            lines = text.splitlines()
        yield path, "\n".join(line for line in lines if _is_for(place, line))


def _is_for(place: Place, line: str) -> bool:
    other = place.language != "python" and _PYTHON.search(line)
    return not line.lstrip().startswith("#") and not other and place.may_build(line)


def sst(place: Place) -> Iterator[Finding]:
    """The component of sst.config.ts (or of what it imports) that is made from the app: its `environment`.

    Source: sst.dev/docs/component/aws/nextjs#environment.
    """
    for directory in place.directories:
        config = place.first(directory, "sst.config.ts", "sst.config.js", "sst.config.mjs")
        if config is None:
            continue
        files = {path: place.read(path) or "" for path in (config, *place.listed(directory, *_SST))}
        app = place.seen_from(directory)
        ours = {p: t for p, t in files.items() if place.names_app(app, t) or (app == "." and "new sst." in t)}
        path = next(iter(ours), None)
        if path is None:
            return
        text = ours[path]
        variables = tuple(
            Variable(w.name, "there" if mentioned(text, w.name) else "missing", path if mentioned(text, w.name) else "")
            for w in place.wanted
        )
        what = f"environment of the component in {place.shown(path)}"
        how = tuple(f"{what}: {name}: process.env.{name}!" for name in lacking(variables))
        yield Finding("sst", "SST", path, when(place), variables, how, "sst deploy")
        return
