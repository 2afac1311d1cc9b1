"""Several apps in one run: answers for all of them, for one alone, and those that each has already."""

from __future__ import annotations

import json
import shlex
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.fixture_case import Case, run_git, snapshot
from tests.in_process import report, wizard
from wizard.answers import Answers, Each, name_of
from wizard.apps import App
from wizard.arguments.group import cli
from wizard.choice import Selection
from wizard.codemods import dotenv
from wizard.commands.choose import Agreed, choose
from wizard.commands.choose_apps import Picked, pick_apps, usual
from wizard.commands.command_line import setup_line
from wizard.commands.setup import Settings
from wizard.console import Console
from wizard.errors import UsageError, WizardError
from wizard.roles import Role
from wizard.status import _options
from wizard.workspace import list_tree

A, B = "phc_" + "a" * 36 + "1111", "phc_" + "b" * 36 + "2222"
PARTS = {"admin": "react-vite-typescript", "api": "flask-module", "web": "nextjs-app"}
NAMES = {"admin": "VITE_PUBLIC_POSTHOG", "api": "POSTHOG", "web": "NEXT_PUBLIC_POSTHOG"}
QUIET = ("--no-install", "--no-verify")


def copied(root: Path) -> Path:
    for path, case in PARTS.items():
        shutil.copytree(Case(case).folder / "project", root / path)
    for part in PARTS:
        (root / part / ".gitignore").write_text("node_modules\n.env\n.env.local\n")
    return root


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copied(tmp_path_factory.mktemp("several") / "repo")


@pytest.fixture
def repo(built: Path) -> Iterator[Path]:
    """Three apps; nothing but env files is written there."""
    yield built
    for path in (*built.glob("*/.env"), *built.glob("*/.env.local")):
        path.unlink()


def has(repo: Path, app: str, token: str = "", host: str = "") -> None:
    """Values in the app's env file, as somebody left them there."""
    lines = [f"{NAMES[app]}_PROJECT_TOKEN={token}\n"] * bool(token) + [f"{NAMES[app]}_HOST={host}\n"] * bool(host)
    (repo / app / (".env" if app == "api" else ".env.local")).write_text("".join(lines))


EU, US = "https://eu.i.posthog.com", "https://us.i.posthog.com"


def settings(*words: str) -> Settings:
    """The command line, really parsed."""
    return Settings(**cli.commands["setup"].make_context("setup", list(words)).params)


def agreed(settings: Settings) -> tuple[Picked, Agreed]:
    picked = pick_apps(list_tree(settings.directory), settings.choices)
    return picked, choose(picked.apps, settings.choices, Console(quiet=True))


def values(picked: Picked, answers: Each) -> dict[str, Answers]:
    """By name, as plans depend on them: with every option, and whoever named the hosts."""
    found = {}
    for app in picked.apps:
        its = answers.of(app)
        options = {option: its.wants(option) for option in app.framework.options}
        found[name_of(app, picked.apps)] = replace(its, options=options, host_read=False)
    return found


def sent(repo: Path, *words: str) -> dict[str, tuple[str | None, str]]:
    """Token and host of each app."""
    picked, found = agreed(settings(str(repo), "--ci", *words))
    return {name: (its.token, its.host) for name, its in values(picked, found.answers).items()}


GIVEN = ("--token", A, "--region", "us")
SAYS = {
    "shared": ((*GIVEN,), {"admin": (A, US), "api": (A, US), "web": (A, US)}),
    "own token and region": (
        (*GIVEN, "--for", f"admin:token={B}", "--for", "admin:region=eu"),
        {"admin": (B, EU), "api": (A, US), "web": (A, US)},
    ),
    "own host": (
        (*GIVEN, "--for", "api:host=https://ph.example.com"),
        {"admin": (A, US), "api": (A, "https://ph.example.com"), "web": (A, US)},
    ),
    "own region in place of a host": (
        ("--token", A, "--host", "https://ph.example.com", "--for", "api:region=eu"),
        {"admin": (A, "https://ph.example.com"), "api": (A, EU), "web": (A, "https://ph.example.com")},
    ),
    "own no-token": (
        (*GIVEN, "--for", "web:no-token"),
        {"admin": (A, US), "api": (A, US), "web": ("", US)},
    ),
    "own token in place of no-token": (
        ("--no-token", "--for", f"./web:token={B}", "--for", "web:region=eu"),
        {"admin": ("", ""), "api": ("", ""), "web": (B, EU)},
    ),
    "nothing shared": (
        tuple(
            word
            for app, token in (("admin", A), ("api", B), ("web", B))
            for word in ("--for", f"{app}:token={token}", "--for", f"{app}:region=eu")
        ),
        {"admin": (A, EU), "api": (B, EU), "web": (B, EU)},
    ),
}


