"""What PostHog's own health checks mean for the code here: each kind of issue in a sentence with a next step."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from wizard.doctor import Finding, Patient, Severity
from wizard.errors import UsageError
from wizard.packages import npm, pypi
from wizard.posthog.health import HealthIssue
from wizard.posthog.private_api import quoted

_SDKS: Mapping[str, tuple[str, str]] = {
    "web": ("posthog-js", "npm"),
    "posthog-js": ("posthog-js", "npm"),
    "posthog-node": ("posthog-node", "npm"),
    "node": ("posthog-node", "npm"),
    "posthog-python": ("posthog", "pypi"),
    "python": ("posthog", "pypi"),
}
"""`$lib` values and names of SDKs to their packages."""


_UPDATES: Mapping[str, str] = {
    "npm": "npm install {}@latest",
    "pnpm": "pnpm add {}@latest",
    "yarn": "yarn add {}@latest",
    "yarn-berry": "yarn add {}@latest",
    "bun": "bun add {}@latest",
    "uv": "uv add {0} --upgrade-package {0}",
    "poetry": "poetry add {}@latest",
    "pdm": "pdm update --unconstrained {}",
    "pipenv": "pipenv update {}",
}


def check_health(patient: Patient, issues: Sequence[HealthIssue]) -> Iterator[Finding]:
    """A finding for each active issue; one that the code shows to be solved already says so."""
    for issue in issues:
        explain = _KINDS.get(issue.kind)
        if explain is not None:
            yield from explain(patient, issue)
        else:
            sentence = f"PostHog reports {quoted(issue.kind)[:60]}"
            yield Finding("health_other", _severity(issue), sentence, "", f"{patient.page}/health")


def _severity(issue: HealthIssue) -> Severity:
    """Not critical by the word of the service alone: that is for what stops events."""
    return "info" if issue.severity == "info" else "warning"


def _outdated(patient: Patient, issue: HealthIssue) -> Iterator[Finding]:
    for package, ecosystem in _packages(patient, issue.payload):
        project = patient.app.project
        here = (npm if ecosystem == "npm" else pypi).version(project, package)
        latest = _version(issue.payload, "latest")
        if here is None:
            continue
        if latest and _numbers(here) >= _numbers(latest):
            sentence = f"PostHog still gets events of an old {package}, but {here} is in use here: deploy it"
            yield Finding("sdk_outdated", "info", sentence, "", f"{patient.page}/health")
            continue
        newer = f"; {latest} is there" if latest else ""
        sentence = f"{package} {here} is outdated{newer}"
        yield Finding("sdk_outdated", _severity(issue), sentence, f"Run: {_update(patient, package, ecosystem)}")


def _update(patient: Patient, package: str, ecosystem: str) -> str:
    """The call of the app's own package manager."""
    try:
        manager = (npm if ecosystem == "npm" else pypi).manager_name(patient.app.project)
    except UsageError:  # several lockfiles
        manager = ""
    default = "npm install {}@latest" if ecosystem == "npm" else "pip install --upgrade {}"
    return _UPDATES.get(manager, default).format(package)


