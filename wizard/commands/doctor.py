"""`doctor`: holds the app's code, its token and its project in PostHog against each other, and says what to fix."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from wizard import project_settings
from wizard.answers import Answers, name_of
from wizard.apps import App
from wizard.commands.about_app import choices_of
from wizard.commands.choices import Choices
from wizard.commands.choose_apps import pick_apps
from wizard.commands.choose_hosts import PROOF, named_hosts, read_hosts
from wizard.commands.own_answers import with_own
from wizard.commands.reached import Reached, reach
from wizard.commands.report import as_json, show_apps
from wizard.commands.typed import PROGRAM, line
from wizard.console import Console
from wizard.deploy.map import deploy_map
from wizard.doctor import CodeHost, Finding, Patient, code_host, exit_code, literal_token, sorted_findings
from wizard.doctor.code import check_code, environment_token
from wizard.doctor.health import check_health
from wizard.doctor.project import check_arrivals, check_settings, check_urls, check_variables
from wizard.errors import UsageError, WizardError
from wizard.events import AppEvents, app_events
from wizard.posthog import hosts as posthog_hosts
from wizard.posthog.access import Access
from wizard.posthog.definitions import event_definitions
from wizard.posthog.health import health_issues
from wizard.posthog.hosts import Hosts
from wizard.posthog.masking import SECRETS, mask
from wizard.posthog.private_api import ApiError, project_of
from wizard.posthog.projects import project as read_project
from wizard.posthog.settings import settings
from wizard.posthog.tokens import check_token, region_of
from wizard.workspace import list_tree

T = TypeVar("T")


class DoctorSettings:
    """The command line of `doctor`, as click hands it over."""

    def __init__(self, **options: Any) -> None:
        self.as_json: bool = options["as_json"]
        self.choices = choices_of(options)


@dataclass
class _Report:
    """What was found about one app, which is called `name`, and what could not be looked at, with the reason."""

    app: App
    name: str
    findings: list[Finding] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """The app's part of the JSON object."""
        rows = [finding.to_json() for finding in sorted_findings(self.findings)]
        return {"path": self.app.path, "framework": self.app.id, "findings": rows, "not_looked_at": self.unread}


def doctor(settings: DoctorSettings) -> int:
    """Look at every app. Exit 4 when something stops events or gives a secret away, 0 otherwise."""
    console = Console(quiet=settings.as_json)
    picked = pick_apps(list_tree(settings.choices.directory), settings.choices)
    apps = picked.apps
    choices = with_own(settings.choices, apps)
    show_apps(console, apps)
    console.head("Looking")
    reports = []
    with console.working():
        for app in apps:
            place = line(settings.choices.directory, names=picked.called([app])).removeprefix(PROGRAM)
            name = name_of(app, apps)
            with console.about(name if len(apps) > 1 else ""):
                found_here, unread = _Examination(app, choices.of(app), place, console).looked()
            reports.append(_Report(app, name, found_here, unread))
    found = [finding for report in reports for finding in report.findings]
    code = exit_code(found)
    for report in reports:
        _show(console, report)
    _show_unread(console, reports)
    if settings.as_json:
        status = "critical" if code else "findings" if found else "healthy"
        rows = [report.to_json() for report in reports]
        as_json(console, {"schema": 1, "status": status, "exit_code": int(code), "apps": rows})
    return code


