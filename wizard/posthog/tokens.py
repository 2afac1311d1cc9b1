"""Project tokens: their shape, and to which PostHog they belong, proven without a personal key."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from threading import Thread
from typing import Literal
from urllib.parse import quote

from wizard.errors import UsageError, WizardError
from wizard.posthog.hosts import REGIONS, Hosts, cloud
from wizard.posthog.http import NoReply, Reply, place, send
from wizard.posthog.loose import texts
from wizard.posthog.masking import SECRETS, mask, redact
from wizard.posthog.obstacles import obstacle, unexpected

__all__ = ["CLOUD", "TIMEOUT", "WHERE", "TokenVerdict", "check_token", "mask", "redact", "region_of", "shape"]

LONGEST = 64
"""Characters; capture refuses a longer token (PostHog, rust/common token checks)."""

TIMEOUT = 10.0
"""Seconds for one request."""

FRESH = (5.0, 10.0, 15.0, 30.0)
"""Seconds before each further look at a token made a moment ago: that it is unknown is remembered for a while."""

CLOUD: Mapping[str, Hosts] = {region: cloud(region) for region in REGIONS}
"""The regions a token of PostHog Cloud can belong to."""

WHERE = "The project token starts with phc_; it is on the project's settings page in PostHog."

CHECK_HOST = "Nothing is proven about the token; check the host."

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class TokenVerdict:
    """Does the token belong to the chosen PostHog? `skipped` means that nothing was proven either way.

    `region` is the Cloud region that was proven, also when it is not the chosen one; None on an own instance. `quota`
    names what PostHog says is used up (events, recordings, feature_flags ...).
    """

    status: Literal["passed", "failed", "skipped"]
    region: str | None
    reason: str
    hint: str = ""
    quota: tuple[str, ...] = ()

    @property
    def unknown(self) -> bool:
        """Did every PostHog that was asked say that it does not know the token?"""
        return self.status == "failed" and self.region is None


def shape(token: str) -> str | None:
    """Judges a project token by its looks; blanks around it are no fault, strip them before use.

    Returns a warning when it may be right but looks unusual. Raises UsageError, which never holds the token, for
    what cannot be one: empty, a secret key (never to be written anywhere), blanks, quotes, over 64 characters.
    """
    token = token.strip()
    if not token:
        raise UsageError("the project token is empty", WHERE)
    if kind := SECRETS.get(token[:4].lower()):
        raise UsageError(f"this is {kind}, not a project token; it is secret and was not written anywhere", WHERE)
    if re.search(r"\s", token):
        raise UsageError("the project token has a blank or a line end inside", WHERE)
    if not token.isascii():
        raise UsageError("the project token has a character that is not ASCII", WHERE)
    if odd := re.search(r"[^A-Za-z0-9_.:-]", token):
        name = f"character {odd[0]}" if odd[0].isprintable() else "control character"
        raise UsageError(f"the project token has the {name} in it, which no token has", WHERE)
    if len(token) > LONGEST:
        raise UsageError(f"the project token has {len(token)} characters; PostHog takes at most {LONGEST}", WHERE)
    if not token.startswith("phc_"):
        return "the project token does not start with phc_; only tokens of very old projects look like that"
    return None


def check_token(
    token: str,
    hosts: Hosts,
    *,
    regions: Mapping[str, Hosts] = CLOUD,
    timeout: float = TIMEOUT,
    say: Say = lambda message: None,
    fresh: bool = False,
    sleep: Callable[[float], None] = time.sleep,
) -> TokenVerdict:
    """Asks the chosen PostHog whether it knows the token; when a Cloud region does not say yes, the other one too.

    `timeout` is in seconds for one request; at most two follow each other. With `fresh` the project was made a moment
    ago: a token that nobody knows is asked about again for a minute. Raises UsageError as `shape` does.
    Sources: POST /flags answers 401 for a foreign token where capture answers 200; /array/<token>/config is the
    second witness when flags cannot say.
    """
    shape(token)
    verdict = _check(token.strip(), hosts, regions, timeout, say)
    for delay in FRESH if fresh else ():
        if not verdict.unknown:
            break
        say(f"The project is new: asking again in {delay:.0f} s (for at most {sum(FRESH):.0f} s)")
        sleep(delay)
        verdict = _check(token.strip(), hosts, regions, timeout, say)
    return verdict


def _check(token: str, hosts: Hosts, regions: Mapping[str, Hosts], timeout: float, say: Say) -> TokenVerdict:
    if hosts.region is None or hosts.region not in regions:
        return _own(_ask_all(token, {"": hosts}, timeout, say)[""], hosts)
    answers = _ask_all(token, {hosts.region: hosts}, timeout, say)
    if answers[hosts.region].says == "known":
        return TokenVerdict("passed", hosts.region, answers[hosts.region].reason, quota=answers[hosts.region].quota)
    others = {region: place for region, place in regions.items() if region != hosts.region}
    return _judge(hosts.region, answers | _ask_all(token, others, timeout, say), {**regions, hosts.region: hosts})


def region_of(
    token: str,
    *,
    regions: Mapping[str, Hosts] = CLOUD,
    timeout: float = TIMEOUT,
    say: Say = lambda message: None,
) -> str | None:
    """The Cloud region that knows the token, when exactly one does and the others do not contradict; else None."""
    shape(token)
    known = [region for region, a in _ask_all(token.strip(), regions, timeout, say).items() if a.says == "known"]
    return known[0] if len(known) == 1 else None


@dataclass(frozen=True, slots=True)
class _Answer:
    """What one PostHog says about a token; `reason` is a clause that names the host."""

    says: Literal["known", "foreign", "nothing"]
    reason: str
    hint: str = ""
    quota: tuple[str, ...] = ()


def _ask_all(token: str, places: Mapping[str, Hosts], timeout: float, say: Say) -> dict[str, _Answer]:
    names = " and ".join(place(hosts.ingest) for hosts in places.values())
    say(f"Asking {names} about the token {mask(token)} (at most {2 * timeout:g} s)")
    answers: dict[str, _Answer] = {}

    def ask(name: str, hosts: Hosts) -> None:
        try:
            answers[name] = _ask(token, hosts, timeout)
        except WizardError as error:  # --offline; in a thread nobody else would hear of it
            answers[name] = _Answer("nothing", error.message)

    # daemons, so that Ctrl-C need not wait for an answer as it would with an executor
    threads = [Thread(target=ask, args=item, daemon=True) for item in places.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return {name: answers[name] for name in places}


def _ask(token: str, hosts: Hosts, timeout: float) -> _Answer:
    first = _flags(token, hosts, timeout)
    if first.says != "nothing":
        return first
    second = _config(token, hosts, timeout)
    return replace(second if second.says != "nothing" else first, quota=first.quota or second.quota)


def _flags(token: str, hosts: Hosts, timeout: float) -> _Answer:
    where, url = place(hosts.ingest), f"{hosts.ingest}/flags/?v=2"
    body = {"api_key": token, "distinct_id": "posthog-wizard-token-check"}
    reply = send("POST", url, body=body, timeout=timeout)
    match reply:
        case Reply(status=404) if hosts.region is None:
            return _Answer("nothing", f"{where} has no /flags endpoint: an old instance, or no PostHog at this address")
        case Reply(status=200) if isinstance(found := reply.json(), dict) and {"flags", "featureFlags"} & found.keys():
            return _Answer("known", f"{where} accepts the token", quota=texts(found.get("quotaLimited")))
        case Reply(status=401) if not reply.html and "www-authenticate" not in reply.headers:
            return _Answer("foreign", f"{where} does not know the token")
    return _unclear(reply, url)


def _config(token: str, hosts: Hosts, timeout: float) -> _Answer:
    where, url = place(hosts.assets), f"{hosts.assets}/array/{quote(token, safe='')}/config"
    reply = send("GET", url, timeout=timeout)
    match reply:
        case Reply(status=200) if isinstance(found := reply.json(), dict) and found.get("token") == token:
            quota = texts(found.get("quotaLimited"))
            return _Answer("known", f"{where} has a configuration for the token", quota=quota)
        case Reply(status=404) if hosts.region is not None and not reply.html:
            # an own instance may be too old to have remote config, so there 404 says nothing
            return _Answer("foreign", f"{where} has no configuration for the token")
    return _unclear(reply, url)


def _unclear(reply: Reply | NoReply, url: str) -> _Answer:
    found = obstacle(reply, url)
    if found is None:
        assert isinstance(reply, Reply)
        found = unexpected(reply, url)
    return _Answer("nothing", found.reason, found.hint, ("feature_flags",) if found.kind == "quota" else ())


def _own(answer: _Answer, hosts: Hosts) -> TokenVerdict:
    match answer.says:
        case "known":
            return TokenVerdict("passed", None, answer.reason, quota=answer.quota)
        case "foreign":
            hint = f"Copy the token from the project's settings on {hosts.app}. Behind a reverse proxy, check that it "
            return TokenVerdict("failed", None, answer.reason, f"{hint}sends PostHog's own host name as Host header.")
        case "nothing":
            return TokenVerdict("skipped", None, answer.reason, answer.hint or CHECK_HOST)


def _judge(chosen: str, answers: Mapping[str, _Answer], regions: Mapping[str, Hosts]) -> TokenVerdict:
    """The verdict when the chosen region does not know the token.

    Facts: a Cloud token belongs to exactly one region; what is unclear is never called invalid.
    """
    here = answers[chosen]
    others = {region: answer for region, answer in answers.items() if region != chosen}
    elsewhere = [region for region, answer in others.items() if answer.says == "known"]
    unclear = [answer.reason for answer in others.values() if answer.says == "nothing"]
    match here.says:
        case _ if len(elsewhere) == 1:
            region = elsewhere[0]
            right, wrong = regions[region].ingest, regions[chosen].ingest
            reason = f"the token belongs to the {region.upper()} region ({right}), not to {chosen.upper()} ({wrong})"
            return TokenVerdict("failed", region, reason, f"Run again with --region {region}")
        case "foreign" if not unclear:
            return TokenVerdict(
                "failed",
                None,
                "no region of PostHog Cloud knows the token",
                f"{WHERE} For a project made a moment ago, try again in a minute; for your own instance, add --host.",
            )
        case "foreign":
            reason = "; ".join([here.reason, *unclear])
            return TokenVerdict("failed", None, reason, "Check the token and the region.")
        case _:
            hint = here.hint or "Nothing is proven about the token. Try again later or from another network."
            return TokenVerdict("skipped", None, here.reason, hint)
