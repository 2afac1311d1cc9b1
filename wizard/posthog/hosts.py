"""Regions and hosts of PostHog Cloud, and of one's own instance. Pure data, no network."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from urllib.parse import urlsplit

from wizard.errors import UsageError

REGIONS = ("us", "eu")


@dataclass(frozen=True, slots=True)
class Hosts:
    """Where the parts of one PostHog live: ingestion (SDKs), app (people, private API), assets (scripts).

    Source: https://posthog.com/docs/api#base-urls and posthog-js' request router.
    """

    ingest: str
    app: str
    assets: str
    region: str | None = None


def cloud(region: str) -> Hosts:
    """The hosts of a PostHog Cloud region, `us` or `eu`."""
    return Hosts(
        f"https://{region}.i.posthog.com",
        f"https://{region}.posthog.com",
        f"https://{region}-assets.i.posthog.com",
        region,
    )


def login_line(hosts: Hosts) -> str:
    """The command that logs in there: which region of PostHog Cloud it is shows by itself."""
    return "posthog-wizard login" if hosts.region else f"posthog-wizard login --host {shlex.quote(hosts.app)}"


def of(url: str) -> Hosts:
    """The hosts that belong to any PostHog URL: a Cloud host of either kind, or an own instance or proxy.

    Raises UsageError for what is no http(s) URL, has a password in it (it would be written into code), or characters
    that a shell would obey: what a stranger's env file names ends up in commands to be copied.
    """
    url = url.strip()
    url = re.split(r"[?#]", url if "://" in url else f"https://{url}")[0].rstrip("/")
    try:
        parts = urlsplit(url)
        name, _ = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:  # a bad port, an unclosed bracket
        parts, name = None, ""
    if re.match(r"https?://ph[acrsx]_", url, re.IGNORECASE):
        raise UsageError("this is a key or a token, not the URL of a PostHog host", "Give the address with --host.")
    if parts and "@" in parts.netloc:
        raise UsageError(
            "the URL of the PostHog host has a user name or a password in it", "Give the address alone with --host."
        )
    bad = not url.isprintable() or re.search(r"[^\w.:/\[\]%~@+,=-]", url)
    if not parts or parts.scheme not in ("http", "https") or not name or bad:
        raise UsageError(f"{url!r} is not a URL of a PostHog host", "For example --host https://us.i.posthog.com")
    if match := re.fullmatch(r"(app|us|eu)(-assets)?(\.i)?\.posthog\.com", name):
        return cloud("eu" if match[1] == "eu" else "us")
    return Hosts(url, url, url)
