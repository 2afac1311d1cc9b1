"""Whose credential is used where: the environment's first, then what `login` saved for the very host, kept fresh."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from wizard.errors import WizardError
from wizard.login import registrations
from wizard.login import store as store
from wizard.posthog import hosts as posthog_hosts
from wizard.posthog import oauth
from wizard.posthog.access import Access, aloud
from wizard.posthog.failures import ApiError
from wizard.posthog.hosts import Hosts
from wizard.posthog.http import place
from wizard.posthog.loose import mapping, number, numbers, text, texts
from wizard.posthog.oauth_metadata import TIMEOUT

KEY_VARIABLES = (
    "POSTHOG_WIZARD_PERSONAL_KEY",
    "POSTHOG_PERSONAL_API_KEY",
    "POSTHOG_CLI_API_KEY",
    "POSTHOG_CLI_TOKEN",
)
"""Where a personal key comes from; there is no flag, because argv is visible to every process."""

EARLY = 60
"""Seconds before its end that a login is renewed."""

LOG_IN = "Log in again: posthog-wizard login"

_ASKING_KEYRING = f"Asking the system's keyring (at most {store.KEYRING_LIMIT:.0f} s; it may want to be unlocked)"

Say = Callable[[str], None]
Place = Literal["file", "keyring"]


@dataclass(frozen=True, slots=True)
class Saved:
    """What `login` got: the access, and for a login through the browser how it is renewed and revoked.

    `expires_at` is in seconds since 1970; 0 means never.
    """

    access: Access
    refresh: str = field(default="", repr=False)
    expires_at: int = 0
    client: str = ""
    token_url: str = ""
    revoke_url: str = ""
    kept_in: Place = "file"

    def fresh(self, now: float) -> bool:
        """Is it good for another minute?"""
        return not self.expires_at or now < self.expires_at - EARLY


def personal_key(env: Mapping[str, str]) -> str | None:
    """The personal API key of the environment; None when there is none."""
    return next((env[name].strip() for name in KEY_VARIABLES if env.get(name, "").strip()), None)


def access_for(
    env: Mapping[str, str],
    hosts: Hosts,
    *,
    host_read: bool = False,
    say: Say = lambda message: None,
    now: Callable[[], float] = time.time,
) -> Access | None:
    """Who asks `hosts`: the environment's personal key, else what `login` saved for this host; None when there is none.

    With `host_read` nobody but the project named the host: whoever wrote it could collect keys, so that the
    environment's goes to PostHog Cloud only. A login belongs to the host where the person logged in. `say` hears why
    something that is there is not used, and what is waited for.
    """
    try:
        if key := _from_environment(env, hosts, host_read, say):
            return key
        there = saved(hosts.app, say)
        if there is None:
            return None
        access = there.access if there.fresh(now()) else _renewed(there, say, now)
        return replace(access, pause=aloud(say))
    except WizardError as error:
        say(f"What is there to log in with is not used: {error.message}. {error.hint}".rstrip())
        return None


def _from_environment(env: Mapping[str, str], hosts: Hosts, host_read: bool, say: Say) -> Access | None:
    name = next((n for n in KEY_VARIABLES if env.get(n, "").strip()), None)
    if name is None:
        return None
    if host_read and hosts.region is None:
        say(f"The key in {name} is not sent to {place(hosts.app)}, which only the project names (--host names it).")
        return None
    meant = env.get("POSTHOG_CLI_HOST", "").strip() if name.startswith("POSTHOG_CLI_") else ""
    if meant and posthog_hosts.of(meant).app != hosts.app:
        say(f"The key in {name} is for {place(posthog_hosts.of(meant).app)}, not for {place(hosts.app)}.")
        return None
    return Access(env[name].strip(), hosts, pause=aloud(say))


def stored_hosts() -> list[str]:
    """The app hosts that something is saved for. Raises WizardError for a file that is not ours."""
    return list(store.read_entries())


def stored() -> list[Saved]:
    """All that `login` saved. Raises WizardError for what cannot be read."""
    return [found for host in stored_hosts() if (found := saved(host))]


def save(login: Saved, say: Say = lambda message: None) -> Place:
    """Keep a credential, in the keyring when there is a real one, else in the file. Raises WizardError."""
    with store.locked(say):
        return _save(login, say)


def delete(host: str) -> None:
    """Forget what is saved for an app host. Raises WizardError when the keyring does not let go of it."""
    with store.locked():
        entries = store.read_entries()
        if mapping(entries.get(host)).get("kept_in") == "keyring":
            store.keyring_delete(host)
        if entries.pop(host, None) is not None:
            store.write_entries(entries)


def _save(login: Saved, say: Say) -> Place:
    host, access = login.access.hosts.app, login.access
    entries = store.read_entries()
    secrets = {"secret": access.secret, "refresh": login.refresh}
    kept = _into_keyring(host, secrets, say)
    entries[host] = {
        "kind": access.kind,
        "scopes": None if access.scopes is None else sorted(access.scopes),
        "projects": list(access.projects),
        "expires_at": login.expires_at,
        "client_id": login.client,
        "token_url": login.token_url,
        "revoke_url": login.revoke_url,
        "kept_in": "keyring" if kept else "file",
        **({} if kept else secrets),
    }
    store.write_entries(entries)
    return "keyring" if kept else "file"


def _into_keyring(host: str, secrets: Mapping[str, str], say: Say) -> bool:
    if store.keyring() is None:
        return False
    say(_ASKING_KEYRING)
    try:
        store.keyring_set(host, json.dumps(secrets))
    except WizardError as error:
        say(f"{error.message[:1].upper()}{error.message[1:]}; the file is used instead.")
        return False
    return True


def saved(host: str, say: Say = lambda message: None) -> Saved | None:
    """What is saved for an app host. Raises WizardError when it cannot be read."""
    entry = store.read_entries().get(host)
    if entry is None:
        return None
    found: dict[str, Any] = mapping(entry)
    in_keyring = found.get("kept_in") == "keyring"
    if in_keyring:
        say(_ASKING_KEYRING)
        try:
            found = {**found, **mapping(json.loads(store.keyring_get(host) or "{}"))}
        except ValueError:
            found = {}
    secret, kind = text(found.get("secret")), found.get("kind")
    if not secret or kind not in ("login", "personal key"):
        raise WizardError(f"what is saved for {place(host)} cannot be read", LOG_IN)
    scopes = found.get("scopes")
    return Saved(
        Access(
            secret,
            posthog_hosts.of(host),
            "login" if kind == "login" else "personal key",
            frozenset(texts(scopes)) if isinstance(scopes, list) else None,
            numbers(found.get("projects")),
        ),
        text(found.get("refresh")),
        number(found.get("expires_at")) or 0,
        text(found.get("client_id")),
        text(found.get("token_url")),
        text(found.get("revoke_url")),
        "keyring" if in_keyring else "file",
    )


def _renewed(old: Saved, say: Say, now: Callable[[], float]) -> Access:
    """The access after renewing it: the new pair is on the disk before anybody uses it. Raises WizardError."""
    host = old.access.hosts.app
    if not (old.refresh and old.token_url):
        raise WizardError("it has expired", LOG_IN)
    say(f"Renewing the login at {place(old.token_url)} (at most {TIMEOUT:.0f} s)")
    with store.locked(say):
        latest = saved(host)
        if latest is None or not (latest.refresh and latest.token_url):
            raise WizardError("it is gone", LOG_IN)
        if latest.fresh(now()):
            return latest.access  # another process was quicker; a refresh token works once
        # a disk on which nothing can be written would cost the login: find that out before the old pair dies
        store.write_entries(store.read_entries())
        try:
            given = oauth.refresh(latest.token_url, latest.client, latest.refresh)
        except ApiError as error:
            if error.code == "invalid_grant":
                raise WizardError("it was revoked or has expired", LOG_IN) from error
            if error.code == "invalid_client":
                registrations.forget_client(latest.client)
            raise
        access = replace(
            latest.access,
            secret=given.access,
            scopes=latest.access.scopes if given.scopes is None else given.scopes,
            projects=given.projects or latest.access.projects,
        )
        renewed = replace(
            latest,
            access=access,
            refresh=given.refresh or latest.refresh,
            expires_at=int(now()) + given.lifetime,
        )
        _save(renewed, say)
        return access
