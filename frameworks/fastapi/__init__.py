"""FastAPI: an app at module level or from a factory, with its lifespan, handlers and pydantic settings."""

from frameworks.fastapi.layout import MADE, variant
from wizard.detect import all_of, any_of, file, pypi
from wizard.framework import Framework
from wizard.python_env import env_folder
from wizard.python_factories import taken_from_another_package

FRAMEWORK = Framework(
    name="FastAPI",
    language="python",
    runtime="server",
    package="fastapi",
    docs="https://posthog.com/docs/libraries/fastapi",
    supports="FastAPI 0.93 and later, Python 3.10 and later",
    detect=any_of(
        all_of(pypi("fastapi", "fastapi-slim"), file("**/*.py", contains=r"\bFastAPI\s*\(|\(FastAPI\b")),
        taken_from_another_package(MADE),
    ),
    supersedes=("python",),
    options=("error_tracking",),
    env_folder=env_folder,
    variant=variant,
)
