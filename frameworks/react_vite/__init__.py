"""React built by Vite, one page or several: PostHog starts in the entry file and wraps what it renders."""

from frameworks.react_vite.layout import built_page, env_directory, names, renders, variant
from wizard.answers import IN_BROWSER
from wizard.detect import all_of, any_of, file, hoisted_npm, npm, own_npm, unless
from wizard.framework import Framework

# each of these renders the page itself, so the entry file is not where PostHog goes
_OTHERS = own_npm(
    "@tanstack/react-start",
    "@tanstack/start",
    "@remix-run/react",
    "@remix-run/node",
    "@remix-run/dev",
    "@react-router/dev",
    "astro",
    "gatsby",
    "@docusaurus/core",
    "vike",
    "vike-react",
    "waku",
    "electron-vite",
    # the pages of a browser extension, which no server delivers
    "@crxjs/vite-plugin",
    "plasmo",
    "wxt",
)

FRAMEWORK = Framework(
    name="React with Vite",
    language="javascript",
    runtime="browser",
    package="react",
    docs="https://posthog.com/docs/libraries/react",
    supports="React 16.8 and later, every Vite with a page of its own (index.html)",
    detect=unless(
        all_of(
            any_of(own_npm("react"), all_of(hoisted_npm("react"), renders)),
            any_of(npm("vite"), file("vite.config.{js,mjs,cjs,ts,mts,cts}")),
            built_page,
        ),
        found=_OTHERS,
    ),
    supersedes=("javascript-web", "node"),
    options=IN_BROWSER,
    emits=("$pageview", "$pageleave", "$autocapture"),
    env_prefix="VITE_",
    env_file=".env.local",
    variant=variant,
    env_names=names,
    env_folder=env_directory,
)
