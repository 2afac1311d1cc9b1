"""`verify` on Next.js as create-next-app makes it: policies in its configuration, variables that are missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.harness import RealApp
from tests.e2e.test_nextjs import _without_fonts
from tests.e2e.test_verify_fails import Change, app_link, copied, edit, seen, set_up
from wizard.emits.chrome import find_chrome

pytestmark = pytest.mark.skipif(find_chrome() is None, reason="needs Chrome")


@pytest.fixture(scope="module")
def nextjs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Next.js with the App Router, with PostHog."""
    parent, state = tmp_path_factory.mktemp("nextjs"), tmp_path_factory.mktemp("state")
    flags = ("--app", "--no-src-dir", "--ts", "--no-eslint", "--no-tailwind", "--import-alias", "@/*", "--use-npm")
    create = ("npx", "--yes", "create-next-app@16", "app", *flags, "--disable-git", "--yes")
    RealApp(parent, state).run(*create)
    app = RealApp(parent / "app", state)
    _without_fonts(app)
    return set_up(app)


def policy(text: str) -> Change:
    """A Content-Security-Policy in the headers of next.config."""
    value = (
        f"default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; {text}"
    )
    header = f'{{ key: "Content-Security-Policy", value: "{value}" }}'
    headers = f'headers: async () => [{{ source: "/:path*", headers: [{header}] }}],'
    return edit("next.config.ts", r"const nextConfig: NextConfig = {", f"const nextConfig: NextConfig = {{ {headers}")


@pytest.mark.parametrize(
    ("change", "cause", "words"),
    [
        pytest.param(lambda root: None, "passed", "own code", id="as-set-up"),
        pytest.param(edit(".env.local", r"NEXT_PUBLIC_POSTHOG_PROJECT_TOKEN=\S+", ""), "missing-variable",
                     "NEXT_PUBLIC_POSTHOG_PROJECT_TOKEN is not set", id="missing-variable"),
        pytest.param(edit(".env.local", "NEXT_PUBLIC_POSTHOG_PROJECT_TOKEN", "POSTHOG_KEY"), "wrong-prefix",
                     "only names that begin with NEXT_PUBLIC_ reach the page", id="wrong-prefix"),
        pytest.param(policy("connect-src 'self' ws:"), "csp",
                     "(set in next.config.ts:", id="policy-in-the-headers"),
        pytest.param(policy("connect-src 'self' ws: https://us.i.posthog.com https://us-assets.i.posthog.com"),
                     "passed", "own code", id="policy-that-allows-it"),
        pytest.param(lambda root: (root / "instrumentation-client.ts").unlink(), "no-init",
                     "no PostHog runs in the page", id="init-removed"),
        pytest.param(edit("package.json", r'"dev": "next dev[^"]*"', '"dev": "next dev"'), "passed",
                     "own code", id="by-npm"),
    ],
)  # fmt: skip
def test_next(app: RealApp, nextjs: Path, change: Change, cause: str, words: str) -> None:
    copied(nextjs, app.root)
    change(app.root)
    link = app_link(app, "--region", "us", code=0 if cause == "passed" else 4)
    assert (seen(link)[0] if cause == "passed" else seen(link)[1]) == cause, link
    assert words in link["reason"], link
