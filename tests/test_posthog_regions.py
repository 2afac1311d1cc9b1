"""Which region a credential is from: proven by an answer, never assumed from a refusal that may mean something else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.fake_posthog import BUSY, DOWN, HTML, KEY, LIMIT, TOKEN, Canned, FakePostHog, closed_port, complete
from wizard.posthog.failures import ApiError
from wizard.posthog.hosts import Hosts, of
from wizard.posthog.regions import region_of_secret

Start = Callable[[FakePostHog], FakePostHog]


@pytest.fixture
def start() -> Iterator[Start]:
    with ExitStack() as stack:
        yield stack.enter_context


def regions(us: FakePostHog, eu: FakePostHog) -> dict[str, Hosts]:
    return {"us": us.hosts("us"), "eu": eu.hosts("eu")}


@pytest.mark.parametrize("where", ["us", "eu"])
def test_the_region_that_knows_the_key(where: str, start: Start) -> None:
    us, eu = (start(complete() if name == where else FakePostHog()) for name in ("us", "eu"))
    found = region_of_secret(KEY, places=regions(us, eu), timeout=LIMIT)
    assert found
    assert found.region == where


def test_a_lacking_scope_proves_the_region(start: Start) -> None:
    us, eu = start(FakePostHog()), start(FakePostHog(keys={KEY: {"query:read"}}))
    found = region_of_secret(KEY, places=regions(us, eu), timeout=LIMIT)
    assert found
    assert found.region == "eu"


def test_a_key_that_no_region_knows(start: Start) -> None:
    assert region_of_secret(KEY, places=regions(start(FakePostHog()), start(FakePostHog())), timeout=LIMIT) is None


@pytest.mark.parametrize(
    "canned",
    [BUSY, DOWN, HTML, Canned(403, "<h1>Blocked</h1>"), Canned(200, "{}"), Canned(401, "who?"), Canned(403, "{}")],
    ids=["busy", "down", "web page", "filter", "no user", "401 of a stranger", "403 without words"],
)
def test_what_is_unclear_is_never_called_invalid(canned: Canned, start: Start) -> None:
    unclear, no = start(FakePostHog(canned={"/api/": canned})), start(FakePostHog())
    with pytest.raises(ApiError, match="region of the credential is not known") as caught:
        region_of_secret(KEY, places=regions(unclear, no), timeout=LIMIT)
    assert "--region" in caught.value.hint
    yes = start(complete())
    found = region_of_secret(KEY, places=regions(unclear, yes), timeout=LIMIT)
    assert found
    assert found.region == "eu"


def test_no_network_is_not_an_invalid_key(start: Start) -> None:
    port = closed_port()
    nobody = {"us": of(f"http://127.0.0.1:{port}"), "eu": start(FakePostHog()).hosts()}
    with pytest.raises(ApiError, match="refuses connections") as caught:
        region_of_secret(KEY, places=nobody, timeout=LIMIT)
    assert caught.value.passing


def test_two_regions_that_both_say_yes_are_believed_neither(start: Start) -> None:
    with pytest.raises(ApiError, match="cannot be"):
        region_of_secret(KEY, places=regions(start(complete()), start(complete())), timeout=LIMIT)


def test_a_project_token_is_shown_to_nobody(start: Start) -> None:
    us = start(FakePostHog())
    with pytest.raises(ApiError, match="project token"):
        region_of_secret(TOKEN, places=regions(us, us), timeout=LIMIT)
    assert us.requests == []
