"""Users, keys, organizations, projects and their settings in the fake PostHog."""

from __future__ import annotations

from typing import Any

from tests.fake_posthog.state import Ask, Canned, Refused, State, answer, error

_DEFAULTS: dict[str, Any] = {
    "timezone": "UTC",
    "is_demo": False,
    "completed_snippet_onboarding": False,
    "has_completed_onboarding_for": {},
    "autocapture_opt_out": None,
    "autocapture_exceptions_opt_in": None,
    "autocapture_web_vitals_opt_in": None,
    "capture_console_log_opt_in": None,
    "capture_performance_opt_in": None,
    "capture_dead_clicks": None,
    "session_recording_opt_in": False,
    "session_recording_sample_rate": None,
    "heatmaps_opt_in": None,
    "surveys_opt_in": None,
    "app_urls": [],
    "recording_domains": [],
    "anonymize_ips": False,
    "test_account_filters": [],
    "secret_api_token": "phs_neverlogthis",
    "secret_api_token_backup": None,
    "live_events_token": "eyJneverlogthis",
}
_PRODUCTS = {
    "session_replay": "session_recording_opt_in",
    "error_tracking": "autocapture_exceptions_opt_in",
    "conversations": "conversations_enabled",
}


def respond(fake: State, ask: Ask) -> Canned | None:
    """What is asked about accounts; None when it is about something else. Raises Refused."""
    if fake.forbids_keys and ask.secret.startswith("phx_") and ask.parts[0] in ("projects", "organizations"):
        detail = "Your organization does not allow the use of personal API keys. Please contact an administrator."
        raise Refused(error(403, "permission_denied", detail))
    match ask.method, *ask.parts:
        case "GET", "users", "@me":
            ask.needs("user:read")
            return answer(_me(fake))
        case "GET", "personal_api_keys", "@current" if ask.secret.startswith("phx_"):
            teams = fake.scoped or None
            return answer({"scopes": sorted(ask.scopes), "scoped_teams": teams, "scoped_organizations": None})
        case "POST", "introspect":
            return answer({"active": True, "scope": " ".join(sorted(ask.scopes)), "scoped_teams": fake.scoped})
        case _, "organizations", *_:
            return _organizations(fake, ask)
        case _, "projects", identity, *rest:
            number = _visible(fake, identity)
            return _project(fake, ask, number, rest)
    return None


def project(fake: State, number: int) -> dict[str, Any]:
    """A project with all its settings, the secret ones too."""
    token = next((t for t, n in fake.tokens.items() if n == number), "")
    return {
        "id": number,
        "uuid": f"0190-{number}",
        "name": f"Project {number}",
        "api_token": token,
        "organization": fake.in_organization.get(number, fake.organizations[0]["id"]),
        "ingested_event": any(n == number for n, _ in fake.events),
        **_DEFAULTS,
        **fake.project_fields.get(number, {}),
    }


def _me(fake: State) -> dict[str, Any]:
    team = project(fake, fake.current) if fake.current else None
    return {
        "uuid": "0190-user",
        "distinct_id": "user",
        "email": "ada@example.com",
        "first_name": "Ada",
        "is_email_verified": True,
        "team": team and {**team, "project_id": team["id"]},
        "organization": fake.organizations[0] if fake.organizations else None,
        "organizations": fake.organizations,
        **fake.user,
    }


def _visible(fake: State, identity: str) -> int:
    """The number of a project that the credential may see. Raises Refused."""
    number = int(identity) if identity.isdecimal() else fake.current if identity == "@current" else 0
    if number not in fake.tokens.values():
        raise Refused(error(404, "not_found", "Project not found."))
    if fake.scoped and number not in fake.scoped:
        detail = f"API key does not have access to the requested project: ID {number}."
        raise Refused(error(403, "permission_denied", detail))
    return number


def _organizations(fake: State, ask: Ask) -> Canned | None:
    if fake.scoped:
        detail = "API keys with scoped projects are only supported on project-based endpoints."
        raise Refused(error(403, "permission_denied", detail))
    match ask.method, *ask.parts[1:]:
        case "GET", *rest if not rest:
            ask.needs("organization:read")
            return fake.paged(fake.organizations, ask)
        case method, identity, *rest:
            wanted = fake.organizations[0]["id"] if identity == "@current" else identity
            found = next((o for o in fake.organizations if o["id"] == wanted), None)
            if found is None:
                raise Refused(error(404, "not_found", "Organization not found."))
            if (method, rest) == ("GET", []):
                ask.needs("organization:read")
                return answer(found)
            if (method, rest) == ("GET", ["projects"]):
                ask.needs("project:read")
                mine = [project(fake, n) for n in fake.tokens.values()]
                return fake.paged([p for p in mine if p["organization"] == wanted], ask)
            if (method, rest) == ("POST", ["projects"]):
                ask.needs("project:write")
                return _create(fake, found, ask.body)
    return None


def _create(fake: State, organization: dict[str, Any], body: Any) -> Canned:
    """The gates in the order of PostHog's source."""
    if (organization.get("membership_level") or 0) < 8 and not fake.members_may_create:
        raise Refused(error(403, "permission_denied", "Your organization access level is insufficient."))
    if fake.projects_allowed is not None and len(fake.tokens) >= fake.projects_allowed:
        detail = "You have reached the maximum limit of allowed projects for your current plan."
        raise Refused(error(403, "permission_denied", detail))
    name = str(body.get("name") or "").strip() if isinstance(body, dict) else ""
    if not name:
        raise Refused(error(400, "blank", "This field may not be blank.", "name"))
    if any(project(fake, n)["name"].lower() == name.lower() for n in fake.tokens.values()):
        raise Refused(error(400, "unique", "Project with this name already exists.", "name"))
    number = max(fake.tokens.values(), default=0) + 1
    fake.tokens[f"phc_new{number:03}{'z' * 30}"] = number
    fake.in_organization[number] = organization["id"]
    fake.project_fields[number] = {"name": name}
    return answer(project(fake, number), 201)


def _project(fake: State, ask: Ask, number: int, rest: list[str]) -> Canned | None:
    match ask.method, rest:
        case "GET", []:
            ask.needs("project:read")
            return answer(project(fake, number))
        case "PATCH", []:
            ask.needs("project:write")
            if unknown := [name for name in ask.body if name not in {*_DEFAULTS, "name"}]:
                raise Refused(error(400, "invalid", "Unknown field.", unknown[0]))
            fake.project_fields.setdefault(number, {}).update(ask.body)
            return answer(project(fake, number))
        case "POST", ["product_enablement"] if not fake.old:
            ask.needs("product_enablement:write")
            if unknown := [name for name in ask.body["products"] if name not in _PRODUCTS]:
                raise Refused(error(400, "invalid_choice", f'"{unknown[0]}" is not a valid choice.', "products"))
            now = dict.fromkeys(ask.body["products"], "enabled")
            for name in now:
                if project(fake, number).get(_PRODUCTS[name]):
                    now[name] = "already_enabled"
                fake.project_fields.setdefault(number, {})[_PRODUCTS[name]] = True
            return answer({"products": now})
    return None
