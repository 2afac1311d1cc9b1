"""The package that renders a Vite app: found behind what the entry calls, and nowhere else."""

from __future__ import annotations

import pytest

from frameworks.react_vite.layout import computes_env_directory, names
from frameworks.react_vite.shell import Shell, shell
from tests.existing_case import app

MOUNTS = "import { createRoot } from 'react-dom/client'\nexport const mount = (app) => createRoot(el).render(app)\n"
FILES = {
    "apps/web/package.json": '{"dependencies": {"@acme/shell": "*", "@acme/ui": "*"}}',
    "packages/shell/package.json": '{"name": "@acme/shell", "dependencies": {"@acme/dom": "*"}}',
    "packages/shell/src/index.ts": "export { mount } from './mount'\nexport const theme = 1\n",
    "packages/shell/src/mount.tsx": MOUNTS,
    "packages/shell/src/main.tsx": MOUNTS,
    "packages/shell/src/far.ts": "export { mount } from '@acme/dom'\n",
    "packages/dom/package.json": '{"name": "@acme/dom"}',
    "packages/dom/src/index.tsx": MOUNTS,
    "packages/ui/package.json": '{"name": "@acme/ui"}',
    "packages/ui/src/index.tsx": "export const Button = () => <b />\n",
}
MOUNT = "../../packages/shell/src/mount.tsx"

ENTRIES: dict[str, tuple[str, Shell | None]] = {
    "handed_an_element": ("import { mount } from '@acme/shell'\nmount(<App />)\n", Shell(MOUNT, ("mount",))),
    "handed_pages": ("import { mount as start } from '@acme/shell'\nstart({ pages })\n", Shell(MOUNT, ("start",))),
    "only_run": ("import '@acme/shell/main'\n", Shell("../../packages/shell/src/main.tsx", ())),
    "behind_two_packages": (
        "import { mount } from '@acme/shell/far'\nmount(<App />)\n",
        Shell("../../packages/dom/src/index.tsx", ("mount",)),
    ),
    "renders_by_itself": ("import { mount } from '@acme/shell'\nimport 'react-dom/client'\nmount(<App />)\n", None),
    "not_called": ("import { theme } from '@acme/shell'\nViteReactSSG({ theme })\n", None),
    "only_types": ("import type { mount } from '@acme/shell'\nlet mount: typeof mount\nmount(1)\n", None),
    "components": ("import { Button } from '@acme/ui'\nstart(<Button />)\n", None),
    "registry": ("import { mount } from 'single-spa'\nmount(<App />)\n", None),
}


@pytest.mark.parametrize(("entry", "expected"), ENTRIES.values(), ids=ENTRIES)
def test_shell(entry: str, expected: Shell | None) -> None:
    assert shell(app({**FILES, "apps/web/src/main.tsx": entry}, "apps/web"), "src/main.tsx") == expected


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ("envDir: paths.env", True),
        ("envDir", True),
        ("root: 'client', envDir,", True),
        ("envDir: '../..'", False),
        ("envDir: resolve(__dirname, '../..')", False),
        ("// envDir: paths.env", False),
        ("plugins: [other(options.envDir)]", False),
        ("", False),
    ],
)
def test_an_env_directory_that_is_computed(settings: str, expected: bool) -> None:
    assert (
        computes_env_directory(app({"vite.config.ts": f"export default defineConfig({{ {settings} }})\n"})) is expected
    )


@pytest.mark.parametrize(
    ("prefix", "token"), [("APP", "APP_POSTHOG"), ("APP_", "APP_POSTHOG"), ("VITE_", "VITE_PUBLIC")]
)
def test_a_prefix_and_the_rest_of_a_name_are_two_words(prefix: str, token: str) -> None:
    found = names(app({"vite.config.ts": f"export default {{ envPrefix: '{prefix}' }}\n"}))
    assert found.token.startswith(f"{token}_")
