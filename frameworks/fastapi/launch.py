"""How to start a FastAPI app: uvicorn in the app's own virtual environment, without reload."""

from __future__ import annotations

import re

from frameworks.fastapi.layout import run_app
from wizard.errors import WizardError
from wizard.framework import Launch
from wizard.packages import pypi
from wizard.packages.pypi_environment import environment, interpreter
from wizard.project import Project
from wizard.python_apps import Made, entry, own_sources

_OTHERS = ("hypercorn", "granian", "daphne")


def launch(project: Project, port: int) -> Launch:
    """`uvicorn module:app`. Raises WizardError for an unknown app, and without a virtual environment or uvicorn."""
    found = environment(project)
    if found is None:
        raise WizardError("the app has no virtual environment to start it in", "Make one and install the requirements.")
    app = run_app(project)
    if app is None or app.name.startswith("self."):
        raise WizardError("it cannot be told which app is run", "Name it in a Procfile or Dockerfile: `uvicorn a:app`.")
    if not pypi.installed(project, "uvicorn"):
        other = next((f"{name} is there, but " for name in _OTHERS if pypi.installed(project, name)), "")
        hint = "Install it in the app's virtual environment: `python -m pip install uvicorn`."
        raise WizardError(f"{other}the proof starts the app with uvicorn, which is not installed", hint)
    path, name, factory = _target(project, app)
    module, root = entry(project, path)
    place = () if root == "." else ("--app-dir", root)
    arguments = ("-m", "uvicorn", f"{module}:{name}", *factory, *place, "--host", "127.0.0.1", "--port", str(port))
    return Launch((str(interpreter(found)), *arguments), f"http://127.0.0.1:{port}/")


def _target(project: Project, app: Made) -> tuple[str, str, tuple[str, ...]]:
    """`(file, name, flags)`: the variable at module level that holds what a factory made, else the factory itself."""
    if app.factory is None:
        return app.path, app.name, ()
    called = re.compile(rf"^(\w+)[ \t]*(?::[^=\n]+)?=[ \t]*(?:\w+\.)*{re.escape(app.factory)}\(", re.MULTILINE)
    for path, text in own_sources(project):
        if held := called.search(text):
            return path, held[1], ()
    return app.path, app.factory, ("--factory",)
