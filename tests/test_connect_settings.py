"""What the project has on and off: where the question starts from, what is said, what is switched on, and only then."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.fake_posthog import BUSY, HTML, KEY, TOKEN, Canned, FakePostHog, complete
from tests.fixture_case import Case
from tests.in_process import report, wizard
from wizard import project_settings, prompts
from wizard.answers import IN_BROWSER, OPTIONS, Answers
from wizard.apps import App
from wizard.commands.choices import Choices
from wizard.commands.choose_options import choose_options
from wizard.commands.choose_project import Chosen
from wizard.commands.connect import Connection
from wizard.commands.switch_on import switch_on
from wizard.console import Console
from wizard.planning import make_plan
from wizard.posthog.hosts import cloud
from wizard.posthog.projects import project
from wizard.project_settings import disagreements, off
from wizard.workspace import list_tree

ON = {
    "autocapture_opt_out": False,
    "autocapture_exceptions_opt_in": True,
    "autocapture_web_vitals_opt_in": True,
    "session_recording_opt_in": True,
    "heatmaps_opt_in": True,
    "surveys_opt_in": True,
}
OFF = {name: name == "autocapture_opt_out" for name in ON}


@pytest.fixture
def react(tmp_path: Path) -> App:
    return Case("react-vite-typescript").app(list_tree(Case("react-vite-typescript").copy(tmp_path)))


@pytest.fixture
def flask(tmp_path: Path) -> App:
    return Case("flask-module").app(list_tree(Case("flask-module").copy(tmp_path)))


class Person:
    """Answers the checkbox with `changed` turned over, and a confirmation with `yes`."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, changed: tuple[str, ...] = (), yes: bool = False) -> None:
        self.offered: dict[str, tuple[str, bool]] = {}
        self.changed, self.yes, self.confirmed = changed, yes, ""
        monkeypatch.setattr(Choices, "may_ask", property(lambda self: not self.ci))
        monkeypatch.setattr(prompts, "checkbox", self.checkbox)
        monkeypatch.setattr(prompts, "confirm", self.confirm)
        monkeypatch.setattr(prompts, "fitting", lambda *titles, room=0: titles[0])

    def checkbox(self, message: str, choices: list[tuple[str, str, bool]], required: bool = False) -> list[str]:
        self.offered = {key: (title.rpartition(" - ")[2], checked) for key, title, checked in choices}
        return [key for key, _, checked in choices if checked != (key in self.changed)]

    def confirm(self, message: str, default: bool = True) -> bool:
        assert default is False, "a toggle is changed only on a yes"
        self.confirmed = message
        return self.yes


def ask(app: App, fake: FakePostHog, *, login: bool = True, scopes: set[str] | None = None, **choices: Any) -> Any:
    access = fake.access(scopes=None if scopes is None else frozenset(scopes))
    connection = Connection(access, project(access, 42)) if login else None
    given = Choices(Path(), sets_up=True, **choices)
    return choose_options([app], given, TOKEN, fake.hosts(), connection, Console())


@pytest.mark.parametrize("login", [True, False], ids=["login", "public"])
def test_the_question_starts_from_the_project(app_on: dict[str, Any], login: bool, react: App, person: Person) -> None:
    with complete(project_fields={42: dict(app_on)}) as fake:
        chosen = ask(react, fake, login=login)
    assert person.offered == dict.fromkeys(IN_BROWSER, ("on in the project", True))
    assert chosen.options == dict.fromkeys(IN_BROWSER, True)


@pytest.fixture
def app_on() -> dict[str, Any]:
    return ON


@pytest.fixture
def person(monkeypatch: pytest.MonkeyPatch) -> Person:
    return Person(monkeypatch)


def test_off_with_a_login_is_a_question(react: App, person: Person) -> None:
    with complete(project_fields={42: dict(OFF)}) as fake:
        chosen = ask(react, fake)
    assert person.offered == dict.fromkeys(IN_BROWSER, ("off in the project", False))
    assert person.confirmed == ""
    # nothing in the code forbids what the project may switch on later
    assert chosen.options == {**dict.fromkeys(IN_BROWSER, True), "error_tracking": False}
    assert chosen.switch_on == ()


@pytest.mark.parametrize("yes", [True, False], ids=["yes", "no"])
def test_toggles_are_changed_only_on_a_yes(
    react: App, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], yes: bool
) -> None:
    person = Person(monkeypatch, ("session_replay", "surveys"), yes)
    with complete(project_fields={42: dict(OFF)}) as fake:
        chosen = ask(react, fake)
        assert not [r for r in fake.requests if r.method != "GET" and "introspect" not in r.path]
    assert "session replay, surveys" in person.confirmed
    assert "--switch-on session-replay --switch-on surveys" in person.confirmed
    assert chosen.switch_on == (("session_replay", "surveys") if yes else ())
    said = " ".join(capsys.readouterr().err.split())
    assert ("the project has it off, so nothing is recorded" in said) is not yes


