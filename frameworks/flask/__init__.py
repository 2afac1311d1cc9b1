"""Flask: a module-level app or a factory, with or without extensions; subclasses and wrappers are told what to add."""

from frameworks.flask.layout import MADE, variant
from wizard.detect import all_of, any_of, file, pypi
from wizard.framework import Framework
from wizard.python_env import env_folder
from wizard.python_factories import taken_from_another_package

_MADE = r"(?m)\b(?:Flask|APIFlask|FlaskApp|OpenAPI)\s*\(|^class\s+\w+\(\s*(?:flask\.)?Flask\b"

FRAMEWORK = Framework(
    name="Flask",
    language="python",
    runtime="server",
    package="flask",
    docs="https://posthog.com/docs/libraries/flask",
    supports="Flask 2.2 and later, Python 3.10 and later",
    detect=any_of(
        all_of(pypi("flask", "apiflask", "connexion", "flask-openapi3"), file("**/*.py", contains=_MADE)),
        taken_from_another_package(MADE),
    ),
    supersedes=("python",),
    options=("error_tracking",),
    env_folder=env_folder,
    variant=variant,
)
