"""How to start an Express app: by what its scripts run, without their watchers, or the entry file itself."""

from __future__ import annotations

import re

from frameworks.express import layout as places
from frameworks.express.start import Start, started_by
from wizard.errors import WizardError
from wizard.framework import Launch
from wizard.packages import npm
from wizard.project import Project

_RUNNERS = ("tsx", "ts-node")


def launch(project: Project, port: int) -> Launch:
    """The file that the scripts run, as they run it, listening on `PORT` or on the number that the code names.

    Raises WizardError without one, and for an app whose packages are missing.
    """
    layout = places.read(project)
    entry = layout.entry if layout and layout.listens else None
    start = started_by(project)
    if entry is None and start is None:
        raise WizardError("no file that starts the server was found", "Name it in the start script of package.json.")
    if not npm.installed(project, "express"):
        raise WizardError("Express is not installed here", "Install the app's packages, then run this again.")
    if start is None:
        assert entry is not None
        start = _of_file(project, entry)
    texts = [project.read(path) or "" for path in layout.reached] if layout else []
    texts += [text for _, text in places.own_sources(project)]
    number = _port(texts, port)
    url = f"http://127.0.0.1:{number}/" if number else None
    return Launch(start.argv, url, build=start.build, env={**start.env, "PORT": str(number or port)})


def _of_file(project: Project, entry: str) -> Start:
    """An entry that no script tells how to run."""
    if re.search(r"\.[cm]?tsx?$", entry):
        for name in _RUNNERS:
            bins = (f"{up}/node_modules/.bin/{name}" for up in project.upwards())
            if found := project.first(*bins):
                # nobody runs it this way, so nobody has seen to its types
                return Start((found, entry), {"TS_NODE_TRANSPILE_ONLY": "1"} if name == "ts-node" else {})
        scripts = project.json("package.json").get("scripts")
        if isinstance(scripts, dict) and "build" in scripts and "start" in scripts:
            return Start(("npm", "run", "start"), build=("npm", "run", "build"))
    return Start(("node", entry))


def _port(texts: list[str], port: int) -> int | None:
    """`port` when the code reads a variable for it, else the number it listens on; None when nothing tells."""
    if any(re.search(r"\bPORT\b", text) for text in texts):
        return port
    patterns = (r"\.listen\s*\(\s*(\d{2,5})\b", r"\bport\s*[=:]\s*(\d{2,5})\b")
    return next((int(m[1]) for p in patterns for t in texts if (m := re.search(p, t, re.IGNORECASE))), None)
