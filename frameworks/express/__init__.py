"""Express 4 and 5: ES modules, CommonJS or TypeScript; an app at module level or made by a function."""

from frameworks.express.layout import runs_express, variant
from wizard.detect import all_of, npm
from wizard.framework import Framework

FRAMEWORK = Framework(
    name="Express",
    language="javascript",
    runtime="server",
    package="express",
    docs="https://posthog.com/docs/libraries/node",
    supports="Express 4 and 5, Node 20.20 and later",
    detect=all_of(npm("express"), runs_express),
    supersedes=("node",),
    options=("error_tracking",),
    variant=variant,
)