@pytest.mark.parametrize(
    ("login", "scopes"), [(False, None), (True, {"project:read"})], ids=["nobody-logged-in", "may-not-write"]
)
def test_off_and_nobody_can_change_it_is_said_not_asked(
    react: App, person: Person, capsys: pytest.CaptureFixture[str], login: bool, scopes: set[str] | None
) -> None:
    with complete(project_fields={42: dict(OFF)}) as fake:
        chosen = ask(react, fake, login=login, scopes=scopes)
        page = f"{fake.url}/settings/project"
    assert set(person.offered) == {"error_tracking"}
    assert chosen.options == {"error_tracking": False}
    said = " ".join(capsys.readouterr().err.split())
    assert "Off in the project, which the code cannot change: autocapture, session replay, heatmaps" in said
    assert page in said


def test_the_narrow_scope_is_enough_for_session_replay(react: App, person: Person) -> None:
    with complete(project_fields={42: dict(OFF)}) as fake:
        ask(react, fake, scopes={"project:read", "product_enablement:write"})
    assert set(person.offered) == {"session_replay", "error_tracking"}


def test_switched_off_in_the_code_though_on_in_the_project(
    react: App, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Person(monkeypatch, ("heatmaps", "error_tracking"))
    with complete(project_fields={42: dict(ON)}) as fake:
        chosen = ask(react, fake)
    assert (chosen.options["heatmaps"], chosen.options["error_tracking"]) == (False, False)
    said = " ".join(capsys.readouterr().err.split())
    assert "The project has heatmaps on, but the code switches it off for this app." in said
    assert "The code leaves error tracking to the project, where it is on: exceptions are reported." in said


def test_flags_are_answers_and_are_held_against_the_project(
    react: App, person: Person, capsys: pytest.CaptureFixture[str]
) -> None:
    with complete(project_fields={42: dict(OFF)}) as fake:
        chosen = ask(react, fake, login=False, options={"session_replay": True, "error_tracking": True})
    assert person.offered == {}
    assert chosen.options == {"session_replay": True, "error_tracking": True}
    said = " ".join(capsys.readouterr().err.split())
    assert "The code allows session replay, but the project has it off, so nothing is recorded." in said
    assert "The SDK will report uncaught exceptions although error tracking is off in the project." in said


@pytest.mark.parametrize(
    ("settings", "choices"),
    [
        ({"project_fields": {42: dict(OFF)}}, {"ci": True}),
        ({"project_fields": {42: dict(OFF)}}, {"token_required": False}),
        ({"project_fields": {42: dict(OFF)}}, {"offline": True}),
    ],
    ids=["ci", "check", "offline"],
)
def test_nobody_asks_the_network(
    react: App, monkeypatch: pytest.MonkeyPatch, settings: dict[str, Any], choices: dict[str, Any]
) -> None:
    Person(monkeypatch)
    with complete(**settings) as fake:
        access = fake.access()
        connection = Connection(access, project(access, 42))
        fake.requests.clear()
        chosen = choose_options(
            [react], Choices(Path(), sets_up=True, **choices), TOKEN, fake.hosts(), connection, Console()
        )
        assert fake.requests == []
    answers = Answers(cloud("us"), TOKEN, chosen.options)
    assert all(answers.wants(key) == OPTIONS[key].default for key in IN_BROWSER), "CI has the documented defaults"


@pytest.mark.parametrize(
    "canned",
    [Canned(404), HTML, BUSY, Canned(200, "[]"), Canned(200, '{"token": 1, "surveys": {"a": 1}}', delay=1.0)],
    ids=["unknown", "html", "busy", "list", "slow"],
)
def test_a_project_that_does_not_say_leaves_the_usual(
    react: App, person: Person, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], canned: Canned
) -> None:
    monkeypatch.setattr(project_settings, "public", partial(project_settings.public, timeout=0.3))
    with complete(canned={"/array/": canned}) as fake:
        chosen = ask(react, fake, login=False)
    assert chosen.options == dict.fromkeys(IN_BROWSER, True)
    assert capsys.readouterr().err.count("could not be read") == 1


def test_a_command_that_only_looks_asks_for_no_options(react: App, person: Person) -> None:
    with complete(project_fields={42: dict(OFF)}) as fake:
        given = Choices(Path(), options={"surveys": False})
        chosen = choose_options([react], given, TOKEN, fake.hosts(), None, Console())
        assert fake.requests == []
    assert (chosen.options, person.offered) == ({"surveys": False}, {})


@pytest.mark.parametrize(
    "name",
    ["react-vite-typescript", "astro-basics", "nextjs-app", "nextjs-pages", "flask-module", "express-esm-dotenv"],
)
def test_each_option_changes_the_plan(tmp_path: Path, name: str) -> None:
    """Law 8: what changes nothing is not asked."""
    app = Case(name).app(list_tree(Case(name).copy(tmp_path)))

    def plan(key: str, on: bool) -> bytes:
        return make_plan([app], Answers(cloud("us"), TOKEN, {key: on})).diff()

    assert app.framework.options
    assert [key for key in app.framework.options if plan(key, True) == plan(key, False)] == []


