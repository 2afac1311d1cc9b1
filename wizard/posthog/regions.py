"""Which region of PostHog Cloud a credential is from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from threading import Thread
from types import MappingProxyType

from wizard.errors import WizardError
from wizard.posthog.access import Access, Kind
from wizard.posthog.failures import ApiError
from wizard.posthog.hosts import REGIONS, Hosts, cloud
from wizard.posthog.http import place
from wizard.posthog.private_api import call, check_access

CLOUD: Mapping[str, Hosts] = MappingProxyType({region: cloud(region) for region in REGIONS})
"""The regions that are asked. A credential is shown to no host but these."""

TIMEOUT = 10.0
"""Seconds for one request."""


def region_of_secret(
    secret: str, *, kind: Kind = "personal key", places: Mapping[str, Hosts] = CLOUD, timeout: float = TIMEOUT
) -> Hosts | None:
    """The hosts of the region that knows the credential; None when all of them say that they do not.

    A refusal for lack of a scope proves the region as well: only a known credential gets that far. What is unclear is
    never called invalid: raises ApiError when a region gave no answer that settles it, or more than one said yes.
    """
    check_access(Access(secret, next(iter(places.values())), kind))
    answers = _ask_all({name: Access(secret, hosts, kind) for name, hosts in places.items()}, timeout)
    known = [name for name, answer in answers.items() if answer is True]
    unclear = [answer for answer in answers.values() if isinstance(answer, WizardError)]
    if len(known) > 1:
        both = " and ".join(place(places[name].app) for name in known)
        raise ApiError(
            f"{both} both accept the credential, which cannot be: something between you and PostHog answers for them",
            "Try from another network.",
        )
    if known:
        return places[known[0]]
    if unclear:
        raise ApiError(
            f"the region of the credential is not known: {'; '.join(error.message for error in unclear)}",
            "Name it with --region us or --region eu.",
            passing=any(isinstance(error, ApiError) and error.passing for error in unclear),
        )
    return None


def _ask_all(asked: Mapping[str, Access], timeout: float) -> dict[str, bool | WizardError]:
    answers: dict[str, bool | WizardError] = {}

    def ask(name: str, access: Access) -> None:
        try:
            answers[name] = _knows(access, timeout)
        except WizardError as error:  # in a thread nobody else would hear of it
            answers[name] = error

    # daemons, so that Ctrl-C need not wait for an answer as it would with an executor
    threads = [Thread(target=ask, args=item, daemon=True) for item in asked.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return {name: answers[name] for name in asked}


def _knows(access: Access, timeout: float) -> bool:
    """Raises ApiError when the answer settles nothing."""
    try:
        answer = call("GET", "/api/users/@me/", replace(access), timeout=timeout, tries=1)
    except ApiError as error:
        if error.status == 401:
            return False
        if error.status == 403 and (error.scope or error.code == "permission_denied"):
            return True
        raise
    if "distinct_id" in answer or "email" in answer or "uuid" in answer or "team" in answer:
        return True
    raise ApiError(f"{place(access.hosts.app)} does not answer like PostHog's private API (a user without fields)")
