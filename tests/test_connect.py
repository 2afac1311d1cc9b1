"""Choosing the project in PostHog: by number in CI, by hand in a terminal, with what is not allowed said in words."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.fake_posthog import DOWN, KEY, TOKEN, FakePostHog, complete
from tests.fixture_case import Case, snapshot
from tests.in_process import report, wizard
from wizard import prompts
from wizard.commands import connect
from wizard.commands.choices import Choices
from wizard.commands.connect import Connection
from wizard.console import Console
from wizard.errors import UsageError, WizardError
from wizard.posthog.access import Access
from wizard.posthog.failures import ApiError
from wizard.posthog.regions import region_of_secret

OTHER = "phc_" + "zZ9yY8xX7wW6" * 3
CONSOLE = Console(quiet=True)


@pytest.fixture
def app(tmp_path: Path) -> Path:
    return Case("flask-module").copy(tmp_path)


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return tmp_path


def several(**settings: object) -> FakePostHog:
    """Three projects in one organization, the second a demo."""
    fields = {42: {"name": "Web shop"}, 7: {"name": "Demo", "is_demo": True}, 8: {"name": "App"}}
    tokens = {"phc_" + "d" * 40: 7, "phc_" + "a" * 40: 8, TOKEN: 42}
    return complete(**{"tokens": tokens, "project_fields": fields, **settings})


class Answers:
    """A person who answers the questions in this order; what was offered is in `offered`."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *answers: str | bool) -> None:
        self.answers = list(answers)
        self.offered: list[list[tuple[str, str]]] = []
        self.asked: list[str] = []
        for name in ("search", "select", "text", "confirm"):
            monkeypatch.setattr(prompts, name, partial(self.answer, name))

    def answer(self, kind: str, message: str, *rest: Any, **more: object) -> str | bool:
        self.asked.append(message)
        if kind in ("search", "select"):
            self.offered.append(list(rest[0]))
        assert self.answers, f"asked too much: {message}"
        return self.answers.pop(0)

    @property
    def titles(self) -> list[str]:
        """What the first question offered."""
        return [title for _, title in self.offered[0]]


def pick(access: Access, **choices: Any) -> Connection:
    given = Choices(Path(), **{"ci": True, **choices})
    return connect.connect(given, None, CONSOLE, access=access)


def test_the_number_of_a_project_gives_token_and_host(app: Path, config: Path) -> None:
    with several() as fake:
        env = {"POSTHOG_WIZARD_PERSONAL_KEY": KEY, "XDG_CONFIG_HOME": str(config)}
        done = wizard(app, "--ci", "--project-id", "42", "--host", fake.url, "--no-install", "--no-verify", env=env)
    assert done.returncode == 3, done.stderr
    assert "'Web shop' (#42)" in done.stderr
    assert KEY not in done.stderr + done.stdout
    assert (app / ".env").read_text() == f"POSTHOG_PROJECT_TOKEN={TOKEN}\nPOSTHOG_HOST={fake.url}\n"
    assert all(KEY.encode() not in content for _, content in snapshot(app).values())


@pytest.mark.parametrize(
    ("arguments", "env", "code", "words"),
    [
        (["--project-id", "42"], {}, 2, "needs a login"),
        (["--project-id", "99"], {"POSTHOG_WIZARD_PERSONAL_KEY": KEY}, 1, "may not see it"),
        (["--project-id", "42"], {"POSTHOG_WIZARD_PERSONAL_KEY": "phx_wrongwrongwrong"}, 1, "does not accept"),
        (["--project-id", "0"], {}, 2, "--project-id"),
        ([], {"POSTHOG_WIZARD_PERSONAL_KEY": KEY}, 2, "--project-id"),
        (["--token", TOKEN, "--no-token"], {}, 2, "exclude"),
    ],
    ids=["no-login", "unknown", "wrong-key", "zero", "no-number", "both"],
)
def test_what_stops_in_ci(
    app: Path, config: Path, arguments: list[str], env: dict[str, str], code: int, words: str
) -> None:
    before = snapshot(app)
    with several() as fake:
        done = wizard(app, "--ci", *arguments, "--host", fake.url, env={"XDG_CONFIG_HOME": str(config), **env})
    assert done.returncode == code, done.stderr
    assert words in done.stderr
    assert "phx_wrong" not in done.stderr
    assert KEY not in done.stderr
    assert snapshot(app) == before


