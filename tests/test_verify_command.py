"""`verify` as it is typed: flags, rows, the last line, JSON and exit codes, against a fake PostHog."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.fake_posthog import DOWN, KEY, TOKEN, Canned, FakePostHog, complete, region
from wizard.cli import main
from wizard.verify.verdicts import Status, Waits

Start = Callable[[FakePostHog], FakePostHog]

FLASK = Path(__file__).parent.parent / "fixtures/flask-demo/project"
EVENT = {
    "event": "$pageview",
    "distinct_id": "0192-visitor",
    "properties": {"$lib": "web", "$lib_version": "1.434.18", "$current_url": "http://localhost:3000/a?secret=1#x"},
}
OLD = "01890000-0000-7000-8000-000000000000"


@dataclass(frozen=True)
class Shown:
    """An emission as `wizard.emits` reports it."""

    status: Status
    reason: str
    event: Mapping[str, Any] | None = None
    own: bool = False
    cause: str = ""
    hint: str = ""
    warning: str = ""


@pytest.fixture
def start() -> Iterator[Start]:
    with ExitStack() as stack:
        yield stack.enter_context


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No sleeps, and nobody is logged in."""
    waits = Waits(looks=(3.0, 5.0), sleep=lambda seconds: None)
    monkeypatch.setattr("wizard.commands.verify.Waits", lambda: waits)
    for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "HOME"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "300")


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    (tmp_path / "empty").mkdir()
    return tmp_path / "empty"