@pytest.mark.parametrize(("words", "wanted"), SAYS.values(), ids=SAYS)
def test_what_is_said(repo: Path, words: tuple[str, ...], wanted: dict[str, tuple[str, str]]) -> None:
    assert sent(repo, "--all", *words) == wanted


STANDS = {
    "each its own": (
        {"admin": (A, EU), "api": (B, US), "web": (A, EU)},
        (),
        {"admin": (A, EU), "api": (B, US), "web": (A, EU)},
    ),
    "the only one goes for all": (
        {"api": (B, EU)},
        (),
        {"admin": (B, EU), "api": (B, EU), "web": (B, EU)},
    ),
    "the host goes with its token": (
        {"admin": (A, EU), "api": (B, US), "web": (A, "")},
        (),
        {"admin": (A, EU), "api": (B, US), "web": (A, EU)},
    ),
    "what is said of one": (
        {"admin": (A, EU), "api": (B, US)},
        ("--for", f"web:token={A}"),
        {"admin": (A, EU), "api": (B, US), "web": (A, EU)},
    ),
    "replaced in all": (
        {"admin": (A, EU), "api": (B, US)},
        ("--token", B, "--region", "us", "--replace-token"),
        {"admin": (B, US), "api": (B, US), "web": (B, US)},
    ),
    "replaced in one": (
        {"admin": (A, EU), "api": (A, EU)},
        ("--for", f"api:token={B}", "--for", "api:region=us", "--for", "api:replace-token"),
        {"admin": (A, EU), "api": (B, US), "web": (A, EU)},
    ),
    "what is no host, and need not be": (
        {"api": (A, "ftp://x")},
        ("--region", "us"),
        {"admin": (A, US), "api": (A, US), "web": (A, US)},
    ),
    "without a token a host alone goes for all": (
        {"admin": ("", EU)},
        ("--token", A),
        {"admin": (A, EU), "api": (A, EU), "web": (A, EU)},
    ),
}


@pytest.mark.parametrize(("there", "words", "wanted"), STANDS.values(), ids=STANDS)
def test_what_stands_in_env_files(
    repo: Path,
    there: dict[str, tuple[str, str]],
    words: tuple[str, ...],
    wanted: dict[str, tuple[str, str]],
) -> None:
    for app, (token, host) in there.items():
        has(repo, app, token, host)
    assert sent(repo, "--all", *words) == wanted


STOPS = {
    "a token too many": (
        {"admin": (A, EU), "api": (B, US)},
        (),
        ("web: the project token is missing", "--for web:token=phc_..."),
    ),
    "a token that is not the one there": (
        {"admin": (A, EU), "api": (B, US)},
        ("--for", f"web:token={A}", "--for", f"api:token={A}"),
        ("api/.env already has the token phc_bbbb...2222", "--for api:replace-token"),
    ),
    "what is no host": ({"api": (A, "ftp://x")}, (), ("POSTHOG_HOST in api/.env: 'ftp://x' is not", "--region")),
    "a token for all that one has not": (
        {"api": (B, US)},
        ("--token", A),
        ("api/.env already has the token phc_bbbb...2222", "--replace-token"),
    ),
}


@pytest.mark.parametrize(("there", "words", "told"), STOPS.values(), ids=STOPS)
def test_what_env_files_contradict(
    repo: Path, there: dict[str, tuple[str, str]], words: tuple[str, ...], told: tuple[str, str]
) -> None:
    for app, (token, host) in there.items():
        has(repo, app, token, host)
    with pytest.raises(WizardError) as caught:
        sent(repo, "--all", *words)
    assert told[0] in caught.value.message
    assert told[1] in caught.value.hint


