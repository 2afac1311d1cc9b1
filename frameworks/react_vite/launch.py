"""How to start a React app built by Vite: its development server, which reads the variables anew."""

from __future__ import annotations

from frameworks.react_vite import layout as places
from wizard.errors import WizardError
from wizard.framework import Launch
from wizard.project import Project


def launch(project: Project, port: int) -> Launch:
    """The `vite` of the app's own installation. Raises WizardError when Vite is not installed."""
    script = project.first(*(f"{up}/node_modules/vite/bin/vite.js" for up in project.upwards()))
    if script is None:
        raise WizardError("Vite is not installed here", "Install the app's packages, then run this again.")
    config = places.config(project)
    named = ("--config", config) if config is not None and config not in places.CONFIGS else ()
    base = (places.setting(project, "base") or "/").strip("/.")
    # a base that is a URL is for the built files only
    prefix = f"{base}/" if base and ":" not in base else ""
    entry = next(iter(places.entries(project)), None)
    page = entry.page.removeprefix(places.root(project) + "/") if entry is not None else "index.html"
    path = prefix + page.removesuffix("index.html")
    arguments = ("--port", str(port), "--strictPort", "--host", "127.0.0.1", *named)
    return Launch(("node", script, *arguments), f"http://127.0.0.1:{port}/{path}")
