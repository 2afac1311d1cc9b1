"""What a page does while it is visited: its requests to PostHog, its errors, and the PostHog clients in it."""

from __future__ import annotations

import base64
import http.client
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from wizard.emits.devtools import NoDevtools, Page
from wizard.posthog.hosts import Hosts
from wizard.posthog.tokens import redact
from wizard.sink import wire

_PATHS = ("/e/*", "/i/v0/e/*", "/flags/*", "/decide/*", "/array/*/config*")
_SCRIPTS = "/static/"
_CLOUD = re.compile(r"(?:app|us|eu)(?:-assets)?(?:\.i)?\.posthog\.com")
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_MOST = 200
"""Requests and lines kept of one visit."""

CHECK = "/posthog-wizard-policy-check"
"""The path of requests that only ask whether the page's policy lets them through."""

_CLIENTS = """function () {
  const found = [];
  const has = (object, name) => {
    for (let at = object; at; at = Object.getPrototypeOf(at)) {
      const property = Object.getOwnPropertyDescriptor(at, name);
      if (property) return typeof property.value === 'function';
    }
    return false;
  };
  for (const object of this) {
    try {
      const config = Object.getOwnPropertyDescriptor(object, 'config');
      if (!config || typeof config.value !== 'object' || !config.value || !('api_host' in config.value)) continue;
      if (!has(object, 'capture') || !has(object, 'opt_out_capturing')) continue;
      const c = config.value;
      const out = has(object, 'has_opted_out_capturing') && object.__loaded && object.has_opted_out_capturing();
      const consent = has(object, 'get_explicit_consent_status') && object.__loaded
        ? object.get_explicit_consent_status() : '';
      if (PROBE && object.__loaded && !out) object.capture(PROBE, {}, { send_instantly: true });
      found.push({
        loaded: !!object.__loaded, token: String(c.token || ''), host: String(c.api_host || ''), out: !!out,
        by_default: !!c.opt_out_capturing_by_default, consent: String(consent || ''),
        cookieless: String(c.cookieless_mode || ''), respect_dnt: !!c.respect_dnt,
        pageview: c.capture_pageview !== false, before_send: !!c.before_send,
        bot: !c.opt_out_useragent_filter && !!navigator.webdriver,
      });
    } catch {}
  }
  return found;
}"""


@dataclass(frozen=True, slots=True)
class PageClient:
    """A posthog-js object in a page; all but `loaded` mean something only once its init has run."""

    loaded: bool
    token: str = ""
    host: str = ""
    out: bool = False
    by_default: bool = False
    consent: str = ""
    cookieless: str = ""
    respect_dnt: bool = False
    pageview: bool = True
    before_send: bool = False
    bot: bool = False


