"""Flask: a module-level app or a factory, with or without an extensions module."""

from frameworks.flask.layout import variant
from wizard.detect import all_of, file, pypi
from wizard.framework import Framework

FRAMEWORK = Framework(
    name="Flask",
    language="python",
    runtime="server",
    package="flask",
    docs="https://posthog.com/docs/libraries/flask",
    supports="Flask 2.2 and later, Python 3.10 and later",
    detect=all_of(pypi("flask"), file("**/*.py", contains=r"\bFlask\s*\(")),
    supersedes=("python",),
    options=("error_tracking",),
    variant=variant,
)
