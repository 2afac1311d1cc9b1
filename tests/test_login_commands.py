"""`login` and `logout` as people and scripts use them, through the command line and a real pseudo-terminal."""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.fake_oauth import FakeOAuth
from tests.fake_posthog import HTML, Canned
from wizard.cli import main
from wizard.commands import login
from wizard.console import Console
from wizard.errors import WizardError
from wizard.login import credentials
from wizard.login import store as credential_store
from wizard.posthog import device_login
from wizard.posthog.hosts import Hosts, of
from wizard.posthog.scopes import DEFAULT

KEY = "phx_" + "S3cretS3cret" * 3
ENTER, CTRL_C, CTRL_D = "\r", "\x03", "\x04"


@pytest.fixture
def server() -> Iterator[FakeOAuth]:
    with FakeOAuth(keys={KEY: list(DEFAULT)}) as fake:
        yield fake


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))


def command(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(list(arguments))
    out, err = capsys.readouterr()
    assert KEY not in out + err
    return code, out, " ".join(err.split())


def piped(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(text))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "logging in through the browser needs a terminal"),
        (("--json",), "logging in through the browser needs a terminal"),
        (("--save",), "login --key --save"),
        (("--device",), "Add --save to keep it"),
        (("--device", "--save"), "the region is missing"),
        (("--device", "--no-save"), "no use with --no-save"),
        (("--device", "--key"), "exclude each other"),
        (("--region", "us", "--host", "https://ph.example"), "exclude each other"),
        (("--host", "ftp://x"), "not a URL"),
        (("--key",), "no key was piped in"),
        (("--key", "--json"), "no key was piped in"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_without_a_terminal_nothing_waits(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], words: str
) -> None:
    piped(monkeypatch, "\n")
    code, out, err = command(capsys, "login", *arguments)
    assert code == 2
    assert words in err
    assert ("--json" in arguments) == bool(out)
    if out:
        assert json.loads(out)["exit_code"] == 2


@pytest.mark.parametrize(
    ("key", "code", "words"),
    [
        ("phc_project", 2, "a project token, not a personal API key"),
        ("pha_token", 2, "an OAuth access token, not a personal API key"),
        ("phs_secret", 2, "a project's secret API key"),
        ("phx_with blank", 1, "blanks"),
        ("phx_unknownkey", 1, "does not accept the personal API key"),
    ],
)
def test_keys_that_are_none(
    server: FakeOAuth,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    key: str,
    code: int,
    words: str,
) -> None:
    piped(monkeypatch, key)
    ended, _, err = command(capsys, "login", "--key", "--save", "--host", server.url)
    assert ended == code, err
    assert words in err
    assert credentials.stored_hosts() == []


