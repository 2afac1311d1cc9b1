"""What the doctor sees without the network: secrets in the wrong place, set-ups, tokens and variables of the app."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from wizard import environment
from wizard.codemods import dotenv
from wizard.doctor import Finding, Patient
from wizard.existing import survey
from wizard.git import git
from wizard.posthog.masking import SECRETS, mask
from wizard.project import Project

SECRET = re.compile(rb"\bph[xars]_[A-Za-z0-9_-]{20,}")
_PUBLIC = re.compile(
    r"(?:NEXT_PUBLIC|VITE|PUBLIC|REACT_APP|NUXT_PUBLIC|EXPO_PUBLIC|GATSBY|VUE_APP|NG_APP|SNOWPACK_PUBLIC|STORYBOOK)_"
)
"""Variables that build tools write into what every visitor loads."""

_ENV_FILES = (
    ".env .env.local .env.development .env.development.local .env.production .env.production.local .env.staging "
    ".env.test .flaskenv .dev.vars .env.example .env.sample .env.template"
).split()
_MOST = 10
_ROTATE = "Revoke it in PostHog (Settings, Personal API keys), make a new one, and keep that out of the app."


def check_code(patient: Patient) -> Iterator[Finding]:
    """All that files tell."""
    yield from _secrets_in_env_files(patient)
    yield from _secrets_in_tracked_files(patient.app.project)
    yield from _set_ups(patient)
    yield from _token(patient)
    yield from _other_tokens(patient)
    yield from _opted_out(patient)


def _env_files(project: Project, folder: str) -> Iterator[str]:
    places = dict.fromkeys([folder, ".", *project.upwards()])
    seen = dict.fromkeys(str(PurePosixPath(place) / name) for place in places for name in _ENV_FILES)
    yield from (path for path in seen if project.exists(path))


def _secrets_in_env_files(patient: Patient) -> Iterator[Finding]:
    project, prefix = patient.app.project, patient.app.framework.env_prefix
    token = patient.app.framework.names(project).token
    for path in _env_files(project, patient.app.framework.env_folder(project)):
        text = project.read(path) or ""
        for name, value in dotenv.read(text).items():
            kind = SECRETS.get(value.strip()[:4].lower())
            if kind is None or len(value.strip()) < 12:
                continue
            where = f"{path}:{_line_of(text, name)}"
            if _PUBLIC.match(name) or (prefix and name.startswith(prefix)):
                sentence = f"{name} holds {kind}: the build writes it into the pages, where every visitor can read it"
                yield Finding("secret_in_public_variable", "critical", sentence, _ROTATE, where)
            elif name == token:
                sentence = f"{name} holds {kind} instead of the project token: no event can arrive with it"
                todo = f"Set {name} to the project token, which starts with phc_ (Settings, Project)."
                yield Finding("secret_as_token", "critical", sentence, todo, where)


def _line_of(text: str, name: str) -> int:
    match = re.search(rf"^\s*(?:export\s+)?{re.escape(name)}\s*=", text, re.MULTILINE)
    return text.count("\n", 0, match.start()) + 1 if match else 1


def _secrets_in_tracked_files(project: Project) -> Iterator[Finding]:
    """Whoever can read the repository has the key. The key itself is never shown."""
    for path, line, kind in list(_tracked(project))[:_MOST]:
        sentence = f"{path} is in git and has {kind} in it: whoever can read the repository can use it"
        yield Finding("secret_in_git", "critical", sentence, _ROTATE, f"{path}:{line}")


def _tracked(project: Project) -> Iterator[tuple[str, int, str]]:
    root = project.tree.root
    found = git(root, "grep", "-I", "-n", "-z", "-E", "ph[xars]_[A-Za-z0-9_-]{20,}", "--", ".")
    if found is None or found.returncode not in (0, 1):
        return
    for row in found.stdout.split(b"\n"):
        path, _, rest = row.partition(b"\0")
        number, _, line = rest.replace(b"\0", b":", 1).partition(b":")
        match = SECRET.search(line)
        # xxxx and 0000 are placeholders of examples
        if match and number.isdigit() and len(set(match[0][4:])) > 5:
            yield os.fsdecode(path), int(number), SECRETS[match[0][:4].decode()]


def _set_ups(patient: Patient) -> Iterator[Finding]:
    app, sites = patient.app, patient.events.sites
    if not sites:
        found = survey(app.project, app.framework.language)
        idle = next(iter(found.idle), None)
        sentence = "PostHog is not set up in this app"
        if idle is not None:
            sentence = f"PostHog is not set up in any file that the app loads; {idle.path} is not loaded"
        yield Finding("not_set_up", "critical", sentence, "Run: posthog-wizard", idle.place if idle else "")
        return
    for one, other in survey(app.project, app.framework.language).doubles:
        sentence = f"PostHog is set up twice, and both run together: {one.place} and {other.place}"
        yield Finding("set_up_twice", "warning", sentence, "Remove one of them.", other.place)


def _token(patient: Patient) -> Iterator[Finding]:
    if patient.token or not patient.events.sites:
        return
    variable = next((v for site in patient.events.sites if (v := site.set_up.variables[0])), None)
    name = variable or patient.app.framework.names(patient.app.project).token
    if os.environ.get(name, "").strip():
        return
    site = patient.events.sites[0]
    sentence = f"Nothing here sets {name}, which {site.place} reads: nothing is sent from this machine"
    todo = f"Run: posthog-wizard{patient.place} --token phc_... (sets {name})"
    yield Finding("token_missing", "warning", sentence, todo, site.place)


def _other_tokens(patient: Patient) -> Iterator[Finding]:
    """Another token in another env file may be meant so, and is worth knowing when events are missing."""
    project, folder = patient.app.project, patient.app.framework.env_folder(patient.app.project)
    name = patient.app.framework.names(project).token
    for path in _env_files(project, folder):
        value = dotenv.read(project.read(path) or "").get(name, "").strip()
        if patient.token and value.startswith("phc_") and value != patient.token:
            sentence = f"{path} has another token ({mask(value)}) than {patient.token_place} ({mask(patient.token)})"
            yield Finding("tokens_differ", "info", sentence, "Right when these are two projects on purpose.", path)


def _opted_out(patient: Patient) -> Iterator[Finding]:
    for place, values in patient.options:
        if values.get("opt_out_capturing_by_default", "").strip() == "true":
            sentence = "The SDK starts opted out: nothing is sent until posthog.opt_in_capturing() is called"
            yield Finding("opted_out", "warning", sentence, "Call it once the visitor has agreed.", place)
        if values.get("advanced_disable_flags", values.get("advanced_disable_decide", "")).strip() == "true":
            sentence = "The SDK does not ask for the project's settings: no replay, surveys or heatmaps"
            yield Finding("settings_not_read", "info", sentence, "Remove advanced_disable_flags to have them.", place)


def environment_token(patient_app: Project, name: str, folder: str) -> tuple[str, str] | None:
    """The token of the app's env files, or of this process, and where it is."""
    if there := environment.current(patient_app, name, folder):
        return there
    value = os.environ.get(name, "").strip()
    return (value, f"the variable {name}") if value else None
