"""What is switched on in a project: read, and changed by the narrowest endpoint."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from wizard.errors import Bug
from wizard.posthog.access import Access
from wizard.posthog.failures import ApiError
from wizard.posthog.http import place
from wizard.posthog.loose import flag, objects, texts
from wizard.posthog.private_api import TRIES, call, segment

FIELDS: Mapping[str, str] = MappingProxyType(
    {
        "autocapture": "autocapture_opt_out",
        "session_replay": "session_recording_opt_in",
        "error_tracking": "autocapture_exceptions_opt_in",
        "web_vitals": "autocapture_web_vitals_opt_in",
        "heatmaps": "heatmaps_opt_in",
        "surveys": "surveys_opt_in",
        "dead_clicks": "capture_dead_clicks",
        "console_logs": "capture_console_log_opt_in",
    }
)
"""Our names of features -> the field of the project; `..._opt_out` is the other way round."""

_PRODUCTS = frozenset({"session_replay", "error_tracking"})
"""Features with an endpoint that can switch them on and do nothing else."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What is on in a project; None where it never was decided, or the answer does not say."""

    autocapture: bool | None = None
    session_replay: bool | None = None
    error_tracking: bool | None = None
    web_vitals: bool | None = None
    heatmaps: bool | None = None
    surveys: bool | None = None
    dead_clicks: bool | None = None
    console_logs: bool | None = None
    app_urls: tuple[str, ...] = ()
    recording_domains: tuple[str, ...] = ()
    test_account_filters: tuple[Mapping[str, Any], ...] = ()
    anonymize_ips: bool | None = None


def settings(access: Access, id: int) -> Settings:
    """The settings of a project, without its secrets. Needs project:read; raises ApiError."""
    return read_settings(call("GET", _path(id), access))


def read_settings(answer: Mapping[str, Any]) -> Settings:
    """Settings out of a project as the private API answers it."""
    on = {feature: _on(name, flag(answer.get(name))) for feature, name in FIELDS.items()}
    return Settings(
        **on,
        app_urls=texts(answer.get("app_urls")),
        recording_domains=texts(answer.get("recording_domains")),
        test_account_filters=tuple(objects(answer.get("test_account_filters"))),
        anonymize_ips=flag(answer.get("anonymize_ips")),
    )


def switch_on(access: Access, id: int, feature: str) -> None:
    """Switches on one of FIELDS, by the endpoint that can do nothing else where there is one. Raises ApiError.

    Needs product_enablement:write for session_replay and error_tracking, or project:write, which the others need.
    """
    if feature in _PRODUCTS:
        try:
            call("POST", f"{_path(id)}product_enablement/", access, body={"products": [feature]}, tries=TRIES)
            return
        except ApiError as error:
            # older instances do not have the endpoint or the product; many keys have only the wider scope
            if error.status not in (400, 404, 405) and not (error.scope and access.may("project:write")):
                raise
    switch(access, id, feature, True)


def switch(access: Access, id: int, feature: str, on: bool) -> None:
    """Switches one of FIELDS on or off and touches no other setting. Needs project:write; raises ApiError."""
    if feature not in FIELDS:
        raise Bug(f"there is no project setting for {feature}")
    name = FIELDS[feature]
    call("PATCH", _path(id), access, body={name: _on(name, on)}, tries=TRIES)


def add_app_url(access: Access, id: int, url: str) -> bool:
    """Adds an address to the authorized URLs, which keeps all others; False when it is there. Raises ApiError.

    Needs project:read and project:write.
    """
    before = call("GET", _path(id), access).get("app_urls", "missing")
    if before is not None and not isinstance(before, list):
        raise ApiError(
            f"{place(access.hosts.app)} did not say which authorized URLs the project has, so none was added",
            f"Add {url} on {access.hosts.app}/settings/project.",
        )
    if any(str(known).rstrip("/") == url.rstrip("/") for known in before or ()):
        return False
    call("PATCH", _path(id), access, body={"app_urls": [*(before or ()), url]}, tries=TRIES)
    return True


def _on(name: str, value: bool | None) -> bool | None:
    """From our logic to that of the field, and back."""
    return not value if name.endswith("_opt_out") and value is not None else value


def _path(id: int) -> str:
    return f"/api/projects/{segment(id)}/"
