"""Which PostHog a login is good for: what the token answer says, as far as it can be believed."""

from __future__ import annotations

from collections.abc import Callable

from wizard.errors import UsageError
from wizard.posthog.failures import ApiError
from wizard.posthog.hosts import REGIONS, Hosts, cloud, of
from wizard.posthog.http import place
from wizard.posthog.oauth import Tokens
from wizard.posthog.oauth_metadata import Endpoints
from wizard.posthog.regions import region_of_secret

_REFUSED = "Nothing was saved. Try again, or use a personal API key: posthog-wizard login --key"


def hosts_of(
    tokens: Tokens, endpoints: Endpoints, asked: Hosts | None, say: Callable[[str], None] = lambda message: None
) -> Hosts:
    """The hosts that take the access token. Raises ApiError when the answer names others than those of the login.

    An own instance is where the person logged in, whatever it says about itself. PostHog Cloud says which region it is
    (services.md, D.2); where it does not, the one that was asked counts, or both are asked.
    """
    if asked is not None and not endpoints.is_cloud:
        return asked
    found = _named(tokens) or asked
    if found is None:
        say("Asking us.posthog.com and eu.posthog.com whose login it is (at most 20 s)")
        found = region_of_secret(tokens.access, kind="login")
    if found is None:
        raise ApiError("no region of PostHog Cloud accepts the login that it gave", _REFUSED)
    if asked is not None and found != asked:
        raise ApiError(
            f"the login is for {place(found.app)}, not for {place(asked.app)}",
            f"Nothing was saved. For that one: posthog-wizard login --region {found.region}",
        )
    return found


def _named(tokens: Tokens) -> Hosts | None:
    """The region that the answer names; None when it names none. Raises ApiError for a host of somebody else."""
    region = cloud(tokens.region) if tokens.region in REGIONS else None
    if not tokens.base:
        return region
    try:
        base = of(tokens.base)
    except UsageError:
        base = None
    if base is None or base.region is None or (region is not None and region != base):
        raise ApiError("the answer to the login names a host that is not the one it was given at", _REFUSED)
    return base