class _Examination:
    """One app: first what files tell, then what the token tells, then what a login tells."""

    def __init__(self, app: App, choices: Choices, place: str, console: Console) -> None:
        self.app, self.choices, self.place, self.console = app, choices, place, console
        self.events: AppEvents = app_events(app)
        self.unread: list[str] = []

    def looked(self) -> tuple[list[Finding], list[str]]:
        """All findings, and what could not be looked at."""
        token, place = self._token() or (None, "")
        secret = token is not None and token[:4].lower() in SECRETS
        where = self._hosts(None if secret else token)
        hosts, read = where or (posthog_hosts.cloud("us"), False)
        patient = Patient(self.app, self.events, hosts, token, place, page=hosts.app, place=self.place)
        findings = [*check_code(patient), *check_variables(patient, _lacking(self.app))]
        if secret:
            # told already where it stands in an env file, and never sent anywhere
            findings += [] if any(one.where.startswith(place) for one in findings) else self._public(patient)
            patient = replace(patient, token=None)
        if patient.token is None and self.choices.project_id is None:
            self.unread.append("The project in PostHog: nothing says which token the app uses.")
        elif self.choices.offline:
            self.unread.append("The project in PostHog: --offline forbids the network.")
        elif where is None:
            self.unread.append("The project in PostHog: nothing says where it is. Add --region us|eu or --host URL.")
        else:
            findings += self._public(patient) if patient.token else ()
            findings += self._private(patient, read)
        return findings, self.unread

    def _hosts(self, token: str | None) -> tuple[Hosts, bool] | None:
        """The hosts that the code really uses, and whether it is only files that name them; None when nothing tells."""
        if (named := named_hosts(self.choices)) is not None:
            return named, False
        said = code_host(self.events, self.app.framework.runtime)
        if said.url:
            try:
                return posthog_hosts.of(said.url), True
            except UsageError:
                said = CodeHost(told=False)
        try:
            if (found := read_hosts([self.app])) is not None:
                return found[0], True
        except UsageError as error:
            self.unread.append(f"The host: {error.message}.")
            return None
        if said.told:
            return posthog_hosts.cloud("us"), False
        try:
            region = (
                region_of(token, timeout=PROOF, say=self.console.progress) if token and self.choices.may_call else None
            )
        except UsageError:
            region = "us"  # wherever it is, this is no token
        return (posthog_hosts.cloud(region), False) if region else None

    def _token(self) -> tuple[str, str] | None:
        """The token that the code really uses, and where it is."""
        if self.choices.token:
            return self.choices.token.strip(), "--token"
        if literal := literal_token(self.app, self.events):
            return literal
        framework, project = self.app.framework, self.app.project
        variables = [v for site in self.events.sites if (v := site.set_up.variables[0])]
        for name in dict.fromkeys([*variables, framework.names(project).token]):
            if there := environment_token(project, name, framework.env_folder(project)):
                return there
        return None

    def _public(self, patient: Patient) -> Iterator[Finding]:
        """What the token alone can tell."""
        token = patient.token or ""
        try:
            verdict = check_token(token, patient.hosts, say=self.console.progress)
        except UsageError as error:
            yield Finding("token_shape", "critical", error.message, error.hint, patient.token_place)
            return
        if verdict.status == "failed":
            yield Finding("token_or_host", "critical", verdict.reason, verdict.hint, patient.token_place)
        elif verdict.status == "skipped":
            self.unread.append(f"The token: {verdict.reason}.")

    def _private(self, patient: Patient, read: bool) -> Iterator[Finding]:
        """What a login can tell; without one, the settings that every visitor's browser is told."""
        answers = Answers(patient.hosts, patient.token, host_read=read)
        try:
            reached = reach(answers, self.choices.project_id, self.console, may_ask=False, what="this")
        except WizardError as error:
            lacks = "Health issues, authorized URLs and which events have arrived"
            self.unread.append(f"{lacks}: {error.message}. {error.hint}".strip())
            on = project_settings.public(patient.token, patient.hosts, timeout=10.0) if patient.token else None
            yield from check_settings(replace(patient, on=on or {}))
            return
        patient = replace(patient, page=f"{reached.access.hosts.app}/project/{reached.project}")
        yield from self._with_login(patient, reached)

    def _with_login(self, patient: Patient, reached: Reached) -> Iterator[Finding]:
        access, number = reached.access, reached.project
        yield from self._same_project(patient, reached)
        on = project_settings.private(access, number)
        if on is None and patient.token:
            on = project_settings.public(patient.token, patient.hosts, timeout=10.0)
        patient = replace(patient, on=on or {})
        yield from check_settings(patient)
        found = self._reading("The project's settings", access, "project:read", lambda: settings(access, number))
        if found is not None:
            yield from check_urls(patient, found)
        issues = self._reading("Health issues", access, "health_issue:read", lambda: health_issues(access, number))
        if issues is not None:
            yield from check_health(patient, issues)
        known = self._reading(
            "Which events have arrived",
            access,
            "event_definition:read",
            lambda: event_definitions(access, number),
        )
        if known is not None:
            yield from check_arrivals(patient, {one.name for one in known if one.last_seen_at is not None})

    def _same_project(self, patient: Patient, reached: Reached) -> Iterator[Finding]:
        """Is the token that of the project that was named?"""
        if self.choices.project_id is None or not patient.token:
            return
        there = self._reading(
            "The project", reached.access, "project:read", lambda: read_project(reached.access, reached.project)
        )
        if there is None or not there.token or there.token == patient.token:
            return
        try:
            other = f"project {project_of(patient.token, reached.access)}"
        except ApiError:
            other = "a project that this login does not see"
        sentence = f"The app's token ({mask(patient.token)}) is of {other}, not of project {reached.project}"
        todo = f"Run: posthog-wizard{self.place} --project-id {reached.project} --replace-token"
        yield Finding("token_of_other_project", "critical", sentence, todo, patient.token_place)

    def _reading(self, what: str, access: Access, scope: str, read: Callable[[], T]) -> T | None:
        """What `read` gives; None, with the reason kept, when PostHog refuses it or the credential lacks the scope."""
        if not access.may(scope):
            self.unread.append(f"{what}: {access.called} lacks {scope}.")
            return None
        try:
            return read()
        except ApiError as error:
            self.unread.append(f"{what}: {error.message}.")
            return None


