"""Secrets show nowhere: not in errors, tracebacks and reprs, and they travel to nobody who must not have them."""

from __future__ import annotations

import json
import os
import traceback
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fake_posthog import KEY, TOKEN, Canned, FakePostHog, closed_port, complete
from wizard.cli import main
from wizard.posthog import private_api
from wizard.posthog.access import Access
from wizard.posthog.failures import ApiError
from wizard.posthog.hosts import Hosts, of
from wizard.posthog.http import Reply, send
from wizard.posthog.private_api import call

LOGIN = "pha_" + "L0ginL0gin" * 3


@pytest.fixture(scope="module")
def server() -> Iterator[FakePostHog]:
    with complete(keys={KEY: {"*"}, LOGIN: {"*"}}) as running:
        yield running


@pytest.fixture
def fake(server: FakePostHog) -> Iterator[FakePostHog]:
    yield server
    server.canned.clear()


@pytest.mark.parametrize("secret", [KEY, LOGIN, "oldkeywithoutprefix0123456789"], ids=["phx", "pha", "old"])
@pytest.mark.parametrize("status", [200, 302, 400, 401, 402, 403, 404, 409, 429, 500])
def test_no_secret_is_in_any_error_or_traceback(status: int, secret: str, fake: FakePostHog) -> None:
    words = f"key {secret} and phr_{'r' * 30} are bad, Bearer {secret}"
    field = {"detail": words, "code": words, "attr": words, "error": words}
    for body in (json.dumps(field), words, f"<title>{words}</title>"):
        fake.canned["/api/"] = Canned(status, body, {"Location": f"https://{secret}.example/", "Server": words})
        access = fake.access(secret, kind="login" if secret == LOGIN else "personal key")
        try:
            call("POST", "/api/projects/42/query/", access, tries=2, body={"secret": secret})
        except ApiError as error:
            shown = "".join(traceback.format_exception(error)) + error.message + error.hint + repr(vars(error))
            assert secret not in shown
            assert "phr_rrr" not in shown
    assert secret not in repr(access)


def test_no_secret_is_in_what_does_not_arrive(monkeypatch: pytest.MonkeyPatch) -> None:
    user = "hunter2hunter2"
    urls = [f"http://u:{user}@127.0.0.1:{closed_port()}", f"https://u:{user}@127.0.0.1:{closed_port()}"]
    for url in urls:
        with pytest.raises(ApiError) as caught:
            call("GET", "/api/users/@me/", Access(KEY, Hosts(url, url, url)))
        shown = "".join(traceback.format_exception(caught.value)) + caught.value.hint
        assert KEY not in shown
        assert user not in shown


@pytest.mark.parametrize(
    ("secret", "url", "says"),
    [
        ("", "https://us.posthog.com", "is empty"),
        (TOKEN, "https://us.posthog.com", "a project token"),
        (f"{KEY}\nX-Other: 1", "https://us.posthog.com", "blanks or characters"),
        (f"{KEY}\xe9", "https://us.posthog.com", "blanks or characters"),
        (KEY, "http://posthog.example", "not encrypted"),
    ],
    ids=["empty", "project token", "header injection", "not ASCII", "plain http"],
)
def test_what_is_not_sent_at_all(secret: str, url: str, says: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(private_api, "send", lambda *args, **more: pytest.fail("was sent"))
    with pytest.raises(ApiError, match=says) as caught:
        call("GET", "/api/users/@me/", Access(secret, of(url)))
    assert KEY not in "".join(traceback.format_exception(caught.value))


def test_replies_do_not_show_what_is_in_them(fake: FakePostHog) -> None:
    reply = send("GET", f"{fake.url}/api/projects/42/", bearer=KEY, timeout=2)
    assert isinstance(reply, Reply)
    assert b"phs_" in reply.body
    assert "phs_" not in repr(reply)
    assert KEY not in repr(fake.access())


@pytest.mark.parametrize("status", [401, 403, 500])
@pytest.mark.parametrize("command", ["doctor", "dashboard"])
def test_no_secret_is_in_the_output_of_a_command(
    command: str,
    status: int,
    fake: FakePostHog,
    fixtures: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    words = f"key {KEY} and phr_{'r' * 30} are bad"
    fake.canned["/api/"] = Canned(status, json.dumps({"detail": words}), {"Retry-After": "0"})
    monkeypatch.setenv("POSTHOG_PERSONAL_API_KEY", KEY)
    monkeypatch.setenv("POSTHOG_HOST", fake.url)
    project = str(fixtures / "flask-demo" / "project")
    assert main([command, project, "--host", fake.url, "--project-id", "42", "--ci", "--debug"]) != 0
    assert fake.asked("/api/")
    shown = "".join(capfd.readouterr())
    state = Path(os.environ["POSTHOG_WIZARD_STATE_DIR"])
    kept = b"".join(file.read_bytes() for file in state.rglob("*") if file.is_file())
    assert KEY not in shown
    assert "phr_rrr" not in shown
    assert KEY.encode() not in kept