def test_the_token_of_another_project_stops_unless_it_may_be_replaced(app: Path, config: Path) -> None:
    (app / ".env").write_text(f"POSTHOG_PROJECT_TOKEN=phc_{'a' * 40}\n")
    env = {"POSTHOG_WIZARD_PERSONAL_KEY": KEY, "XDG_CONFIG_HOME": str(config)}
    with several() as fake:
        given = (app, "--ci", "--project-id", "42", "--host", fake.url, "--no-install", "--no-verify")
        refused = wizard(*given, env=env)
        assert refused.returncode == 1, refused.stderr
        said = " ".join(refused.stderr.split())
        assert "'App' (#8)" in said
        assert "'Web shop' (#42)" in said
        assert "--replace-token" in said
        done = wizard(*given, "--replace-token", "--allow-dirty", env=env)
    assert done.returncode == 3, done.stderr
    assert TOKEN in (app / ".env").read_text()


def test_the_same_project_again_is_no_trouble(app: Path, config: Path) -> None:
    (app / ".env").write_text(f"POSTHOG_PROJECT_TOKEN={TOKEN}\n")
    env = {"POSTHOG_WIZARD_PERSONAL_KEY": KEY, "XDG_CONFIG_HOME": str(config)}
    with several() as fake:
        done = wizard(app, "--project-id", "42", "--host", fake.url, "--json", "--dry-run", env=env)
    assert report(done)["status"] == "planned"


def test_without_a_login_the_token_there_counts(app: Path, config: Path) -> None:
    """POSTHOG_WIZARD_PROJECT_ID may be set for `verify`; it must not break a set-up that needs none."""
    (app / ".env").write_text(f"POSTHOG_PROJECT_TOKEN={TOKEN}\n")
    env = {"POSTHOG_WIZARD_PROJECT_ID": "42", "XDG_CONFIG_HOME": str(config)}
    done = wizard(app, "--ci", "--region", "us", "--dry-run", env=env)
    assert done.returncode == 0, done.stderr
    assert "Nobody is logged in" in done.stderr


def test_current_first_demo_last_and_marked(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = Answers(monkeypatch, "8")
    with several() as fake:
        assert pick(fake.access()).project.id == 8
    assert asked.titles == [
        "Web shop (#42, current)",
        "App (#8)",
        "Demo (#7, demo)",
        "create a new project",
    ]


def test_the_only_project_is_not_asked_about(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = Answers(monkeypatch)
    with complete() as fake:
        assert pick(fake.access()).project.token == TOKEN
    assert asked.asked == []


@pytest.mark.parametrize("scopes", [{"user:read", "project:read"}, {"project:read"}], ids=["user", "no-user"])
def test_few_scopes_are_enough(monkeypatch: pytest.MonkeyPatch, scopes: set[str]) -> None:
    asked = Answers(monkeypatch, "42")
    with several(keys={KEY: scopes}) as fake:
        assert pick(fake.access()).project.token == TOKEN
    assert "create a new project" not in asked.titles


def test_a_key_for_some_projects_sees_only_these(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = Answers(monkeypatch, "8")
    with several(scoped=[7, 8]) as fake:
        assert pick(fake.access()).project.id == 8
    assert asked.titles == ["App (#8)", "Demo (#7, demo)"]


def test_a_key_for_one_project_needs_no_question(monkeypatch: pytest.MonkeyPatch) -> None:
    Answers(monkeypatch)
    with several(scoped=[7]) as fake:
        assert pick(fake.access()).project.id == 7


def test_another_organization(monkeypatch: pytest.MonkeyPatch) -> None:
    two = [{"id": "org", "name": "Acme", "membership_level": 15}, {"id": "b", "name": "Beta", "membership_level": 1}]
    asked = Answers(monkeypatch, "elsewhere", "8")
    with several(organizations=two, in_organization={8: "b"}) as fake:
        assert pick(fake.access()).project.id == 8
    assert [m for m in asked.asked if "of Beta" in m]
    assert asked.titles[-1] == "a project of another organization"


def test_names_are_a_strangers(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = Answers(monkeypatch, "42")
    fields = {42: {"name": "a\x1b]0;x\x07\nb"}, 8: {"name": "n" * 500}}
    with several(project_fields=fields) as fake:
        pick(fake.access())
    assert all(len(title) < 100 and title.isprintable() for title in asked.titles)


def test_a_project_without_a_token_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    with several(project_fields={42: {"api_token": None}}) as fake, pytest.raises(ApiError, match="did not tell"):
        pick(fake.access(), project_id=42)


def test_creating_a_project(monkeypatch: pytest.MonkeyPatch) -> None:
    Answers(monkeypatch, "new", "Fresh")
    with several() as fake:
        made = pick(fake.access())
        assert made.project.name == "Fresh"
        assert fake.asked("/api/organizations/org/projects/", "POST")[0].json == {"name": "Fresh"}


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"organizations": [{"id": "org", "name": "Org", "membership_level": 1}]}, "An admin of Org can create it"),
        ({"projects_allowed": 3}, "no room for another project"),
        ({"project_fields": {42: {"name": "fresh"}}}, "already exists"),
        ({"canned": {"POST /api/organizations/": DOWN}}, "problem of its own"),
    ],
    ids=["member", "plan", "name-taken", "down"],
)
def test_a_refused_creation_is_said_and_one_can_choose_still(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], settings: dict[str, object], words: str
) -> None:
    Answers(monkeypatch, "new", "Fresh", "42")
    with several(**settings) as fake:
        found = connect.connect(Choices(Path(), ci=True), None, Console(), access=fake.access())
    assert found.project.id == 42
    assert words in " ".join(capsys.readouterr().err.split())