@dataclass
class Watch:
    """Hears a page. Requests to the user's own PostHog (`hosts`) are delivered to the sink, those to any other PostHog
    nowhere: a visit of ours is no visitor of theirs."""

    sink_url: str
    hosts: Hosts | None
    elsewhere: set[str] = field(default_factory=set)
    direct: bool = False
    relayed: bool = False
    errors: list[str] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    policies: list[str] = field(default_factory=list)
    loaded_at: float | None = None
    active_at: float = field(default_factory=time.monotonic)
    page: Page | None = None
    _document: str = ""

    def start(self, page: Page, url: str) -> None:
        """Open `url` with its policies switched off: they are judged apart, because they do not know our sink."""
        self.page = page
        for domain in ("Network", "Runtime", "Log", "Page"):
            page.call(f"{domain}.enable")
        own = [f"{host}/*" for host in (self.hosts.ingest, self.hosts.assets)] if self.hosts else []
        scripts = f"{self.sink_url}{_SCRIPTS}*"
        patterns = ["*://*.posthog.com/*", *own, scripts, *(f"*://*{path}" for path in _PATHS)]
        page.call("Fetch.enable", patterns=[{"urlPattern": pattern} for pattern in dict.fromkeys(patterns)])
        page.call("Page.setBypassCSP", enabled=True)
        # what a visitor's browser says: posthog-js drops the events of automated ones
        hide = "Object.defineProperty(Navigator.prototype, 'webdriver', {get: () => false, configurable: true})"
        page.call("Page.addScriptToEvaluateOnNewDocument", source=hide)
        self._document = url
        page.tell("Page.navigate", url=url)

    def again(self, page: Page) -> None:
        """Load the page once more, with its policies in force."""
        page.call("Page.setBypassCSP", enabled=False)
        self.loaded_at, self.violations, self.direct, self.relayed = None, [], False, False
        page.tell("Page.reload", ignoreCache=True)

    def hear(self, method: str, told: Mapping[str, Any]) -> None:
        """One event of the DevTools protocol."""
        match method:
            case "Fetch.requestPaused":
                self._paused(told)
            case "Network.requestWillBeSent":
                self.active_at = time.monotonic()
                self.direct |= _within(str(told["request"]["url"]), self.sink_url)
            case "Network.responseReceived":
                self._answered(told)
            case "Page.loadEventFired":
                self.loaded_at = time.monotonic()
            case "Page.javascriptDialogOpening" if self.page is not None:
                self.page.tell("Page.handleJavaScriptDialog", accept=True)
            case "Runtime.consoleAPICalled" if told.get("type") in ("error", "warning", "assert"):
                self._error(" ".join(_text(value) for value in told.get("args", ())))
            case "Runtime.exceptionThrown":
                details = told.get("exceptionDetails", {})
                thrown = details.get("exception", {}).get("description") or details.get("text", "")
                self._error(str(thrown).split("\n    at ")[0])
            case "Log.entryAdded":
                entry = told.get("entry", {})
                if entry.get("source") == "security" and "Content Security Policy" in str(entry.get("text")):
                    self.violations = [*self.violations, str(entry["text"])][:_MOST]
                elif entry.get("level") == "error":
                    self._error(f"{entry.get('text', '')} {entry.get('url', '')}".strip())

    def _error(self, line: str) -> None:
        line = redact(" ".join(line.encode("ascii", "replace").decode().split()))
        if len(self.errors) < _MOST and line not in self.errors:
            self.errors.append(line[:500])

    def _answered(self, told: Mapping[str, Any]) -> None:
        if told.get("type") != "Document":
            return
        headers = {str(name).lower(): str(value) for name, value in told["response"].get("headers", {}).items()}
        if policy := headers.get("content-security-policy"):
            self.policies.append(policy)

    def _paused(self, told: Mapping[str, Any]) -> None:
        page, number, request = self.page, told["requestId"], told["request"]
        if page is None:
            return
        url, parts = str(request["url"]), urlsplit(str(request["url"]))
        if parts.path.startswith(CHECK):
            headers = [{"name": "Access-Control-Allow-Origin", "value": "*"}]
            page.tell("Fetch.fulfillRequest", requestId=number, responseCode=200, responseHeaders=headers, body="")
        elif self.hosts and parts.path.startswith(_SCRIPTS) and self._is_ours(url):
            # the public scripts of the SDK itself, which the HTML snippet loads: nothing about the visit is in them
            page.tell("Fetch.continueRequest", requestId=number, url=self.hosts.assets + parts.path)
        elif self.hosts and (_within(url, self.hosts.ingest) or _within(url, self.hosts.assets)):
            self.relayed = True
            self._relay(page, number, request)
        elif parts.hostname in _LOOPBACK or not _is_posthogs(parts.hostname or "", parts.path):
            page.tell("Fetch.continueRequest", requestId=number)
        else:
            if _is_ingestion(parts.path) or _CLOUD.fullmatch(parts.hostname or ""):
                self.elsewhere.add(f"{parts.scheme}://{parts.netloc}")
            page.tell("Fetch.failRequest", requestId=number, errorReason="AddressUnreachable")

    def _is_ours(self, url: str) -> bool:
        """Does it go to the user's own PostHog, or to the sink in its place?"""
        bases = (self.sink_url, self.hosts.ingest, self.hosts.assets) if self.hosts else (self.sink_url,)
        return any(_within(url, base) for base in bases)

    def _relay(self, page: Page, number: str, request: Mapping[str, Any]) -> None:
        """Let the sink answer in place of the user's PostHog."""
        parts, sink = urlsplit(str(request["url"])), urlsplit(self.sink_url)
        entries = request.get("postDataEntries") or ()
        body = b"".join(base64.b64decode(entry.get("bytes", "")) for entry in entries)
        kept = {n: v for n, v in request.get("headers", {}).items() if n.lower() in ("content-type", "origin")}
        connection = http.client.HTTPConnection(sink.hostname or "", sink.port, timeout=5)
        try:
            target = parts.path + (f"?{parts.query}" if parts.query else "")
            connection.request(str(request["method"]), target, body or None, {**kept, "User-Agent": "relay"})
            answer = connection.getresponse()
            content = base64.b64encode(answer.read()).decode()
            names = ("access-control-", "content-type", "vary")
            headers = [{"name": n, "value": v} for n, v in answer.getheaders() if n.lower().startswith(names)]
            code = answer.status
        except (OSError, http.client.HTTPException):
            page.tell("Fetch.failRequest", requestId=number, errorReason="Failed")
            return
        finally:
            connection.close()
        page.tell("Fetch.fulfillRequest", requestId=number, responseCode=code, responseHeaders=headers, body=content)

    def clients(self, probe: str = "") -> tuple[PageClient, ...]:
        """The posthog-js objects of the page; with `probe` each one that may is asked to send an event of that name.

        The SDK may be bundled, twice there, and on no global: only the heap leads to all of its objects.
        """
        if self.page is None:
            return ()
        try:
            root = self.page.call("Runtime.evaluate", expression="Object.prototype")["result"]["objectId"]
            heap = self.page.call("Runtime.queryObjects", prototypeObjectId=root)["objects"]["objectId"]
            code = _CLIENTS.replace("PROBE", repr(probe))
            found = self.page.call(
                "Runtime.callFunctionOn", objectId=heap, functionDeclaration=code, returnByValue=True
            )
            values = found["result"].get("value") or ()
            return tuple(PageClient(**value) for value in values if isinstance(value, dict))
        except (KeyError, TypeError, NoDevtools):
            return ()


def _is_posthogs(host: str, path: str) -> bool:
    return host == "posthog.com" or host.endswith(".posthog.com") or _is_ingestion(path)


def _is_ingestion(path: str) -> bool:
    route = wire.route(path)
    return route is not None and route.kind in ("event", "flags", "config")


def _within(url: str, base: str) -> bool:
    return bool(base) and f"{url}/".startswith(f"{base.rstrip('/')}/")


def _text(value: Mapping[str, Any]) -> str:
    text = value.get("value", value.get("description", ""))
    return re.sub(r"%[csdifoO]", "", text) if isinstance(text, str) else str(text)
