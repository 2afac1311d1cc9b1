"""Logging in with a code that is confirmed in any browser: gives a personal API key (PostHog's /api/cli-auth)."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin

from wizard.posthog.access import Access
from wizard.posthog.failures import ApiError, quoted
from wizard.posthog.hosts import Hosts
from wizard.posthog.http import NoReply, Reply, place, send
from wizard.posthog.loose import mapping, number, text, texts
from wizard.posthog.oauth_metadata import OTHER_WAYS, TIMEOUT, is_safe, same_site
from wizard.posthog.private_api import check_access

_LONGEST_WAIT = 1800
_SLOWEST = 60.0


@dataclass(frozen=True, slots=True)
class DeviceCode:
    """What the person confirms: `user_code` on the page `page` (which `direct` opens with the code filled in).

    `lifetime` and `interval` are in seconds.
    """

    secret: str = field(repr=False)
    user_code: str
    page: str
    direct: str
    lifetime: int
    interval: float


@dataclass(frozen=True, slots=True)
class DeviceLogin:
    """The key that the person gave, and what it is called in PostHog."""

    access: Access
    label: str


def start(hosts: Hosts) -> DeviceCode:
    """A new code. Raises ApiError, also when a page is named that is not of the same site."""
    check_access(Access("device-code", hosts, "login"))
    reply = send("POST", f"{hosts.app}/api/cli-auth/device-code/", body={}, timeout=TIMEOUT)
    if isinstance(reply, NoReply):
        raise ApiError(reply.reason, reply.hint, passing=True)
    answer, where = mapping(reply.json()), place(hosts.app)
    if reply.status == 404:
        raise ApiError(f"{where} does not know logging in with a code", OTHER_WAYS, status=404)
    if reply.status == 429:
        raise ApiError(f"{where} is limiting requests (429)", "Try again in a few minutes.", passing=True, status=429)
    secret, user_code = text(answer.get("device_code")), text(answer.get("user_code"))
    if reply.status not in (200, 201) or not secret or not re.fullmatch(r"[A-Za-z0-9-]{4,20}", user_code):
        raise ApiError(f"{where} gave no code to log in with ({reply.status})", OTHER_WAYS, status=reply.status)
    page = _page(answer.get("verification_uri"), "/cli/authorize", hosts)
    direct = _page(answer.get("verification_uri_complete"), page, hosts)
    lifetime = min(number(answer.get("expires_in")) or 600, _LONGEST_WAIT)
    interval = float(min(max(number(answer.get("interval")) or 5, 1), _SLOWEST))
    return DeviceCode(secret, user_code, page, direct, lifetime, interval)


def _page(said: Any, otherwise: str, hosts: Hosts) -> str:
    """The address of a page of this PostHog. Raises ApiError for one of somebody else."""
    url = text(said) or otherwise
    try:
        url = urljoin(f"{hosts.app}/", url)
    except ValueError:
        url = f"({url})"
    if not same_site(url, hosts.app) or not is_safe(url):
        raise ApiError(f"{place(hosts.app)} sends you to another site to log in: {quoted(url)}", OTHER_WAYS)
    return url


def wait(
    code: DeviceCode,
    hosts: Hosts,
    *,
    say: Callable[[str], None],
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> DeviceLogin:
    """The key, as soon as the person said yes. Raises ApiError when they said no, or when the code has expired.

    The server's interval is kept, and lengthened when it asks for that; what breaks down on the way is tried again.
    """
    deadline, interval = clock() + code.lifetime, code.interval
    trouble = ""
    while True:
        if clock() + interval > deadline:
            raise _expired(trouble)
        sleep(interval)
        reply = send("POST", f"{hosts.app}/api/cli-auth/poll/", body={"device_code": code.secret}, timeout=TIMEOUT)
        match _told(reply):
            case "pending":
                trouble = ""
            case "slower":
                interval = min(max(interval + 5, _asked(reply)), _SLOWEST)
            case "trouble":
                interval = min(interval * 2, _SLOWEST)
                trouble = reply.reason if isinstance(reply, NoReply) else f"{place(hosts.app)} answers {reply.status}"
                say(f"{trouble}; trying again in {interval:.0f} s")
            case "denied":
                raise ApiError("the login was refused in the browser", "Run the same command again.")
            case "expired":
                raise _expired("")
            case "unknown":
                status = reply.status if isinstance(reply, Reply) else 0
                raise ApiError(f"{place(hosts.app)} gives no answer that makes sense ({status})", OTHER_WAYS)
            case "done" if isinstance(reply, Reply):
                return _login(mapping(reply.json()), hosts)


def _expired(trouble: str) -> ApiError:
    last = f" (last: {trouble})" if trouble else ""
    return ApiError(f"the code has expired before it was confirmed{last}", "Run the same command for a new code.")


def _told(reply: Reply | NoReply) -> str:
    """What an answer to a poll means; the words for it differ between PostHog's versions and RFC 8628."""
    if isinstance(reply, NoReply):
        return "trouble" if reply.kind not in ("url", "tls") else "unknown"
    answer = mapping(reply.json())
    words = " ".join(text(answer.get(name)).lower() for name in ("error", "code", "status", "detail"))
    if reply.status == 429 or "slow_down" in words:
        return "slower"
    if "pending" in words or (reply.status == 202 and not reply.html):
        return "pending"
    if reply.status == 200 and text(answer.get("personal_api_key")):
        return "done"
    if "expired" in words:
        return "expired"
    if "denied" in words or "rejected" in words:
        return "denied"
    return "trouble" if reply.status >= 500 else "unknown"


def _asked(reply: Reply | NoReply) -> float:
    return (reply.retry_after or 0.0) if isinstance(reply, Reply) else 0.0


def _login(answer: dict[str, Any], hosts: Hosts) -> DeviceLogin:
    scopes, project = answer.get("scopes"), number(answer.get("project_id"))
    access = Access(
        text(answer.get("personal_api_key")).strip(),
        hosts,
        "personal key",
        frozenset(texts(scopes)) if isinstance(scopes, list) else None,
        (project,) if project else (),
    )
    check_access(access)
    return DeviceLogin(access, quoted(text(answer.get("label")), access.secret)[:80])
