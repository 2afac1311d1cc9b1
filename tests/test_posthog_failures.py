"""Each way in which the private API can refuse: its own sentence, its next step, when it is tried again, no secrets."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.fake_posthog import BUSY, DOWN, HTML, KEY, Canned, FakePostHog, closed_port, complete
from wizard.posthog import private_api
from wizard.posthog.access import Access, aloud
from wizard.posthog.failures import ApiError
from wizard.posthog.hosts import of
from wizard.posthog.http import NoReply, Reply
from wizard.posthog.private_api import call, listed

LOGIN = "pha_" + "L0ginL0gin" * 3
JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def server() -> Iterator[FakePostHog]:
    with complete(keys={KEY: {"*"}, LOGIN: {"*"}}) as running:
        yield running


@pytest.fixture
def fake(server: FakePostHog) -> Iterator[FakePostHog]:
    yield server
    server.canned.clear()
    server.requests.clear()


def refusal(status: int, detail: Any = "", code: str = "permission_denied", **more: Any) -> Canned:
    headers = {**JSON, **({"WWW-Authenticate": 'Bearer resource_metadata="https://x"'} if status == 401 else {})}
    return Canned(status, json.dumps({"type": "e", "code": code, "detail": detail, "attr": None, **more}), headers)


def failing(fake: FakePostHog, canned: Canned, secret: str = KEY) -> ApiError:
    """The error of one read that is answered like this, without another try."""
    fake.canned["/api/"] = canned
    access = fake.access(secret, kind="login" if secret == LOGIN else "personal key")
    with pytest.raises(ApiError) as caught:
        call("GET", "/api/projects/42/", access, tries=1)
    assert caught.value.message.isascii()
    return caught.value


# answer -> a part of the message, a part of the hint
KINDS: dict[str, tuple[Canned, str, str]] = {
    "400 with a field": (
        refusal(400, "Too long.", "max_length", attr="name"),
        "refuses the request (400, field name): Too long.",
        "",
    ),
    "400 without": (refusal(400, "Unknown table", "invalid"), "refuses the request (400): Unknown table", ""),
    "401 unknown key": (
        refusal(401, "Personal API key found in request is invalid.", "authentication_failed"),
        "does not accept the personal API key: Personal API key found",
        "--region",
    ),
    "401 no credential seen": (refusal(401, "x", "not_authenticated"), "got no credential", "Authorization header"),
    "401 SSO": (refusal(401, "Your organization requires SSO.", "x"), "more of your account", "with a browser"),
    "401 2FA": (refusal(401, "2FA setup required", "x"), "more of your account", "with a browser"),
    "401 disabled": (refusal(401, "User is inactive.", "x"), "more of your account", "ask an admin"),
    "401 no current project": (
        refusal(401, "This endpoint requires a current project to be set on your account."),
        "no current project",
        "choose or create a project",
    ),
    "401 without a body": (Canned(401), "does not answer like PostHog", "--region"),
    "402": (refusal(402, "Upgrade.", "payment_required"), "the plan of this PostHog organization", "/billing"),
    "403 scope": (
        refusal(403, "API key missing required scope 'query:read'"),
        "lacks the scope query:read",
        "Add query",
    ),
    "403 action": (
        refusal(403, "This action does not support personal API key access"),
        "PostHog offers this to browsers only, not to the personal API key",
        "in a browser",
    ),
    "403 project": (
        refusal(403, "API key does not have access to the requested project: ID 42."),
        "no access to the project 42",
        "--project-id",
    ),
    "403 organization": (
        refusal(403, "API key does not have access to the requested organization: ID 0190-ab."),
        "no access to the organization 0190-ab",
        "may reach",
    ),
    "403 scoped key": (
        refusal(403, "API keys with scoped projects are only supported on project-based endpoints."),
        "is limited to projects, and this is about the whole organization",
        "--project-id",
    ),
    "403 keys forbidden": (
        refusal(403, "Organization 'Org' does not allow using personal API keys. Contact an admin to enable personal"),
        "the organization does not allow personal API keys",
        "posthog-wizard login",
    ),
    "403 no scopes": (refusal(403, "OAuth token has no scopes and cannot access this resource"), "no scopes", "Log in"),
    "403 not a member": (refusal(403, "You don't have access to the project."), "your account has no access", "admin"),
    "403 level": (refusal(403, "You do not have editor access to this resource."), "access level editor", "admin"),
    "403 admins only": (refusal(403, "Your organization access level is insufficient."), "only admins", "admin"),
    "403 plan": (
        refusal(403, "You have reached the maximum limit of allowed projects for your current plan."),
        "no room for another project",
        "/billing",
    ),
    "403 feature flag": (
        refusal(403, "This requires feature flag 'metrics' to be enabled for your organisation."),
        "has not enabled this for the organization (flag metrics)",
        "Go on",
    ),
    "403 other": (refusal(403, "Nope."), "does not permit this to the personal API key: Nope.", "ask an admin"),
    "403 without words": (refusal(403, None), "does not permit this", "ask an admin"),
    "403 of a filter": (
        Canned(403, "<title>Blocked by Acme</title>", {"Server": "acme"}),
        "something between you and PostHog",
        "denies",
    ),
    "404": (
        refusal(404, "Not found.", "not_found"),
        "or the personal API key may not see it (404)",
        "number of the project",
    ),
    "404 of something else": (Canned(404, "capture: not found"), "does not answer like PostHog", "--region"),
    "405": (refusal(405, 'Method "PATCH" not allowed.', "method_not_allowed"), "does not offer this (405)", "too old"),
    "409": (refusal(409, "Approval required", "conflict"), "does not do this now (409): Approval", "approvals"),
    "418": (refusal(418, "I am a teapot"), "refuses the request (418): I am a teapot", ""),
    "429": (BUSY, "is limiting requests (429)", "later"),
    "500": (refusal(500, "A server error occurred.", "error"), "a problem of its own (500): A server error", "later"),
    "503 without JSON": (DOWN, "a problem of its own (503)", "later"),
    "200 web page": (HTML, "a web page titled 'Sign in' (200)", "browser"),
    "200 no JSON": (Canned(200, "hello"), "does not answer like PostHog's private API (200)", "--region"),
    "200 cut short": (Canned(200, '{"id": 4', JSON), "does not answer like PostHog's private API (200)", ""),
    "200 a list": (Canned(200, "[1]", JSON), "no JSON object", ""),
    "301": (Canned(301, "", {"Location": "https://login.example/x?y"}), "a redirect to login.example (301)", "browser"),
    "302 to nowhere": (Canned(302, "", {"Location": "http://[evil"}), "a redirect (302)", "browser"),
    "511": (Canned(511, "{}", JSON), "login (511)", "browser"),
}


@pytest.mark.parametrize("name", KINDS)
def test_each_refusal_has_its_sentence_and_next_step(name: str, fake: FakePostHog) -> None:
    canned, says, hint = KINDS[name]
    error = failing(fake, canned)
    assert says in error.message
    assert hint in error.hint
    assert error.passing == (canned.status == 429 or 500 <= canned.status < 511)


@pytest.mark.parametrize("name", [name for name in KINDS if name.startswith("40")])
def test_a_login_is_sent_to_the_login_and_never_to_the_page_of_keys(name: str, fake: FakePostHog) -> None:
    error = failing(fake, KINDS[name][0], LOGIN)
    assert "user-api-keys" not in error.hint
    assert "personal API key" not in error.message or "personal API key" in KINDS[name][0].body


def test_the_fields_of_an_error(fake: FakePostHog) -> None:
    error = failing(fake, refusal(403, "API key missing required scope 'insight:write'"))
    assert (error.status, error.scope, error.code, error.attr) == (403, "insight:write", "permission_denied", "")
    error = failing(fake, refusal(400, "x", "unique", attr="name"))
    assert (error.status, error.scope, error.code, error.attr) == (400, "", "unique", "name")
    error = failing(fake, refusal(403, "x", code="y" * 9000, attr=["name"]))
    assert (len(error.code), error.attr) == (60, "")
    assert failing(fake, HTML).status == 0


@pytest.mark.parametrize(
    "detail", [7, ["a"], {"a": "b"}, None, "", "x" * 100_000, "\x1b[31mred\x07\n\ncaf\xe9"], ids=repr
)
@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 409, 500])
def test_words_of_a_stranger_are_one_short_harmless_line(status: int, detail: Any, fake: FakePostHog) -> None:
    error = failing(fake, refusal(status, detail))
    assert len(error.message) < 500
    assert error.message.isprintable()


# --- tries and waits

AFTER = {"Retry-After": "3600", **JSON}


@pytest.mark.parametrize(
    ("method", "canned", "tries", "waits"),
    [
        ("GET", [DOWN], None, [1.0]),
        ("GET", [DOWN, DOWN], None, [1.0, 3.0]),
        ("GET", [BUSY, DOWN], None, [7.0, 3.0]),
        ("GET", [Canned(429, "{}", AFTER)], None, [60.0]),
        ("GET", [Canned(503, "{}", {"Retry-After": "2"})], None, [2.0]),
        ("GET", [Canned(429, "{}", {"Retry-After": "soon"})], None, [1.0]),
        ("PATCH", [DOWN], 3, [1.0]),
        ("PATCH", [BUSY], None, [7.0]),
    ],
    ids=["503", "twice", "busy", "an hour", "503 says when", "odd header", "repeatable write", "write not looked at"],
)
def test_what_passes_is_waited_out(
    method: Any, canned: list[Canned], tries: int | None, waits: list[float], fake: FakePostHog
) -> None:
    fake.canned["/api/projects/"] = list(canned)
    slept: list[float] = []
    body = {"name": "New"} if method == "PATCH" else None
    answer = call(method, "/api/projects/42/", fake.access(), body=body, tries=tries, sleep=slept.append)
    assert answer["id"] == 42
    assert slept == waits


@pytest.mark.parametrize(
    ("method", "canned", "tries", "asked"),
    [
        ("GET", DOWN, None, 3),
        ("GET", BUSY, 1, 1),
        ("POST", DOWN, None, 1),
        ("PATCH", Canned(502), None, 1),
        ("GET", refusal(400, "no"), None, 1),
        ("GET", refusal(409, "approval"), 5, 1),
        ("GET", HTML, None, 1),
        ("POST", BUSY, None, 3),
    ],
    ids=["down for good", "own way", "write", "patch", "bad request", "approval", "web page", "busy for good"],
)
def test_what_stays_is_not_tried_forever(
    method: Any, canned: Canned, tries: int | None, asked: int, fake: FakePostHog
) -> None:
    fake.canned["/api/"] = canned
    with pytest.raises(ApiError):
        call(method, "/api/projects/42/", fake.access(), body={"a": 1}, tries=tries, sleep=lambda seconds: None)
    assert len(fake.requests) == asked


def test_waits_are_told_with_their_length(fake: FakePostHog) -> None:
    fake.canned["/api/"] = [BUSY]
    told: list[str] = []
    call("GET", "/api/projects/42/", fake.access(pause=aloud(told.append, lambda seconds: None)))
    assert [line.partition(" ")[2] for line in told] == ["is limiting requests (429); trying again in 7 s"]


def test_no_connection_is_not_tried_again() -> None:
    access = Access(KEY, of(f"http://127.0.0.1:{closed_port()}"), pause=lambda seconds, why: pytest.fail("waited"))
    with pytest.raises(ApiError, match="refuses connections") as caught:
        call("GET", "/api/users/@me/", access)
    assert caught.value.passing
    assert caught.value.status == 0


@pytest.mark.parametrize(
    ("method", "kind", "sent"),
    [("GET", "broken", 2), ("GET", "timeout", 1), ("GET", "dns", 1), ("GET", "tls", 1), ("POST", "broken", 1)],
)
def test_only_a_read_that_broke_off_is_sent_again(
    method: Any, kind: Any, sent: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    replies: list[NoReply | Reply] = [NoReply(kind, "nobody answers"), Reply(200, {}, b"{}")]
    monkeypatch.setattr(private_api, "send", lambda *args, **more: replies.pop(0))
    access = Access(KEY, of("https://ph.example"), pause=lambda seconds, why: None)
    if sent == 2:
        assert call(method, "/api/users/@me/", access) == {}
    else:
        with pytest.raises(ApiError, match="nobody answers") as caught:
            call(method, "/api/users/@me/", access)
        assert caught.value.passing is (kind != "tls")
    assert len(replies) == 2 - sent


# --- lists


def test_all_pages_come_and_next_is_never_followed(fake: FakePostHog) -> None:
    fake.definitions = [{"name": f"event {n}"} for n in range(5)]
    found = list(listed("/api/projects/42/event_definitions/", fake.access(), {"search": "event"}))
    assert [d["name"] for d in found] == [f"event {n}" for n in range(5)]
    offsets = [request.path.rpartition("offset=")[2] for request in fake.requests]
    assert offsets == ["0", "2", "4"]


def test_a_list_that_never_ends_is_left(fake: FakePostHog) -> None:
    endless = {"next": "https://elsewhere.invalid/", "results": [{"id": 1}]}
    fake.canned["/api/"] = Canned(200, json.dumps(endless), JSON)
    assert len(list(listed("/api/x/", fake.access()))) == 1
    assert len(fake.requests) == 2


@pytest.mark.parametrize("value", ["..", "a/b", "../users/@me", "", "?x", "a b", "1" * 101])
def test_an_id_that_leads_elsewhere_is_refused(value: str) -> None:
    with pytest.raises(ApiError, match="is not an id"):
        private_api.segment(value)


@pytest.mark.parametrize("value", ["@current", "@me", "42", "0190-ab_C", 42])
def test_ids_of_posthog_pass(value: str | int) -> None:
    assert private_api.segment(value) == str(value)
