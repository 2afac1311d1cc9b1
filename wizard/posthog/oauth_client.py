"""Who we are to an authorization server: our own registration (RFC 7591), never that of PostHog's wizard."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from wizard.posthog.failures import ApiError
from wizard.posthog.http import NoReply, place, send
from wizard.posthog.loose import mapping, text, texts
from wizard.posthog.oauth import refusal
from wizard.posthog.oauth_metadata import OTHER_WAYS, TIMEOUT, Endpoints

NAME = "Setup wizard for PostHog (community)"
"""What the consent screen shows; PostHog takes no name that begins with its own, nor with words like "official"."""

PORTS = (8239, 8238, 8240, 8237, 8236, 8235)
"""Ports of the callback, tried in this order; registered, so that they work where the port must match exactly."""

CALLBACKS = tuple(f"http://{host}/callback" for host in ("127.0.0.1", "localhost", "[::1]"))
"""Without a port: these match on any (RFC 8252, section 7.3)."""


@dataclass(frozen=True, slots=True)
class Client:
    """A registration. `any_port`: the server promises to accept the callback on whatever port."""

    id: str
    any_port: bool = True


def register(endpoints: Endpoints) -> Client:
    """A new registration at the server. Raises ApiError.

    A server that knows no loopback address without a port gets those with the ports alone.
    """
    if not endpoints.register:
        raise ApiError(f"{place(endpoints.issuer)} lets no program register itself for logging in", OTHER_WAYS)
    ports = tuple(f"http://{host}:{port}/callback" for host in ("127.0.0.1", "localhost") for port in PORTS)
    try:
        return _register(endpoints, (*CALLBACKS, *ports))
    except ApiError as error:
        if error.code not in ("invalid_redirect_uri", "invalid_client_metadata"):
            raise
        return _register(endpoints, ports)


def _register(endpoints: Endpoints, redirects: Sequence[str]) -> Client:
    metadata: dict[str, Any] = {
        "client_name": NAME,
        "redirect_uris": list(redirects),
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "none",
        "application_type": "native",
    }
    reply = send("POST", endpoints.register, body=metadata, timeout=TIMEOUT)
    if isinstance(reply, NoReply):
        raise ApiError(reply.reason, reply.hint, passing=True)
    answer = mapping(reply.json())
    if reply.status == 429:
        raise ApiError(f"{place(endpoints.register)} is limiting registrations (429)", "Try again later.", status=429)
    if reply.status not in (200, 201) or not 0 < len(text(answer.get("client_id"))) <= 2048:
        raise refusal(place(endpoints.register), reply.status, answer)
    if answer.get("token_endpoint_auth_method", "none") != "none":
        raise ApiError(f"{place(endpoints.register)} registers only programs that can keep a secret", OTHER_WAYS)
    kept = texts(answer.get("redirect_uris")) or tuple(redirects)
    return Client(str(answer["client_id"]), CALLBACKS[0] in kept)