def test_the_host_of_another_token_says_nothing(repo: Path) -> None:
    has(repo, "admin", A, EU)
    has(repo, "api", B)
    done = wizard(repo, "--ci", "--target", "admin", "--target", "api", "--dry-run")
    assert done.returncode == 2
    assert "error: api: the region is missing" in done.stderr
    assert "For it alone: --for api:region=us|eu" in " ".join(done.stderr.split())


def test_one_env_file_holds_one_token(tmp_path: Path) -> None:
    """Both load the env file of the workspace."""
    root = tmp_path / "repo"
    for path in ("one", "two"):
        shutil.copytree(Case("nextjs-app").folder / "project", root / path)
        package = json.loads((root / path / "package.json").read_text())
        package["scripts"]["dev"] = "dotenv -e ../.env -- next dev"
        (root / path / "package.json").write_text(json.dumps(package))
        for env in (root / path).glob(".env*"):
            env.unlink()
    (root / ".env").write_text("X=1\n")
    (root / "package.json").write_text('{"private": true, "workspaces": ["one", "two"]}')
    done = wizard(root, "--ci", "--all", *GIVEN, "--for", f"two:token={B}", "--dry-run")
    assert done.returncode == 2, done.stderr
    assert "one and two both read NEXT_PUBLIC_POSTHOG_PROJECT_TOKEN from .env" in " ".join(done.stderr.split())
    assert wizard(root, "--ci", "--all", *GIVEN, "--dry-run").returncode == 0


BAD = {
    "no such app": ("docs:no-autocapture", "names none of the apps of this run, which are:\n  --for admin:ANSWER"),
    "no answer": ("web", "names none of the apps"),
    "an empty answer": ("web:", "an answer is missing"),
    "a word that is none": ("web:colour=red", "'colour=red' is no answer; for Next.js there are:\n  token=phc_..."),
    "a value for a switch": ("web:no-autocapture=1", "is no answer"),
    "no value": ("web:token=", "is no answer"),
    "a region that is none": ("web:region=uk", "region=us|eu"),
    "a number that is none": ("web:project-id=x", "project-id=NUMBER"),
    "a version without a package": ("web:sdk-version==1", "sdk-version=NAME=VERSION"),
    "an option that the framework lacks": ("api:no-autocapture", "for Flask there are"),
    "a flag of the whole run": ("web:dry-run", "is no answer"),
    "both ways": ("web:autocapture web:no-autocapture", "--for web:autocapture and --for web:no-autocapture exclude"),
    "twice": ("web:region=us web:region=us", "exclude each other"),
    "region and host": ("web:region=us web:host=https://x.example", "exclude each other"),
    "token and none": (f"web:token={A} web:no-token", "exclude each other"),
    "by both names": ("web:region=us web:nextjs:region=eu", "exclude each other"),
}


@pytest.mark.parametrize(("words", "told"), BAD.values(), ids=BAD)
def test_for_is_refused_with_what_there_is(repo: Path, words: str, told: str) -> None:
    flags = [part for word in words.split() for part in ("--for", word)]
    with pytest.raises(UsageError) as caught:
        sent(repo, "--all", *GIVEN, *flags)
    assert told in caught.value.message


def test_the_variable_takes_several(repo: Path) -> None:
    env = {"POSTHOG_WIZARD_FOR": f"web:token={B} web:region=eu"}
    done = wizard(repo, "--ci", "--all", *GIVEN, "--dry-run", env=env)
    assert done.returncode == 0, done.stderr
    assert "web: token phc_bbbb...2222, PostHog Cloud EU" in done.stderr


SPLIT = {
    "one": ("web", ["web"]),
    "several": ("web api\nadmin", ["web", "api", "admin"]),
    "quoted": ("'report card' \"second one\"/x", ["report card", "second one/x"]),
    "a backslash is a letter": ("apps\\web", ["apps\\web"]),
    "a hash too": ("#1 web", ["#1", "web"]),
    "nothing": (" ", []),
}


