"""The one module that owns httpx: an HTTP exchange as a value, and network failures in words."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

# Whoever only masks a token imports this module too: what costs milliseconds is imported where it is used.
if TYPE_CHECKING:
    import ssl

    import httpx

LARGEST_BODY = 4_000_000
"""Bytes; a longer answer is none of PostHog's to the calls made here."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What a server answered. Header names are lower-case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

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
        """Seconds to wait as the server asks, never negative; None when it does not say."""
        from email.utils import parsedate_to_datetime

        value = self.headers.get("retry-after", "").strip()
        if value.isdecimal() and value.isascii():
            return float(value)
        try:
            then = parsedate_to_datetime(value)
        except ValueError:
            return None
        return max(0.0, (then.replace(tzinfo=then.tzinfo or UTC) - datetime.now(UTC)).total_seconds())


@dataclass(frozen=True, slots=True)
class NoReply:
    """No answer came. `reason` is a clause that names the host."""

    kind: Literal["dns", "tls", "timeout", "refused", "proxy", "url", "broken"]
    reason: str


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
    return urlsplit(url).netloc.rpartition("@")[2]


def send(
    method: Literal["GET", "POST"], url: str, *, body: Any = None, bearer: str = "", timeout: float
) -> Reply | NoReply:
    """One exchange of at most about `timeout` seconds; `body` goes as JSON, redirects are not followed.

    HTTPS_PROXY, NO_PROXY, SSL_CERT_FILE and SSL_CERT_DIR are honoured, and the system's certificates count besides
    the bundled ones; a loopback host is never reached through a proxy. Redirects are reported, because following
    one would carry `bearer` to a host that nobody chose. `bearer` must be printable ASCII.
    """
    import httpx

    headers = {"User-Agent": f"posthog-wizard/{_version()}", "Accept": "application/json"}
    if bearer:
        headers["Authorization"] = f"Bearer {bearer}"
    deadline = time.monotonic() + timeout
    try:
        with (
            httpx.Client(
                verify=_trusted(url), trust_env=not is_loopback(url), timeout=timeout / 2, follow_redirects=False
            ) as client,
            client.stream(method, url, headers=headers, json=body) as response,
        ):
            content = _read(response, deadline)
            if isinstance(content, NoReply):
                return content
            return Reply(response.status_code, {k.lower(): v for k, v in response.headers.items()}, content)
    except httpx.TimeoutException:
        return NoReply("timeout", f"{place(url)} did not answer in time ({timeout:g} s){_through(url)}")
    except httpx.ProxyError as error:
        return NoReply("proxy", f"the proxy{_through(url, '')} refused to reach {place(url)} ({error})")
    except (httpx.HTTPError, OSError) as error:
        return _in_words(error, url)
    except (httpx.InvalidURL, UnicodeError):
        return NoReply("url", f"{place(url)} is not a host that can be called")
    except (ImportError, ValueError):
        # httpx raises these for socks:// without its extra, and for proxy schemes it does not know
        return NoReply("proxy", f"the proxy in the environment{_through(url, '')} is of a kind that is not supported")


def _read(response: httpx.Response, deadline: float) -> bytes | NoReply:
    content = b""
    for chunk in response.iter_bytes():
        content += chunk
        if len(content) > LARGEST_BODY:
            return NoReply("broken", f"{response.url.host} answered more than {LARGEST_BODY} bytes")
        if time.monotonic() > deadline:
            return NoReply("timeout", f"{response.url.host} did not finish its answer in time")
    return content


def _in_words(error: BaseException, url: str) -> NoReply:
    import socket
    import ssl

    where = place(url)
    for cause in _causes(error):
        match cause:
            case socket.gaierror():
                words = f"the name {where} cannot be resolved (DNS): no network, or a DNS filter blocks it"
                return NoReply("dns", words + _through(url))
            case ssl.SSLCertVerificationError():
                return NoReply(
                    "tls",
                    f"the certificate of {where} is not trusted ({cause.verify_message}); when a proxy inspects TLS "
                    f"here, set SSL_CERT_FILE to its certificate{_through(url)}",
                )
            case ssl.SSLError():
                detail = (cause.reason or "handshake failed").replace("_", " ").lower()
                return NoReply("tls", f"no TLS connection with {where} ({detail}){_through(url)}")
            case FileNotFoundError():
                return NoReply("tls", "SSL_CERT_FILE or SSL_CERT_DIR names a file that does not exist")
            case ConnectionRefusedError():
                return NoReply("refused", f"{where} refuses connections{_through(url)}")
    return NoReply("broken", f"the connection to {where} broke off{_through(url)}")


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _through(url: str, lead: str = ", through the proxy") -> str:
    """` through the proxy host:port` when the environment names one for this URL."""
    from urllib.request import getproxies, proxy_bypass

    parts = urlsplit(url)
    proxies = getproxies()
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    if not proxy or is_loopback(url) or proxy_bypass(parts.hostname or ""):
        return ""
    return f"{lead} {place(proxy if '://' in proxy else f'http://{proxy}')}"


def _trusted(url: str) -> ssl.SSLContext:
    """Certificates to trust: the bundled ones (or those the environment names) and the system's own."""
    import ssl

    import httpx

    if url.startswith("http:") and is_loopback(url):
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context = httpx.create_ssl_context()
    context.load_default_certs()
    return context


def _version() -> str:
    from importlib import metadata

    try:
        return metadata.version("posthog-wizard")
    except metadata.PackageNotFoundError:
        return "0"
