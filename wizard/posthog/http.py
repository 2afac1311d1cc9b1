"""The one module that owns httpx: an HTTP exchange as a value, and network failures in words."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

from wizard.posthog.bounds import TooMuch, Unreadable, decoded, within
from wizard.posthog.loose import line

# Whoever only masks a token imports this module too: what costs milliseconds is imported where it is used.
if TYPE_CHECKING:
    import ssl

    import httpx

LARGEST_BODY = 4_000_000
"""Bytes; a longer answer is none of PostHog's to the calls made here."""

_LONGEST_WAIT = 86400.0


@dataclass(frozen=True, slots=True)
class Reply:
    """What a server answered. Header names are lower-case."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    def json(self) -> Any:
        """The decoded body; None when it is no JSON (capture and flags report errors as plain text)."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None

    @property
    def html(self) -> bool:
        """Is the body a web page? PostHog's public endpoints never answer one."""
        return "text/html" in self.headers.get("content-type", "") or self.body.lstrip()[:1] == b"<"

    @property
    def retry_after(self) -> float | None:
        """Seconds to wait as the server asks, never negative nor more than a day; None when it does not say."""
        from email.utils import parsedate_to_datetime

        value = self.headers.get("retry-after", "").strip()
        if value.isdecimal() and value.isascii():
            return min(float(value), _LONGEST_WAIT)
        try:
            then = parsedate_to_datetime(value)
            left = (then.replace(tzinfo=then.tzinfo or UTC) - datetime.now(UTC)).total_seconds()
        except (ValueError, OverflowError):  # years of twenty digits
            return None
        return min(max(0.0, left), _LONGEST_WAIT)


@dataclass(frozen=True, slots=True)
class NoReply:
    """No answer came. `reason` is a clause that names the host, `hint` a sentence with the next step, or empty."""

    kind: Literal["dns", "blocked", "tls", "timeout", "refused", "proxy", "url", "broken"]
    reason: str
    hint: str = ""


def is_loopback(url: str) -> bool:
    """Does the URL point at this very machine?"""
    from ipaddress import ip_address

    name = urlsplit(url).hostname or ""
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return name == "localhost" or name.endswith(".localhost")


def place(url: str) -> str:
    """Host and port of a URL, without credentials, path and query, for messages."""
    try:
        return line(urlsplit(url).netloc.rpartition("@")[2])
    except ValueError:  # a stranger's redirect can lead anywhere
        return ""


Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]


def send(
    method: Method,
    url: str,
    *,
    body: Any = None,
    form: Mapping[str, str] | None = None,
    bearer: str = "",
    headers: Mapping[str, str] | None = None,
    timeout: float,
) -> Reply | NoReply:
    """One exchange of at most about `timeout` seconds; redirects are not followed.

    `body` goes as JSON, `form` as an HTML form would send it; `headers` come on top of our own.

    HTTPS_PROXY, NO_PROXY, SSL_CERT_FILE and SSL_CERT_DIR are honoured, and the system's certificates count besides
    the bundled ones; a loopback host is never reached through a proxy. Redirects are reported, because following
    one would carry `bearer` to a host that nobody chose. `bearer` must be printable ASCII.
    """
    try:
        # a little more than the limits inside, which know more about what went wrong
        return within(1.1 * timeout, lambda: _explained(url, _send(method, url, body, form, bearer, headers, timeout)))
    except TimeoutError:
        return NoReply("timeout", f"{place(url)} did not finish its answer in time ({timeout:g} s){through(url)}")


def _explained(url: str, reply: Reply | NoReply) -> Reply | NoReply:
    if isinstance(reply, NoReply) and reply.kind in ("refused", "timeout", "tls", "broken") and (to := _sinkhole(url)):
        reason = f"{place(url)} is led to {to} on this network, as a DNS blocker or the hosts file does"
        return NoReply("blocked", reason, f"Allow {urlsplit(url).hostname} in the DNS blocker, or try another network.")
    return reply


def _send(
    method: Method,
    url: str,
    body: Any,
    form: Mapping[str, str] | None,
    bearer: str,
    headers: Mapping[str, str] | None,
    timeout: float,
) -> Reply | NoReply:
    import httpx

    sent = {"User-Agent": f"posthog-wizard/{_version()}", "Accept": "application/json", "Accept-Encoding": "gzip"}
    sent |= headers or {}
    if bearer:
        sent["Authorization"] = f"Bearer {bearer}"
    deadline = time.monotonic() + timeout
    try:
        context = trusted_by(url)
    except OSError as error:
        what = "does not exist" if isinstance(error, FileNotFoundError) else "holds no certificates that can be read"
        name = "SSL_CERT_FILE" if os.environ.get("SSL_CERT_FILE") else "SSL_CERT_DIR"
        return NoReply("tls", f"{name} names a file that {what}", f"Correct or unset {name}.")
    try:
        with (
            httpx.Client(
                verify=context, trust_env=not is_loopback(url), timeout=timeout / 2, follow_redirects=False
            ) as client,
            client.stream(method, url, headers=sent, json=body, data=form) as response,
        ):
            content = _read(response, deadline)
            if isinstance(content, NoReply):
                return content
            return Reply(response.status_code, {k.lower(): v for k, v in response.headers.items()}, content)
    except httpx.TimeoutException:
        return NoReply("timeout", f"{place(url)} did not answer in time ({timeout:g} s){through(url)}")
    except httpx.ProxyError as error:
        return NoReply("proxy", f"the proxy{through(url, '')} refused to reach {place(url)} ({line(str(error), 80)})")
    except (httpx.HTTPError, OSError) as error:
        return in_words(error, url, timeout)
    except (httpx.InvalidURL, UnicodeError):
        return NoReply("url", f"{place(url)} is not a host that can be called")
    except (ImportError, ValueError):
        # httpx raises these for socks:// without its extra, and for proxy schemes it does not know
        return NoReply("proxy", f"the proxy in the environment{through(url, '')} is of a kind that is not supported")


