"""The link `token`: does PostHog know the token, in which region and project, and can its hosts be reached."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from wizard.login.credentials import access_for
from wizard.posthog import network, tokens
from wizard.posthog.access import Access, aloud
from wizard.posthog.failures import ApiError
from wizard.posthog.hosts import Hosts
from wizard.posthog.network import PROXY_PAGE, Network
from wizard.posthog.ownership import Owner, owner_of
from wizard.posthog.projects import Project
from wizard.posthog.tokens import TokenVerdict
from wizard.verify.verdicts import Verdict, Wanted, filled


@dataclass(frozen=True, slots=True)
class Connection:
    """What the other links build on. `hosts` are the wanted ones, but for an app host that had to be found out.

    `access` is None when nobody may ask, `refused` says why when there is a reason. `owner` is None, or `trouble` what
    kept us from finding the owner.
    """

    verdict: Verdict
    hosts: Hosts
    access: Access | None = None
    refused: str = ""
    owner: Owner | None = None
    trouble: ApiError | None = None
    quota: tuple[str, ...] = ()


def token_link(wanted: Wanted) -> Connection:
    """The verdict on the token, and what came to light on the way. Raises UsageError for what cannot be a token."""
    if not wanted.token:
        first = Verdict("token", "skipped", "no project token was given", {"hint": tokens.WHERE})
        return _with_owner(Connection(first, wanted.hosts), wanted)
    warning = tokens.shape(wanted.token)
    waits = wanted.waits
    found = tokens.check_token(
        wanted.token, wanted.hosts, regions=wanted.regions, timeout=waits.request, say=wanted.say,
        fresh=wanted.fresh, sleep=waits.sleep,
    )  # fmt: skip
    seen = network.survey(wanted.hosts, wanted.token, timeout=waits.request, say=wanted.say)
    found, hosts = _behind_proxy(found, seen, wanted)
    quota = tuple(dict.fromkeys((*found.quota, *seen.assets.quota)))
    detail = {
        "token": tokens.mask(wanted.token),
        "host": wanted.hosts.ingest,
        "app_host": hosts.app,
        "region": found.region,
        "hint": _fix(found, wanted),
        "warning": " ".join(filter(None, (warning, _blocked(found, seen), _used_up(quota, hosts)))),
        "quota": list(quota),
        "network": [row.to_json() for row in seen.rows],
    }
    first = Verdict("token", found.status, found.reason, filled(detail))
    return _with_owner(Connection(first, hosts, quota=quota), wanted)


def _behind_proxy(found: TokenVerdict, seen: Network, wanted: Wanted) -> tuple[TokenVerdict, Hosts]:
    """The verdict and the hosts when the wanted host is a reverse proxy: the region whose token passes through it."""
    hosts = wanted.hosts
    if hosts.region is not None or not seen.is_proxy:
        return found, hosts
    wanted.say(f"{seen.ingest.where} has no private API: a reverse proxy. Asking which region knows the token")
    region = tokens.region_of(wanted.token or "", regions=wanted.regions, timeout=wanted.waits.request)
    if region is None:
        return found, hosts
    behind = replace(hosts, app=wanted.regions[region].app, region=region)
    upstream, name = wanted.regions[region].ingest, region.upper()
    match found.status:
        case "passed":
            reason = f"{found.reason}; it is a reverse proxy that leads to PostHog Cloud {name}"
            return replace(found, region=region, reason=reason), behind
        case "failed":
            reason = f"the token belongs to the {name} region, but {found.reason}: a proxy that does not lead there"
            hint = f"Let it pass requests on to {upstream}, with that name as Host header: {PROXY_PAGE}"
            return replace(found, region=region, reason=reason, hint=hint), behind
        case _:
            reason = f"{found.reason}; the token belongs to the {name} region"
            return replace(found, region=region, reason=reason), behind


def _fix(found: TokenVerdict, wanted: Wanted) -> str:
    """The hint; for a token of another region the very line to change."""
    region = found.region
    if found.status != "failed" or region is None or wanted.hosts.region in (None, region) or not wanted.host_set:
        return found.hint
    return f"Set {wanted.host_set} to {wanted.regions[region].ingest}, here and where the app is deployed. {found.hint}"


def _blocked(found: TokenVerdict, seen: Network) -> str:
    """What cannot be reached although the verdict does not say it."""
    if seen.lost or found.status == "skipped":
        return seen.lost
    return "; ".join(row.obstacle.reason for row in seen.rows if row.filtered and row.obstacle)


def _used_up(quota: tuple[str, ...], hosts: Hosts) -> str:
    if not quota:
        return ""
    dropped = " Events are taken and dropped until then." if "events" in quota else ""
    names = ", ".join(tokens.redact(name)[:40].encode("ascii", "replace").decode() for name in quota[:8])
    where = f"{hosts.app}/organization/billing"
    return f"The project's quota is used up for: {names}. Raise the limit or wait: {where}.{dropped}"


def _with_owner(connection: Connection, wanted: Wanted) -> Connection:
    """Adds who may ask and whose project the token is, as far as that can be known."""
    number = wanted.project
    if connection.verdict.status == "failed" or not (wanted.token or (number and wanted.resume)):
        return connection
    told: list[str] = []
    access = wanted.access
    if access is None or access.hosts.app != connection.hosts.app:
        access = access_for(wanted.env, connection.hosts, host_read=wanted.host_read, say=told.append)
    if access is None:
        return replace(connection, refused=" ".join(told))
    for line in told:
        wanted.say(line)
    access = replace(access, pause=aloud(wanted.say, wanted.waits.sleep))
    connection = replace(connection, access=access)
    wanted.say(f"Looking up the project of the token with {access.called} (at most {wanted.waits.query:.0f} s a call)")
    try:
        owner = owner_of(wanted.token, number, access, timeout=wanted.waits.query)
    except ApiError as error:
        return replace(connection, trouble=error)
    return replace(connection, owner=owner, verdict=_owned(connection.verdict, owner, access))


def _owned(verdict: Verdict, owner: Owner, access: Access) -> Verdict:
    if verdict.status == "skipped" and not verdict.detail.get("token"):
        return verdict
    detail: dict[str, Any] = dict(verdict.detail)
    if owner.project.id:
        detail["project"] = {"id": owner.project.id, "name": owner.project.name}
    if owner.wanted is not None:
        page = f"{access.hosts.app}/project/{owner.wanted.id}/settings/project"
        hint = f"Take the token of {titled(owner.wanted)} from {page}"
        if owner.project.id:
            hint += f", or name the other one: --project-id {owner.project.id}"
        reason = f"the token belongs to {titled(owner.project)}, not to {titled(owner.wanted)}, which you named"
        return Verdict("token", "failed", reason, {**detail, "hint": f"{hint}."})
    if owner.current is not None:
        there, here = titled(owner.current), titled(owner.project)
        detail["notes"] = [f"Your current project in PostHog is {there}; the token belongs to {here}: look there."]
    return replace(verdict, detail=detail)


def titled(project: Project) -> str:
    """`project 42 (Shop)`, in ASCII."""
    if not project.id:
        return project.name
    name = " ".join(tokens.redact(project.name).split())[:60].encode("ascii", "replace").decode()
    return f"project {project.id}" if name in ("", f"project {project.id}") else f"project {project.id} ({name})"
