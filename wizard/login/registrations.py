"""Our registrations at authorization servers, kept from one login to the next; they are no secret."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

from wizard.errors import WizardError
from wizard.login.store import config_path, private_folder, private_read, private_write
from wizard.posthog.loose import mapping, text
from wizard.posthog.oauth_client import Client, register
from wizard.posthog.oauth_metadata import Endpoints

VARIABLE = "POSTHOG_WIZARD_OAUTH_CLIENT_ID"
"""A registered id, or the https address of a client metadata document, instead of our own registration."""


def given(env: Mapping[str, str] = os.environ) -> str:
    """The client id that the environment names; empty when there is none."""
    return env.get(VARIABLE, "").strip()


def client(endpoints: Endpoints, env: Mapping[str, str] = os.environ) -> Client:
    """Who we are at this server: the id given, the registration of an earlier login, or a new one. Raises ApiError."""
    if name := given(env):
        return Client(name)
    known = mapping(_known().get(endpoints.issuer))
    if name := text(known.get("client_id")):
        return Client(name, known.get("any_port") is True)
    made = register(endpoints)
    _keep({**_known(), endpoints.issuer: {"client_id": made.id, "any_port": made.any_port}})
    return made


def forget(issuer: str) -> None:
    """The next login registers anew."""
    known = _known()
    if known.pop(issuer, None) is not None:
        _keep(known)


def forget_client(client_id: str) -> None:
    """The next login registers anew, wherever this registration was made: the server does not know it any more."""
    known = _known()
    left = {issuer: entry for issuer, entry in known.items() if mapping(entry).get("client_id") != client_id}
    if len(left) < len(known):
        _keep(left)


def _known() -> dict[str, Any]:
    """Nothing when the file is not readable: a registration is made again in a second."""
    try:
        return mapping(json.loads(private_read(config_path() / "oauth-clients.json") or b"{}"))
    except (WizardError, ValueError, RecursionError):
        return {}


def _keep(known: Mapping[str, Any]) -> None:
    file = config_path() / "oauth-clients.json"
    try:
        private_folder(file.parent)
        private_write(file, json.dumps(known, indent=2).encode())
    except WizardError:
        return  # nothing is lost but a second at the next login
