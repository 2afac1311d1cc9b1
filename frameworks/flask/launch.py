"""How to start a Flask app: the development server of `flask run`."""

from __future__ import annotations

from frameworks.flask.layout import made
from wizard import python_sdk
from wizard.errors import WizardError
from wizard.framework import Launch
from wizard.packages.pypi_environment import environment, interpreter
from wizard.project import Project


def launch(project: Project, port: int) -> Launch:
    """`flask run` without the reloader, in the app's own virtual environment. Raises WizardError without one."""
    found = environment(project)
    apps = made(project)
    if found is None or not apps:
        raise WizardError("the app has no virtual environment to start it in", "Make one and install the requirements.")
    module = python_sdk.dotted(project, apps[0].path)
    target = module if apps[0].factory is None else f"{module}:{apps[0].factory}"
    arguments = ("-m", "flask", "--app", target, "run", "--port", str(port), "--no-reload")
    path = {"PYTHONPATH": "src"} if apps[0].path.startswith("src/") else {}
    return Launch((str(interpreter(found)), *arguments), f"http://127.0.0.1:{port}/", env=path)
