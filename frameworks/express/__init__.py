"""Express 4 and 5: ES modules, CommonJS or TypeScript; an app at module level or made by a function."""

from frameworks.express.layout import comes_along, runs_express, variant
from wizard.detect import all_of, any_of, hoisted_npm, own_npm, unless
from wizard.framework import Framework

FRAMEWORK = Framework(
    name="Express",
    language="javascript",
    runtime="server",
    package="express",
    docs="https://posthog.com/docs/libraries/node",
    supports="Express 4 and 5, Node 20.20 and later",
    # the server within a window on the desktop, or under another framework, is no app of its own
    detect=unless(
        all_of(any_of(own_npm("express"), hoisted_npm("express"), comes_along), runs_express),
        found=own_npm("electron", "@nestjs/core", "@remix-run/react", "@react-router/dev"),
    ),
    supersedes=("node",),
    options=("error_tracking",),
    variant=variant,
)
