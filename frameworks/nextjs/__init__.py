"""Next.js: App Router, Pages Router or both; instrumentation-client from 15.3 on, a provider or _app before."""

from frameworks.nextjs.layout import variant
from wizard.answers import IN_BROWSER
from wizard.detect import all_of, any_of, file, hoisted_npm, npm, own_npm, unless
from wizard.framework import Framework

# these have pages of their own in the same places, and list next for one of its parts
_OTHERS = any_of(own_npm("@docusaurus/core", "gatsby", "astro"), all_of(npm("vite"), file("index.html")))

FRAMEWORK = Framework(
    name="Next.js",
    language="javascript",
    runtime="browser",
    package="next",
    docs="https://posthog.com/docs/libraries/next-js",
    supports="Next.js 12 and later, App Router and Pages Router",
    # a library that only lists next as a peer has neither a config file nor routes
    detect=any_of(
        all_of(
            own_npm("next"),
            any_of(
                file("next.config.{js,mjs,ts,mts,cjs}"),
                unless(file("{app,src/app,pages,src/pages}/**/*.{js,jsx,ts,tsx,md,mdx}"), found=_OTHERS),
            ),
        ),
        # what is listed for all of a workspace says little of one: Nx puts the code of a server into src/app too
        all_of(hoisted_npm("next"), file("next.config.{js,mjs,ts,mts,cjs}")),
    ),
    supersedes=(
        "react-vite",
        "react-cra",
        "react-router",
        "tanstack-router",
        "javascript-web",
        "node",
        "express",
        "fastify",
        "koa",
        "hono",
    ),
    options=(*IN_BROWSER, "reverse_proxy"),
    emits=("$pageview", "$pageleave", "$autocapture"),
    env_prefix="NEXT_PUBLIC_",
    serves=True,
    env_file=".env.local",
    variant=variant,
)
