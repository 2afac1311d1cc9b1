"""What the doctor sees when it holds the project's settings and events against the code."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from urllib.parse import urlsplit

from wizard.doctor import Finding, Patient, Severity
from wizard.posthog.settings import Settings
from wizard.project import BrokenFile
from wizard.project_settings import FORCED, NAMES

_CODE: Mapping[str, tuple[str, str, str]] = {
    "autocapture": ("autocapture", "false", ""),
    "session_replay": ("disable_session_recording", "true", ""),
    "error_tracking": ("capture_exceptions", "false", "true"),
    "heatmaps": ("capture_heatmaps", "false", ""),
    "surveys": ("disable_surveys", "true", ""),
}
"""Features to the option of posthog-js, the value that ends it, and the one that forces it."""

_WITHOUT: Mapping[str, str] = {
    "autocapture": "clicks and inputs are not captured (page views are)",
    "session_replay": "nothing is recorded",
    "error_tracking": "uncaught exceptions are not reported",
    "heatmaps": "no heatmaps are collected",
    "web_vitals": "no loading times are sent",
    "surveys": "no surveys are shown",
}
_PAGES: Mapping[str, str] = {
    "session_replay": "settings/project-replay",
    "error_tracking": "settings/project-error-tracking",
    "surveys": "settings/project-surveys",
}


def check_settings(patient: Patient) -> Iterator[Finding]:
    """Features that the code and the project disagree about. Needs `patient.on`, which no login is needed for."""
    for place, values in patient.options:
        for feature, name in NAMES.items():
            said, project = _in_code(feature, values), patient.on.get(feature)
            page = f"{patient.page}/{_PAGES.get(feature, 'settings/project')}"
            if said is False and project is True:
                sentence = f"{_capital(name)} {_be(name)} on in the project, but the code says no"
                todo = f"Remove {_option(feature)} from the options, or switch the feature off in the project."
                yield Finding(f"{feature}_off_in_code", "warning", sentence, todo, place)
            elif said is not False and project is False and not (said and feature in FORCED):
                sentence = (
                    f"{_capital(name)} {_be(name)} off in the project, though the code allows it: {_WITHOUT[feature]}"
                )
                severity: Severity = "warning" if feature == "autocapture" else "info"
                yield Finding(
                    f"{feature}_off_in_project", severity, sentence, "Switch the feature on if you want it.", page
                )


def _in_code(feature: str, values: Mapping[str, str]) -> bool | None:
    """Does the code end a feature (False), force it (True), or leave it to the project (None)?"""
    if feature == "web_vitals":
        performance = values.get("capture_performance", "").strip()
        off = performance == "false" or re.search(r"\bweb_vitals\s*:\s*false", performance)
        return False if off else None
    option, ends, forces = _CODE[feature]
    value = values.get(option, "").strip()
    return False if value == ends else True if forces and value == forces else None


def _option(feature: str) -> str:
    return "capture_performance" if feature == "web_vitals" else _CODE[feature][0]


def check_urls(patient: Patient, found: Settings) -> Iterator[Finding]:
    """The toolbar works only on authorized addresses: this machine's, and the app's own."""
    if not any(site.runtime == "browser" for site in patient.events.sites):
        return
    page = f"{patient.page}/settings/environment-customization"
    if not any(re.search(r"//(?:localhost|127\.0\.0\.1|\[::1\])", known) for known in found.app_urls):
        sentence = "No address of this machine is among the authorized URLs: no toolbar while you develop"
        yield Finding("app_url_missing", "info", sentence, "Add http://localhost with the port you use there.", page)
    home = _home_page(patient)
    if home and not any(_covers(known, home) for known in found.app_urls):
        sentence = f"{_origin(home)}, the home page in package.json, is not among the authorized URLs: no toolbar there"
        yield Finding("app_url_missing", "info", sentence, "Add it there.", page)


def _home_page(patient: Patient) -> str:
    try:
        page = patient.app.project.json("package.json").get("homepage")
        urlsplit(page if isinstance(page, str) else "")
    except (BrokenFile, ValueError):  # http://[
        return ""
    own = isinstance(page, str) and re.match(r"https?://(?!github\.com|gitlab\.com|www\.npmjs\.com)", page)
    return str(page) if own else ""


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _covers(known: str, url: str) -> bool:
    """Does an authorized URL stand for the origin of `url`? `*` in it stands for any part of a host."""
    try:
        pattern = re.escape(_origin(known if "://" in known else f"https://{known}")).replace(r"\*", r"[^/]*")
        return re.fullmatch(pattern, _origin(url)) is not None
    except ValueError:
        return False


def check_arrivals(patient: Patient, seen: Collection[str]) -> Iterator[Finding]:
    """Events of the code that never came, when the project knows others of it."""
    own = patient.events.own
    missing = [event for event in own if event.name not in seen]
    if not seen:
        if patient.events.sites:
            sentence = "The project has never got an event"
            todo = f"Run: posthog-wizard verify{patient.place}"
            yield Finding("no_events_ever", "warning", sentence, todo, f"{patient.page}/activity/explore")
        return
    for event in missing[:5]:
        sentence = f"'{_plain(event.name)}' is in the code, but has never arrived"
        yield Finding("event_never_seen", "info", sentence, "Do in the app what sends it, and look again.", event.place)
    if len(missing) > 5:
        rest = len(missing) - 5
        yield Finding("event_never_seen", "info", f"{rest} more events of the code have never arrived")


def check_variables(patient: Patient, lacking: Iterable[tuple[str, str, str]]) -> Iterator[Finding]:
    """`lacking` are (surface, variable, where) of deploy surfaces that do not give the app its variables."""
    for surface, variable, where in lacking:
        sentence = f"{surface} does not set {variable}: what is deployed there sends nothing"
        todo = f"Run: posthog-wizard status{patient.place}"
        yield Finding("variable_not_deployed", "warning", sentence, todo, where)


def _plain(text: str) -> str:
    return "".join(char if char.isprintable() else "?" for char in text)[:80]


def _be(name: str) -> str:
    return "are" if name.endswith("s") else "is"


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]
