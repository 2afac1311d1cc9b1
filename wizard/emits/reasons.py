"""Why no event came, or why one that came here would go astray: in words that say what to look at."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from wizard.emits.emission import Cause
from wizard.emits.expected import Expected
from wizard.emits.policies import Judgement
from wizard.emits.watch import PageClient
from wizard.posthog import hosts as posthog_hosts
from wizard.posthog.tokens import mask
from wizard.sink import Received

_IMPORT = re.compile(
    r"(?:failed to (?:resolve|fetch|load)|can(?:no|')t (?:find|resolve)|cannot find|does not provide an export"
    r"|not found|error loading|no matching export)",
    re.IGNORECASE,
)

_BROKEN = re.compile(r"\bstatus of 5\d\d\b|^(?:Uncaught )?(?:SyntaxError|ReferenceError|TypeError|Error)\b")


@dataclass(frozen=True, slots=True)
class Client:
    """A live SDK client that a probe found: where it sends, and whether it has a token and is not disabled."""

    host: str
    enabled: bool

    def speaks_to(self, url: str) -> bool:
        """Would an event of it arrive at `url`?"""
        return self.enabled and f"{self.host}/".startswith(f"{url}/")


@dataclass(frozen=True, slots=True)
class Report:
    """What the probes of all processes wrote: `loaded` says that one of them had the SDK, `pending` how many events
    were still queued when it ended (None: it did not say)."""

    clients: tuple[Client, ...] = ()
    errors: tuple[str, ...] = ()
    loaded: bool = False
    pending: int | None = None


def reported(trigger: Path) -> Report:
    """What is beside the probes' trigger file."""
    reports = [json.loads(path.read_text("utf-8")) for path in sorted(trigger.parent.glob(f"{trigger.name}.*.json"))]
    clients = [Client(str(c["host"]), bool(c["enabled"])) for report in reports for c in report.get("clients", ())]
    pending = [int(report["pending"]) for report in reports if "pending" in report]
    return Report(
        tuple(clients),
        tuple(str(report["error"]) for report in reports if report.get("error")),
        bool(reports),
        sum(pending) if pending else None,
    )


def all_unusable(trigger: Path, url: str) -> bool:
    """Clients were found, and none of them sends to `url`: waiting longer changes nothing."""
    clients = reported(trigger).clients
    return bool(clients) and not any(client.speaks_to(url) for client in clients)


def why_refused(received: Sequence[Received], who: str, expected: Expected) -> Cause | None:
    """The cause when something arrived that PostHog does not take; None when nothing did."""
    refusals = [item for item in received if item.kind == "refused"]
    refused = next((item for item in refusals if item.leak), refusals[0] if refusals else None)
    if refused is None:
        return None
    variable = expected.names.token if expected.names else "the token's variable"
    if refused.leak:
        text = f"{who} sends a secret key where the project token belongs: PostHog refuses it"
        shown = ", and revoke the secret key: every visitor could read it" if who == "the page" else ""
        return Cause("secret-key", text, f"Put the project token (phc_...) into {variable}{shown}.")
    if "without an api_key" in refused.note:
        if expected.variable:
            return _variable(expected)
        text = f"{who} sends events without a project token: PostHog refuses them"
        return Cause("no-token", text, f"Look at the token that the client is given, and at {variable}.")
    return Cause("refused", f"PostHog would refuse what {who} sent: {refused.note}")


def wants_script(received: Sequence[Received]) -> bool:
    """Was the sink asked for posthog-js itself, which only a real PostHog has?"""
    return any(item.kind == "other" and item.note.startswith("posthog-js itself") for item in received)