def _lacking(app: App) -> Iterator[tuple[str, str, str]]:
    """(surface, variable, where) of deploy files that leave the app's variables out."""
    names = app.framework.names(app.project)
    for surface in deploy_map(app.project, (names.token, names.host), app.framework):
        for variable in surface.variables:
            if variable.state == "missing":
                yield surface.title, variable.name, variable.where or surface.where


def _show(console: Console, report: _Report) -> None:
    marks = {"critical": ("x", "bold red"), "warning": ("!", "bold yellow"), "info": ("-", "")}
    where = "" if report.name == "." else f" in {report.name}"
    found = sorted_findings(report.findings)
    console.head(f"Found{where}: {_counted(found)}")
    for finding in found:
        mark, style = marks[finding.severity]
        place = f"  [{finding.where}]" if finding.where and not finding.where.startswith("http") else ""
        console.item(mark, f"{finding.sentence}.{place}", style)
        if finding.todo:
            console.item(" ", finding.todo)
        if finding.where.startswith("http"):
            console.raw(f"    {finding.where}")


def _show_unread(console: Console, reports: Sequence[_Report]) -> None:
    """What could not be looked at, each once: a login that is missing is missing for all."""
    lacking: dict[str, list[str]] = {}
    for report in reports:
        for unread in report.unread:
            lacking.setdefault(unread, []).append(report.name)
    if lacking:
        console.head("Not looked at")
    for unread, names in lacking.items():
        console.item("-", ("" if len(names) == len(reports) else f"{', '.join(names)}: ") + unread, "dim")


def _counted(found: Iterable[Finding]) -> str:
    rows = list(found)
    if not rows:
        return "nothing to fix"
    names = {"critical": "critical", "warning": "to look at", "info": "worth knowing"}
    counts = {severity: sum(one.severity == severity for one in rows) for severity in names}
    return ", ".join(f"{count} {names[severity]}" for severity, count in counts.items() if count)
