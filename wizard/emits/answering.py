"""Where a started app answers: the URL that was given, or the one that it prints itself."""

from __future__ import annotations

import http.client
import re
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from wizard.emits.chrome import user_agent
from wizard.emits.process import Running

LOOPBACK = ("localhost", "127.0.0.1", "::1")
PATHS = ("/health", "/healthz", "/api", "/api/health", "/docs", "/ping", "/index.html")
"""Asked when an app has nothing at its root."""

_URL = re.compile(
    r"(https?)://(localhost|127(?:\.\d{1,3}){3}|0\.0\.0\.0|\[::1?\]|\[::ffff:127\.0\.0\.1\]):(\d{2,5})(/[\w./~%-]*)?"
)
_PORT = re.compile(
    r"\b(?:port|listening(?: on| at)?|started (?:on|at))\W{1,4}(?:port\W{1,3})?(\d{4,5})\b", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Answered:
    """An app that answers, and with which HTTP status its first page came."""

    url: str
    status: int


def urls_in(text: str) -> tuple[str, ...]:
    """The URLs on this machine that a text of an app names, in its order; a bare port comes after whole URLs.

    An address that means every interface becomes one that can be opened.
    """
    found: dict[str, None] = {}
    for scheme, host, port, path in _URL.findall(text):
        if 0 < int(port) < 65_536:
            host = host if host in ("localhost", "[::1]") or host.startswith("127.") else "localhost"
            found[f"{scheme}://{host}:{port}{(path or '/').rstrip('.')}"] = None
    taken = {urlsplit(url).port for url in found}
    for port in _PORT.findall(text):
        if 1023 < int(port) < 65_536 and int(port) not in taken:
            found[f"http://localhost:{port}/"] = None
    return tuple(found)


def wait(
    app: Running, url: str | None, port: int | None, timeout: float, alive: Callable[[], None]
) -> Answered | tuple[str, ...]:
    """The app's first answer within `timeout` seconds; else the URLs that were tried in vain.

    Without `url`, what the app prints is tried, then `port`, which it was told to take. A 503 (still starting up) is
    asked again while there is time. `alive` raises when the app has ended.
    """
    limit = time.monotonic() + timeout
    last: Answered | None = None
    tried: tuple[str, ...] = ()
    while (left := limit - time.monotonic()) > 0:
        alive()
        tried = (url,) if url else tuple(_candidates(app, port))
        for candidate in tried:
            if (there := _asked(candidate, left if url else min(left, 15.0))) is not None:
                last = there
                if there.status != 503:
                    return last
                break
        time.sleep(0.1)
    return last or tried


def _asked(url: str, timeout: float) -> Answered | None:
    """The answer at a URL; a server that does not understand http there may speak https."""
    if (status := request(url, timeout)) is not None:
        return Answered(url, status)
    secure = f"https:{url.removeprefix('http:')}"
    if url.startswith("http:") and listens(url) and (status := request(secure, min(timeout, 5.0))) is not None:
        return Answered(secure, status)
    return None


def _candidates(app: Running, port: int | None) -> Iterator[str]:
    printed = urls_in(app.tail(200, plain=False))
    yield from printed
    if port is not None and not any(urlsplit(url).port == port for url in printed):
        yield f"http://localhost:{port}/"


def other_page(url: str) -> Answered | None:
    """A usual path of an app that has nothing at `url`."""
    for path in PATHS:
        there = urlsplit(url)._replace(path=path, query="").geturl()
        if (status := request(there, 5.0)) is not None and status < 400:
            return Answered(there, status)
    return None


def listens(url: str) -> bool:
    """Does anybody take connections at the URL?"""
    parts = urlsplit(url)
    try:
        with socket.create_connection((parts.hostname or "127.0.0.1", _port(url)), timeout=1):
            return True
    except OSError:
        return False


def request(url: str, timeout: float) -> int | None:
    """Status of a GET without following redirects; None when nobody answers.

    A development certificate on this machine was signed by nobody: it is not asked for there.
    """
    parts = urlsplit(url)
    host = parts.hostname or "127.0.0.1"
    connection = http.client.HTTPConnection(host, _port(url), timeout=timeout)
    if parts.scheme == "https":
        context = ssl.create_default_context()
        if host in LOOPBACK:
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        connection = http.client.HTTPSConnection(host, _port(url), timeout=timeout, context=context)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        connection.request("GET", path, headers={"User-Agent": user_agent(), "Accept": "text/html,*/*"})
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


def _port(url: str) -> int:
    parts = urlsplit(url)
    return parts.port or (443 if parts.scheme == "https" else 80)
