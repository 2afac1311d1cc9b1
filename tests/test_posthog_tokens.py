"""Project tokens: their looks, and each row of the decision table against fake regions on loopback."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.fake_posthog import BUSY, DOWN, HTML, KEY, LIMIT, TOKEN, Canned, FakePostHog, region
from wizard.errors import UsageError
from wizard.posthog.hosts import of
from wizard.posthog.tokens import check_token, mask, redact, region_of, shape

Start = Callable[[FakePostHog], FakePostHog]


@pytest.fixture
def start() -> Iterator[Callable[[FakePostHog], FakePostHog]]:
    with ExitStack() as stack:
        yield stack.enter_context


# --- the looks of a token


@pytest.mark.parametrize("token", [TOKEN, f"  {TOKEN}\n", "phc_a-b_c"], ids=["usual", "blanks around", "dash"])
def test_shape_accepts(token: str) -> None:
    assert shape(token) is None


def test_shape_warns_about_a_token_without_the_prefix() -> None:
    assert "does not start with phc_" in str(shape("sTMFPsFhdP1Ssg"))


@pytest.mark.parametrize(
    ("token", "says"),
    [
        ("", "empty"),
        (" \n", "empty"),
        ("phx_secret123", "personal API key"),
        ("PHX_secret123", "personal API key"),
        ("pha_secret123", "OAuth access token"),
        ("phr_secret123", "OAuth refresh token"),
        ("phs_secret123", "secret API key"),
        ("phc_a b", "blank"),
        ("phc_a\nphc_b", "blank"),
        ("phc_\u200babc", "not ASCII"),
        ('"phc_abc"', 'character "'),
        ("phc_a'b", "character '"),
        ("phc_a`b", "character `"),
        ("phc_a\\b", "character \\"),
        ("${TOKEN}", "character $"),
        ("<ph_project_token>", "character <"),
        ("phc_a\0b", "control character"),
        ("phc_a\x1bb", "control character"),
        ("phc_" + "a" * 61, "65 characters"),
    ],
)
def test_shape_refuses(token: str, says: str) -> None:
    with pytest.raises(UsageError) as caught:
        shape(token)
    assert says in caught.value.message
    assert "secret123" not in caught.value.message + caught.value.hint
    assert caught.value.message.isascii()


def test_the_longest_token_is_accepted() -> None:
    assert shape("phc_" + "a" * 60) is None


@pytest.mark.parametrize(
    ("token", "shown"),
    [(TOKEN, f"{TOKEN[:8]}...{TOKEN[-4:]}"), (KEY, "phx_..."), ("phc_short", "..."), ("", "...")],
    ids=["token", "key", "short", "empty"],
)
def test_mask(token: str, shown: str) -> None:
    assert mask(token) == shown


def test_redact_removes_given_secrets_and_whatever_looks_like_one() -> None:
    legacy = "legacyKeyWithoutAnyPrefix"
    text = redact(f"key {KEY} and {legacy} and phs_abcdef and {TOKEN}", legacy)
    assert text == f"key phx_... and ... and phs_... and {TOKEN}"


# --- the decision table, Cloud: (us, eu) -> verdict for --region us


@pytest.mark.parametrize(
    ("us", "eu", "status", "proven", "says"),
    [
        pytest.param(region(True), region(False), "passed", "us", "accepts the token", id="here"),
        pytest.param(region(False), region(True), "failed", "eu", "belongs to the EU region", id="wrong region"),
        pytest.param(region(False), region(False), "failed", None, "no region", id="invalid"),
        pytest.param(region(True), region(True), "passed", "us", "accepts the token", id="both accept"),
        pytest.param(region(True, flags=BUSY), region(False), "passed", "us", "has a configuration", id="429 witness"),
        pytest.param(region(False, flags=BUSY), region(True), "failed", "eu", "EU region", id="429 here, other knows"),
        pytest.param(region(True, flags=DOWN), region(False, flags=DOWN), "passed", "us", "conf", id="503 witnesses"),
        pytest.param(region(False, flags=DOWN), region(False, flags=DOWN), "failed", None, "no region", id="503, 404s"),
        pytest.param(region(True, flags=DOWN, array=DOWN), region(False), "skipped", None, "503", id="here down"),
        pytest.param(region(False, flags=DOWN, array=DOWN), region(True), "failed", "eu", "EU", id="down, other knows"),
        pytest.param(
            region(True, flags=BUSY, array=BUSY), region(False), "skipped", None, "asks to wait 7 s", id="429 twice"
        ),
        pytest.param(
            region(True), region(True, flags=DOWN, array=DOWN), "passed", "us", "accepts", id="here, other down"
        ),
        pytest.param(
            region(False), region(True, flags=DOWN, array=DOWN), "failed", None, "does not know", id="not here, eu down"
        ),
        pytest.param(
            region(True, flags=HTML, array=HTML), region(False, flags=HTML, array=HTML), "skipped", None,
            "between you and PostHog", id="web pages",
        ),
        pytest.param(
            region(True, flags=Canned(403, "blocked"), array=Canned(403, "blocked")), region(False), "skipped", None,
            "between you and PostHog", id="403 of a filter",
        ),
        pytest.param(
            region(True, flags=Canned(302, "", {"Location": "http://login.invalid/"}), array=HTML), region(False),
            "skipped", None, "a redirect to login.invalid (302)", id="captive portal",
        ),
        pytest.param(
            region(False, flags=Canned(401, "<html>401</html>"), array=HTML), region(False), "skipped", None,
            "a web page (401)", id="401 web page proves nothing",
        ),
        pytest.param(
            region(False, flags=Canned(401, "", {"WWW-Authenticate": "Basic"}), array=HTML), region(False), "skipped",
            None, "something unexpected (401)", id="401 of a login",
        ),
        pytest.param(
            region(True, flags=Canned(200, "{}"), array=Canned(200, "{}")), region(False), "skipped", None,
            "something unexpected (200)", id="empty objects of a mock",
        ),
        pytest.param(
            region(True, flags=Canned(402, "quota"), array=DOWN), region(False), "skipped", None, "402", id="quota"
        ),
        pytest.param(
            region(True, flags=Canned(404, "no"), array=HTML), region(False), "skipped", None, "(404)", id="404 Cloud"
        ),
    ],
)  # fmt: skip
def test_cloud(us: FakePostHog, eu: FakePostHog, status: str, proven: str | None, says: str, start: Start) -> None:
    start(us), start(eu)
    regions = {"us": us.hosts("us"), "eu": eu.hosts("eu")}
    said: list[str] = []
    verdict = check_token(f" {TOKEN}\n", regions["us"], regions=regions, timeout=LIMIT, say=said.append)
    assert (verdict.status, verdict.region) == (status, proven), verdict
    assert says in verdict.reason
    assert TOKEN not in repr(verdict) + "".join(said)
    assert "at most 4 s" in said[0]


def test_the_hint_names_the_right_region(start: Start) -> None:
    us, eu = start(region(True)), start(region(False))
    regions = {"us": us.hosts("us"), "eu": eu.hosts("eu")}
    assert check_token(TOKEN, regions["eu"], regions=regions, timeout=LIMIT).hint == "Run again with --region us"


@pytest.mark.parametrize(
    ("us", "eu", "expected"),
    [
        (region(True), region(False), "us"),
        (region(False), region(True), "eu"),
        (region(False), region(False), None),
        (region(True), region(True), None),
        (region(True), region(False, flags=HTML, array=HTML), "us"),
    ],
    ids=["us", "eu", "neither", "both", "us, other filtered"],
)
def test_region_of(us: FakePostHog, eu: FakePostHog, expected: str | None, start: Start) -> None:
    start(us), start(eu)
    assert region_of(TOKEN, regions={"us": us.hosts("us"), "eu": eu.hosts("eu")}, timeout=LIMIT) == expected


def test_one_post_to_the_chosen_region_and_no_event_is_all_that_it_takes(start: Start) -> None:
    us, eu = start(region(True)), start(region(False))
    check_token(TOKEN, us.hosts("us"), regions={"us": us.hosts("us"), "eu": eu.hosts("eu")}, timeout=LIMIT)
    assert [(r.method, r.path) for r in us.requests] == [("POST", "/flags/?v=2")]
    assert eu.requests == []
    assert us.requests[0].headers["User-Agent"].startswith("posthog-wizard/")
    assert us.events == []


def test_a_secret_key_is_never_sent(start: Start) -> None:
    own = start(region(True))
    with pytest.raises(UsageError):
        check_token(KEY, own.hosts(), timeout=LIMIT)
    assert own.requests == []


# --- the decision table, one's own instance


@pytest.mark.parametrize(
    ("own", "status", "says"),
    [
        pytest.param(region(True), "passed", "accepts the token", id="known"),
        pytest.param(region(False), "failed", "does not know the token", id="unknown"),
        pytest.param(
            region(True, flags=Canned(404, "<h1>Not found</h1>")), "passed", "configuration", id="old, config"
        ),
        pytest.param(
            region(False, flags=Canned(404, "<h1>Not found</h1>")), "skipped", "old instance", id="old, no config"
        ),
        pytest.param(region(True, flags=DOWN), "passed", "configuration", id="flags down"),
        pytest.param(region(False, flags=DOWN), "skipped", "(503)", id="flags down, config 404 proves nothing"),
        pytest.param(
            region(True, flags=HTML, array=HTML), "skipped", "a web page titled 'Sign in' (200)", id="web page"
        ),
        pytest.param(
            region(True, flags=Canned(200, '{"featureFlags": []}')), "passed", "accepts", id="flags of an older version"
        ),
        pytest.param(
            region(True, flags=DOWN, array=Canned(200, '{"token": "phc_other"}')), "skipped", "503", id="other config"
        ),
    ],
)
def test_own_instance(own: FakePostHog, status: str, says: str, start: Start) -> None:
    verdict = check_token(f" {TOKEN}\n", start(own).hosts(), timeout=LIMIT)
    assert (verdict.status, verdict.region) == (status, None), verdict
    assert says in verdict.reason


def test_own_instance_keeps_path_prefix_and_port_and_asks_nobody_else(start: Start) -> None:
    us, own = start(region(True)), start(FakePostHog(tokens={TOKEN: 1}, prefix="/posthog"))
    verdict = check_token(TOKEN, of(f"{own.url}/"), regions={"us": us.hosts("us")}, timeout=LIMIT)
    assert verdict.status == "passed"
    assert us.requests == []