def test_a_login_without_the_right_is_offered_another(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted: list[tuple[str, ...]] = []
    with several(keys={KEY: {"user:read", "project:read"}, "pha_more": {"*"}}) as fake:

        def again(console: Console, hosts: object, scopes: tuple[str, ...]) -> Access:
            wanted.append(scopes)
            return fake.access("pha_more", kind="login")

        monkeypatch.setattr("wizard.commands.login.interactive_login", again)
        Answers(monkeypatch, "new", True, "Fresh")
        assert pick(fake.access(kind="login")).project.name == "Fresh"
    assert "project:write" in wanted[0]


def test_the_region_of_a_key_is_proven(monkeypatch: pytest.MonkeyPatch) -> None:
    with several() as eu, FakePostHog() as us:
        places = {"us": us.hosts("us"), "eu": eu.hosts("eu")}
        monkeypatch.setattr(connect, "region_of_secret", partial(region_of_secret, places=places))
        access = connect.access_of_key(KEY, Choices(Path(), ci=True), CONSOLE)
        assert access.hosts == eu.hosts("eu")
        assert pick(access, project_id=42).project.token == TOKEN


def test_a_region_that_disagrees_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    with several() as fake, pytest.raises(WizardError, match=r"you named us\.posthog\.com") as raised:
        pick(fake.access(region="eu"), project_id=42, region="us")
    assert "login" in raised.value.hint


def test_a_key_that_no_region_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    with FakePostHog() as us, FakePostHog() as eu:
        places = {"us": us.hosts("us"), "eu": eu.hosts("eu")}
        monkeypatch.setattr(connect, "region_of_secret", partial(region_of_secret, places=places))
        with pytest.raises(ApiError, match="no region") as raised:
            connect.access_of_key(KEY, Choices(Path(), ci=True), CONSOLE)
    assert KEY not in str(raised.value) + raised.value.hint


def test_no_key_goes_to_a_host_that_only_the_project_names(app: Path, config: Path) -> None:
    with several() as fake:
        (app / ".env").write_text(f"POSTHOG_HOST={fake.url}\n")
        env = {"POSTHOG_WIZARD_PERSONAL_KEY": KEY, "XDG_CONFIG_HOME": str(config)}
        done = wizard(app, "--ci", "--project-id", "42", "--dry-run", env=env)
        assert fake.requests == []
    assert done.returncode == 2, done.stderr


def test_nobody_to_ask_and_no_project_named(config: Path) -> None:
    with pytest.raises(UsageError, match="login"):
        connect.connect(Choices(Path(), ci=True, project_id=1), None, CONSOLE)


def test_offline_a_number_is_not_enough(app: Path, config: Path) -> None:
    done = wizard("--ci", "--project-id", "42", "--offline", cwd=app, env={"XDG_CONFIG_HOME": str(config)})
    assert done.returncode == 2
    assert "--offline forbids" in done.stderr
