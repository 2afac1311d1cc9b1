"""The proof for what runs on a server, or is a script that ends by itself: requested, then asked to send an event."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path

from wizard.emits.emission import FIXED_HOST, Emission, failed, passed
from wizard.emits.expected import Expected
from wizard.emits.reasons import all_unusable, reported, why_no_client_spoke, why_refused, why_script_was_silent
from wizard.emits.waiting import Visited, any_event
from wizard.sink import Sink

PROBES = Path(__file__).parent.parent / "probes"
OWN_LIMIT, PROBE_LIMIT, KNOWN_LIMIT, LAST_LIMIT = 3.0, 10.0, 4.0, 0.5
"""Seconds for an event without being asked, for one when asked (less when a variable is known to be missing), and for
one that is under way when a script ends."""


def probed(variables: Mapping[str, str], sink_url: str, trigger: Path) -> dict[str, str]:
    """The variables that load our probes into every Python and Node process below the command."""
    node = (PROBES / "node.cjs").as_posix()
    require = f'--require "{node}"' if " " in node else f"--require {node}"
    return {
        "POSTHOG_WIZARD_PROBE": str(trigger),
        "POSTHOG_WIZARD_SINK": sink_url,
        "NODE_OPTIONS": " ".join(filter(None, (variables.get("NODE_OPTIONS"), require))),
        "PYTHONPATH": os.pathsep.join(filter(None, (str(PROBES / "python"), variables.get("PYTHONPATH")))),
    }


def from_server(visited: Visited, trigger: Path) -> Emission:
    """An event of the app's own, else one that its client sends when asked."""
    url, sink, say = visited.url, visited.sink, visited.say
    say(f"Requested {url} (status {visited.status}); waiting for an event of the app's own (at most {OWN_LIMIT:.0f} s)")
    if event := visited.event(any_event, OWN_LIMIT):
        return passed(event)
    limit = min(PROBE_LIMIT, KNOWN_LIMIT) if visited.expected.variable else PROBE_LIMIT
    say(f"Asking the app's PostHog client to send one (at most {limit:.0f} s)")
    trigger.touch()

    def enough() -> bool:
        return all_unusable(trigger, sink.url) or any(item.kind == "refused" for item in sink.received)

    if event := visited.event(any_event, limit, enough=enough):
        return passed(event)
    report, hosts = reported(trigger), visited.expected.hosts
    fixed = next(
        (client.host for client in report.clients if hosts and client.enabled and client.host == hosts.ingest), ""
    )
    if fixed and not any(client.speaks_to(sink.url) for client in report.clients):
        names = " or ".join(visited.host_variables)
        hint = f"Read the host from {names} in the code, then it can be watched."
        reason = f"the app's client sends to {fixed}, which is right, but is written in the code: it cannot be watched"
        return Emission("skipped", reason, cause=FIXED_HOST, hint=hint)
    return visited.failed(
        why_no_client_spoke(report, sink.url, visited.host_variables, visited.expected, sink.received)
    )


def from_script(sink: Sink, trigger: Path, expected: Expected) -> Emission:
    """What a process that ended by itself and without an error has left behind."""
    first = sink.wait_for(any_event, LAST_LIMIT)
    if first is None:
        refused = why_refused(sink.received, "the process", expected)
        return failed(refused or why_script_was_silent(reported(trigger), expected))
    time.sleep(0.05)
    number = sum(map(any_event, sink.received))
    emission = passed(first)
    count = "1 event" if number == 1 else f"{number} events"
    reason = f"the process sent {count} and ended by itself: its queue was flushed"
    return Emission("passed", reason, emission.event, emission.own, emission.token)