def _read(response: httpx.Response, deadline: float) -> bytes | NoReply:
    where = line(response.url.host)
    try:
        return decoded(response.iter_raw(), response.headers.get("content-encoding", ""), LARGEST_BODY, deadline)
    except TooMuch:
        return NoReply("broken", f"{where} answered more than {LARGEST_BODY} bytes")
    except TimeoutError:
        return NoReply("timeout", f"{where} did not finish its answer in time")
    except Unreadable:
        return NoReply("broken", f"{where} answered with bytes that cannot be unpacked")


def in_words(error: BaseException, url: str, timeout: float) -> NoReply:
    """What went wrong, by the innermost error that says it; `timeout` in seconds for finding out an issuer."""
    import socket
    import ssl

    where = place(url)
    for cause in _causes(error):
        match cause:
            case socket.gaierror():
                words = f"the name {where} cannot be resolved (DNS): no network, or a DNS filter blocks it"
                return NoReply("dns", words + through(url))
            case ssl.SSLCertVerificationError():
                return _untrusted(cause, url, timeout)
            case ssl.SSLError():
                detail = (cause.reason or "handshake failed").replace("_", " ").lower()
                return NoReply("tls", f"no TLS connection with {where} ({detail}){through(url)}")
            case ConnectionRefusedError():
                return NoReply("refused", f"{where} refuses connections{through(url)}")
    return NoReply("broken", f"the connection to {where} broke off{through(url)}")


def _untrusted(error: ssl.SSLCertVerificationError, url: str, timeout: float) -> NoReply:
    from wizard.posthog.certificates import presented_issuer

    parts = urlsplit(url)
    issuer = presented_issuer(parts.hostname or "", parts.port or 443, _proxy(url), min(timeout / 2, 5.0))
    by = f", issued by {issuer}," if issuer else ""
    why = line(error.verify_message).rstrip(".")
    reason = f"the certificate of {place(url)}{by} is not trusted ({why}){through(url)}"
    if error.verify_code in (9, 10):  # not yet valid, expired
        return NoReply("tls", reason, "Is the clock of this machine right?")
    if error.verify_code in (62, 64):  # of another name or address
        return NoReply("tls", reason, "Something else answers at this address: check it, or try another network.")
    of = f" of {issuer}" if issuer else ""
    hint = (
        f"When a proxy or a virus scanner inspects TLS here, set SSL_CERT_FILE to a PEM file with the certificate{of}."
    )
    return NoReply("tls", reason, hint)


def _sinkhole(url: str) -> str:
    """The address to which a name of PostHog is led on this machine, when it is none of PostHog's; else empty."""
    import socket
    from ipaddress import ip_address

    name = urlsplit(url).hostname or ""
    if not name.endswith(".posthog.com") or _proxy(url):
        return ""
    try:
        found = [str(answer[4][0]) for answer in socket.getaddrinfo(name, 443, type=socket.SOCK_STREAM)]
        dead = [a for a in found if ip_address(a).is_loopback or ip_address(a).is_unspecified]
    except (OSError, ValueError):
        return ""
    return dead[0] if dead and len(dead) == len(found) else ""


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def through(url: str, lead: str = ", through the proxy") -> str:
    """` through the proxy host:port` when the environment names one for this URL."""
    return f"{lead} {place(proxy)}" if (proxy := _proxy(url)) else ""


def _proxy(url: str) -> str:
    """The proxy that the environment names for this URL; it may hold a password."""
    from urllib.request import getproxies, proxy_bypass

    parts = urlsplit(url)
    proxies = getproxies()
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    if not proxy or is_loopback(url) or proxy_bypass(parts.hostname or ""):
        return ""
    return proxy if "://" in proxy else f"http://{proxy}"


def trusted_by(url: str) -> ssl.SSLContext:
    """The certificates that count for a URL; none need be read for plain HTTP on this machine."""
    import ssl

    from wizard.posthog.certificates import trusted

    if url.startswith("http:") and is_loopback(url):
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    return trusted()


def _version() -> str:
    from importlib import metadata

    try:
        return metadata.version("posthog-wizard")
    except metadata.PackageNotFoundError:
        return "0"
