"""Express: ES modules, CommonJS or TypeScript; at module level or in a factory."""

from frameworks.express.layout import variant
from wizard.detect import all_of, file, in_dependencies
from wizard.framework import Framework

FRAMEWORK = Framework(
    name="Express",
    language="javascript",
    runtime="server",
    package="express",
    docs="https://posthog.com/docs/libraries/node",
    supports="Express 4 and 5, Node.js 20.20 and later",
    detect=all_of(
        in_dependencies("express"), file("**/*.{js,mjs,cjs,ts,mts,cts}", contains=r"\bexpress['\"]?\)?\s*\(\s*\)")
    ),
    supersedes=("node", "javascript-web"),
    options=("error_tracking",),
    variant=variant,
)