@pytest.mark.parametrize(("value", "targets"), SPLIT.values(), ids=SPLIT)
def test_a_variable_of_several_is_split_as_a_shell_does_it(
    value: str, targets: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POSTHOG_WIZARD_TARGET", value)
    assert list(settings("--ci").choices.target) == targets


def test_an_open_quote_is_named(repo: Path) -> None:
    done = wizard(repo, "--ci", *GIVEN, env={"POSTHOG_WIZARD_TARGET": "bob's web"})
    assert done.returncode == 2
    assert "a quote is not closed" in done.stderr


def test_a_command_that_only_looks_takes_no_options(repo: Path) -> None:
    done = wizard("verify", repo, "--ci", "--all", *GIVEN, "--for", "web:no-autocapture")
    assert done.returncode == 2
    assert "'no-autocapture' is no answer; for Next.js there are" in done.stderr


LINES = {
    "shared": ((*GIVEN, "--no-session-replay", "--sdk-version", "posthog-js=1.434.18"), {}),
    "options of one": ((*GIVEN, "--for", "web:no-session-replay", "--for", "web:reverse-proxy"), {}),
    "an option of all but one": ((*GIVEN, "--no-error-tracking", "--for", "api:error-tracking"), {}),
    "versions": (
        (*GIVEN, "--sdk-version", "posthog-js=1.400", "--for", "admin:sdk-version=posthog-js=1.434.18"),
        {},
    ),
    "versions of different packages": (
        (
            *(*GIVEN, "--for", "admin:sdk-version=@posthog/react=1.11.0"),
            *("--for", "api:sdk-version=posthog=7.71", "--for", "web:sdk-version=posthog-js=1.434.18"),
        ),
        {},
    ),
    "projects": (SAYS["own token and region"][0], {}),
    "own hosts": (SAYS["own host"][0], {}),
    "no token for one": (SAYS["own no-token"][0], {}),
    "no token but for one": (SAYS["own token in place of no-token"][0], {}),
    "one there": ((), {"api": (B, EU)}),
    "each there": ((), {"admin": (A, EU), "api": (B, US), "web": (B, US)}),
    "two there": (("--for", f"web:token={A}"), {"admin": (A, EU), "api": (B, US)}),
    "replaced in one": (STANDS["replaced in one"][1], {"admin": (A, EU), "api": (A, EU)}),
    "two of three": ((*GIVEN, "--target", "web", "--target", "api:flask", "--for", "api:region=eu"), {}),
}


@pytest.mark.parametrize(("words", "there"), LINES.values(), ids=LINES)
def test_the_line_that_does_it_again_gives_the_same_answers(
    repo: Path, words: tuple[str, ...], there: dict[str, tuple[str, str]]
) -> None:
    for app, (token, host) in there.items():
        has(repo, app, token, host)
    every = () if "--target" in words else ("--all",)
    first = settings(str(repo), "--ci", *every, *words)
    picked, found = agreed(first)
    line = setup_line(first.run, picked, found.answers, found.choices, Selection())
    again, same = agreed(settings(*shlex.split(line)[2:]))
    assert values(again, same.answers) == values(picked, found.answers)
    assert setup_line(first.run, again, same.answers, same.choices, Selection()) == line


def test_the_shortest_line_is_printed(repo: Path) -> None:
    first = settings(str(repo), "--ci", "--all", *LINES["projects"][0], "--for", "web:no-heatmaps")
    picked, found = agreed(first)
    line = setup_line(first.run, picked, found.answers, found.choices, Selection())
    assert line == (
        f"uvx posthog-wizard {repo} --ci --token {A} --region us --for admin:token={B} --for admin:region=eu "
        "--for web:no-heatmaps --target admin --target api --target web"
    )


def test_the_line_that_does_it_again_is_run(tmp_path: Path) -> None:
    one, other = copied(tmp_path / "one"), copied(tmp_path / "other")
    done = wizard(".", "--ci", "--all", *LINES["projects"][0], "--for", "web:no-heatmaps", *QUIET, cwd=one)
    assert done.returncode == 3, done.stderr
    line = done.stderr.strip().splitlines()[-1].removeprefix("The same again: ")
    wizard(*shlex.split(line)[2:], cwd=other)
    assert snapshot(other) == snapshot(one)
    assert dotenv.read((one / "admin/.env.local").read_text())["VITE_PUBLIC_POSTHOG_HOST"] == EU
    assert B not in (one / "web/.env.local").read_text()
    looked = json.loads(wizard("status", ".", "--json", cwd=one).stdout)
    assert [(app["path"], app["state"]) for app in looked["apps"] if app["path"] != "api"] == [
        ("admin", "set_up"),
        ("web", "set_up"),
    ], "the options of web are its own"


@pytest.fixture
def plan(repo: Path, tmp_path: Path) -> Path:
    """For two projects, one with an own host."""
    file = tmp_path / "plan.json"
    own = ("--for", f"web:token={B}", "--for", "web:host=https://ph.internal.example", "--for", "admin:no-surveys")
    done = wizard(repo, "--ci", "--all", *GIVEN, *own, "--dry-run", "--out", file)
    assert done.returncode == 0, done.stderr
    assert not [value for value in (A, B, "internal") if value in file.read_text()]
    return file


WEB = ("--for", f"web:token={B}", "--for", "web:host=https://ph.internal.example")


def test_a_saved_plan_has_the_answers_of_each_app(plan: Path, tmp_path: Path) -> None:
    direct, later = copied(tmp_path / "direct"), copied(tmp_path / "later")
    wizard(direct, "--ci", "--all", *GIVEN, *WEB, "--for", "admin:no-surveys", *QUIET)
    done = wizard("apply", plan, later, "--ci", "--token", A, *WEB, *QUIET)
    assert done.returncode == 3, done.stderr
    assert snapshot(later) == snapshot(direct)
    line = done.stderr.strip().splitlines()[-1].removeprefix("The same again: ")
    assert f"apply {plan} {later} --ci --for" in line or f"apply {plan} {later} --ci --token {A} --for" in line
    again = wizard(*shlex.split(line)[2:])
    assert "applied already" in again.stderr


APPLIED = {
    "one token for two projects": (("--token", A, *WEB[2:]), 1, "admin, api; web"),
    "two tokens for one project": (("--token", A, "--for", f"api:token={B}", *WEB), 1, "admin, api; web"),
    "no token": ((), 2, "--token phc_..."),
    "another host": (("--token", A, "--for", f"web:token={B}", "--for", "web:host=https://x.example"), 1, "not for"),
    "a host where a region is": (("--token", A, *WEB, "--for", "api:host=https://x.example"), 2, "PostHog Cloud US"),
    "an option": (("--token", A, *WEB, "--for", "web:no-autocapture"), 2, "is no answer"),
}


@pytest.mark.parametrize(("words", "code", "told"), APPLIED.values(), ids=APPLIED)
def test_a_saved_plan_is_not_applied_to_other_projects(
    repo: Path, plan: Path, words: tuple[str, ...], code: int, told: str
) -> None:
    before = snapshot(repo)
    done = wizard("apply", plan, repo, "--ci", *words, *QUIET)
    assert (done.returncode, told in " ".join(done.stderr.split())) == (code, True), done.stderr
    assert snapshot(repo) == before


@pytest.mark.parametrize(
    ("kinds", "taken"),
    [
        (("app", "app"), (0, 1)),
        (("app", "documentation", "command", "app"), (0, 3)),
        (("documentation", "command"), (0, 1)),
    ],
    ids=["apps", "and others", "others alone"],
)
def test_what_all_takes(kinds: tuple[str, ...], taken: tuple[int, ...]) -> None:
    apps = [App(None, "flask", (), Role(kind, "")) for kind in kinds]  # type: ignore[arg-type]
    assert usual(apps) == tuple(apps[i] for i in taken)


def with_docs(root: Path) -> Path:
    (root / "docs").mkdir()
    package = {"scripts": {"dev": "astro dev"}, "dependencies": {"astro": "^5.0.0", "@astrojs/starlight": "^0.35.0"}}
    (root / "docs/package.json").write_text(json.dumps({"name": "docs", "private": True, **package}))
    (root / "docs/astro.config.mjs").write_text("export default {};\n")
    return root


def test_the_list_says_what_each_is_and_what_all_would_not_take(tmp_path: Path) -> None:
    root = with_docs(copied(tmp_path / "repo"))
    done = wizard(root, "--ci", *GIVEN)
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        "error: 4 apps are here; say which:",
        "  --target admin  React with Vite",
        "  --target api    Flask",
        "  --target docs   Astro, documentation (not in --all)",
        "  --target web    Next.js",
        "hint: --target is repeatable; --all takes 3 of them. Or set POSTHOG_WIZARD_TARGET.",
    ]
    taken = report(wizard(root, "--json", "--all", *GIVEN, "--dry-run"))
    assert [app["path"] for app in taken["apps"]] == ["admin", "api", "web"]
    named = report(wizard(root, "--json", "--target", "docs", *GIVEN, "--dry-run"))
    assert [app["path"] for app in named["apps"]] == ["docs"]
    assert len(report(wizard("status", root, "--json"))["apps"]) == 4


