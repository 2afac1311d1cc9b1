"""Astro: static, server and hybrid output, with or without view transitions."""

from frameworks.astro.layout import variant
from wizard.answers import IN_BROWSER
from wizard.detect import all_of, any_of, file, hoisted_npm, own_npm
from wizard.framework import Framework

FRAMEWORK = Framework(
    name="Astro",
    language="javascript",
    runtime="browser",
    package="astro",
    docs="https://posthog.com/docs/libraries/astro",
    supports="Astro 3 and later",
    # an integration or a theme lists astro too, but has no pages
    detect=any_of(
        all_of(
            own_npm("astro"), any_of(file("astro.config.{mjs,js,ts,mts,cjs}"), file("src/pages/**/*.{astro,md,mdx}"))
        ),
        all_of(hoisted_npm("astro"), file("astro.config.{mjs,js,ts,mts,cjs}")),
    ),
    supersedes=("react-vite", "vue", "svelte", "javascript-web", "node"),
    options=IN_BROWSER,
    emits=("$pageview", "$pageleave", "$autocapture"),
    env_prefix="PUBLIC_",
    serves=True,
    env_file=".env.local",
    variant=variant,
)