def test_a_server_app_does_not_depend_on_toggles_for_browsers(flask: App, person: Person) -> None:
    with complete(project_fields={42: dict(OFF)}) as fake:
        ask(flask, fake)
        assert not fake.asked("/array/")
    assert person.offered["error_tracking"][1] is True


@pytest.mark.parametrize(
    ("options", "there", "count"),
    [
        ({"session_replay": True}, {"session_replay": True}, 0),
        ({"session_replay": False}, {"session_replay": False}, 0),
        ({"session_replay": True}, {}, 0),
        ({}, {"session_replay": False}, 0),
        ({"reverse_proxy": True}, {"session_replay": False}, 0),
        (dict.fromkeys(IN_BROWSER, True), dict.fromkeys(IN_BROWSER, False), 6),
        (dict.fromkeys(IN_BROWSER, False), dict.fromkeys(IN_BROWSER, True), 6),
    ],
    ids=["both-on", "both-off", "unknown", "nothing-wanted", "no-toggle", "all-wanted", "none-wanted"],
)
def test_disagreements(options: dict[str, bool], there: dict[str, bool], count: int) -> None:
    assert len(list(disagreements(options, there))) == count


def test_exceptions_are_never_off_for_good() -> None:
    assert "error_tracking" not in off(dict.fromkeys(IN_BROWSER, False))


def carry_out(fake: FakePostHog, *features: str, login: bool = True) -> dict[str, bool]:
    access = fake.access()
    connection = Connection(access, project(access, 42)) if login else None
    fake.requests.clear()
    chosen = Chosen(Answers(fake.hosts(), TOKEN), connection, features)
    return switch_on(chosen, Choices(Path(), ci=True), Console())


def test_each_by_the_narrowest_endpoint() -> None:
    with complete(project_fields={42: {**OFF, "surveys_opt_in": True}}) as fake:
        assert carry_out(fake, "session_replay", "heatmaps", "surveys") == dict.fromkeys(
            ("session_replay", "heatmaps", "surveys"), True
        )
        changed = [(r.method, r.path, r.json) for r in fake.requests if r.method != "GET"]
    assert changed == [
        ("POST", "/api/projects/42/product_enablement/", {"products": ["session_replay"]}),
        ("PATCH", "/api/projects/42/", {"heatmaps_opt_in": True}),
    ]


def test_a_lacking_scope_is_said_with_the_page(capsys: pytest.CaptureFixture[str]) -> None:
    with complete(keys={KEY: {"project:read"}}) as fake:
        assert carry_out(fake, "session_replay") == {"session_replay": False}
        page = f"{fake.url}/settings/project"
    said = capsys.readouterr().err
    assert "Not switched on in the project: session replay" in said
    assert page in said


def test_nothing_wanted_asks_nothing() -> None:
    with complete() as fake:
        assert carry_out(fake) == {}
        assert fake.requests == []


@pytest.mark.parametrize(
    ("key", "on", "words"),
    [(KEY, True, ""), ("", False, "nobody is logged in"), ("phx_unknownunknown", False, "does not accept")],
    ids=["key", "nobody", "wrong-key"],
)
def test_by_flag_in_ci(tmp_path: Path, key: str, on: bool, words: str) -> None:
    app = Case("react-vite-typescript").copy(tmp_path)
    env = {"XDG_CONFIG_HOME": str(tmp_path / "config"), **({"POSTHOG_WIZARD_PERSONAL_KEY": key} if key else {})}
    with complete(project_fields={42: dict(OFF)}) as fake:
        given = ("--token", TOKEN, "--host", fake.url, "--no-install", "--no-verify", "--switch-on", "session-replay")
        done = wizard(app, "--json", *given, env=env)
        found = report(done)
        assert (found["exit_code"], found["switched_on"]) == (3, {"session_replay": on})
        assert bool(fake.project_fields[42]["session_recording_opt_in"]) is on
        again = wizard(app, "--ci", *given, env=env)
    assert words in " ".join(again.stderr.split())
    assert again.returncode == 0, again.stderr


def test_by_no_flag_nothing_is_switched_in_ci(tmp_path: Path) -> None:
    app = Case("react-vite-typescript").copy(tmp_path)
    env = {"XDG_CONFIG_HOME": str(tmp_path / "config"), "POSTHOG_WIZARD_PERSONAL_KEY": KEY}
    with complete(project_fields={42: dict(OFF)}) as fake:
        done = wizard(app, "--ci", "--project-id", "42", "--host", fake.url, "--dry-run", "--session-replay", env=env)
        assert done.returncode == 0, done.stderr
        assert not [r for r in fake.requests if r.method != "GET"]
