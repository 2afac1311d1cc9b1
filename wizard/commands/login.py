"""`login`: a credential for choosing a project, reading events back and dashboards; setting up needs none."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from wizard import prompts
from wizard.commands import login_ways
from wizard.commands.login_ways import Got
from wizard.commands.report import as_json as print_json
from wizard.console import Console, is_interactive
from wizard.errors import Exit, UsageError, WizardError
from wizard.login import credentials
from wizard.login import store as credential_store
from wizard.login.posthog_cli import cli_key
from wizard.posthog import hosts as posthog_hosts
from wizard.posthog.access import Access
from wizard.posthog.hosts import Hosts
from wizard.posthog.http import place
from wizard.posthog.scopes import DEFAULT, lacking

_SCRIPTS = (
    "In scripts pipe a personal API key in (posthog-wizard login --key --save < key.txt) or set "
    "POSTHOG_PERSONAL_API_KEY, which needs no login. With somebody at a browser: posthog-wizard login --device --save"
)


class LoginSettings:
    """The command line of `login`, as click hands it over."""

    def __init__(self, **options: Any) -> None:
        self.device: bool = options["device"]
        self.with_key: bool = options["with_key"]
        self.region: str | None = options["region"]
        self.host: str | None = options["host"]
        self.save: bool | None = options["save"]
        self.scopes: tuple[str, ...] = tuple(dict.fromkeys((*DEFAULT, *options["scope"])))
        self.as_json: bool = options["as_json"]


def login(settings: LoginSettings) -> int:
    """Log in the way that was asked for, compare what was granted with what is needed, and keep it on a yes."""
    console = Console(quiet=settings.as_json)
    hosts = hosts_given(settings.region, settings.host)
    may_ask = is_interactive() and not settings.as_json
    _check(settings, may_ask)
    # what is in the way of saving is to be known before a login, not after it
    (credential_store.prove_writable if settings.save or settings.device else credential_store.read_entries)()
    got = _get(settings, hosts, may_ask, console)
    missing = lacking(settings.scopes, got.saved.access.scopes)
    _tell(console, got, missing)
    kept = _keep(got, settings.save, may_ask, console)
    if settings.as_json:
        print_json(console, _report(got, missing, kept))
    return Exit.OK


def interactive_login(
    console: Console, hosts: Hosts | None, scopes: Sequence[str] = DEFAULT, *, host_read: bool = False
) -> Access:
    """Log in through the browser in the middle of another command, and ask whether to keep it.

    `hosts` None: PostHog Cloud, whichever region. With `host_read` nobody but the project named the host: its page
    could look like PostHog's and collect passwords, so that the person is asked. Raises UsageError without a terminal,
    ApiError, WizardError for a no, Interrupted.
    """
    if not is_interactive():
        raise UsageError("logging in needs a terminal", _SCRIPTS)
    if host_read and hosts is not None and hosts.region is None:
        where = place(hosts.app)
        if not prompts.confirm(f"It is the project alone that names {where}. Is that your PostHog?", default=False):
            raise WizardError(f"nobody was logged in to {where}", "Name your PostHog with --region or --host.")
    got = login_ways.through_browser(console, hosts, scopes)
    _tell(console, got, lacking(scopes, got.saved.access.scopes))
    try:
        if _asked_to_keep(console):
            _saved(got, console)
            return got.saved.access
    except WizardError as error:
        console.error(error.message, error.hint)
    console.say("Not saved: it is used for this run alone.")
    return got.saved.access


def hosts_given(region: str | None, host: str | None) -> Hosts | None:
    """The hosts that the command line names; None when it names none. Raises UsageError."""
    if region and host:
        raise UsageError("--host and --region exclude each other")
    if host:
        return posthog_hosts.of(host)
    return posthog_hosts.cloud(region) if region else None


def _check(settings: LoginSettings, may_ask: bool) -> None:
    if settings.device and settings.with_key:
        raise UsageError("--device and --key exclude each other")
    if not (settings.device or settings.with_key or may_ask):
        raise UsageError("logging in through the browser needs a terminal", _SCRIPTS)
    if settings.device and settings.save is False:
        raise UsageError(
            "--device makes a key that stays in PostHog until you delete it; it would be of no use with --no-save",
            "Leave one of the two out.",
        )
    if settings.device and not may_ask and not settings.save:
        raise UsageError("a key that --device makes would be lost without a terminal", "Add --save to keep it.")


def _get(settings: LoginSettings, hosts: Hosts | None, may_ask: bool, console: Console) -> Got:
    if settings.with_key:
        return login_ways.with_key(console, hosts, login_ways.read_key(console, settings.as_json))
    if settings.device:
        if settings.save is None and not prompts.confirm(f"Save the key that you get in {_where()}?"):
            raise UsageError("nothing was done: the key would have been lost", "Use it without saving: setup, verify.")
        settings.save = True
        # the page and the code are for a person on stderr, whatever stdout is
        return login_ways.with_code(Console(), hosts or _cloud_asked(may_ask), settings.scopes)
    there = cli_key(Path.home())
    if (
        there
        and (hosts is None or there.hosts == hosts)
        and prompts.confirm(
            f"@posthog/cli has a key for {place(there.hosts.app)} in ~/.posthog. Use it? (Often it may not do enough.)",
            default=False,
        )
    ):
        return login_ways.with_key(console, there.hosts, there.secret, "posthog-cli")
    return login_ways.through_browser(console, hosts, settings.scopes)


def _cloud_asked(may_ask: bool) -> Hosts:
    if not may_ask:
        raise UsageError("the region is missing", "Add --region us or --region eu, or --host URL for your own PostHog.")
    titles = [("us", "US Cloud (us.posthog.com)"), ("eu", "EU Cloud (eu.posthog.com)"), ("own", "My own instance")]
    region = prompts.select("Where is your PostHog? (--region, --host)", titles)
    if region == "own":
        return posthog_hosts.of(prompts.text("URL of your PostHog (--host):", posthog_hosts.of))
    return posthog_hosts.cloud(region)


def _tell(console: Console, got: Got, missing: dict[str, list[str]]) -> None:
    access = got.saved.access
    who = f" as {got.email}" if got.email else ""
    region = f" ({access.hosts.region.upper()})" if access.hosts.region else ""
    console.say()
    console.say(f"Logged in to {place(access.hosts.app)}{region}{who}.", "bold green")
    if access.projects:
        several = "s" if len(access.projects) > 1 else ""
        console.say(f"Limited to the project{several} {', '.join(str(p) for p in access.projects)}.")
    if access.scopes is None:
        console.say("What it may do is not known; each step will say so when something is lacking.")
    for step, scopes in missing.items():
        console.item(
            "!", f"{step[:1].upper()}{step[1:]} will not work: {', '.join(scopes)} not granted.", "bold yellow"
        )
    if missing:
        more = "Log in again and grant" if got.way == "browser" else f"On {access.hosts.app}/settings/user-api-keys add"
        console.say(f"Everything else works. {more} what you need of it.")


def _keep(got: Got, save: bool | None, may_ask: bool, console: Console) -> str | None:
    """Where it was saved; None when it was not."""
    if save if save is not None else may_ask and _asked_to_keep(console):
        try:
            return _saved(got, console)
        except WizardError:
            login_ways.forget_quietly(got)
            raise
    login_ways.forget_quietly(got)
    given_back = " and given back to PostHog" if got.way == "browser" else ""
    console.say(f"Not saved{given_back}: nothing of it stays on this machine. Add --save to keep it.")
    return None


def _asked_to_keep(console: Console) -> bool:
    return prompts.confirm(f"Save it in {_where()}, for you alone?")


def _where() -> str:
    return "the system's keyring" if credential_store.keyring() else str(credential_store.credentials_file())


def _saved(got: Got, console: Console) -> str:
    earlier = _earlier(got)
    kept = credentials.save(got.saved, console.say)
    if earlier is not None:
        # nobody could take it back any more: its tokens are not kept anywhere
        login_ways.forget_quietly(earlier)
    where = "the system's keyring" if kept == "keyring" else str(credential_store.credentials_file())
    console.say(f"Saved in {where}.")
    console.raw("Log out again: posthog-wizard logout")
    if name := login_ways.env_key_variable():
        console.item("!", f"{name} is set and goes before it.", "bold yellow")
    return kept


def _earlier(got: Got) -> Got | None:
    """The login through the browser that this one replaces, if there is one."""
    try:
        there = credentials.saved(got.saved.access.hosts.app)
    except WizardError:
        return None
    return Got(there, "browser", "") if there and there.access.kind == "login" else None


def _report(got: Got, missing: dict[str, list[str]], kept: str | None) -> dict[str, Any]:
    access = got.saved.access
    return {
        "schema": 1,
        "status": "logged_in",
        "exit_code": int(Exit.OK),
        "way": got.way,
        "host": access.hosts.app,
        "region": access.hosts.region,
        "email": got.email or None,
        "scopes": None if access.scopes is None else sorted(access.scopes),
        "lacking": [{"step": step, "scopes": scopes} for step, scopes in missing.items()],
        "projects": list(access.projects),
        "expires_at": got.saved.expires_at or None,
        "saved": kept,
    }
