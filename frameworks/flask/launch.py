"""How to start a Flask app: the development server of `flask run`."""

from __future__ import annotations

from frameworks.flask.layout import app as started_app
from frameworks.flask.layout import wrapped
from wizard.errors import WizardError
from wizard.framework import Launch
from wizard.packages.pypi_environment import environment, interpreter
from wizard.project import Project
from wizard.python_apps import entry


def launch(project: Project, port: int) -> Launch:
    """`flask run` without the reloader, in the app's own virtual environment.

    Raises WizardError without one, and when several apps are made.
    """
    found = environment(project)
    if found is None:
        raise WizardError("the app has no virtual environment to start it in", "Make one and install the requirements.")
    app = started_app(project) or wrapped(project)
    if app is None:
        raise WizardError("cannot tell which Flask app is run", "Name it in .flaskenv: FLASK_APP=package:app")
    module, root = entry(project, app.path)
    target = f"{module}:{app.factory or app.name}"
    arguments = ("-m", "flask", "run", "--port", str(port), "--no-reload")
    # not --app, which is new in Flask 2.2
    env = {"FLASK_APP": target, **({"PYTHONPATH": root} if root != "." else {})}
    return Launch((str(interpreter(found)), *arguments), f"http://127.0.0.1:{port}/", env=env)
