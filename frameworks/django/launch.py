"""How to start a Django project: its development server."""

from __future__ import annotations

from frameworks.django.layout import manage_files
from wizard.errors import WizardError
from wizard.framework import Launch
from wizard.packages.pypi_environment import environment, interpreter
from wizard.project import Project


def launch(project: Project, port: int) -> Launch:
    """`manage.py runserver` without the reloader, in the project's own virtual environment.

    Raises WizardError without an environment or a manage.py.
    """
    found, manage = environment(project), manage_files(project)
    if not manage:
        raise WizardError("there is no manage.py to start the project with")
    if found is None:
        raise WizardError("the app has no virtual environment to start it in", "Make one and install the requirements.")
    address = f"127.0.0.1:{port}"
    return Launch((str(interpreter(found)), manage[0], "runserver", address, "--noreload"), f"http://{address}/")
