"""The Content-Security-Policy of a page, judged by the browser itself against the user's own PostHog hosts."""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

from wizard.emits.devtools import Page
from wizard.emits.watch import CHECK, Watch
from wizard.posthog.hosts import Hosts

LIMIT, SETTLED = 20.0, 1.0
"""Seconds for the page to load again, and for its PostHog to try something after that."""

_META = """[...document.querySelectorAll('meta[http-equiv]')]
  .filter((tag) => /^content-security-policy$/i.test(tag.httpEquiv)).map((tag) => tag.content)"""

_ASK = """(async () => {
  const seen = [];
  document.addEventListener('securitypolicyviolation', (e) => {
    if (e.disposition === 'enforce') seen.push([e.effectiveDirective, e.blockedURI, e.originalPolicy]);
  });
  const pause = (ms) => new Promise((done) => setTimeout(done, ms));
  await Promise.race([fetch(CONNECT, { method: 'POST', mode: 'no-cors', body: '1' }).catch(() => {}), pause(2000)]);
  const script = document.createElement('script');
  const loaded = new Promise((done) => { script.onload = script.onerror = done; });
  try { script.src = LOAD; document.head.append(script); await Promise.race([loaded, pause(2000)]); } catch {}
  script.remove();
  await pause(50);
  return seen;
})()"""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A host that a policy does not let through. `directive` is the one to change, `fallback` the one that decided."""

    directive: str
    host: str
    fallback: bool = False

    def __str__(self) -> str:
        decided = f" (there is no {self.directive}, so default-src decides)" if self.fallback else ""
        return f"{self.directive} does not allow {self.host}{decided}"


@dataclass(frozen=True, slots=True)
class Judgement:
    """`blocked` keeps events from leaving, `limited` only what is loaded later (replay, surveys, remote config).

    `silenced` are the browser's words about why the SDK did not even start, when that is so.
    """

    blocked: Refusal | None = None
    limited: Refusal | None = None
    silenced: str = ""


def has_policy(page: Page, watch: Watch) -> bool:
    """Does the page come with a policy that is in force, by header or by meta tag?"""
    return bool(watch.policies or page.evaluate(_META))


def judge(page: Page, watch: Watch, hosts: Hosts) -> Judgement:
    """Load the page again with its policy in force, and let it call the user's hosts; our answers stand in for theirs.

    Nothing reaches these hosts. A policy that forbids the sink only, as it should, is fine. Raises NoDevtools.
    """
    watch.again(page)
    limit = time.monotonic() + LIMIT
    while time.monotonic() < limit and not (watch.loaded_at and time.monotonic() > watch.loaded_at + SETTLED):
        page.listen(0.1)
    tried = watch.direct or watch.relayed or any(_is_about(line, watch.sink_url, hosts) for line in watch.violations)
    if not tried and (scripts := [line for line in watch.violations if "script" in line]):
        return Judgement(silenced=scripts[0])
    answer = page.evaluate(
        _ASK.replace("CONNECT", json.dumps(hosts.ingest + CHECK)).replace("LOAD", json.dumps(hosts.assets + CHECK))
    )
    refusals = [_refusal(entry, hosts) for entry in answer or () if isinstance(entry, list) and len(entry) == 3]
    ours = [refusal for refusal in refusals if refusal is not None]
    connect = next((r for r in ours if r.directive == "connect-src"), None)
    return Judgement(connect, next((r for r in ours if r.directive.startswith("script-src")), None))


def _is_about(line: str, sink_url: str, hosts: Hosts) -> bool:
    return any(url in line for url in (sink_url, hosts.ingest, hosts.assets))


def _refusal(entry: list[object], hosts: Hosts) -> Refusal | None:
    directive, blocked, policy = (str(part) for part in entry)
    directive = re.sub(r"-(elem|attr)$", "", directive)
    for host in (hosts.ingest, hosts.assets):
        if urlsplit(blocked)[:2] == urlsplit(host)[:2]:
            named = {part.split()[0].lower() for part in policy.split(";") if part.split()}
            if directive == "script-src" and "script-src-elem" in named:
                directive = "script-src-elem"
            return Refusal(directive, host, directive not in named)
    return None
