"""How to start an Express app: its own start command, or the entry file with Node or the TypeScript runner it has."""

from __future__ import annotations

import re

from frameworks.express import layout as places
from wizard.errors import WizardError
from wizard.framework import Launch
from wizard.packages import npm
from wizard.project import Project

_RUNNERS = ("tsx", "ts-node")


def launch(project: Project, port: int) -> Launch:
    """The entry file, listening on `PORT` or on the number that the code names. Raises WizardError without an entry."""
    layout = places.read(project)
    entry = layout.entry if layout else None
    if layout is None or entry is None or layout.listens is None:
        raise WizardError("no file that starts the server was found", "Name it in the start script of package.json.")
    if not npm.installed(project, "express"):
        raise WizardError("Express is not installed here", "Install the app's packages, then run this again.")
    port = _port(project, layout.reached, port)
    url, env = f"http://127.0.0.1:{port}/", {"PORT": str(port)}
    if not re.search(r"\.[cm]?tsx?$", entry):
        return Launch(("node", entry), url, env=env)
    for name in _RUNNERS:
        bins = (f"{up}/node_modules/.bin/{name}" for up in project.upwards())
        if found := project.first(*bins):
            return Launch((found, entry), url, env=env)
    scripts = project.json("package.json").get("scripts")
    if isinstance(scripts, dict) and "build" in scripts and "start" in scripts:
        return Launch(("npm", "run", "start"), url, build=("npm", "run", "build"), env=env)
    return Launch(("node", entry), url, env=env)


def _port(project: Project, paths: tuple[str, ...], port: int) -> int:
    """`port` when the code reads a variable for it, else the number it listens on."""
    texts = [project.read(path) or "" for path in paths]
    if any(re.search(r"\bPORT\b", text) for text in texts):
        return port
    patterns = (r"\.listen\s*\(\s*(\d{2,5})\b", r"\bport\s*[=:]\s*(\d{2,5})\b")
    return next((int(m[1]) for p in patterns for t in texts if (m := re.search(p, t, re.IGNORECASE))), port)
