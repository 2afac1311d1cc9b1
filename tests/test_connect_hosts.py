"""Where the PostHog of a project is: named, read, proven by asking, and a question only when nothing else says it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.fake_posthog import KEY, TOKEN, complete
from tests.fixture_case import Case
from tests.in_process import wizard
from wizard import prompts
from wizard.apps import App
from wizard.commands import choose_hosts as module
from wizard.commands import connect
from wizard.commands.choices import Choices
from wizard.commands.choose_hosts import Where, choose_hosts
from wizard.console import Console
from wizard.errors import UsageError, WizardError
from wizard.login import credentials
from wizard.posthog.access import Access
from wizard.posthog.hosts import Hosts, cloud, of
from wizard.workspace import list_tree

OWN = of("https://posthog.example.com")


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Which tokens PostHog was asked about; it says that all of them are of the EU."""
    asked: list[str] = []

    def region_of(token: str, **settings: Any) -> str | None:
        asked.append(token)
        return "eu" if token == TOKEN else None

    monkeypatch.setattr(module, "region_of", region_of)
    return asked


@pytest.fixture(autouse=True)
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


def app_with(tmp_path: Path, host: str = "") -> App:
    root = Case("flask-module").copy(tmp_path)
    if host:
        (root / ".env").write_text(f"POSTHOG_HOST={host}\n")
    return Case("flask-module").app(list_tree(root))


@pytest.mark.parametrize(
    ("choices", "there", "token", "proven", "where", "asks"),
    [
        ({"region": "us"}, "", TOKEN, None, Where(cloud("us")), 0),
        ({"host": OWN.ingest}, "https://eu.i.posthog.com", TOKEN, None, Where(OWN), 0),
        ({}, "https://us.i.posthog.com", TOKEN, None, Where(cloud("us"), read=True), 0),
        ({}, OWN.ingest, TOKEN, None, Where(OWN, read=True), 0),
        ({}, "", TOKEN, None, Where(cloud("eu")), 1),
        ({}, "", TOKEN, cloud("us"), Where(cloud("us")), 0),
        ({}, "https://us.i.posthog.com", TOKEN, cloud("us"), Where(cloud("us")), 0),
        ({"sets_up": True, "replace_token": True}, OWN.ingest, TOKEN, cloud("us"), Where(cloud("us")), 0),
        ({}, "", "", None, Where(cloud("us"), open=True), 0),
        ({"region": "eu"}, "", "", None, Where(cloud("eu")), 0),
        ({"token_required": False}, "", None, None, Where(cloud("us")), 0),
    ],
    ids=[
        "flag",
        "flag-first",
        "read",
        "read-own",
        "proven",
        "access",
        "agree",
        "replaced",
        "open",
        "no-token",
        "check",
    ],
)
def test_where(
    tmp_path: Path,
    asked: list[str],
    choices: dict[str, Any],
    there: str,
    token: str | None,
    proven: Hosts | None,
    where: Where,
    asks: int,
) -> None:
    given = Choices(Path(), **{"ci": True, **choices})
    assert choose_hosts([app_with(tmp_path, there)], given, token, proven, Console(quiet=True)) == where
    assert len(asked) == asks


@pytest.mark.parametrize(
    ("choices", "there", "token", "proven", "words"),
    [
        ({}, "", "phc_unknown", None, "the region is missing"),
        ({"offline": True}, "", TOKEN, None, "the region is missing"),
        ({"region": "us", "host": "https://x.example"}, "", TOKEN, None, "exclude each other"),
        ({"sets_up": True}, "https://us.i.posthog.com", TOKEN, cloud("eu"), "names https://us.i.posthog.com, but"),
        ({"options": {"reverse_proxy": True}}, "", "", None, "--reverse-proxy needs"),
    ],
    ids=["nobody-knows", "offline", "two", "disagree", "proxy"],
)
def test_where_not(
    tmp_path: Path,
    asked: list[str],
    choices: dict[str, Any],
    there: str,
    token: str,
    proven: Hosts | None,
    words: str,
) -> None:
    given = Choices(Path(), **{"ci": True, **choices})
    with pytest.raises(WizardError, match=words):
        choose_hosts([app_with(tmp_path, there)], given, token, proven, Console(quiet=True))
    assert asked == ([] if choices or there else [token])


def test_a_person_is_asked_only_when_nobody_knows(
    tmp_path: Path, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Choices, "may_ask", property(lambda self: True))
    monkeypatch.setattr(prompts, "select", lambda message, choices, default: "eu")
    found = choose_hosts([app_with(tmp_path)], Choices(Path()), "phc_unknown", None, Console(quiet=True))
    assert (found, asked) == (Where(cloud("eu")), ["phc_unknown"])


def test_the_network_that_says_nothing_is_exit_2(tmp_path: Path) -> None:
    done = wizard(Case("flask-module").copy(tmp_path), "--ci", "--token", TOKEN, "--dry-run")
    assert done.returncode == 2, done.stderr
    assert "--region" in done.stderr


def log_in(hosts: Hosts) -> None:
    credentials.save(credentials.Saved(Access("pha_secret", hosts, "login")))


@pytest.mark.parametrize(
    ("saved", "there", "choices", "hosts"),
    [
        ([], None, {}, None),
        ([cloud("eu")], None, {}, cloud("eu")),
        ([cloud("eu"), cloud("us")], None, {"region": "us"}, cloud("us")),
        ([cloud("eu")], cloud("us"), {}, None),
        ([OWN], OWN, {}, OWN),
    ],
    ids=["none", "one", "named", "read-elsewhere", "own"],
)
def test_a_saved_login(saved: list[Hosts], there: Hosts | None, choices: dict[str, Any], hosts: Hosts | None) -> None:
    for one in saved:
        log_in(one)
    found = connect.known_access(Choices(Path(), ci=True, **choices), there, Console(quiet=True))
    assert (found.hosts if found else None) == hosts


def test_two_logins_in_ci_have_to_be_told_apart() -> None:
    log_in(cloud("eu"))
    log_in(cloud("us"))
    with pytest.raises(UsageError, match="more than one") as raised:
        connect.known_access(Choices(Path(), ci=True), None, Console(quiet=True))
    assert "--region us" in raised.value.hint


@pytest.mark.parametrize(("there", "hosts"), [(None, None), (OWN, OWN)], ids=["cloud", "read"])
def test_whoever_is_not_logged_in_can_do_so(
    monkeypatch: pytest.MonkeyPatch, there: Hosts | None, hosts: Hosts | None
) -> None:
    wanted: list[Hosts | None] = []
    with complete(keys={"pha_fresh": {"*"}}) as fake:

        def interactive(console: Console, asked: Hosts | None, scopes: tuple[str, ...], *, host_read: bool) -> Access:
            assert host_read
            wanted.append(asked)
            return fake.access("pha_fresh", kind="login")

        monkeypatch.setattr("wizard.commands.login.interactive_login", interactive)
        monkeypatch.setattr(Choices, "may_ask", property(lambda self: True))
        found = connect.connect(Choices(Path()), there, Console(quiet=True))
    assert found.project.token == TOKEN
    assert wanted == [hosts]
    assert KEY not in repr(found)
    assert "pha_fresh" not in repr(found)