def why_no_client_spoke(
    report: Report, url: str, host_variables: tuple[str, ...], expected: Expected, received: Sequence[Received] = ()
) -> Cause:
    """The cause for a server, from what its probes found and what `received` came to the sink."""
    if cause := why_refused(received, "the app", expected):
        return cause
    detail = f" ({report.errors[0]})" if report.errors else ""
    if any(client.speaks_to(url) for client in report.clients):
        return Cause("not-sent", "the app's PostHog client was asked to send an event, and none arrived" + detail)
    if elsewhere := sorted({client.host for client in report.clients if client.enabled}):
        return _elsewhere("the app's PostHog client", elsewhere, host_variables, expected)
    if expected.variable:
        return _variable(expected)
    if report.clients:
        text = "the app's PostHog client is disabled, or its project token is empty"
        return Cause("disabled", text, "Look at what the client is made with.")
    hint = "Look whether the file that makes the client is still imported where the app starts."
    return Cause("no-init", "the app started but never created a PostHog client" + detail, hint)


def why_script_was_silent(report: Report, expected: Expected) -> Cause:
    """The cause for a process that ended by itself."""
    if report.pending:
        number = "1 event" if report.pending == 1 else f"{report.pending} events"
        text = f"the process ended before the queue was sent ({number} lost): call shutdown()"
        return Cause("not-flushed", text, "Call shutdown() of the client (await it in JavaScript) before the end.")
    if expected.variable and not any(client.enabled for client in report.clients):
        return _variable(expected)
    if report.loaded:
        text = "the process ended by itself, and nothing was captured before"
        return Cause("nothing-captured", text, "Call capture() on the way that the command takes, then shutdown().")
    return Cause("no-init", "the process ended by itself and never loaded PostHog")


def why_page_was_silent(
    received: Sequence[Received],
    host_variables: tuple[str, ...],
    expected: Expected,
    clients: Sequence[PageClient] | None = None,
    elsewhere: Sequence[str] = (),
    errors: Sequence[str] = (),
) -> Cause:
    """The cause for a page. `clients` are the posthog-js objects in it; None when nobody could look."""
    if cause := why_refused(received, "the page", expected):
        return cause
    if elsewhere:
        ingest = [host for host in elsewhere if "-assets." not in host] or elsewhere
        return _elsewhere("the page", sorted(ingest), host_variables, expected)
    alive = [client for client in clients or () if client.loaded]
    if out := next((client for client in alive if client.out), None):
        return _opted_out(out)
    if next((client for client in alive if client.bot), None):
        return Cause("bot-filter", "the page loaded PostHog, but the browser was taken for a bot")
    if next((client for client in alive if client.before_send), None):
        return Cause("before-send", "the page loaded PostHog, and its before_send lets no event through")
    if alive or any(item.kind in ("config", "flags") for item in received):
        text = (
            "the page loaded PostHog but sent no event: the visitor is opted out or was not asked for consent yet, "
            "capture_pageview is off, or the browser was taken for a bot"
        )
        return Cause("loaded-but-silent", text)
    if broken := next((line for line in errors if _IMPORT.search(line) and "posthog" in line.lower()), None):
        hint = "Is there a network, and nothing that blocks it?" if "net::" in broken else "Install the app's packages."
        return Cause("sdk-import", f"the page cannot load the PostHog SDK: {broken}", hint)
    broken = next((line for line in errors if _BROKEN.search(line)), None)
    if expected.variable and not (clients == () and broken):
        return _variable(expected)
    if broken:
        text = f"the page breaks before any PostHog starts: {broken}"
        return Cause("page-broken", text, "Mend that error first, then verify again.")
    if clients:
        text = "posthog-js is in the page, but its init did not run with a token"
        return Cause("no-init", text, "Look at the condition around posthog.init, and at the token it is given.")
    if clients is not None:
        hint = "Look whether the file that calls posthog.init is still there, and imported where the app starts."
        return Cause("no-init", "no PostHog runs in the page: its init is gone or is not imported", hint)
    text = (
        "the page sent nothing to PostHog: its init did not run, its token is missing from the bundle, its host does "
        f"not come from {_or(host_variables)}, or a Content-Security-Policy blocks it"
    )
    return Cause("silent", text)