@pytest.fixture
def both(tmp_path: Path) -> Path:
    """Django and Vite in one directory."""
    return shutil.copytree(Case("detect-django-and-vite-in-one").folder / "project", tmp_path / "both")


def test_two_in_one_directory_are_told_apart(both: Path) -> None:
    listed = wizard(both, "--ci", *GIVEN)
    assert "  --target .:django      Django\n  --target .:react-vite  React with Vite\n" in listed.stderr
    several = wizard(both, "--ci", *GIVEN, "--target", ".")
    assert "--target .:django or --target .:react-vite" in " ".join(several.stderr.split())
    own = ("--for", ".:django:region=eu", "--for", ".:react-vite:no-autocapture")
    first = settings(str(both), "--ci", "--all", *GIVEN, *own)
    picked, found = agreed(first)
    assert {name: (its.host, its.wants("autocapture")) for name, its in values(picked, found.answers).items()} == {
        ".:django": (EU, True),
        ".:react-vite": (US, False),
    }
    line = setup_line(first.run, picked, found.answers, found.choices, Selection())
    again, same = agreed(settings(*shlex.split(line)[2:]))
    assert values(again, same.answers) == values(picked, found.answers)
    alone, _ = agreed(settings(str(both), "--ci", *GIVEN, "--target", ".:django"))
    assert alone.names == (".:django",)


