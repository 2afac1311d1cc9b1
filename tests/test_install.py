"""Running package managers: exact calls, streamed output, and what their errors mean."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from wizard.cli import main
from wizard.install import Trouble, environment, explain, missing_binaries, run_install
from wizard.packages.command import Command

EXPRESS = "const app = require('express')();\n\napp.listen(3000);\n"
STUB = """#!{python}
import os, sys
from pathlib import Path
with Path({log!r}).open("a") as log:
    log.write(repr((Path(sys.argv[0]).name, *sys.argv[1:], os.getcwd())) + "\\n")
{body}
"""
NPM = Command(("npm", "install"))
OURS = ("posthog-js", "posthog-node", "posthog")


@pytest.fixture
def bin_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


def stub(folder: Path, name: str, body: str = "") -> Path:
    log = folder / "calls"
    path = folder / name
    path.write_text(STUB.format(python=sys.executable, log=str(log), body=body), encoding="utf-8")
    path.chmod(0o755)
    return log


def test_calls_are_made_in_order_in_their_directories(tmp_path: Path, bin_dir: Path) -> None:
    (tmp_path / "apps" / "web").mkdir(parents=True)
    log = stub(bin_dir, "npm")
    stub(bin_dir, "uv")
    commands = [
        Command(("npm", "install", "--no-audit"), "apps/web"),
        Command(("uv", "pip", "compile"), ".", then=(("uv", "sync", "a b>=1"),)),
    ]
    assert run_install(commands, tmp_path, lambda line: None).ok
    web, root = str(tmp_path / "apps" / "web"), str(tmp_path)
    assert log.read_text().splitlines() == [
        repr(("npm", "install", "--no-audit", web)),
        repr(("uv", "pip", "compile", root)),
        repr(("uv", "sync", "a b>=1", root)),
    ]


def test_the_trouble_of_one_app_does_not_stop_its_neighbour(
    tmp_path: Path, bin_dir: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("POSTHOG_WIZARD_STATE_DIR", str(tmp_path / "state"))
    log = stub(
        bin_dir,
        "npm",
        "print('npm error code ENOSPC')\nPath('package-lock.json').write_text('posthog-node')\n"
        "sys.exit(os.getcwd().endswith('api'))",
    )
    root = tmp_path / "repo"
    for app in ("api", "jobs"):
        (root / app).mkdir(parents=True)
        (root / app / "package.json").write_text('{"dependencies": {"express": "5.0.0"}}\n')
        (root / app / "package-lock.json").write_text("{}\n")
        (root / app / "index.js").write_text(EXPRESS)
    answers = ("--ci", "--all", "--no-verify", "--region", "eu", "--token", f"phc_{'a' * 40}", str(root))
    assert main(["--json", *answers]) == 3
    captured = capfd.readouterr()
    assert json.loads(captured.out)["install"] == {
        "ok": False,
        "argv": ["npm", "install", "--no-audit", "--no-fund"],
        "trouble": {"title": "the disk is full", "hint": "Free some space, then run the same command again."},
    }
    assert [line.rsplit("/", 1)[-1] for line in log.read_text().splitlines()] == ["api')", "jobs')"]
    main(["undo", "--ci", str(root)])
    assert main([*answers]) == 3
    said = "".join(capfd.readouterr().err.split())
    assert f"left to you: run npm install --no-audit --no-fund (in {root}/api)".replace(" ", "") in said
    assert f"{root}/jobs)" not in said.partition("Notfinished")[2]


def test_output_is_streamed_plain_and_the_tail_is_kept(tmp_path: Path, bin_dir: Path) -> None:
    stub(bin_dir, "npm", 'print("\\x1b[32mgreen\\x1b[0m")\nprint("half\\rwhole", file=sys.stderr)\nprint("")\n'
         'print(*range(30), sep="\\n")\nsys.exit(7)')  # fmt: skip
    lines: list[str] = []
    result = run_install([NPM], tmp_path, lines.append)
    assert {"green", "half", "whole"} < set(lines)
    assert "" not in lines
    assert not result.ok
    assert result.returncode == 7
    assert len(result.tail) == 20
    assert result.tail[-1] == "29"
    assert result.trouble is not None
    assert result.trouble.title == "`npm install` ended with exit code 7"


def test_the_first_failure_ends_the_run(tmp_path: Path, bin_dir: Path) -> None:
    log = stub(bin_dir, "npm", "sys.exit(1)")
    stub(bin_dir, "pnpm")
    result = run_install([Command(("npm", "install"), then=(("npm", "next"),)), Command(("pnpm",))], tmp_path, print)
    assert result.argv == ("npm", "install")
    assert len(log.read_text().splitlines()) == 1


@pytest.mark.parametrize(
    ("lock", "packages", "title"),
    [
        ("web/yarn.lock", ("posthog-js",), None),
        (
            "web/yarn.lock",
            ("posthog-js", "@posthog/react"),
            "web/yarn.lock was left as it is, without @posthog/react: ",
        ),
        ("yarn.lock", ("posthog-js",), None),
        ("web/bun.lockb", ("posthog-js",), None),
        (None, ("posthog-js",), None),
    ],
    ids=["listed", "held", "no-lockfile", "binary", "none-is-kept"],
)
def test_a_lockfile_held_in_silence_is_trouble(
    lock: str | None, packages: tuple[str, ...], title: str | None, tmp_path: Path, bin_dir: Path
) -> None:
    stub(bin_dir, "yarn")
    (tmp_path / "web").mkdir()
    (tmp_path / "web/yarn.lock").write_text("posthog-js@^1:\n")
    (tmp_path / "web/bun.lockb").write_bytes(b"\0")
    result = run_install([Command(("yarn", "install"), packages=packages, lock=lock)], tmp_path, print)
    assert result.ok == (title is None)
    assert result.trouble is None if title is None else result.trouble is not None
    assert title is None or (result.trouble is not None and result.trouble.title.startswith(title))


def test_nobody_answers_a_prompt(tmp_path: Path, bin_dir: Path) -> None:
    stub(bin_dir, "npm", "sys.exit(len(sys.stdin.read()))")
    assert run_install([NPM], tmp_path, print, timeout=10).ok


def test_a_call_that_hangs_is_stopped_with_its_children(tmp_path: Path, bin_dir: Path) -> None:
    stub(bin_dir, "npm", "import subprocess\nsubprocess.run([sys.executable, '-c', 'import time; time.sleep(60)'])")
    result = run_install([NPM], tmp_path, print, timeout=0.15)
    assert result.timed_out
    assert result.trouble is not None
    assert "took too long" in result.trouble.title


def test_an_interrupt_stops_the_call_and_goes_on(tmp_path: Path, bin_dir: Path) -> None:
    stub(bin_dir, "npm", "print(os.getpid(), flush=True)\nimport time\ntime.sleep(60)")
    pids: list[int] = []

    def interrupt(line: str) -> None:
        pids.append(int(line))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_install([NPM], tmp_path, interrupt)
    with pytest.raises(ProcessLookupError):
        os.kill(pids[0], 0)


def test_missing_programs_are_named_before_anything_runs(tmp_path: Path, bin_dir: Path) -> None:
    stub(bin_dir, "npm")
    (tmp_path / "app").mkdir()
    stub(tmp_path / "app", "python")
    commands = [NPM, Command(("pnpm", "install")), Command(("./python", "-m", "pip"), "app", then=(("uv",), ("pnpm",)))]
    assert missing_binaries(commands, tmp_path) == ("pnpm", "uv")
    assert missing_binaries([], tmp_path) == ()
    failed = run_install(commands[1:], tmp_path, print)
    assert failed.returncode == 127
    assert failed.trouble is not None


def test_a_relative_program_is_found_from_the_directory_of_the_call(tmp_path: Path, bin_dir: Path) -> None:
    (tmp_path / "app" / ".venv").mkdir(parents=True)
    log = stub(tmp_path / "app" / ".venv", "python")
    assert run_install([Command((".venv/python", "-m", "pip"), "app")], tmp_path, print).ok
    assert log.read_text() == repr(("python", "-m", "pip", str(tmp_path / "app"))) + "\n"


def test_the_environment_that_runs_us_is_not_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIRTUAL_ENV", sys.prefix)
    assert "VIRTUAL_ENV" not in environment()
    monkeypatch.setenv("VIRTUAL_ENV", os.path.join(sys.prefix, "other"))  # noqa: PTH118
    assert environment({"A": "1"})["VIRTUAL_ENV"].endswith("other")
    assert environment({"A": "1"})["A"] == "1"


# Output of npm 11.19, pnpm 10.34, yarn 1.22 and 4.18, bun 1.4, uv 0.13, Poetry 1.8, pip 26.0, shortened.
TROUBLES = {
    "npm-own-version": (
        "npm error code ETARGET\nnpm error notarget No matching version found for posthog-node@^99.0.0.\n"
        "npm error notarget In most cases you or one of your dependencies are requesting a version that doesn't exist.",
        "the registry has no posthog-node ^99.0.0",
        "--sdk-version posthog-node=VERSION",
    ),
    "npm-version-of-a-dependency": (
        "npm error code ETARGET\nnpm error notarget No matching version found for @posthog/browser-common@^0.11.0.",
        "the registry has no @posthog/browser-common ^0.11.0",
        "a dependency of a dependency",
    ),
    "pnpm-version-of-a-dependency": (
        " ERR_PNPM_NO_MATCHING_VERSION  No matching version found for @posthog/browser-common@^0.11.0 while fetching it"
        " from https://registry.npmjs.org/\n\nThis error happened while installing the dependencies of"
        " posthog-js@1.449.2\n",
        "the registry has no @posthog/browser-common ^0.11.0",
        "posthog-js@1.449.2 asks for it",
    ),
    "yarn-version": (
        'error Couldn\'t find any versions for "posthog-node" that matches "^99.0.0"',
        "the registry has no posthog-node ^99.0.0",
        "--sdk-version",
    ),
    "berry-version": (
        "\u27a4 YN0082: \u2502 posthog-node@npm:^99.0.0: No candidates found",
        "the registry has no posthog-node ^99.0.0",
        "--sdk-version",
    ),
    "bun-version": (
        'error: No version matching "^0.11.0" found for specifier "@posthog/browser-common" (but package exists)',
        "the registry has no @posthog/browser-common ^0.11.0",
        "a dependency of a dependency",
    ),
    "pip-version": (
        "ERROR: Could not find a version that satisfies the requirement posthog>=99 (from versions: 1.0.0, 1.0.6)\n"
        "ERROR: No matching distribution found for posthog>=99",
        "the registry has no posthog >=99",
        "--sdk-version posthog=VERSION",
    ),
    "uv-version": (
        "error: No solution found when resolving dependencies\n  cause: Because only posthog<=7.91.1 is available and"
        " your project depends on posthog>=99, we can conclude that your project's requirements are unsatisfiable.",
        "the registry has no posthog >=99",
        "--sdk-version posthog=VERSION",
    ),
    "npm-404": (
        "npm error code E404\nnpm error 404  The requested resource '@acme/nope@^1.0.0' could not be found or you do"
        " not have permission to access it.",
        "the registry does not know @acme/nope",
        "log in",
    ),
    "yarn-404": (
        'error Couldn\'t find package "@acme/nope" on the "npm" registry.',
        "the registry does not know @acme/nope, or it cannot be reached",
        "",
    ),
    "yarn-404-in-a-workspace": (
        'error Couldn\'t find package "posthog-node@^5.31.0" required by "api@0.0.0" on the "npm" registry.',
        "the registry does not know posthog-node, or it cannot be reached",
        "",
    ),
    "pnpm-minimum-release-age": (
        " ERR_PNPM_NO_MATURE_MATCHING_VERSION  Version 5.70.0 (released 9 days ago) of posthog-node does not meet the "
        "minimumReleaseAge constraint",
        "no release of posthog-node is as old as a setting of this project demands",
        "--sdk-version posthog-node=VERSION",
    ),
    "bun-minimum-release-age": (
        'error: No version matching "^1.11.0" found for specifier "@posthog/react" (blocked by minimum-release-age: '
        "9 seconds)\nerror: @posthog/react@^1.11.0 failed to resolve",
        "no release of @posthog/react is as old as a setting of this project demands",
        "",
    ),
    "yarn-age-gate": (
        '> YN0016: | posthog-node@npm:^5.31.0: All versions satisfying "^5.31.0" are quarantined',
        "no release of posthog-node is as old as a setting of this project demands",
        "exempt it",
    ),
    "npm-before": (
        "npm error code ENOVERSIONS\nnpm error No versions available for posthog-node",
        "no release of posthog-node is as old as a setting of this project demands",
        "",
    ),
    "npm-before-of-some": (
        "npm error code ETARGET\nnpm error notarget No matching version found for posthog-js@^1.400.0 with a date "
        "before 1/1/2024, 12:00:00 AM.",
        "no release of posthog-js is as old as a setting of this project demands",
        "",
    ),
    "uv-exclude-newer": (
        "error: No solution found when resolving dependencies\n  cause: Because posthog>=7.71 was published after the "
        "exclude newer time and api depends on posthog>=7.71, we can conclude that",
        "no release of posthog is as old as a setting of this project demands",
        "",
    ),
    "uv-locked-by-a-variable": (
        "error: The lockfile at `uv.lock` needs to be updated, but `UV_LOCKED=1` was provided.",
        "the lockfile is frozen by a setting and may not be updated",
        "locked",
    ),
    "yarn-1-where-a-later-one-is-wanted": (
        'error This project\'s package.json defines "packageManager": "yarn@4.5.0". However the current global version '
        "of Yarn is 1.22.22.\n\nCorepack must currently be enabled by running corepack enable in your terminal.",
        "the project wants yarn@4.5.0, the one here is 1.22.22",
        "corepack enable",
    ),
    "another-pnpm": (
        " ERR_PNPM_BAD_PM_VERSION  This project is configured to use v9.15.0 of pnpm. Your current pnpm is v10.34.9",
        "the project wants pnpm@9.15.0, the one here is 10.34.9",
        "",
    ),
    "pnpm-404": (
        " ERR_PNPM_FETCH_404  GET https://registry.npmjs.org/@acme%2Fnope: Not Found - 404\n\n"
        "@acme/nope is not in the npm registry, or you have no permission to fetch it.",
        "the registry does not know @acme/nope",
        "",
    ),
    "uv-404": (
        "  cause: Because zzz-nope was not found in the package registry and your project depends on zzz-nope>=1, we",
        "the registry does not know zzz-nope",
        "",
    ),
    "npm-peers": (
        "npm error code ERESOLVE\nnpm error ERESOLVE unable to resolve dependency tree\nnpm error\n"
        "npm error While resolving: app@1.0.0\nnpm error Found: react@17.0.2\nnpm error node_modules/react\n"
        'npm error   react@"17.0.2" from the root project\nnpm error\nnpm error Could not resolve dependency:\n'
        'npm error peer react@"^18.2.0" from react-dom@18.2.0\nnpm error node_modules/react-dom\n',
        "react-dom and react contradict each other: react-dom wants react ^18.2.0, the project has react 17.0.2",
        "Neither is a package of PostHog's",
    ),
    "npm-refused": (
        "npm error FetchError: request to http://127.0.0.1:9/zod failed, reason: connect ECONNREFUSED 127.0.0.1:9",
        "the package registry at 127.0.0.1 cannot be reached",
        "run `npm install`",
    ),
    "npm-dns": (
        "npm error code ENOTFOUND\nnpm error network request to https://npm.acme.test/zod failed, reason: getaddrinfo"
        " ENOTFOUND npm.acme.test",
        "the package registry at npm.acme.test cannot be reached",
        "proxy",
    ),
    "npm-dns-again": ("npm error code EAI_AGAIN", "the package registry cannot be reached", ""),
    "pip-offline": (
        "WARNING: Retrying (Retry(total=0)) after connection broken by 'NewConnectionError(\"HTTPSConnection(host="
        "'pypi.org', port=443): Failed to establish a new connection\")': /simple/posthog/\n"
        "ERROR: Could not find a version that satisfies the requirement posthog>=7 (from versions: none)\n"
        "ERROR: No matching distribution found for posthog>=7",
        "the package registry at pypi.org cannot be reached",
        "",
    ),
    "uv-offline": (
        "error: Failed to fetch: http://127.0.0.1:9/simple/six/\n  cause: error sending request for url"
        " (http://127.0.0.1:9/simple/six/)\n  cause: tcp connect error",
        "the package registry at 127.0.0.1 cannot be reached",
        "",
    ),
    "npm-engine": (
        'npm error code EBADENGINE\nnpm error notsup Required: {"node":">=90"}\nnpm error notsup Actual: v20',
        "the Node.js version does not fit: >=90 is wanted",
        "Switch",
    ),
    "yarn-engine": (
        'error @: The engine "node" is incompatible with this module. Expected version ">=90". Got "20.20.2"',
        "the Node.js version does not fit: >=90 is wanted",
        "",
    ),
    "pep-668": (
        "error: externally-managed-environment\n\n\u00d7 This environment is externally managed",
        "this Python belongs to the operating system (PEP 668)",
        "python -m venv .venv",
    ),
    "uv-python-floor": (
        "  cause: Because the requested Python version (>=3.8) does not satisfy Python>=3.10 and posthog>=7.71.0"
        " depends on Python>=3.10, we can conclude that posthog>=7.71.0 cannot be used.",
        "posthog needs Python >=3.10, the project also supports older ones",
        "requires-python",
    ),
    "poetry-python-floor": (
        "The current project's supported Python range (>=3.8,<4.0) is not compatible with some of the required packages"
        " Python requirement:\n  - posthog requires Python >=3.10, so it will not be satisfied for Python >=3.8,<3.10",
        "posthog needs Python >=3.10, the project also supports older ones",
        "requires-python",
    ),
    "full-disk": ("npm error code ENOSPC", "the disk is full", "Free some space"),
    "pnpm-frozen": (
        ' ERR_PNPM_OUTDATED_LOCKFILE  Cannot install with "frozen-lockfile" because pnpm-lock.yaml is not up to date',
        "the lockfile is frozen by a setting and may not be updated",
        "`npm install`",
    ),
    "npm-workspace-protocol": (
        'npm error code EUNSUPPORTEDPROTOCOL\nnpm error Unsupported URL Type "workspace:": workspace:*',
        "npm cannot read `workspace:` or `catalog:` dependencies; this project belongs to another package manager",
        "--package-manager pnpm",
    ),
    "certificate": (
        "npm error code SELF_SIGNED_CERT_IN_CHAIN",
        "the registry's certificate is not trusted",
        "NODE_EXTRA_CA_CERTS",
    ),
    "corepack": (
        "/lib/corepack/dist/lib/corepack.cjs:13119\nError: No compatible signature found in package metadata",
        "corepack could not provide npm",
        "Update corepack",
    ),
}


@pytest.mark.parametrize("name", TROUBLES)
def test_explains(name: str) -> None:
    output, title, hint = TROUBLES[name]
    trouble = explain(output, NPM, OURS)
    assert isinstance(trouble, Trouble)
    assert trouble.title == title
    assert hint in trouble.hint
    assert (trouble.title + trouble.hint).isascii()


@pytest.mark.parametrize(
    "output",
    [
        "",
        "added 3 packages in 1s",
        "npm warn EBADENGINE Unsupported engine {\nnpm warn EBADENGINE   required: '>=22'\nnpm error gyp ERR!",
        "npm error code ELIFECYCLE\nnpm error errno 1",
        "SyntaxError: invalid syntax",
    ],
    ids=["nothing", "success", "engine-only-warned", "script-failed", "build-failed"],
)
def test_does_not_guess(output: str) -> None:
    assert explain(output, NPM, OURS) is None


def test_trouble_of_a_run_knows_its_packages(tmp_path: Path, bin_dir: Path) -> None:
    stub(bin_dir, "npm", 'print("npm error notarget No matching version found for nano@^9.0.0.")\nsys.exit(1)')
    result = run_install([Command(("npm", "install"), packages=("posthog-js",))], tmp_path, print)
    assert result.trouble is not None
    assert "a dependency of a dependency" in result.trouble.hint