@pytest.fixture
def flask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An app whose start is pretended to send EVENT."""
    shutil.copytree(FLASK, tmp_path / "app")
    shown = Shown("passed", "the app's own code sent an event", EVENT, True)
    monkeypatch.setattr("wizard.commands.verify.starter", lambda *args, **kwargs: lambda: shown)
    return tmp_path / "app"


Ran = tuple[int, str]


def verify(capfd: pytest.CaptureFixture[str], *words: object) -> Ran:
    code = main(["verify", *map(str, words)])
    return code, capfd.readouterr().err


def given(own: FakePostHog) -> list[str]:
    return ["--ci", "--token", TOKEN, "--host", own.url]


def with_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POSTHOG_WIZARD_PERSONAL_KEY", KEY)


# --- no app


def test_a_token_alone_is_checked_where_no_app_is(
    empty: Path, start: Start, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with_key(monkeypatch)
    own = start(complete())
    code, said = verify(capfd, empty, *given(own))
    assert code == 0
    assert "No app that the wizard supports is here" in said
    assert "+ Token and host: passed." in said
    assert "- The app's own code: not proven. There is no app here" in said
    assert "+ Event in the project: passed." in said
    assert "Proven: token and host, event in the project. Not proven: the app's own code." in said
    assert "Next:" not in said
    assert KEY not in said
    assert len(own.events) == 1


def test_without_a_token_no_app_is_an_error(empty: Path, capfd: pytest.CaptureFixture[str]) -> None:
    code, said = verify(capfd, empty, "--ci")
    assert code == 1
    assert "found no app" in said


def test_an_unknown_directory_with_a_named_framework_stays_an_error(
    empty: Path, start: Start, capfd: pytest.CaptureFixture[str]
) -> None:
    code, said = verify(capfd, empty, *given(start(complete())), "--framework", "cobol")
    assert code == 2
    assert "no framework 'cobol'" in said


# --- the app


def test_the_event_is_shown_as_it_arrived(
    flask: Path, start: Start, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with_key(monkeypatch)
    code, said = verify(capfd, flask, *given(start(complete())))
    assert code == 0
    assert "$pageview, from web 1.434.18, at http://localhost:3000/a, distinct id 0192-visitor" in said
    assert "secret=1" not in said, "the query of a page may hold anything"
    assert said.count("It went to a listener on this machine") == 1
    assert "Proven: token and host, the app's own code, event in the project." in said
    assert "Not proven" not in said
    assert said.rstrip().endswith("event in the project.")


@pytest.mark.parametrize(
    ("flags", "passed_on"),
    [
        ([], {"command": None, "url": None}),
        (["--app-command", "npm run x"], {"command": "npm run x", "url": None}),
        (["--app-url", "http://localhost:9"], {"command": None, "url": "http://localhost:9"}),
        (["--app-command", "x", "--app-url", "y"], {"command": "x", "url": "y"}),
    ],
    ids=["none", "command", "url", "both"],
)
def test_what_starts_the_app_is_passed_on(
    flags: list[str], passed_on: dict[str, str], flask: Path, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[Any, ...]] = []

    def starter(*args: Any, **kwargs: Any) -> str:
        seen.append((args[4], kwargs))
        return "not in this test"

    monkeypatch.setattr("wizard.commands.verify.starter", starter)
    main(["verify", str(flask), *given(start(complete())), "--timeout", "7", *flags])
    assert seen == [(7.0, passed_on)]


@pytest.mark.parametrize(
    ("flags", "says"),
    [(["--no-app"], "Not started, as --no-app says"), (["--resume", OLD], "Not started: --resume only looks again")],
    ids=["--no-app", "--resume"],
)
def test_the_app_is_not_started(
    flags: list[str],
    says: str,
    flask: Path,
    start: Start,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def starter(*args: Any, **kwargs: Any) -> str:
        raise AssertionError("started")

    monkeypatch.setattr("wizard.commands.verify.starter", starter)
    code, said = verify(capfd, flask, *given(start(complete())), *flags)
    assert code == 0
    assert says in said


def test_token_and_project_are_proven_once_for_all_apps(
    flask: Path, start: Start, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with_key(monkeypatch)
    for name in ("a", "b"):
        shutil.copytree(FLASK, flask / name)
    own = start(complete())
    code = main(["verify", str(flask), *given(own), "--target", "a", "--target", "b", "--json"])
    rows = json.loads(capfd.readouterr().out)["verification"]
    assert code == 0
    assert [(row["path"], row["link"]) for row in rows] == [
        (path, link) for path in ("a", "b") for link in ("token", "app", "readable")
    ]
    assert len(own.events) == 1
    code, said = verify(capfd, flask, *given(own), "--target", "a", "--target", "b")
    assert said.count("Token and host: passed") == 1
    assert "a, b: The app's own code: passed. The app's own code sent an event" in said
    assert "Proven: token and host, the code of a, b, event in the project." in said
    assert said.count("It went to a listener on this machine") == 1


# --- --resume


def test_resume_reports_all_links_and_sends_nothing(
    flask: Path, start: Start, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with_key(monkeypatch)
    own = start(complete())
    own.events.append((42, {"uuid": OLD, "event": "posthog_wizard_test"}))
    code, said = verify(capfd, flask, *given(own), "--resume", OLD)
    assert code == 0
    assert "Proven: token and host, event in the project. Not proven: the app's own code." in said
    assert len(own.events) == 1


def test_what_lag_prints_can_be_typed(
    flask: Path, start: Start, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with_key(monkeypatch)
    monkeypatch.setenv("COLUMNS", "60")
    own = start(complete(lag=2))
    code, said = verify(capfd, flask, *given(own))
    assert code == 0, "lag is no failure"
    line = next(line for line in said.splitlines() if line.startswith("Next: posthog-wizard verify"))
    event = own.events[0][1]["uuid"]
    assert line.endswith(f"--resume {event}")
    code, said = verify(capfd, *line.split()[3:])
    assert code == 0
    assert "Event in the project: passed" in said
    assert len(own.events) == 1


def test_resume_of_no_uuid_is_a_usage_error(flask: Path, start: Start, capfd: pytest.CaptureFixture[str]) -> None:
    own = start(complete())
    code, said = verify(capfd, flask, *given(own), "--resume", "yesterday's")
    assert code == 2
    assert "is not the uuid of an event" in said
    assert own.requests == []


# --- the last line, JSON, exit codes


@pytest.mark.parametrize(
    ("own", "key", "code", "last"),
    [
        pytest.param(complete(), False, 0, "Next: posthog-wizard login --host http://127.0.0.1", id="no login"),
        pytest.param(region(False), True, 4, "Next: posthog-wizard verify", id="unknown token"),
        pytest.param(complete(canned={"/": DOWN}), True, 0, "Next: posthog-wizard verify", id="down, app passed"),
        pytest.param(complete(lag=99), True, 0, "--resume", id="lag"),
        pytest.param(complete(keys={}), True, 4, "Next: posthog-wizard verify", id="wrong key"),
        pytest.param(complete(), True, 0, "Proven: ", id="all proven"),
    ],
)  # fmt: skip
def test_the_last_line_is_the_next_step(
    own: FakePostHog,
    key: bool,
    code: int,
    last: str,
    flask: Path,
    start: Start,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if key:
        with_key(monkeypatch)
    found, said = verify(capfd, flask, *given(start(own)))
    assert found == code
    assert last in said.rstrip().splitlines()[-1]


def test_the_wrong_region_names_the_line_to_change(
    flask: Path, start: Start, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    us, eu = start(region(False)), start(region(True))
    monkeypatch.setattr("wizard.posthog.tokens.CLOUD", {"us": us.hosts("us"), "eu": eu.hosts("eu")})
    monkeypatch.setattr("wizard.posthog.hosts.cloud", lambda name: {"us": us, "eu": eu}[name].hosts(name))
    (flask / ".env").write_text("POSTHOG_HOST=https://us.i.posthog.com\n")
    code, said = verify(capfd, flask, "--ci", "--token", TOKEN)
    assert code == 4
    assert f"Set POSTHOG_HOST in .env to {eu.url}, here and where the app is deployed." in said


@pytest.mark.parametrize(
    ("own", "status", "code"),
    [
        pytest.param(complete(), "verified", 0, id="verified"),
        pytest.param(region(False), "unverified", 4, id="unverified"),
        pytest.param(complete(canned={"/": Canned(403, "no")}), "unverified", 4, id="nothing known"),
    ],
)
def test_json_is_one_object(
    own: FakePostHog, status: str, code: int, empty: Path, start: Start, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["verify", str(empty), *given(start(own)), "--json"]) == code
    out, err = capfd.readouterr()
    found = json.loads(out)
    assert (found["schema"], found["status"], found["exit_code"]) == (1, status, code)
    assert [set(row) for row in found["verification"]] == [
        {"path", "framework", "link", "status", "reason", "detail"}
    ] * 3
    assert {row["status"] for row in found["verification"]} <= {"passed", "failed", "skipped"}
    assert err == ""


def test_rows_can_be_read_at_forty_columns(
    flask: Path, start: Start, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    code, said = verify(capfd, flask, *given(start(complete())), "--no-app")
    assert code == 0
    wide = [line for line in said.splitlines() if len(line) > 40]
    assert all(line.startswith("Next: ") or "http" in line or "phc_" in line for line in wide), wide


def test_nobody_is_asked_what_shall_be_on(
    flask: Path, start: Start, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def ask(*args: Any, **kwargs: Any) -> None:
        raise AssertionError("asked")

    monkeypatch.setattr("wizard.commands.choices.is_interactive", lambda: True)
    for name in ("checkbox", "select", "text", "confirm"):
        monkeypatch.setattr(f"wizard.prompts.{name}", ask)
    code, said = verify(capfd, flask, "--token", TOKEN, "--host", start(complete()).url)
    assert code == 0, said
