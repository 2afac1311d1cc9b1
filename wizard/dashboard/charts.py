"""The charts of the starter dashboard: which ones an app's events allow, and their queries."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from wizard.events import AppEvent, AppEvents

MOST_OWN = 5
"""Events of the app's own in one trend."""

MOST_STEPS = 3


@dataclass(frozen=True, slots=True)
class Chart:
    """One insight: its name never depends on the events, so that it is found again. `events` are those it shows."""

    name: str
    description: str
    query: Mapping[str, Any]
    events: tuple[str, ...]


def charts(events: AppEvents, seen: Collection[str] | None) -> tuple[Chart, ...]:
    """The charts that these events allow; none for an app that sends nothing to look at.

    `seen` are the names of events that have arrived in the project, which come first; None when nobody knows.
    """
    own = sorted(events.own, key=lambda event: seen is not None and event.name not in seen)
    main = events.find("$pageview") or next(iter(own), None)
    if main is None or main.setting:
        return ()
    return tuple(_charts(events, main, own))


def _charts(events: AppEvents, main: AppEvent, own: Sequence[AppEvent]) -> Iterator[Chart]:
    pages = main.name == "$pageview"
    what = "viewed a page" if pages else f"sent {main.name!r}"
    yield _trend("Active users", f"How many people {what} each day. {_origin(main)}", [(main.name, "dau")])
    if pages:
        yield _trend("Page views", f"How often pages were viewed. {_origin(main)}", [(main.name, "total")])
        yield _table("Top pages", f"Which pages were viewed most, by path. {_origin(main)}", main.name, "$pathname")
    if own:
        shown = own[:MOST_OWN]
        places = ", ".join(f"{event.name} ({event.place})" for event in shown)
        series = [(event.name, "total") for event in shown]
        yield _trend("Own events", f"What the code of the app captures: {places}.", series)
    if len(steps := _steps(events, main, own)) > 1:
        words = " -> ".join(step.name for step in steps)
        yield _funnel("Funnel", f"{words}, in this order within 14 days. Change the steps to your own journey.", steps)
    yield _retention("Retention", f"Who came back in the weeks after the first {main.name}. {_origin(main)}", main.name)
    if (exception := events.find("$exception")) and not exception.setting:
        yield _trend("Exceptions", f"Errors that were captured. {_origin(exception)}", [("$exception", "total")])


def _steps(events: AppEvents, main: AppEvent, own: Sequence[AppEvent]) -> list[AppEvent]:
    """From the first page to the app's own events, or to what the SDK sees of a visit."""
    steps = [main, *(event for event in own if event != main)]
    if len(steps) == 1:
        steps += [event for name in ("$autocapture", "$pageleave") if (event := events.find(name))][:1]
    return steps[:MOST_STEPS]


def _origin(event: AppEvent) -> str:
    how = "The SDK sends it by itself, set up in" if event.source == "sdk" else "Captured in"
    return f"{how} {event.place}."


def _series(name: str, math: str) -> dict[str, Any]:
    return {"kind": "EventsNode", "event": name, "name": name, "math": math}


def _trend(name: str, description: str, series: Sequence[tuple[str, str]]) -> Chart:
    source = {
        "kind": "TrendsQuery",
        "series": [_series(event, math) for event, math in series],
        "dateRange": {"date_from": "-30d"},
        "interval": "day",
        # events from localhost count as internal; a start without them would look broken
        "filterTestAccounts": False,
        "trendsFilter": {"display": "ActionsLineGraph"},
    }
    return _chart(name, description, source, [event for event, _ in series])


def _table(name: str, description: str, event: str, by: str) -> Chart:
    source = {
        "kind": "TrendsQuery",
        "series": [_series(event, "total")],
        "dateRange": {"date_from": "-30d"},
        "filterTestAccounts": False,
        "breakdownFilter": {"breakdowns": [{"property": by, "type": "event"}]},
        "trendsFilter": {"display": "ActionsTable"},
    }
    return _chart(name, description, source, [event])


def _funnel(name: str, description: str, steps: Sequence[AppEvent]) -> Chart:
    source = {
        "kind": "FunnelsQuery",
        "series": [{"kind": "EventsNode", "event": step.name, "name": step.name} for step in steps],
        "dateRange": {"date_from": "-30d"},
        "filterTestAccounts": False,
        "funnelsFilter": {
            "funnelVizType": "steps",
            "funnelOrderType": "ordered",
            "funnelWindowInterval": 14,
            "funnelWindowIntervalUnit": "day",
            "layout": "vertical",
        },
    }
    return _chart(name, description, source, [step.name for step in steps])


def _retention(name: str, description: str, event: str) -> Chart:
    entity = {"id": event, "name": event, "type": "events"}
    source = {
        "kind": "RetentionQuery",
        "dateRange": {"date_from": "-56d"},
        "filterTestAccounts": False,
        "retentionFilter": {
            "targetEntity": entity,
            "returningEntity": entity,
            "period": "Week",
            "totalIntervals": 8,
            "retentionType": "retention_first_time",
        },
    }
    return _chart(name, description, source, [event])


def _chart(name: str, description: str, source: Mapping[str, Any], events: Sequence[str]) -> Chart:
    text = description if len(description) <= 400 else f"{description[:397]}..."
    return Chart(name, text, {"kind": "InsightVizNode", "source": source}, tuple(events))


def explanation(found: Sequence[Chart], events: AppEvents, app: str, tag: str) -> str:
    """The text tile: where each event comes from, and what happens to edits. Markdown."""
    shown = list(dict.fromkeys(name for chart in found for name in chart.events))
    rows = [f"- `{_plain(e.name)}`: {_origin(e)}" for name in shown if (e := events.find(name))]
    listing = "\n".join(rows)
    text = f"""**{_plain(app)}: what the app sends**

{listing}

Made by {tag}. Edit, rename, move or delete whatever you like: running `{tag} dashboard` again only adds charts that
were never made, and changes nothing else."""
    return text if len(text) <= 4000 else f"{text[:3990]}..."


def _plain(text: str) -> str:
    return "".join(char for char in text if char.isprintable() and char not in "`*_[]<>")
