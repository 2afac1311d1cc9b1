"""Forty inputs on which setup wizards and codemods were reported to break: a fixture and its essence for each.

The diff of a fixture is checked by test_fixtures.py; here is what must hold beyond it. A row that waits for a framework
fails on the day when that framework is there.
"""

from __future__ import annotations

import codecs
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.fixture_case import FOLDER, Case, run_git, snapshot
from tests.in_process import GIVEN, wizard
from tests.test_install import stub
from tests.variants.plans import Files, files_of, plan_of
from wizard.apply import apply
from wizard.codemods import dotenv
from wizard.errors import UsageError
from wizard.plan import Plan
from wizard.registry import all_frameworks
from wizard.text import decode


@dataclass(frozen=True, slots=True)
class Row:
    """One input: the fixtures and tests of this module that hold it, and the frameworks it was reported for."""

    input: str
    fixtures: tuple[str, ...] = ()
    test: str = ""
    waits_for: tuple[str, ...] = ()


FORTY = {
    1: Row("three dashes in the body of an .astro layout", ("astro-nasty-01-fences",)),
    2: Row("files full of style props beside the one to wrap", ("react-vite-nasty-02-style-props",), "", ("expo",)),
    3: Row(
        "a list of providers in another file",
        ("nextjs-nasty-03-providers-file", "nextjs-nasty-03-provider-there"),
    ),
    4: Row("a hand-tuned init behind a proxy", ("nextjs-nasty-04-hand-tuned-proxy",)),
    5: Row("an .mjs config, no type in package.json", ("nextjs-nasty-05-mjs-without-type",)),
    6: Row("a .js config in a module package", ("nextjs-nasty-06-js-in-module-package",)),
    7: Row(
        "the config in a constant with a JSDoc type",
        ("nextjs-nasty-07-config-constant", "react-vite-nasty-07-config-constant"),
    ),
    8: Row(
        "a call where a literal is expected",
        ("nextjs-nasty-08-rewrites-spread", "react-vite-nasty-08-plugins-call"),
    ),
    9: Row(
        "defineConfig() without an argument",
        (
            "astro-nasty-09-empty-define-config",
            "react-vite-nasty-09-empty-define-config",
            "nextjs-nasty-09-empty-wrapper",
        ),
    ),
    10: Row("defineConfig({})", ("astro-nasty-10-define-config", "nextjs-nasty-10-empty-object")),
    11: Row("a config with comments everywhere", ("nextjs-nasty-11-comments",), "", ("sveltekit",)),
    12: Row("an object with nothing but a comment", ("nextjs-nasty-12-inner-comment",)),
    13: Row("a config indented with tabs", ("nextjs-nasty-13-tabs",), "", ("nuxt",)),
    14: Row("one property per line, no blank lines", ("nextjs-nasty-14-one-per-line",), "", ("nuxt",)),
    15: Row("no semicolons, single quotes", ("react-vite-nasty-15-no-semicolons",), "", ("remix",)),
    16: Row("final newlines, there and not there", ("react-vite-nasty-16-final-newlines",)),
    17: Row("autocrlf=input", (), "test_17_autocrlf"),
    18: Row("a CRLF file with three LF lines", ("react-vite-nasty-18-three-lf",)),
    19: Row("a tsconfig of references", ("react-vite-nasty-19-tsconfig-references",)),
    20: Row("angular.json with comments", (), "", ("angular",)),
    21: Row("a blank line at the end of package.json", ("react-vite-nasty-21-blank-line-at-end",)),
    22: Row("package.json with its own indent", ("astro-nasty-22-two-spaces", "react-vite-nasty-22-tabs")),
    23: Row("workspace:* and no lockfile", ("nextjs-nasty-23-workspace-protocol",)),
    24: Row("a stale yarn.lock beside package-lock.json", (), "test_24_two_lockfiles"),
    25: Row("the app is the workspace root", ("nextjs-nasty-25-app-is-workspace-root",), "", ("nuxt",)),
    26: Row("an app of a Turborepo", ("astro-nasty-26-turborepo",)),
    27: Row("a peer conflict of others", (), "test_27_peer_conflict"),
    28: Row("pages and src/pages", ("nextjs-nasty-28-two-pages-directories",)),
    29: Row("only src/app, output standalone", ("nextjs-nasty-29-src-app-standalone",)),
    30: Row("a layout that exports metadata", ("nextjs-nasty-30-layout-with-metadata",)),
    31: Row(
        "files of an older recipe",
        ("nextjs-nasty-31-old-sentry-client-config", "nextjs-nasty-31-older-recipe"),
    ),
    32: Row("a middleware with its own matcher", ("nextjs-nasty-32-middleware-with-matcher",)),
    33: Row("metro.config.js with mergeConfig", (), "", ("react-native", "expo")),
    34: Row("only build.gradle.kts", (), "", ("android", "expo")),
    35: Row("a .env without a final newline", ("flask-nasty-35-env-without-newline",)),
    36: Row("a .env with nasty values", ("flask-nasty-36-env-values", "react-vite-nasty-36-env-values")),
    37: Row("a .env that is a symlink", (), "test_37_env_is_a_link"),
    38: Row("requirements.txt in UTF-16", (), "test_38_requirements_in_utf_16"),
    39: Row("compiled requirements with hashes", ("fastapi-nasty-39-compiled-with-hashes",)),
    40: Row("manage.py below the root, uv without pip", ("django-nasty-40-below-with-uv",)),
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run on a fixture leaves: its plan, and the text of every file before and after."""

    plan: Plan
    before: dict[str, str]
    after: dict[str, str]

    @property
    def edited(self) -> set[str]:
        """The files that were there and changed."""
        return {path for path, text in self.before.items() if self.after[path] != text}

    def added(self, path: str) -> list[str]:
        """The lines of a file that were not in it before."""
        return [x for x in self.after[path].splitlines() if x not in self.before.get(path, "").splitlines()]

    def count(self, pattern: str) -> int:
        """How often a regular expression matches in all files."""
        return sum(len(re.findall(pattern, text)) for text in self.after.values())

    def argv(self) -> list[tuple[str, ...]]:
        """The package-manager calls."""
        return [call for command in self.plan.installs for call in command.calls]


def outcome(name: str, changed: Files | None = None) -> Outcome:
    """The run on a fixture, in memory; `changed` replaces or adds files."""
    case = Case(name)
    files = {**files_of(case), **(changed or {})}
    plan = plan_of(case, files)
    assert isinstance(plan, Plan), plan
    after = {**files, **{f.path: f.after for f in plan.files}}
    return Outcome(plan, *({p: decode(data)[0] for p, data in tree.items()} for tree in (files, after)))


Essence = Callable[[Outcome], None]
ESSENCES: dict[str, Essence] = {}


def essence(*names: str) -> Callable[[Essence], Essence]:
    def keep(function: Essence) -> Essence:
        ESSENCES.update(dict.fromkeys(names, function))
        return function

    return keep


@pytest.mark.parametrize("name", ESSENCES_OF := sorted(f for row in FORTY.values() for f in row.fixtures))
def test_essence(name: str) -> None:
    ESSENCES[name](outcome(name))


def test_every_input_is_answered_for() -> None:
    assert sorted(FORTY) == list(range(1, 41))
    for number, row in FORTY.items():
        assert row.fixtures or row.test or row.waits_for, f"{number}: {row.input}"
        assert not row.test or row.test in globals(), row.test
        missing = [name for name in row.fixtures if not (FOLDER / name / "case.toml").is_file()]
        assert not missing, missing
    assert set(ESSENCES) == set(ESSENCES_OF)
    named = {path.name for path in FOLDER.iterdir() if re.search(r"-nasty-\d\d-", path.name)}
    assert named == set(ESSENCES_OF)


@pytest.mark.parametrize("number", [number for number, row in FORTY.items() if row.waits_for])
def test_what_waits_for_a_framework_still_waits(number: int) -> None:
    """When this fails, a framework arrived: give its input a fixture, as the report had it, and strike it here."""
    assert not set(FORTY[number].waits_for) & set(all_frameworks())


def test_the_code_of_no_input_holds_a_token_or_a_host() -> None:
    for name in ESSENCES_OF:
        out = outcome(name)
        for path in {f.path for f in out.plan.files} - {p for p in out.after if ".env" in p}:
            fresh = "\n".join(out.added(path))
            assert "phc_" not in fresh, path
            assert not re.search(r"(?<!\|\| [\"'])https://\w+\.i\.posthog\.com", fresh), path


@essence("astro-nasty-01-fences")
def _(out: Outcome) -> None:
    text = out.after["src/layouts/Layout.astro"]
    assert text.startswith("---\nimport Footer")
    assert [line for line in text.splitlines() if line == "---"] == ["---"] * 4
    assert text.index('const rule = "---";\n---\n\n<!doctype') < text.index("<PostHog />") < text.index("</head>")
    assert out.edited == {"src/layouts/Layout.astro", "package.json"}


@essence(
    "react-vite-nasty-02-style-props",
    "react-vite-nasty-08-plugins-call",
    "react-vite-nasty-09-empty-define-config",
    "react-vite-nasty-19-tsconfig-references",
)
def _(out: Outcome) -> None:
    assert out.edited == {"src/main.tsx", "package.json"}
    assert not out.plan.manual


@essence("nextjs-nasty-03-providers-file")
def _(out: Outcome) -> None:
    assert out.count(r"<PostHogProvider\b") == 1
    assert out.count(r"posthog\.init\(") == 1
    assert "use client" not in out.after["app/layout.tsx"]
    assert "app/providers.tsx" not in out.edited


@essence("nextjs-nasty-03-provider-there", "nextjs-nasty-04-hand-tuned-proxy")
def _(out: Outcome) -> None:
    assert out.before == out.after
    assert out.count(r"posthog\.init\(") == 1
    assert not out.argv()


@essence("nextjs-nasty-31-older-recipe")
def _(out: Outcome) -> None:
    # two inits are never active: the newer place is offered, the old one stays
    assert out.before == out.after
    assert any("instrumentation-client" in note.title for note in out.plan.notes)


def proxied(out: Outcome) -> str:
    """The added lines of the config: once, in its own module kind, every old line and comment kept."""
    path = next(p for p in out.edited if p.startswith("next.config"))
    rest = iter(out.after[path])
    assert all(char in rest for char in re.sub(r"\s", "", out.before[path]))
    assert out.after[path].count("/ph-relay/static/") == 1
    for sign in (r"\brequire\(|\bmodule\.exports\b", r"(?m)^(?:import|export)\b"):
        assert bool(re.search(sign, out.before[path])) == bool(re.search(sign, out.after[path]))
    assert '"/ph-relay"' in out.after["instrumentation-client.ts"]
    return "\n".join(out.added(path))


@essence("nextjs-nasty-05-mjs-without-type", "nextjs-nasty-06-js-in-module-package", "nextjs-nasty-07-config-constant",
         "nextjs-nasty-10-empty-object", "nextjs-nasty-11-comments", "nextjs-nasty-12-inner-comment")  # fmt: skip
def _(out: Outcome) -> None:
    assert "require" not in proxied(out)


@essence("react-vite-nasty-07-config-constant")
def _(out: Outcome) -> None:
    assert "import.meta.env.APP_POSTHOG_PROJECT_TOKEN" in out.after["src/main.tsx"]
    assert "vite.config.js" not in out.edited


@essence("nextjs-nasty-08-rewrites-spread", "nextjs-nasty-09-empty-wrapper")
def _(out: Outcome) -> None:
    (step,) = out.plan.manual
    assert re.fullmatch(r"next\.config\.mjs:\d", step.where)
    assert all(
        line in step.body for line in ("skipTrailingSlashRedirect: true", 'source: "/ph-relay/:path*"', "ui_host")
    )
    assert "next.config.mjs" not in out.edited
    # without the rewrites nothing may be sent to the path
    assert "ph-relay" not in out.after["instrumentation-client.ts"]


@essence("astro-nasty-09-empty-define-config", "astro-nasty-10-define-config")
def _(out: Outcome) -> None:
    assert "astro.config.mjs" not in out.edited
    assert not out.plan.manual


@essence("nextjs-nasty-13-tabs")
def _(out: Outcome) -> None:
    assert not re.search(r"^ ", proxied(out), re.MULTILINE)
    assert "\n\tskipTrailingSlashRedirect" in out.after["next.config.ts"]


@essence("nextjs-nasty-14-one-per-line")
def _(out: Outcome) -> None:
    added = proxied(out)
    assert ";" not in added
    assert '"' not in added
    object_text = out.after["next.config.ts"].partition("export default")[2]
    assert "\n\n" not in object_text
    assert object_text.endswith("  }\n} satisfies NextConfig\n")


@essence("react-vite-nasty-15-no-semicolons")
def _(out: Outcome) -> None:
    added = "\n".join(out.added("src/main.tsx"))
    assert ";" not in added
    assert '"' not in added


@essence("react-vite-nasty-16-final-newlines", "react-vite-nasty-21-blank-line-at-end")
def _(out: Outcome) -> None:
    for path in out.edited - {"next.config.ts"}:
        old, new = (re.search(r"\s*\Z", tree[path]) for tree in (out.before, out.after))
        assert old is not None
        assert new is not None
        assert old.group() == new.group(), path


@essence("react-vite-nasty-18-three-lf")
def _(out: Outcome) -> None:
    old = out.before["src/main.tsx"].splitlines(keepends=True)
    new = out.after["src/main.tsx"].splitlines(keepends=True)
    assert [line for line in new if not line.endswith("\r\n")] == [line for line in old if not line.endswith("\r\n")]
    assert sum(not line.endswith("\r\n") for line in new) == 3
    assert len(new) > len(old) + 10


@essence("astro-nasty-22-two-spaces", "react-vite-nasty-22-tabs")
def _(out: Outcome) -> None:
    unit = re.search(r"\n([ \t]+)", out.before["package.json"])
    assert unit
    assert all(re.match(rf"(?:{unit[1]}){{2}}\"", line) for line in out.added("package.json"))


@essence("nextjs-nasty-23-workspace-protocol")
def _(out: Outcome) -> None:
    (argv,) = out.argv()
    assert argv[:4] == ("pnpm", "--filter", "{.}", "install")
    assert "package.json" not in out.edited


@essence("nextjs-nasty-25-app-is-workspace-root")
def _(out: Outcome) -> None:
    (argv,) = out.argv()
    # the manifest is written by us: `pnpm install` needs no -w, which any other manager would choke on
    assert argv[:2] == ("pnpm", "install")
    assert "-w" not in argv


@essence("astro-nasty-26-turborepo")
def _(out: Outcome) -> None:
    (command,) = out.plan.installs
    assert command.argv[:2] == ("npm", "install")
    assert all(path.startswith("apps/docs/") for path in out.edited)


@essence("nextjs-nasty-28-two-pages-directories")
def _(out: Outcome) -> None:
    assert "instrumentation-client.ts" in out.after
    assert "src/instrumentation-client.ts" not in out.after


@essence("nextjs-nasty-29-src-app-standalone")
def _(out: Outcome) -> None:
    assert "src/instrumentation-client.ts" in out.after
    assert "instrumentation-client.ts" not in out.after
    # the bundle holds NEXT_PUBLIC_ variables as they are when it is built, and .env.local rarely gets there
    assert "ARG NEXT_PUBLIC_POSTHOG_PROJECT_TOKEN\n" in out.after["Dockerfile"]


@essence("nextjs-nasty-30-layout-with-metadata")
def _(out: Outcome) -> None:
    assert "use client" not in out.after["app/layout.tsx"]
    assert out.after["app/posthog-provider.tsx"].startswith("'use client'")
    assert out.count(r"<PostHogProvider\b") == 1


@essence("nextjs-nasty-31-old-sentry-client-config")
def _(out: Outcome) -> None:
    assert out.edited == {"package.json"}
    assert out.count(r"Sentry\.init\(") == 1


@essence("nextjs-nasty-32-middleware-with-matcher")
def _(out: Outcome) -> None:
    added = proxied(out)
    assert '{ source: "/home", destination: "/" }' in added + out.before["next.config.ts"]
    assert out.plan.manual == ()
    matcher = "/((?!ph-relay|_next/static|_next/image|favicon.ico).*)"
    assert out.after["middleware.ts"].replace("ph-relay|", "") == out.before["middleware.ts"]
    assert f'"{matcher}"' in out.after["middleware.ts"]


@essence("flask-nasty-35-env-without-newline")
def _(out: Outcome) -> None:
    assert out.after[".env"].startswith(out.before[".env"] + "\n")
    assert dotenv.read(out.after[".env"])["API_KEY"] == "abc"


@essence("flask-nasty-36-env-values", "react-vite-nasty-36-env-values")
def _(out: Outcome) -> None:
    (path,) = (p for p in out.edited if p.startswith(".env"))
    assert out.after[path].startswith(out.before[path])
    old, new = dotenv.read(out.before[path]), dotenv.read(out.after[path])
    assert {name: new[name] for name in old} == old
    assert sorted(value[:10] for value in (new[name] for name in new.keys() - old.keys())) == [
        "https://us",
        "phc_fixtur",
    ]


@essence("fastapi-nasty-39-compiled-with-hashes")
def _(out: Outcome) -> None:
    assert out.added("requirements.in") == ["posthog>=7.71"]
    assert "requirements.txt" not in out.edited


@essence("django-nasty-40-below-with-uv")
def _(out: Outcome) -> None:
    assert {"proj/mysite/settings/base.py", "proj/blog/apps.py", "pyproject.toml"} == out.edited
    assert out.argv() == [("uv", "sync", "--inexact")]


@pytest.mark.skipif(shutil.which("node") is None, reason="needs node")
def test_the_configs_load_in_node(tmp_path: Path) -> None:
    names = ("06-js-in-module-package", "07-config-constant", "10-empty-object", "12-inner-comment")
    for name in names:
        out = outcome(f"nextjs-nasty-{name}")
        for path in (p for p in out.after if p.endswith((".js", ".mjs", "package.json"))):
            file = tmp_path / name / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(out.after[path], encoding="utf-8")
    configs = [str(next((tmp_path / name).glob("next.config.*"))) for name in names]
    script = """
    for (const path of process.argv.slice(1)) {
      const { default: config } = await import(path);
      console.log((await config.rewrites()).map((rule) => rule.destination).join(" "));
    }"""
    done = subprocess.run(
        ["node", "--input-type=module", "-e", script, *configs], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    rules = "https://us-assets.i.posthog.com/static/:path* https://us-assets.i.posthog.com/array/:path*"
    assert done.stdout.splitlines() == [f"{rules} https://us.i.posthog.com/:path*"] * len(names)


def test_17_autocrlf(tmp_path: Path) -> None:
    case = Case("react-vite-typescript")
    root = case.copy(tmp_path)
    run_git(root, "config", "core.autocrlf", "input")
    run_git(root, "config", "core.eol", "crlf")
    plan = case.plan(root)
    apply(root, plan.files, command="test")
    assert all(b"\r" not in data for _, data in snapshot(root).values())
    # git's own settings win over run_git's: ask it as the user would
    changed = run_git(root, "diff", "--name-only").decode().split()
    assert changed == sorted(f.path for f in plan.files if f.before is not None)


def test_24_two_lockfiles(tmp_path: Path) -> None:
    two = {"package-lock.json": b'{"lockfileVersion": 3}', "yarn.lock": b"# yarn lockfile v1\n"}
    case = Case("nextjs-app")
    refused = plan_of(case, {**files_of(case), **two})
    assert isinstance(refused, UsageError)
    assert refused.exit_code == 2
    assert "--package-manager npm|yarn" in (refused.hint or "")
    root = case.copy(tmp_path)
    for name, data in two.items():
        (root / name).write_bytes(data)
    before = snapshot(root)
    assert wizard(root, "--ci", *GIVEN).returncode == 2
    assert snapshot(root) == before


PEERS = """\
npm error code ERESOLVE
npm error ERESOLVE could not resolve
npm error
npm error While resolving: better-auth@1.3.27
npm error Found: @prisma/client@6.19.0
npm error node_modules/@prisma/client
npm error   @prisma/client@"^6.19.0" from the root project
npm error
npm error Could not resolve dependency:
npm error peerOptional @prisma/client@"^5.22.0" from better-auth@1.3.27
npm error node_modules/better-auth
npm error   better-auth@"^1.3.27" from the root project
npm error
npm error Fix the upstream dependency conflict, or retry
npm error this command with --force or --legacy-peer-deps"""


def test_27_peer_conflict(tmp_path: Path) -> None:
    root = Case("react-vite-typescript").copy(tmp_path)
    bin_dir = tmp_path / "bin"
    bin_dir.mkdir()
    log = stub(bin_dir, "npm", f"print({PEERS!r}, file=sys.stderr)\nsys.exit(1)")
    done = wizard(root, "--ci", *GIVEN, "--no-verify", env={"PATH": str(bin_dir)})
    assert done.returncode == 3, done.stderr
    said = " ".join(done.stderr.split())
    assert "better-auth wants @prisma/client ^5.22.0, the project has @prisma/client 6.19.0" in said
    assert "left to you: run npm install" in said
    assert '"posthog-js"' in (root / "package.json").read_text()
    calls = log.read_text().splitlines()
    assert len(calls) == 1
    assert "--force" not in calls[0]
    assert "legacy" not in calls[0]


@pytest.mark.parametrize("inside", [True, False], ids=["inside", "outside"])
def test_37_env_is_a_link(tmp_path: Path, inside: bool) -> None:
    case = Case("flask-nasty-35-env-without-newline")
    root = case.copy(tmp_path)
    target = (root if inside else tmp_path) / "dotfiles" / "flask.env"
    target.parent.mkdir()
    (root / ".env").rename(target)
    (root / ".env").symlink_to(f"{'' if inside else '../'}dotfiles/flask.env")
    before = target.read_text()
    plan = case.plan(root)
    apply(root, plan.files, command="test")
    assert (root / ".env").is_symlink()
    left = {step.body.partition("=")[0] for step in plan.manual if str(target) in step.title}
    if inside:
        assert target.read_text().startswith(before + "\nPOSTHOG_PROJECT_TOKEN=")
        assert not left
    else:
        assert target.read_text() == before
        assert left == {"POSTHOG_PROJECT_TOKEN", "POSTHOG_HOST"}
    assert "posthog" in (root / "requirements.txt").read_text()


@pytest.mark.parametrize("bom", [codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE], ids=["le", "be"])
def test_38_requirements_in_utf_16(bom: bytes) -> None:
    codec = "utf-16-le" if bom == codecs.BOM_UTF16_LE else "utf-16-be"
    frozen = "click==8.3.1\r\nFlask==3.1.2\r\nWerkzeug==3.1.3\r\n"
    out = outcome("flask-module", {"requirements.txt": bom + frozen.encode(codec)})
    (change,) = (f for f in out.plan.files if f.path == "requirements.txt")
    assert change.after == bom + frozen.replace("Werk", "posthog==7.71\r\nWerk").encode(codec)
