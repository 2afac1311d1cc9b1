"""The starter dashboard of an app: made once, found again, and never put over what people did to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from wizard.apps import App
from wizard.dashboard.charts import Chart, charts, explanation
from wizard.dashboard.record import Record, recorded, remember
from wizard.errors import WizardError
from wizard.events import AppEvents, app_events
from wizard.posthog import dashboards, insights
from wizard.posthog.access import Access
from wizard.posthog.dashboards import Dashboard
from wizard.posthog.definitions import event_definitions
from wizard.posthog.private_api import ApiError
from wizard.posthog.remote_config import remote_config
from wizard.posthog.scopes import STEPS
from wizard.posthog.settings import settings
from wizard.posthog.users import limits
from wizard.project import BrokenFile, Project
from wizard.shelves import lock

TAG = "posthog-wizard"
SCOPES = STEPS["the starter dashboard"]
_TEXT = "(text)"
_ONE_CHART = (400, 402, 409, 413, 422)
"""Statuses of a refusal that is about one chart, so that the others may still be made."""

Status = Literal["created", "found", "incomplete", "deleted", "nothing"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it. `created` and `kept` are names of charts, `removed` those that somebody took off the dashboard.

    `missing` are charts that were not made, each with the reason. `waiting` maps charts to events that have not arrived
    in the project. `failure` ended the run before its end.
    """

    status: Status
    name: str
    url: str = ""
    created: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    missing: tuple[tuple[str, str], ...] = ()
    waiting: tuple[tuple[str, tuple[str, ...]], ...] = ()
    remarks: tuple[str, ...] = ()
    failure: ApiError | None = field(default=None, repr=False)

    def to_json(self) -> dict[str, Any]:
        """The outcome as JSON data."""
        return {
            "status": self.status,
            "name": self.name,
            "url": self.url or None,
            "created": list(self.created),
            "kept": list(self.kept),
            "removed": list(self.removed),
            "missing": [{"chart": name, "reason": reason} for name, reason in self.missing],
            "waiting": [{"chart": name, "events": list(events)} for name, events in self.waiting],
            "remarks": list(self.remarks),
        }


def create_for(
    app: App,
    access: Access,
    project: int,
    *,
    token: str | None = None,
    say: Callable[[str], None] = lambda line: None,
    recreate: bool = False,
) -> Outcome:
    """Make the app's dashboard in a project, or add what it lacks. Call it when the app's files are on disk.

    `token` is the project token, for what the project has switched on when the credential may not read its settings.
    `recreate` makes again what people deleted. Raises WizardError before anything is made: a scope is lacking, or
    PostHog does not answer; later failures are in the outcome.
    """
    access = access if access.scopes is not None else limits(access)
    if lacking := [scope for scope in SCOPES if not access.may(scope)]:
        raise WizardError(
            f"{access.called} lacks {', '.join(lacking)}; no dashboard was made",
            "Log in again: posthog-wizard login (or give the personal key these scopes).",
        )
    name = name_of(app)
    events = app_events(app).given(_switched(access, project, token))
    seen, remarks = _seen(access, project)
    wanted = charts(events, seen)
    if not wanted:
        return Outcome("nothing", name)
    root = app.project.tree.root.resolve()
    with lock(root):
        making = _Making(root, access, project, name, app, say, recreate)
        outcome = making.run(wanted, events)
    waiting = _waiting(wanted, seen, outcome)
    return replace(outcome, waiting=waiting, remarks=(*outcome.remarks, *remarks))


def name_of(app: App) -> str:
    """The name of the dashboard: the same on every machine, as long as the app's manifest has a name."""
    name = _manifest_name(app.project) or (app.project.root.resolve().name if app.path == "." else app.path)
    plain = "".join(char for char in name if char.isprintable())[:100]
    return f"Getting started: {plain} ({app.framework.name})"


def _manifest_name(project: Project) -> str:
    try:
        package, pyproject = project.json("package.json"), project.toml("pyproject.toml")
    except BrokenFile:
        return ""
    table = pyproject.get("project")
    for found in (package.get("name"), table.get("name") if isinstance(table, dict) else None):
        if isinstance(found, str) and found.strip():
            return found.strip()
    return ""


def _switched(access: Access, project: int, token: str | None) -> dict[str, bool | None]:
    """Which features are on in the project, as far as anybody says."""
    found = None
    if access.may("project:read"):
        try:
            found = settings(access, project)
        except ApiError as error:
            if error.status not in (403, 404):
                raise
    known = found or (remote_config(token, access.hosts) if token else None)
    keys = ("autocapture", "error_tracking", "web_vitals")
    return {key: getattr(known, key) for key in keys} if known else {}


def _seen(access: Access, project: int) -> tuple[frozenset[str] | None, tuple[str, ...]]:
    """The events that have arrived in the project; None, and why, when that cannot be read."""
    unknown = "Which events have arrived already is not known:"
    if not access.may("event_definition:read"):
        return None, (f"{unknown} {access.called} lacks event_definition:read.",)
    try:
        found = event_definitions(access, project)
    except ApiError as error:
        if error.status not in (402, 403, 404):
            raise
        return None, (f"{unknown} {error.message}.",)
    seen = frozenset(one.name for one in found if one.last_seen_at is not None)
    return seen or frozenset(one.name for one in found), ()