def _packages(patient: Patient, payload: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The packages that an issue is about: those that it names, else those that the app has."""
    named = [_SDKS[word] for word in _words(payload) if word in _SDKS]
    if named:
        return list(dict.fromkeys(named))
    if patient.app.framework.language == "python":
        return [("posthog", "pypi")]
    declared = npm.declared(patient.app.project)
    return [(name, "npm") for name in ("posthog-js", "posthog-node") if name in declared]


def _words(value: Any, depth: int = 0) -> Iterator[str]:
    """All short strings in a payload, whose shape is not known."""
    if depth > 4:
        return
    if isinstance(value, str) and len(value) < 60:
        yield value.lower()
    elif isinstance(value, Mapping):
        for key, inner in list(value.items())[:50]:
            yield str(key).lower()
            yield from _words(inner, depth + 1)
    elif isinstance(value, list):
        for inner in value[:50]:
            yield from _words(inner, depth + 1)


def _version(payload: Mapping[str, Any], word: str) -> str:
    for key, value in payload.items():
        if word not in str(key).lower() or not isinstance(value, str):
            continue
        if re.fullmatch(r"v?\d{1,9}(\.\d{1,9}){1,3}", value.strip()):
            return value.strip().lstrip("v")
    return ""


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3])


def _no_events(patient: Patient, issue: HealthIssue) -> Iterator[Finding]:
    if not patient.events.sites:
        return  # the finding that nothing is set up says more
    sentence = "PostHog has got no events from this project lately"
    severity: Severity = "critical" if issue.severity == "critical" else "warning"
    todo = f"Run: posthog-wizard verify{patient.place}"
    yield Finding("no_live_events", severity, sentence, todo, f"{patient.page}/activity/live")


def _no_leaving(patient: Patient, issue: HealthIssue) -> Iterator[Finding]:
    ends = [
        (place, option)
        for place, values in patient.options
        for option in ("capture_pageleave", "capture_pageview")
        if values.get(option, "").strip() == "false"
    ]
    sentence = "$pageleave does not arrive: no bounce rate, no time on page, no scroll depth"
    if ends and not patient.events.find("$pageleave"):
        place, option = ends[0]
        todo = f"{option} is false here; add capture_pageleave: true to the options."
        yield Finding("no_pageleave", _severity(issue), sentence, todo, place)
    else:
        sentence = f"{sentence}, though the code here sends it"
        yield Finding("no_pageleave", "info", sentence, "Is this version deployed?", f"{patient.page}/health")


def _scroll(patient: Patient, issue: HealthIssue) -> Iterator[Finding]:
    place = next((p for p, v in patient.options if v.get("disable_scroll_properties", "").strip() == "true"), "")
    todo = "Remove disable_scroll_properties." if place else "It comes with $pageleave events."
    yield Finding("scroll_depth", _severity(issue), "No scroll depth arrives", todo, place or f"{patient.page}/health")


def _urls(patient: Patient, issue: HealthIssue) -> Iterator[Finding]:
    sentence = "The project has no authorized URLs, or not those of this app: no toolbar, and heatmaps lack pages"
    page = f"{patient.page}/settings/environment-customization"
    yield Finding("authorized_urls", _severity(issue), sentence, f"Add the addresses of the app on {page}", page)


def _proxy(patient: Patient, issue: HealthIssue) -> Iterator[Finding]:
    if not any(site.runtime == "browser" for site in patient.events.sites):
        return  # no blocker stands between a server and PostHog
    hosts = [(place, values.get("api_host", "").strip()) for place, values in patient.options]
    proxied = [(place, host) for place, host in hosts if re.match(r"[\"'`]/", host)]
    if proxied:
        place, host = proxied[0]
        sentence = f"PostHog sees events that pass no proxy, but the code here uses {host}: deploy it"
        yield Finding("reverse_proxy", "info", sentence, "", place)
        return
    offered = "reverse_proxy" in patient.app.framework.options
    line = f"Run: posthog-wizard{patient.place} --reverse-proxy"
    todo = line if offered else "See https://posthog.com/docs/advanced/proxy"
    sentence = "Events go straight to PostHog, so ad blockers stop some of them"
    yield Finding("reverse_proxy", "info", sentence, todo, hosts[0][0] if hosts else "")


def _web_vitals(patient: Patient, issue: HealthIssue) -> Iterator[Finding]:
    for place, values in patient.options:
        performance = values.get("capture_performance", "").strip()
        if performance == "false" or re.search(r"\bweb_vitals\s*:\s*false", performance):
            sentence = "No web vitals arrive: capture_performance ends them"
            yield Finding("web_vitals", _severity(issue), sentence, "Remove it from the options.", place)
            return
    if patient.on.get("web_vitals") is not True:
        page = f"{patient.page}/settings/project"
        yield Finding("web_vitals", _severity(issue), "Web vitals are off in the project", "Switch them on.", page)


def _lag(patient: Patient, issue: HealthIssue) -> Iterator[Finding]:
    sentence = "PostHog takes longer than usual to show events: what is missing now may still come"
    yield Finding("ingestion_lag", "info", sentence, "See https://posthogstatus.com")


def _warnings(patient: Patient, issue: HealthIssue) -> Iterator[Finding]:
    page = f"{patient.page}/data-management/ingestion-warnings"
    kind = issue.payload.get("type") or issue.payload.get("warning_type") or ""
    what = f" ({quoted(kind)[:60]})" if isinstance(kind, str) and kind else ""
    sentence = f"PostHog could not take some events as they were sent{what}"
    yield Finding("ingestion_warning", "warning", sentence, "Read what they lack there.", page)


_KINDS: Mapping[str, Callable[[Patient, HealthIssue], Iterator[Finding]]] = {
    "sdk_outdated": _outdated,
    "no_live_events": _no_events,
    "no_pageleave_events": _no_leaving,
    "scroll_depth": _scroll,
    "authorized_urls": _urls,
    "reverse_proxy": _proxy,
    "web_vitals": _web_vitals,
    "ingestion_lag": _lag,
    "ingestion_warning": _warnings,
}
