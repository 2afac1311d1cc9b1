"""Passing a request on to PostHog as it came, and its answer back."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wizard.errors import UsageError
from wizard.posthog import hosts as known
from wizard.posthog.bounds import within
from wizard.posthog.hosts import REGIONS, Hosts
from wizard.posthog.http import NoReply, in_words, place, through, trusted_by

if TYPE_CHECKING:
    import httpx

TIMEOUT = 15.0
"""Seconds for one request; capture itself takes milliseconds, flags at most a few seconds."""

LARGEST_ANSWER = 32 * 1024 * 1024
"""Bytes; the largest script of posthog-js is below one MB."""

# concern one connection only (RFC 9110, 7.6.1), or are made anew; the cookies of a browser are those of every app on
# this machine, whatever its port
_OWN = frozenset(
    b"connection keep-alive proxy-authenticate proxy-authorization proxy-connection te trailer transfer-encoding "
    b"upgrade host content-length expect cookie set-cookie".split()
)
# speak of PostHog's host and would be taken for this machine's; ours say who may read
_NOT_BACK = (b"strict-transport-security", b"alt-svc", b"content-type", b"vary", b"access-control-")

Header = tuple[bytes, bytes]


@dataclass(frozen=True, slots=True)
class Relayed:
    """What PostHog answered: `headers` without those of the connection, `body` still encoded as they say."""

    status: int
    content_type: str
    headers: tuple[Header, ...]
    body: bytes


def named(host: str) -> Hosts:
    """The hosts behind `us`, `eu` or a URL. Raises UsageError."""
    where = host.strip().lower()
    if where in REGIONS:
        return known.cloud(where)
    # a word alone is a region that was mistyped; a host of that name can be told with its scheme or port
    if re.fullmatch(r"[a-z0-9_-]+", where) and where != "localhost":
        raise UsageError(
            f"--forward {where} is neither us, nor eu, nor a URL",
            "For example --forward us, or --forward https://posthog.example.com",
        )
    try:
        return known.of(host)
    except UsageError as error:
        raise UsageError(error.message, "For example --forward us, or --forward https://posthog.example.com") from error


class Upstream:
    """One PostHog, over connections that are kept; may be used by many threads at once.

    `mark` names this relay in the Via header, by which a request that comes back to it is recognised.
    """

    def __init__(self, hosts: Hosts, mark: str, *, timeout: float = TIMEOUT) -> None:
        self.hosts = hosts
        self._mark = mark.encode("ascii")
        self._timeout = timeout
        self._clients: dict[str, httpx.Client] = {}
        for base in (hosts.ingest, hosts.assets):
            if base not in self._clients:
                self._clients[base] = self._client(base)

    def relay(self, method: str, target: str, headers: Sequence[Header], body: bytes) -> Relayed | NoReply:
        """One exchange of at most about the timeout. `target` is path and query, sent as they are.

        Nothing is followed: a redirect would lead an SDK, and what it carries, past this relay.
        """
        import httpx

        base = self.base(target)
        prefix = httpx.URL(base).raw_path.rstrip(b"/")
        request = httpx.Request(
            method,
            base,
            headers=self._headers(base, headers, body, method),
            content=body,
            extensions={"target": prefix + target.encode("latin-1"), "timeout": httpx.Timeout(self._timeout).as_dict()},
        )
        try:
            deadline = time.monotonic() + self._timeout
            return within(1.1 * self._timeout, lambda: self._exchange(base, request, deadline))
        except (httpx.TimeoutException, TimeoutError):
            return NoReply("timeout", f"{place(base)} did not answer in time ({self._timeout:g} s){through(base)}")
        except (httpx.HTTPError, OSError) as error:
            return in_words(error, base, self._timeout)
        except (httpx.InvalidURL, UnicodeError):
            return NoReply("url", f"{place(base)} is not a host that can be called")

    def base(self, target: str) -> str:
        """The host that serves a path: scripts and remote config come from the assets host."""
        return self.hosts.assets if target.startswith(("/static/", "/array/")) else self.hosts.ingest

    def close(self) -> None:
        """Close the connections."""
        for client in self._clients.values():
            client.close()

    def _client(self, base: str) -> httpx.Client:
        import httpx

        from wizard.posthog.http import is_loopback

        try:
            return httpx.Client(
                verify=trusted_by(base), trust_env=not is_loopback(base), timeout=self._timeout, follow_redirects=False
            )
        except (ImportError, ValueError) as error:
            raise UsageError("the proxy in the environment is of a kind that is not supported") from error

    def _headers(self, base: str, headers: Sequence[Header], body: bytes, method: str) -> list[Header]:
        import httpx

        named = {n.strip().lower() for k, v in headers if k.lower() == b"connection" for n in v.split(b",")}
        kept = [(k, v) for k, v in headers if k.lower() not in _OWN and k.lower() not in named]
        own = [(b"Host", httpx.URL(base).netloc), (b"Via", b"1.1 " + self._mark)]
        if body or method in ("POST", "PUT"):
            own.append((b"Content-Length", b"%d" % len(body)))
        return own + kept

    def _exchange(self, base: str, request: httpx.Request, deadline: float) -> Relayed | NoReply:
        response = self._clients[base].send(request, stream=True)
        try:
            content = bytearray()
            for chunk in response.iter_raw():
                content += chunk
                if len(content) > LARGEST_ANSWER:
                    return NoReply("broken", f"{place(base)} answered more than {LARGEST_ANSWER >> 20} MB")
                if time.monotonic() > deadline:
                    return NoReply("timeout", f"{place(base)} did not finish its answer in time")
        finally:
            response.close()
        if 300 <= response.status_code < 400 and response.status_code != 304:
            return NoReply(
                "broken", f"{place(base)} answers with a redirect ({response.status_code}), which is not followed"
            )
        back = tuple(
            (k, v) for k, v in response.headers.raw if k.lower() not in _OWN and not k.lower().startswith(_NOT_BACK)
        )
        kind = response.headers.get("content-type", "application/octet-stream")
        return Relayed(response.status_code, kind, back, bytes(content))