def _waiting(
    wanted: tuple[Chart, ...], seen: frozenset[str] | None, outcome: Outcome
) -> tuple[tuple[str, tuple[str, ...]], ...]:
    there = {*outcome.created, *outcome.kept}
    found = ((chart.name, tuple(e for e in chart.events if e not in (seen or ()))) for chart in wanted)
    return tuple((name, events) for name, events in found if seen is not None and events and name in there)


@dataclass
class _Making:
    """One run: what has been made is remembered at once, so that the next run goes on after a failure."""

    root: Path
    access: Access
    project: int
    name: str
    app: App
    say: Callable[[str], None]
    recreate: bool
    created: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    missing: list[tuple[str, str]] = field(default_factory=list)

    def run(self, wanted: tuple[Chart, ...], events: AppEvents) -> Outcome:
        """Dashboard, insights, text, order: in this sequence, each only where it is not there."""
        key = (self.access.hosts.app, self.project, self.name)
        record = recorded(self.root, key)
        dashboard = self._known(record)
        if dashboard is None and record is not None and not self.recreate:
            return Outcome("deleted", self.name)
        fresh = dashboard is None
        if dashboard is None:
            self.say(f"Making the dashboard {self.name!r}")
            # the tag as a word: where tags do not stick, it is found again by this
            description = f"What the app sends, charted by {TAG} from its code."
            dashboard = dashboards.create(self.access, self.project, self.name, description, [TAG])
        if record is None or record.dashboard != dashboard.id:
            record = Record(dashboard.id) if fresh else _adopted(dashboard, wanted)
        remember(self.root, key, record)
        failure = None
        try:
            for chart in wanted:
                record = self._chart(chart, dashboard, record)
                remember(self.root, key, record)
            record = self._text(explanation(wanted, events, self.name, TAG), dashboard, record)
            remember(self.root, key, record)
            record = self._arrange(dashboard, record)
            remember(self.root, key, record)
        except ApiError as error:
            failure = error
            done = {*self.created, *self.kept, *self.removed, *(name for name, _ in self.missing)}
            self.missing += [(chart.name, error.message) for chart in wanted if chart.name not in done]
        status: Status = "incomplete" if failure or self.missing else "created" if fresh else "found"
        lists = (tuple(self.created), tuple(self.kept), tuple(self.removed), tuple(self.missing))
        return Outcome(status, dashboard.name, dashboard.url, *lists, failure=failure)

    def _known(self, record: Record | None) -> Dashboard | None:
        """The dashboard by the id that was kept, else by name and tag."""
        if record is not None:
            try:
                return dashboards.get(self.access, self.project, record.dashboard)
            except ApiError as error:
                if error.status != 404:
                    raise
        return dashboards.find(self.access, self.project, self.name, TAG)

    def _chart(self, chart: Chart, dashboard: Dashboard, record: Record) -> Record:
        there = {tile.insight: tile.name for tile in dashboard.tiles if tile.insight is not None}
        known = record.insights.get(chart.name)
        if known in there or chart.name in there.values():
            self.kept.append(chart.name)
            return record
        if known is not None and not self.recreate:
            self.removed.append(chart.name)
            return record
        self.say(f"Adding {chart.name!r}")
        try:
            made = insights.create(self.access, self.project, chart.name, chart.description, chart.query, dashboard.id)
        except ApiError as error:
            if error.status not in _ONE_CHART:
                raise
            self.missing.append((chart.name, error.message))
            return record
        self.created.append(chart.name)
        return replace(record, insights={**record.insights, chart.name: made.id})

    def _text(self, body: str, dashboard: Dashboard, record: Record) -> Record:
        if record.text or any(TAG in tile.text for tile in dashboard.tiles):
            return replace(record, text=True)
        try:
            dashboards.add_text(self.access, self.project, dashboard.id, body)
        except ApiError as error:
            if error.status not in _ONE_CHART:
                raise
            self.missing.append((_TEXT, error.message))
            return record
        return replace(record, text=True)

    def _arrange(self, dashboard: Dashboard, record: Record) -> Record:
        """In order once; later the order is the user's."""
        if not self.created and record.arranged:
            return record
        now = dashboards.get(self.access, self.project, dashboard.id)
        attached = {tile.name for tile in now.tiles}
        for name in [name for name in self.created if name not in attached]:
            self.created.remove(name)
            self.missing.append((name, "it was made, but PostHog did not put it on the dashboard: add it by hand"))
        if record.arranged:
            return record
        order = sorted(now.tiles, key=lambda tile: (tile.insight is None, tile.id))
        dashboards.arrange(self.access, self.project, dashboard.id, [tile.id for tile in order])
        return replace(record, arranged=True)


def _adopted(dashboard: Dashboard, wanted: tuple[Chart, ...]) -> Record:
    """What is known of a dashboard that another machine made: its text came last, so what lacks then was removed."""
    if not any(TAG in tile.text for tile in dashboard.tiles):
        return Record(dashboard.id, arranged=True)
    ids = {tile.name: tile.insight for tile in dashboard.tiles if tile.insight is not None}
    return Record(dashboard.id, {chart.name: ids.get(chart.name, 0) for chart in wanted}, text=True, arranged=True)
