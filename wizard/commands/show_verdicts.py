"""How the verdicts of `verify` are shown: a row for each link, what to do about it, and the sum in one last line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from wizard.console import Console
from wizard.verify.verdicts import Link, Status, Verdict


@dataclass(frozen=True, slots=True)
class Proof:
    """What is proven of one app, which is called `name`; no `framework` where only a token is looked at."""

    name: str
    verdicts: tuple[Verdict, ...]
    path: str = "."
    framework: str | None = None


Checked = Sequence[Proof]
"""Each app; what is proven once for all apps is the same object in each."""

TITLES: Mapping[Link, str] = {
    "token": "Token and host",
    "app": "The app's own code",
    "readable": "Event in the project",
}
_MARKS: Mapping[Status, tuple[str, str, str]] = {
    "passed": ("+", "bold green", "passed"),
    "failed": ("x", "bold red", "failed"),
    "skipped": ("-", "bold yellow", "not proven"),
}


def show(console: Console, checked: Checked, again: str = "posthog-wizard verify") -> None:
    """One row per link with its details, then what is proven, what is not, and the next command."""
    several = len(checked) > 1
    rows = _rows(checked)
    sunk = False
    for verdict, paths in rows:
        mark, style, word = _MARKS[verdict.status]
        of_some = several and (verdict.link == "app" or len(paths) < len(checked))
        where = f"{', '.join(paths)}: " if of_some else ""
        console.item(mark, f"{where}{TITLES[verdict.link]}: {word}. {_sentence(verdict.reason)}", style)
        for line in _details(verdict):
            console.item(" ", line, "dim")
        if verdict.detail.get("event") and verdict.link == "app" and not sunk:
            console.item(" ", "It went to a listener on this machine, so it is not in your project.", "dim")
            sunk = True
        _remarks(console, verdict, where)
    if rows:
        console.say()
        console.say(_sum(rows, len(checked)), "bold")
        for command in _next([verdict for verdict, _ in rows], again):
            console.raw(f"Next: {command}")


def _rows(checked: Checked) -> list[tuple[Verdict, list[str]]]:
    """Each verdict once, with the apps it is about: first what is so for all, then the apps, then the project."""
    rows: list[tuple[Verdict, list[str]]] = []
    for link in TITLES:
        for proof in checked:
            for verdict in (one for one in proof.verdicts if one.link == link):
                same = next((names for other, names in rows if other == verdict), None)
                if same is None:
                    rows.append((verdict, [proof.name]))
                elif proof.name not in same:
                    same.append(proof.name)
    return rows


def _sentence(reason: str) -> str:
    """With a capital, unless it begins with a name: of a host, a file, a variable."""
    first = reason.split(" ", 1)[0]
    return reason[:1].upper() + reason[1:] if first.isalpha() or first in ("app's", "page's") else reason


def _remarks(console: Console, verdict: Verdict, where: str) -> None:
    if warning := verdict.detail.get("warning"):
        console.item("!", where + str(warning), "bold yellow")
    for note in verdict.detail.get("notes", ()):
        console.item("!", where + str(note), "bold yellow")
    if verdict.status == "passed" and verdict.link != "token":
        return
    for line in str(verdict.detail.get("hint", "")).splitlines():
        console.item(" ", line, "dim")


def _details(verdict: Verdict) -> list[str]:
    match verdict.link:
        case "token":
            return _of_token(verdict)
        case "app":
            return _of_event(verdict.detail.get("event"))
    facts = verdict.detail
    if not facts.get("uuid"):
        return []
    seen = [f"{facts.get('event', '')}, uuid {facts['uuid']}"]
    return [*seen, f"See it: {facts['activity']}"] if verdict.status == "passed" else seen


def _of_token(verdict: Verdict) -> list[str]:
    """The token, its region and project; then what can be reached from here, and what cannot for which reason."""
    detail = verdict.detail
    facts = [
        str(detail.get("token", "")),
        f"region {detail['region'].upper()}" if detail.get("region") else "",
        f"project {detail['project']['id']} ({detail['project']['name']})" if detail.get("project") else "",
    ]
    lines = [_on_one_line(", ".join(filter(None, facts)))] if any(facts) else []
    network = detail.get("network", ())
    reached = dict.fromkeys(row["host"] for row in network if row["reached"])
    if reached and (verdict.status != "passed" or not all(row["reached"] for row in network)):
        lines.append(f"Reached from here: {', '.join(reached)}")
    groups: dict[str, dict[str, Mapping[str, Any]]] = {}
    for row in network:
        if not row["reached"]:
            groups.setdefault(row["obstacle"], {})[row["host"]] = row
    for group in groups.values():
        first = next(iter(group.values()))
        why = "" if first["reason"] == verdict.reason else f": {first['reason']}"
        # the verdict's own reason and hint are shown anyway
        hint = "" if first["hint"] == detail.get("hint") else f" {first['hint']}"
        lines.append(f"Not reached{', all for one reason' if len(group) > 1 else ''}: {', '.join(group)}{why}.{hint}")
    return lines


def _of_event(event: Any) -> list[str]:
    """The event as it arrived: name, library, version, address, distinct id."""
    if not isinstance(event, Mapping):
        return []
    properties = event.get("properties")
    known = properties if isinstance(properties, Mapping) else {}
    library = " ".join(str(known[key])[:40] for key in ("$lib", "$lib_version") if known.get(key))
    address = str(known.get("$current_url") or "")
    where = _without_query(address)
    distinct = event.get("distinct_id") or known.get("distinct_id")
    facts = [
        str(event.get("event", ""))[:80],
        f"from {library}" if library else "",
        f"at {where}"[:120] if where else "",
        f"distinct id {str(distinct)[:60]}" if distinct else "",
    ]
    return [_on_one_line(", ".join(filter(None, facts)))]


def _without_query(address: str) -> str:
    """Queries hold what people typed. Empty for what is no address: the app may send anything."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.netloc}{parts.path}" if parts.netloc else ""


def _on_one_line(said: str) -> str:
    """What others call things cannot pass for rows of ours."""
    return " ".join(said.split())


def _sum(rows: Sequence[tuple[Verdict, Sequence[str]]], apps: int) -> str:
    said = []
    for status, word in (("passed", "Proven"), ("failed", "Failed"), ("skipped", "Not proven")):
        names = []
        for link, title in TITLES.items():
            paths = [path for v, paths in rows if v.link == link and v.status == status for path in paths]
            here = ", ".join(dict.fromkeys(paths))
            if paths and apps > 1 and link == "app":
                names.append(f"the code of {here}")
            elif paths and len(paths) < apps:
                names.append(f"{title[:1].lower()}{title[1:]} of {here}")
            elif paths:
                names.append(title[:1].lower() + title[1:])
        if names:
            said.append(f"{word}: {', '.join(names)}.")
    return " ".join(said)


def _next(shown: Sequence[Verdict], again: str) -> list[str]:
    """The commands that are worth typing next; none when all is proven, or only what nobody asked for is not.

    One for each project, but whoever logs in does so first, and then for all of them.
    """
    if any(v.status == "failed" or (v.link == "token" and v.status == "skipped") for v in shown):
        return [again]
    unproven = [v for v in shown if v.link == "readable" and v.status != "passed"]
    commands = list(dict.fromkeys(str(v.detail.get("next", again)) for v in unproven))
    logins = [command for command in commands if _AND in command]
    if len(logins) < 2:
        return commands
    first = dict.fromkeys(command.partition(_AND)[0] for command in logins)
    return [_AND.join([*first, again]), *(command for command in commands if command not in logins)]


_AND = " && "
