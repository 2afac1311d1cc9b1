"""The ways to a credential, as a person goes them: through the browser, with a code, with a key."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Literal

from wizard import prompts
from wizard.console import Console, is_interactive
from wizard.errors import UsageError, WizardError
from wizard.login import browser
from wizard.login.credentials import Saved
from wizard.login.flow import Login, Screen, log_in
from wizard.login.pasting import Pasted
from wizard.posthog import device_login, oauth, users
from wizard.posthog.access import Access, aloud
from wizard.posthog.failures import KEY_PAGE, ApiError, quoted
from wizard.posthog.hosts import Hosts
from wizard.posthog.http import place
from wizard.posthog.oauth_hosts import hosts_of
from wizard.posthog.private_api import check_access
from wizard.posthog.regions import region_of_secret

Way = Literal["browser", "device", "key", "posthog-cli"]

_NO_KEYS = {
    "phc_": "a project token",
    "phs_": "a project's secret API key",
    "pha_": "an OAuth access token",
    "phr_": "an OAuth refresh token",
}


@dataclass(frozen=True, slots=True)
class Got:
    """A credential, which way it came, and as whom it is (an e-mail address, or empty)."""

    saved: Saved
    way: Way
    email: str


def through_browser(console: Console, hosts: Hosts | None, scopes: Sequence[str]) -> Got:
    """Log in with the browser. Raises ApiError, Interrupted."""
    paste = Pasted() if is_interactive() else None
    screen = Screen(lambda url, limit: _show(console, url, limit), console.progress, paste.line if paste else None)
    try:
        login = log_in(hosts, scopes, screen)
    finally:
        if paste:
            paste.drop()
    try:
        return _got(login, hosts, scopes, console)
    except WizardError:
        give_back(login.endpoints.revoke, login.client, login.tokens.refresh, login.tokens.access)
        raise


def _got(login: Login, hosts: Hosts | None, scopes: Sequence[str], console: Console) -> Got:
    tokens = login.tokens
    access = Access(
        tokens.access,
        hosts_of(tokens, login.endpoints, hosts, console.progress),
        "login",
        frozenset(scopes) if tokens.scopes is None else tokens.scopes,
        tokens.projects,
    )
    saved = Saved(
        access,
        tokens.refresh,
        int(time.time()) + tokens.lifetime,
        login.client,
        login.endpoints.token,
        login.endpoints.revoke,
    )
    return Got(saved, "browser", _email(access, console))


def give_back(url: str, client: str, refresh: str, access: str) -> str:
    """Revoke what a login gave; says why it could not be, empty when it was."""
    if not url:
        return "the server has no way to revoke a login"
    try:
        if refresh:
            oauth.revoke(url, client, refresh, "refresh_token")
        oauth.revoke(url, client, access, "access_token")
    except WizardError as error:
        return error.message
    return ""


def _show(console: Console, url: str, limit: float) -> None:
    console.say()
    console.say("Open this page and say yes there:")
    console.raw(url)
    console.say()
    if browser.can_open() and browser.open_page(url):
        console.say("A browser was opened with it.")
    else:
        console.say(
            "No browser can be opened from here: open it in yours, on any machine. Or end this with Ctrl-C and log in "
            "with a code that you confirm there: posthog-wizard login --device"
        )
    console.say(f"Waiting until you come back from the browser, at most {limit / 60:.4g} minutes (Ctrl-C ends it).")
    console.say("If the browser ends at a page that it cannot reach, paste the address of that page here:")


def with_code(console: Console, hosts: Hosts, scopes: Sequence[str]) -> Got:
    """Log in with a code that is confirmed in any browser. Raises ApiError."""
    console.progress(f"Asking {place(hosts.app)} for a code (at most 20 s)")
    code = device_login.start(hosts)
    console.say()
    console.say(f"Your code is {code.user_code}. Open this page in any browser and check that it shows this code:")
    console.raw(code.direct)
    console.say()
    console.say("The page speaks of the PostHog CLI, whose way to log in this is. Choose there, under scopes:")
    console.say(", ".join(scopes))
    console.say(f"Waiting until you have confirmed it, at most {code.lifetime / 60:.4g} minutes (Ctrl-C ends it).")
    access = device_login.wait(code, hosts, say=console.progress).access
    return Got(Saved(access), "device", _email(access, console))


def with_key(console: Console, hosts: Hosts | None, secret: str, way: Way = "key") -> Got:
    """Take a personal API key; without `hosts` its region is looked for. Raises UsageError, ApiError."""
    if kind := _NO_KEYS.get(secret[:4].lower()):
        raise UsageError(f"this is {kind}, not a personal API key (phx_...)", KEY_PAGE)
    if hosts is None:
        console.progress("Asking us.posthog.com and eu.posthog.com whose key it is (at most 20 s)")
        hosts = region_of_secret(secret)
    if hosts is None:
        raise ApiError(
            "no region of PostHog Cloud knows this key",
            f"It may be revoked. For your own PostHog add --host URL. {KEY_PAGE}",
        )
    access = Access(secret, hosts, pause=aloud(console.progress))
    check_access(access)
    console.progress(f"Asking {place(hosts.app)} what the key may do (at most 2 minutes)")
    access = users.limits(access)
    return Got(Saved(access), way, _email(access, console))


def read_key(console: Console, as_json: bool) -> str:
    """The key from a hidden prompt, or the first line of what is piped in. Raises UsageError."""
    if is_interactive() and not as_json:
        console.say("A personal API key is made in PostHog, under Settings, Personal API keys.")
        return prompts.password("Personal API key (phx_...), not shown while you paste it:")
    if sys.stdin is None or sys.stdin.isatty():
        raise UsageError(
            "nobody can be asked for the key", "Pipe it in, for example: posthog-wizard login --key --save < key.txt"
        )
    try:
        line = sys.stdin.readline(4096).strip()
    except UnicodeDecodeError as error:
        raise UsageError("what is piped in is no text", "Pipe in one line with a personal API key.") from error
    if not line:
        raise UsageError("no key was piped in", "For example: posthog-wizard login --key --save < key.txt")
    return line


def _email(access: Access, console: Console) -> str:
    """As whom the access is, when it may know. Raises ApiError only when PostHog does not accept it at all."""
    console.progress(f"Asking {place(access.hosts.app)} who you are (at most 2 minutes)")
    try:
        return quoted(users.me(replace(access, pause=aloud(console.progress))).email, access.secret)
    except ApiError as error:
        if error.status == 401:
            raise
        return ""


def forget_quietly(got: Got) -> None:
    """What is not kept is given back, as far as that is possible."""
    saved = got.saved
    if got.way == "browser":
        with suppress(WizardError):
            give_back(saved.revoke_url, saved.client, saved.refresh, saved.access.secret)


def env_key_variable() -> str | None:
    """The variable that holds a personal key and so goes before what is saved."""
    from wizard.login.credentials import KEY_VARIABLES

    return next((name for name in KEY_VARIABLES if os.environ.get(name, "").strip()), None)