def test_a_path_means_every_app_in_it(both: Path) -> None:
    assert set(sent(both, "--all", *GIVEN, "--for", ".:region=eu").values()) == {(A, EU)}


def test_status_knows_the_options_of_each_app(both: Path) -> None:
    picked, _ = agreed(settings(str(both), "--ci", "--all", *GIVEN))
    words = shlex.split("uvx posthog-wizard --ci --no-heatmaps --for .:react-vite:no-autocapture --for .:no-surveys")
    assert {app.id: _options(app, words) for app in picked.apps} == {
        "django": {},
        "react-vite": {"autocapture": False, "heatmaps": False, "surveys": False},
    }


def test_no_value_of_any_app_is_in_a_saved_plan(tmp_path: Path) -> None:
    """Where git tracks the env file the value is in a step for people."""
    root, file = copied(tmp_path / "repo"), tmp_path / "plan.json"
    has(root, "web", "", EU)
    run_git(root, "init", "-q")
    run_git(root, "add", "-Af")
    done = wizard(root, "--ci", "--all", *GIVEN, "--for", f"web:token={B}", "--dry-run", "--out", file)
    assert done.returncode == 0, done.stderr
    assert "Set NEXT_PUBLIC_POSTHOG_PROJECT_TOKEN outside of git" in file.read_text()
    assert B not in file.read_text()


def test_checking_the_code_alone_needs_no_token_of_anybody(repo: Path) -> None:
    has(repo, "admin", A, EU)
    done = wizard(repo, "--check", "--target", "admin", "--target", "api", "--for", "api:region=us")
    assert done.returncode == 5, done.stderr
    assert "different projects" not in done.stderr
    assert "phc_aaaa...1111 from admin/.env.local" in done.stderr
