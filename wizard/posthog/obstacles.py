"""What stands between us and a host of PostHog: filters, proxies, captive portals and outages, told apart in words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from html import unescape
from types import MappingProxyType
from urllib.parse import urlsplit

from wizard.posthog.http import NoReply, Reply, place
from wizard.posthog.masking import redact

_HINTS: Mapping[str, str] = MappingProxyType(
    {
        "dns": "Is there a network? If other sites work, a DNS filter denies {where}: allow it there.",
        "blocked": "A DNS blocker (Pi-hole, NextDNS, hosts file ...) answers for {where}: allow the name there.",
        "tls": "When a proxy inspects TLS here, get the certificate it signs with (PEM) and set SSL_CERT_FILE to it.",
        "timeout": "A firewall that drops packets looks like this: have {where} allowed, or set HTTPS_PROXY.",
        "refused": "A firewall refuses, or nothing runs there. Behind a proxy set HTTPS_PROXY.",
        "proxy": "Check HTTPS_PROXY, and have {where} allowed by whoever runs the proxy.",
        "proxy login": "Put the login into the variable: HTTPS_PROXY=http://user:password@proxy:port",
        "web page": "Open {url} in a browser: a login page of the network, a filter, or a wrong address answers there.",
        "redirect": "Open {url} in a browser: networks of hotels and trains ask for a login first.",
        "forbidden": "A proxy, firewall or filter denies {where}: have it allowed, or try another network.",
        "broken": "Try again; if it stays so, something on the way cuts connections to {where}.",
        "busy": "Nothing is wrong here; try again later.",
        "quota": "Raise the limit in PostHog under Organization settings, Billing, or wait for the next period.",
        "down": "Try again later; https://posthogstatus.com says what is known about PostHog Cloud.",
        "url": "Give the right address with --host or --region.",
        "unexpected": "Does PostHog run at {url}? Give the right address with --host or --region.",
    }
)

FILTERS = frozenset(
    {"dns", "blocked", "tls", "timeout", "refused", "proxy", "proxy login", "web page", "redirect", "forbidden"}
)
"""The kinds that are of this network, not of PostHog."""


@dataclass(frozen=True, slots=True)
class Obstacle:
    """What is in the way. `kind` is a key for code, `reason` a clause that names the host, `hint` a sentence."""

    kind: str
    reason: str
    hint: str


def obstacle(reply: Reply | NoReply, url: str) -> Obstacle | None:
    """What a reply of a public host tells of the way there; None when PostHog itself may have answered it."""
    where = place(url)
    if isinstance(reply, NoReply):
        kind = "proxy login" if reply.kind == "proxy" and "407" in reply.reason else reply.kind
        return _named(kind, reply.reason, url, reply.hint if kind == reply.kind else "")
    between = f"something between you and PostHog answers for {where}"
    match reply.status:
        case 402:
            return _named("quota", f"{where} answers 402: the quota for feature flags is used up", url)
        case 407:
            return _named("proxy login", f"the proxy on the way to {where} asks for a login (407)", url)
        case 429:
            wait = f"; it asks to wait {reply.retry_after:.0f} s" if reply.retry_after is not None else ""
            return _named("busy", f"{where} is limiting requests (429{wait})", url)
        case 511:
            return _named("web page", f"{between}: the network asks for a login (511)", url)
        case status if 300 <= status < 400:
            return _named("redirect", f"{between}: a redirect{_target(reply)} ({status})", url)
        case 403 | 451:
            page = " with a web page" + _title(reply) if reply.html else ""
            reason = f"{between}: access denied{page} ({reply.status}){_signed(reply)}"
            return _named("forbidden", reason, url)
        case status if status >= 500:
            page = ", on a web page" + _title(reply) if reply.html else ""
            return _named("down", f"{where} has a problem of its own ({status}{page})", url)
        case status if reply.html:
            return _named("web page", f"{between}: a web page{_title(reply)} ({status})", url)
    return None


def unexpected(reply: Reply, url: str) -> Obstacle:
    """An answer that PostHog does not give at this place."""
    reason = f"something between you and PostHog answers for {place(url)}: something unexpected ({reply.status})"
    return _named("unexpected", reason, url)


def _named(kind: str, reason: str, url: str, hint: str = "") -> Obstacle:
    if not hint:
        plain = _HINTS.get(kind, _HINTS["unexpected"])
        hint = plain.format(where=place(url), url=f"{urlsplit(url).scheme}://{place(url)}")
    return Obstacle(kind, reason, hint)


def _title(reply: Reply) -> str:
    found = re.search(r"<title[^>]*>([^<]{1,200})", reply.body[:20_000].decode("utf-8", "replace"), re.IGNORECASE)
    title = _line(unescape(found[1])) if found else ""
    return f" titled '{title}'" if title else ""


def _target(reply: Reply) -> str:
    host = _line(place(reply.headers.get("location", "")))
    return f" to {host}" if host else ""


def _signed(reply: Reply) -> str:
    """Who says that it is answering: proxies and filters sign with these headers."""
    name = _line(reply.headers.get("via") or reply.headers.get("server", ""))
    return f", by {name}" if name else ""


def _line(said: str) -> str:
    """At most 60 characters of what a stranger wrote, on one line of ASCII."""
    line = " ".join(redact(said).split())[:60]
    return "".join(sign if sign.isascii() and sign.isprintable() else "?" for sign in line)