def test_a_key_that_is_piped_in(
    server: FakeOAuth, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    piped(monkeypatch, f"{KEY}\nmore\n")
    code, out, _ = command(capsys, "login", "--key", "--save", "--json", "--host", server.url)
    report = json.loads(out)
    assert code == report["exit_code"] == 0
    assert (report["schema"], report["status"], report["way"]) == (1, "logged_in", "key")
    assert (report["email"], report["saved"], report["lacking"]) == ("ann@example.com", "file", [])
    found = credentials.access_for({}, server.hosts)
    assert found is not None
    assert found.secret == KEY


def test_a_key_that_is_not_saved_leaves_nothing(
    server: FakeOAuth, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    piped(monkeypatch, KEY)
    code, _, err = command(capsys, "login", "--key", "--host", server.url)
    assert code == 0
    assert "Not saved" in err
    assert not credential_store.credentials_file().exists()


def test_a_narrow_key_says_what_will_not_work(
    server: FakeOAuth, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    server.keys[KEY] = ["query:read"]
    piped(monkeypatch, KEY)
    code, out, err = command(capsys, "login", "--key", "--save", "--host", server.url, "--scope", "project:write")
    assert (code, out) == (0, "")
    assert "The starter dashboard will not work: dashboard:read, dashboard:write" in err
    assert "Creating a project will not work: project:write" in err
    assert "onfirming that an event arrived" not in err


def test_a_damaged_file_is_known_before_the_login(
    server: FakeOAuth, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = credential_store.credentials_file()
    file.parent.mkdir()
    file.write_text("{")
    piped(monkeypatch, KEY)
    code, _, err = command(capsys, "login", "--key", "--save", "--host", server.url)
    assert code == 1
    assert "damaged" in err
    assert server.requests == []


def test_a_variable_that_goes_first_is_named(
    server: FakeOAuth, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("POSTHOG_PERSONAL_API_KEY", "phx_other")
    piped(monkeypatch, KEY)
    _, _, err = command(capsys, "login", "--key", "--save", "--host", server.url)
    assert "POSTHOG_PERSONAL_API_KEY is set and goes before it" in err


def test_the_device_login_works_without_a_terminal(
    server: FakeOAuth, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(device_login.wait, "__kwdefaults__", {"sleep": lambda s: server.approve(), "clock": lambda: 0})
    code, out, err = command(capsys, "login", "--device", "--save", "--json", "--host", server.url)
    report = json.loads(out)
    assert code == 0, err
    assert "ABCD-1234" in err
    assert f"{server.url}/cli/authorize?code=ABCD-1234" in err
    assert (report["way"], report["projects"], report["saved"]) == ("device", [7], "file")
    assert {row["step"] for row in report["lacking"]} >= {"the starter dashboard"}
    assert not [key for key in server.keys if key in out + err]


def saved_login(server: FakeOAuth) -> credentials.Saved:
    from tests.test_credentials import login_at

    saved = login_at(server)
    credentials.save(saved)
    return saved


def test_logging_out_revokes_and_deletes(server: FakeOAuth, capsys: pytest.CaptureFixture[str]) -> None:
    saved = saved_login(server)
    code, out, _ = command(capsys, "logout", "--json")
    assert code == 0
    assert json.loads(out) == {
        "schema": 1,
        "status": "logged_out",
        "exit_code": 0,
        "logins": [
            {"host": server.url, "kind": "login", "revoked": True, "deleted": True, "remark": "", "left": ""},
        ],
    }
    assert server.grant_of(saved.access.secret) is None
    assert server.grant_of(saved.refresh) is None
    assert not credential_store.credentials_file().exists()
    code, _, err = command(capsys, "logout")
    assert code == 0
    assert "Not logged in" in err


@pytest.mark.parametrize(
    ("host", "read", "answer", "asked", "goes_on"),
    [
        ("https://ph.example", True, False, 1, False),
        ("https://ph.example", True, True, 1, True),
        ("https://ph.example", False, False, 0, True),
        ("https://eu.posthog.com", True, False, 0, True),
        (None, True, False, 0, True),
    ],
    ids=["a-no", "a-yes", "named", "cloud", "any-region"],
)
def test_no_login_at_a_host_that_only_the_project_names(
    monkeypatch: pytest.MonkeyPatch, host: str | None, read: bool, answer: bool, asked: int, goes_on: bool
) -> None:
    questions: list[str] = []

    def confirm(question: str, default: bool = True) -> bool:
        questions.append(question)
        assert not default
        return answer

    def arrived(console: Console, hosts: Hosts | None, scopes: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(login, "is_interactive", lambda: True)
    monkeypatch.setattr("wizard.prompts.confirm", confirm)
    monkeypatch.setattr("wizard.commands.login_ways.through_browser", arrived)
    with pytest.raises(ZeroDivisionError if goes_on else WizardError):
        login.interactive_login(Console(), of(host) if host else None, host_read=read)
    assert len(questions) == asked


def test_a_new_login_gives_the_replaced_one_back(
    server: FakeOAuth, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    old = saved_login(server)
    piped(monkeypatch, KEY)
    code, _, _ = command(capsys, "login", "--key", "--save", "--host", server.url)
    assert code == 0
    assert server.grant_of(old.access.secret) is None
    assert server.grant_of(old.refresh) is None
    kept = credentials.saved(server.url)
    assert kept is not None
    assert kept.access.secret == KEY


def test_logging_out_of_one_of_several(server: FakeOAuth, capsys: pytest.CaptureFixture[str]) -> None:
    saved_login(server)
    from tests.test_credentials import EU, key_for

    credentials.save(key_for(EU))
    code, _, err = command(capsys, "logout", "--region", "eu")
    assert code == 0
    assert "https://eu.posthog.com/settings/user-api-keys" in err
    assert credentials.stored_hosts() == [server.url]
    assert server.requests == []


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (Canned(500, "x"), "cannot answer now (500)"),
        (HTML, "does not answer like an authorization server (200)"),
        (Canned(404, "{}"), "does not answer like an authorization server (404)"),
        (Canned(401, '{"error": "invalid_client"}'), "does not know the wizard's registration"),
    ],
    ids=["down", "html", "missing", "client"],
)
def test_a_revocation_that_fails_is_said_and_it_is_deleted_all_the_same(
    server: FakeOAuth, capsys: pytest.CaptureFixture[str], answer: Canned, words: str
) -> None:
    saved_login(server)
    server.canned["/oauth/revoke"] = answer
    code, _, err = command(capsys, "logout")
    assert code == 3
    assert words in err
    assert f"{server.url}/settings/user" in err
    assert credentials.stored_hosts() == []


def test_a_server_without_revocation_is_said(server: FakeOAuth, capsys: pytest.CaptureFixture[str]) -> None:
    credentials.save(replace(saved_login(server), revoke_url=""))
    code, _, err = command(capsys, "logout")
    assert code == 3
    assert "no way to revoke" in err


def test_a_login_without_a_refresh_token_is_revoked_too(server: FakeOAuth, capsys: pytest.CaptureFixture[str]) -> None:
    saved = saved_login(server)
    credentials.save(replace(saved, refresh=""))
    assert command(capsys, "logout")[0] == 0
    assert server.grant_of(saved.access.secret) is None


def test_logging_out_of_a_damaged_entry(capsys: pytest.CaptureFixture[str]) -> None:
    credential_store.write_entries({"https://us.posthog.com": {"kind": "magic"}})
    code, _, err = command(capsys, "logout")
    assert code == 3
    assert "cannot be read" in err
    assert credentials.stored_hosts() == []


BROWSER = f"{sys.executable} {Path(__file__).parent / 'scripted_browser.py'} %s"


def terminal(tmp_path: Path, *arguments: str, **env: str) -> Any:
    pytest.importorskip("pty")
    from tests.terminal import Terminal

    return Terminal(*arguments, cwd=tmp_path, environment=env, columns=80)


def address(screen: Any) -> str:
    """The address to open, as it stands on its own line, however narrow the terminal is."""
    screen.expect("Open this page and say yes there:")
    while "response_type" not in screen.seen or "\n" not in screen.seen.partition("http")[2]:
        screen.seen += os.read(screen.fd, 65536).decode()
    return str(next(line.strip() for line in screen.seen.splitlines() if "response_type" in line))


def test_in_a_terminal_with_a_browser(server: FakeOAuth, tmp_path: Path) -> None:
    screen = terminal(tmp_path, "login", "--host", server.url, BROWSER=BROWSER)
    screen.expect("A browser was opened")
    screen.expect(f"Logged in to {server.url.removeprefix('http://')} as ann@example.com")
    screen.expect("Save it in")
    screen.type("y")
    screen.expect("Saved in")
    assert screen.exit_code() == 0
    assert credentials.stored_hosts() == [server.url]


@pytest.mark.slow
def test_in_a_terminal_without_saving_it_is_given_back(server: FakeOAuth, tmp_path: Path) -> None:
    screen = terminal(tmp_path, "login", "--host", server.url, BROWSER=BROWSER)
    screen.expect("Save it in")
    screen.type("n")
    screen.expect("given back to PostHog")
    assert screen.exit_code() == 0
    assert all(grant.revoked for grant in server.codes.values())
    assert credentials.stored_hosts() == []


@pytest.mark.slow
def test_in_a_terminal_over_ssh_no_browser_is_opened(server: FakeOAuth, tmp_path: Path) -> None:
    screen = terminal(tmp_path, "login", "--host", server.url, "--save", SSH_CONNECTION="1 2 3 4", DISPLAY=":0")
    screen.expect("No browser can be opened from here")
    screen.expect("paste the address")
    screen.type("nonsense with blanks" + ENTER)
    screen.expect("This is neither the address")
    screen.type(CTRL_C)
    assert screen.exit_code() == 130


def test_in_a_terminal_the_pasted_address_logs_in(server: FakeOAuth, tmp_path: Path) -> None:
    screen = terminal(tmp_path, "login", "--host", server.url, "--save", BROWSER="none")
    url = address(screen)
    assert url.startswith(f"{server.url}/oauth/authorize/")
    screen.expect("paste the address")
    query = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    status, where = server.authorized(query)
    assert status == 302
    screen.type(where + ENTER)
    screen.expect("Logged in to")
    screen.expect("Saved in")
    assert screen.exit_code() == 0
    found = credentials.access_for({}, server.hosts)
    assert found is not None
    assert server.grant_of(found.secret)


@pytest.mark.slow
def test_in_a_terminal_a_second_paste_answers_no_question(server: FakeOAuth, tmp_path: Path) -> None:
    screen = terminal(tmp_path, "login", "--host", server.url, BROWSER="none")
    url = address(screen)
    screen.expect("paste the address")
    _, where = server.authorized({name: values[0] for name, values in parse_qs(urlsplit(url).query).items()})
    screen.type(where + ENTER + "n" + ENTER)
    screen.expect("Save it in")
    screen.type("y")
    screen.expect("Saved in")
    assert screen.exit_code() == 0


@pytest.mark.slow
@pytest.mark.parametrize("key", [CTRL_C, CTRL_D])
def test_in_a_terminal_it_ends_when_told(server: FakeOAuth, tmp_path: Path, key: str) -> None:
    screen = terminal(tmp_path, "login", "--host", server.url, BROWSER="none")
    screen.expect("paste the address")
    screen.type(key)
    assert screen.exit_code() == 130
    assert credentials.stored_hosts() == []


@pytest.mark.slow
def test_in_a_terminal_the_key_is_not_shown(server: FakeOAuth, tmp_path: Path) -> None:
    screen = terminal(tmp_path, "login", "--key", "--host", server.url, "--no-save")
    screen.expect("not shown")
    screen.type(KEY + ENTER)
    screen.expect("Not saved")
    assert screen.exit_code() == 0
    assert KEY not in screen.seen
    assert "S3cret" not in screen.seen


@pytest.mark.slow
def test_in_a_terminal_the_key_of_posthog_cli_is_offered(server: FakeOAuth, tmp_path: Path) -> None:
    (tmp_path / ".posthog").mkdir()
    (tmp_path / ".posthog" / "credentials.json").write_text(json.dumps({"host": server.url, "token": KEY}))
    screen = terminal(tmp_path, "login", "--save", BROWSER="none")
    screen.expect("@posthog/cli has a key")
    screen.type("y")
    screen.expect("as ann@example.com")
    assert screen.exit_code() == 0
    assert credentials.stored_hosts() == [server.url]
