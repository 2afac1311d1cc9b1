"""One login through the browser, from the metadata to the tokens; what to show and what to type come from outside."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from wizard.errors import Interrupted, UsageError
from wizard.login import registrations
from wizard.posthog import oauth
from wizard.posthog.callback import Expected, Listener, Mismatch
from wizard.posthog.failures import ApiError
from wizard.posthog.hosts import Hosts
from wizard.posthog.http import place
from wizard.posthog.oauth_client import PORTS
from wizard.posthog.oauth_metadata import TIMEOUT as REQUEST
from wizard.posthog.oauth_metadata import Endpoints, discover

TIMEOUT = 1800.0
"""Seconds that the person has in the browser; POSTHOG_WIZARD_LOGIN_TIMEOUT changes it."""

_LOOK = 0.2
_MOST_TOLD = 5  # answers that are not ours, and that a person hears of


@dataclass(frozen=True, slots=True)
class Screen:
    """The person: `show` gets the address to open and the seconds left, `say` remarks.

    `typed` gives a line that was pasted within so many seconds, or None; None in its place: nobody can type.
    """

    show: Callable[[str, float], None]
    say: Callable[[str], None]
    typed: Callable[[float], str | None] | None = None


@dataclass(frozen=True, slots=True)
class Login:
    """What came out: the tokens, and where they are renewed and revoked."""

    tokens: oauth.Tokens
    endpoints: Endpoints
    client: str = field(repr=False)


def time_limit(env: Mapping[str, str]) -> float:
    """Seconds that a login may take. Raises UsageError for a variable that is no number."""
    value = env.get("POSTHOG_WIZARD_LOGIN_TIMEOUT", "").strip()
    if not value:
        return TIMEOUT
    if not re.fullmatch(r"\d{1,6}(\.\d+)?", value) or float(value) <= 0:
        raise UsageError("POSTHOG_WIZARD_LOGIN_TIMEOUT is no number of seconds", "For example 600.")
    return float(value)


def log_in(
    hosts: Hosts | None,
    scopes: Sequence[str],
    screen: Screen,
    *,
    env: Mapping[str, str] = os.environ,
    ports: Sequence[int] = PORTS,
    clock: Callable[[], float] = time.monotonic,
) -> Login:
    """Log in at `hosts`, or at the front of PostHog Cloud. Raises ApiError.

    A registration that the server has forgotten is made anew, once.
    """
    screen.say(f"Asking {place(hosts.app) if hosts else 'PostHog Cloud'} how to log in (at most 40 s)")
    endpoints = discover(hosts)
    limit = time_limit(env)
    try:
        return _once(endpoints, scopes, screen, env, ports, limit, clock)
    except ApiError as error:
        if error.code not in ("invalid_client", "unauthorized_client") or registrations.given(env):
            raise
        registrations.forget(endpoints.issuer)
        screen.say(f"{error.message}. Registering again; please say yes in the browser once more.")
        return _once(endpoints, scopes, screen, env, ports, limit, clock)


def _once(
    endpoints: Endpoints,
    scopes: Sequence[str],
    screen: Screen,
    env: Mapping[str, str],
    ports: Sequence[int],
    limit: float,
    clock: Callable[[], float],
) -> Login:
    client = registrations.client(endpoints, env)
    pkce, state = oauth.new_pkce(), oauth.new_state()
    with Listener(Expected(state, endpoints), ports, client.any_port) as listener:
        asked = endpoints.offered(scopes)
        screen.show(oauth.authorize_url(endpoints, client.id, listener.redirect, asked, pkce, state), limit)
        try:
            code = _answer(listener, Expected(state, endpoints), screen, clock() + limit, clock)
        except (KeyboardInterrupt, Interrupted):
            # perhaps the page did not know us, of which we never hear
            registrations.forget(endpoints.issuer)
            raise
        if code is None:
            registrations.forget(endpoints.issuer)
            raise ApiError(
                f"nobody came back from the browser within {_minutes(limit)}",
                "Run the same command again (with --region us or --region eu, if the page did not know the wizard), or "
                "log in with a code that you confirm in any browser: posthog-wizard login --device",
            )
        redirect = listener.redirect
    screen.say(f"Fetching the login from {place(endpoints.token)} (at most {REQUEST:.0f} s)")
    return Login(oauth.exchange(endpoints, client.id, code, redirect, pkce), endpoints, client.id)


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:.0f} minutes" if seconds >= 120 else f"{seconds:g} seconds"


def _answer(
    listener: Listener, expected: Expected, screen: Screen, deadline: float, clock: Callable[[], float]
) -> str | None:
    """The code, from the browser or from the person, whoever is first; None when the time is over."""
    refused = 0
    while (left := deadline - clock()) > 0:
        try:
            if screen.typed is None:
                code = listener.answer(min(_LOOK, left))
            elif (code := listener.answer()) is None and (line := screen.typed(min(_LOOK, left))):
                code = pasted(line, expected, screen.say)
        except Mismatch as error:
            refused += 1
            if refused > _MOST_TOLD:  # any page in the browser can send answers, as fast as it likes
                continue
            words = f"{error.message[:1].upper()}{error.message[1:]}"
            screen.say(f"{words}. Still waiting for the right one (Ctrl-C ends it).")
            continue
        if code is not None:
            return code
    return None


def pasted(line: str, expected: Expected, say: Callable[[str], None]) -> str:
    """The code in what was pasted: the address that the browser ended at, its query, or the bare code.

    Raises Mismatch when it is not the answer to our question, ApiError when it says no.
    """
    address = re.match(r"https?://[^?#]*\??([^#]*)", line, re.IGNORECASE)
    query = address[1] if address else line.lstrip("?")
    if address or re.search(r"(^|&)(code|error|state)=", query):
        if re.search(r"(^|&)response_type=", query):
            raise Mismatch("this is the address to open, not the one that the browser ends at")
        return expected.code_in(query)
    if re.match(r"ph[xcars]_", line, re.IGNORECASE):
        raise Mismatch("this is a key or a token, not the answer to the login; for keys there is login --key")
    if not re.fullmatch(r"[A-Za-z0-9._~+/-]{8,512}=*", line):
        raise Mismatch("this is neither the address that the browser ended at nor a code")
    say("Taking it as the bare code. Whose answer it is cannot be checked then, but only this login can use it (PKCE).")
    return line
