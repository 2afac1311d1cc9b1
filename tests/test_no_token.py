"""Setting up without a token: the app runs and sends nothing, and a later run with one arrives where all would have."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.fixture_case import TOKEN, Case, cases, snapshot
from tests.in_process import report, wizard
from wizard.answers import Answers
from wizard.codemods import dotenv
from wizard.plan import Plan
from wizard.planning import make_plan
from wizard.posthog import hosts
from wizard.workspace import list_tree

QUIET = ("--no-install", "--no-verify")
QUICK = """astro-basics django-startproject express-esm-dotenv fastapi-module flask-module flask-pydantic-settings
    nextjs-app nextjs-pages react-vite-typescript react-vite-existing-names express-kept-lazy-client
    nextjs-kept-provider-without-init flask-nasty-35-env-without-newline react-vite-workspace""".split()
ALL = [
    pytest.param(case, id=case.name, marks=() if case.name in QUICK else pytest.mark.slow)
    for case in cases()
    if "host" not in case.wanted
]


def without(case: Case) -> Answers:
    """Nothing is known, unless a proxy has to know where to."""
    options = case.wanted.get("options", {})
    known = options.get("reverse_proxy", False)
    return Answers(hosts.cloud("eu" if known else "us"), "", options, host_open=not known)


def with_token(case: Case) -> Answers:
    return Answers(hosts.cloud("eu"), TOKEN, case.wanted.get("options", {}))


def contents(plan: Plan) -> dict[str, bytes]:
    return {change.path: change.after for change in plan.files}


@pytest.mark.parametrize("case", ALL)
def test_without_and_then_with_a_token_is_as_with_one_from_the_start(case: Case, tmp_path: Path) -> None:
    app = case.app(list_tree(case.copy(tmp_path)))
    direct = make_plan([app], with_token(case))
    first = make_plan([app], without(case))
    later = replace(app, project=app.project.overlaid(contents(first)))
    second = make_plan([later], with_token(case))
    assert contents(first) | contents(second) == contents(direct)
    assert all(TOKEN.encode() not in change.after or TOKEN.encode() in (change.before or b"") for change in first.files)
    written = [c for c in first.files if c.private]
    left = [m.title for m in first.manual if m.title.startswith("Fill in ")]
    assert bool(left) == bool(written), "what is written without a value has to be filled in"
    assert not [m for m in second.manual if m.title.startswith("Fill in ")]


def test_the_quick_ones_exist() -> None:
    assert {case.name for case in cases()} >= set(QUICK)


@pytest.fixture
def app(tmp_path: Path) -> Path:
    return Case("flask-module").copy(tmp_path)


def test_it_is_not_finished_and_says_what_to_fill_in(app: Path) -> None:
    before = snapshot(app)
    done = report(wizard(app, "--json", "--no-token", *QUIET))
    assert (done["status"], done["exit_code"]) == ("incomplete", 3)
    left = [(m["title"], m["body"], m["where"]) for m in done["apps"][0]["manual"]]
    assert ("Fill in POSTHOG_PROJECT_TOKEN", "POSTHOG_PROJECT_TOKEN=phc_<the project token>", ".env") in left
    again = report(wizard(app, "--json", "--no-token", *QUIET))
    assert (again["exit_code"], again["apps"][0]["files"]) == (3, [])
    assert wizard(app, "--ci", "--token", TOKEN, "--region", "eu", *QUIET).returncode in (0, 3)
    assert dotenv.read((app / ".env").read_text()) == {
        "POSTHOG_PROJECT_TOKEN": TOKEN,
        "POSTHOG_HOST": "https://eu.i.posthog.com",
    }
    wizard("undo", app, "--ci")
    wizard("undo", app, "--ci")
    assert snapshot(app) == before


def test_a_region_that_is_given_is_written(app: Path) -> None:
    wizard(app, "--ci", "--no-token", "--region", "eu", *QUIET)
    assert (app / ".env").read_text() == "POSTHOG_PROJECT_TOKEN=\nPOSTHOG_HOST=https://eu.i.posthog.com\n"


def test_a_token_that_is_there_is_used_all_the_same(app: Path) -> None:
    (app / ".env").write_text(f"POSTHOG_PROJECT_TOKEN={TOKEN}\n")
    done = wizard(app, "--ci", "--no-token", "--region", "us", "--dry-run")
    assert done.returncode == 0, done.stderr
    assert "Fill in" not in done.stderr


def test_a_proxy_has_to_know_where_to(tmp_path: Path) -> None:
    done = wizard(Case("nextjs-app").copy(tmp_path), "--ci", "--no-token", "--reverse-proxy", *QUIET)
    assert done.returncode == 2
    assert "--region" in done.stderr


def test_a_saved_plan_without_a_token(app: Path, tmp_path: Path) -> None:
    plan = tmp_path / "plan.json"
    assert wizard(app, "--dry-run", "--out", plan, "--no-token").returncode == 0
    refused = wizard("apply", plan, app, "--ci", *QUIET, "--token", TOKEN)
    assert refused.returncode == 2, refused.stderr
    assert "without a token" in refused.stderr
    done = wizard("apply", plan, app, "--ci", *QUIET)
    assert done.returncode == 3, done.stderr
    assert (app / ".env").read_text() == "POSTHOG_PROJECT_TOKEN=\nPOSTHOG_HOST=\n"
    again = wizard("apply", plan, app, "--ci", *QUIET)
    assert again.returncode == 3, again.stderr
    assert "applied already" in again.stderr