def why_policy_blocks(judged: Judgement, expected: Expected) -> Cause | None:
    """The cause when the page's Content-Security-Policy keeps events from leaving; None when it does not."""
    places = expected.policy_places()
    where = f" (set in {', '.join(places)})" if places else ""
    if judged.silenced:
        text = f"the page's Content-Security-Policy{where} keeps PostHog from starting: {judged.silenced}"
        return Cause("csp", text, "Give the script the page's nonce or hash, or load it from a file of your own.")
    if judged.blocked is None:
        return None
    text = f"the page's Content-Security-Policy{where} blocks PostHog: {judged.blocked}"
    more = f"; add {judged.limited.host} to {judged.limited.directive} too" if judged.limited else ""
    hint = f"Add {judged.blocked.host} to {judged.blocked.directive}{_after_default(judged)}{more}."
    return Cause("csp", text, hint)


def what_policy_limits(judged: Judgement) -> str:
    """A remark when events pass but what is loaded later does not; else ""."""
    if judged.limited is None:
        return ""
    return (
        f"The Content-Security-Policy lets events through, but {judged.limited}: replay, surveys and the toolbar "
        "cannot be loaded."
    )


def _after_default(judged: Judgement) -> str:
    kept = "(a new directive no longer inherits default-src: repeat its sources)"
    return f" {kept}" if judged.blocked and judged.blocked.fallback else ""


def why_token_is_wrong(token: str | None, expected: Expected) -> Cause | None:
    """The cause when an event carries another project's token; None when there is nothing to hold it against."""
    if not token or not expected.token or token == expected.token:
        return None
    text = f"the event carries the token {mask(token)}, not {mask(expected.token)}: it would go to another project"
    if expected.shell_token:
        return Cause("wrong-token", text, f"{expected.shell_token} is set in this shell and wins over the env files.")
    if holder := expected.holder(token):
        return Cause("wrong-token", text, f"{holder} holds that token: put yours there.")
    return Cause("wrong-token", text, "Look for a token that is written in the code, or in another env file.")


def why_way_is_wrong(expected: Expected) -> Cause | None:
    """The cause when the app, left to its own variables, sends to another region."""
    if not expected.region or expected.hosts is None or expected.names is None:
        return None
    return Cause("wrong-region", expected.region, f"Set {expected.names.host}={expected.hosts.ingest}")


def _elsewhere(who: str, hosts: Sequence[str], host_variables: tuple[str, ...], expected: Expected) -> Cause:
    named, variables = ", ".join(hosts), _or(host_variables)
    text = f"{who} sends to {named}: it does not take its host from {variables}"
    if expected.hosts is None:
        return Cause("other-host", text)
    region = posthog_hosts.of(hosts[0]).region
    wrong = region is not None and region != expected.hosts.region
    text += f", and the project is at {expected.hosts.ingest}"
    hint = f"Read the host from {variables} in the code, or write {expected.hosts.ingest} there."
    return Cause("wrong-region" if wrong else "other-host", text, hint)


def _opted_out(client: PageClient) -> Cause:
    if client.consent == "denied":
        why, hint = "the visitor opted out", "Opt in again, or clear the page's storage."
    elif client.by_default:
        why = "opt_out_capturing_by_default is on and nobody has opted in"
        hint = "Call posthog.opt_in_capturing() once the visitor consents."
    elif client.cookieless:
        why = f"cookieless_mode is {client.cookieless!r} and nobody was asked for consent yet"
        hint = "Call posthog.opt_in_capturing() or posthog.opt_out_capturing() when the visitor has answered."
    elif client.respect_dnt:
        why, hint = "respect_dnt is on and the browser says Do Not Track", ""
    else:
        why, hint = "capturing is switched off", "Look for opt_out_capturing() in the code."
    return Cause("opt-out", f"the page loaded PostHog, but the visitor is opted out: {why}", hint)


def _variable(expected: Expected) -> Cause:
    if " reach the page" in expected.variable or ", but the app reads " in expected.variable:
        name = "wrong-prefix" if " reach the page" in expected.variable else "wrong-name"
        return Cause(name, expected.variable, "Rename the variable, then start the app anew.")
    hint = f"Add {expected.names.token}=phc_... to the app's env file." if expected.names else ""
    return Cause("missing-variable", expected.variable, hint)


def _or(names: tuple[str, ...]) -> str:
    return " or ".join(names) or "a variable"
