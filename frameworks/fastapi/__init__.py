"""FastAPI: an app at module level or from a factory, with its lifespan, handlers and pydantic settings."""

from frameworks.fastapi.layout import variant
from wizard.detect import all_of, file, pypi
from wizard.framework import Framework

FRAMEWORK = Framework(
    name="FastAPI",
    language="python",
    runtime="server",
    package="fastapi",
    docs="https://posthog.com/docs/libraries/fastapi",
    supports="FastAPI 0.93 and later, Python 3.10 and later",
    detect=all_of(pypi("fastapi", "fastapi-slim"), file("**/*.py", contains=r"\bFastAPI\s*\(|\(FastAPI\b")),
    supersedes=("python",),
    options=("error_tracking",),
    variant=variant,
)
