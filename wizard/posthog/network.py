"""What of PostHog can be reached from here: the hosts for ingestion, assets and the app, each on its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from threading import Thread
from typing import Any, Literal
from urllib.parse import quote

from wizard.errors import WizardError
from wizard.posthog.hosts import Hosts
from wizard.posthog.http import NoReply, Reply, place, send
from wizard.posthog.loose import mapping, texts
from wizard.posthog.obstacles import FILTERS, Obstacle, obstacle

PROXY_PAGE = "https://posthog.com/docs/advanced/proxy"

Say = Callable[[str], None]
Role = Literal["ingest", "assets", "app"]


@dataclass(frozen=True, slots=True)
class Reach:
    """One host as seen from here; `posthog` says that it answered as PostHog does in that role.

    `quota` names what it says is used up (events, recordings ...).
    """

    role: Role
    where: str
    obstacle: Obstacle | None
    posthog: bool
    quota: tuple[str, ...] = ()

    @property
    def filtered(self) -> bool:
        """Is it this network that keeps us from the host?"""
        return self.obstacle is not None and self.obstacle.kind in FILTERS

    def to_json(self) -> dict[str, Any]:
        """`{role, host, reached}`, with `obstacle`, `reason` and `hint` when something is in the way."""
        row: dict[str, Any] = {"role": self.role, "host": self.where, "reached": self.obstacle is None}
        if self.obstacle:
            row |= {"obstacle": self.obstacle.kind, "reason": self.obstacle.reason, "hint": self.obstacle.hint}
        return row


@dataclass(frozen=True, slots=True)
class Network:
    """The three hosts as seen from here."""

    ingest: Reach
    assets: Reach
    app: Reach

    @property
    def rows(self) -> tuple[Reach, Reach, Reach]:
        """Ingestion, assets, app; on an own instance all three are the same host."""
        return self.ingest, self.assets, self.app

    @property
    def lost(self) -> str:
        """What a block of ingestion alone means for the app's users; empty when nothing is blocked selectively."""
        blocked = [row.where for row in (self.ingest, self.assets) if row.filtered]
        if not blocked or self.app.filtered:
            return ""
        return (
            f"{' and '.join(blocked)} cannot be reached from here while {self.app.where} can, as with ad blockers and "
            f"DNS filters: events of browsers on this network are lost too. A reverse proxy gets them through: "
            f"{PROXY_PAGE}"
        )

    @property
    def is_proxy(self) -> bool:
        """Does the host take events but have no private API: a reverse proxy, not an instance?"""
        passed = self.ingest.posthog or self.assets.posthog
        elsewhere = self.app.obstacle is None or self.app.obstacle.kind in ("web page", "redirect", "forbidden")
        return passed and not self.app.posthog and elsewhere


def survey(hosts: Hosts, token: str | None, *, timeout: float, say: Say = lambda message: None) -> Network:
    """Asks each of the three hosts once, all at the same time and without a secret; `timeout` in seconds.

    `token` is the project token, which is public: the asset host is asked for its configuration. Sources: GET /flags
    answers 200 whoever asks, /array/<token>/config 200 or 404, the private API 401 with a JSON error without a key.
    """
    names = ", ".join(dict.fromkeys(place(url) for url in (hosts.ingest, hosts.assets, hosts.app)))
    say(f"Looking what can be reached of {names} (at most {timeout:.0f} s)")
    urls: dict[Role, str] = {
        "ingest": f"{hosts.ingest}/flags/?v=2",
        "assets": f"{hosts.assets}/array/{quote((token or 'none').strip(), safe='')}/config",
        "app": f"{hosts.app}/api/users/@me/",
    }
    found: dict[Role, Reach] = {}

    def ask(role: Role, url: str) -> None:
        try:
            found[role] = _judge(role, url, send("GET", url, timeout=timeout), own=hosts.region is None)
        except WizardError as error:  # --offline; in a thread nobody else would hear of it
            found[role] = Reach(role, place(url), Obstacle("offline", error.message, error.hint), False)

    threads = [Thread(target=ask, args=item, daemon=True) for item in urls.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return Network(found["ingest"], found["assets"], found["app"])


def _judge(role: Role, url: str, reply: Reply | NoReply, *, own: bool) -> Reach:
    where, found = place(url), obstacle(reply, url)
    if isinstance(reply, NoReply):
        return Reach(role, where, found, False)
    said = mapping(reply.json())
    if role == "app" and reply.status in (200, 401, 403, 429) and {"type", "detail", "email"} & said.keys():
        return Reach(role, where, None, True)
    if reply.status == 404 and (own or role == "assets") and (own or not reply.html):
        # an instance may be too old for this endpoint and show a page of its own; a proxy may not pass it on
        return Reach(role, where, None, role == "assets" and not reply.html)
    answered = found is None and role != "app" and (bool(said) or reply.body.strip() == b"{}")
    return Reach(role, where, found, answered, texts(said.get("quotaLimited")))
