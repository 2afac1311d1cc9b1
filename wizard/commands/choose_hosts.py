"""Where the project's PostHog is: named, read in the project, proven by asking, and only then a question."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from wizard import environment
from wizard.apps import App
from wizard.commands.choices import Choices
from wizard.console import Console
from wizard.errors import UsageError, WizardError
from wizard.posthog import hosts as posthog_hosts
from wizard.posthog.hosts import Hosts
from wizard.posthog.tokens import region_of

PROOF = 4.0
"""Seconds for a request that asks a region whether it knows the token."""


@dataclass(frozen=True, slots=True)
class Where:
    """`read`: it is the project alone that names the hosts. `open`: nobody knows them yet, `hosts` is a guess."""

    hosts: Hosts
    read: bool = False
    open: bool = False


def named_hosts(choices: Choices) -> Hosts | None:
    """What the command line names. Raises UsageError when it names two."""
    if choices.host and choices.region:
        raise UsageError("--host and --region exclude each other")
    if choices.host:
        return posthog_hosts.of(choices.host)
    return posthog_hosts.cloud(choices.region) if choices.region else None


def read_hosts(apps: Sequence[App]) -> tuple[Hosts, str] | None:
    """The hosts that an env file of the apps names, and which file. Raises UsageError for what names none."""
    for app in apps:
        names = app.framework.names(app.project)
        if there := environment.current(app.project, names.host, app.framework.env_folder(app.project)):
            file = app.project.within(there[1])
            try:
                return posthog_hosts.of(there[0]), file
            except UsageError as error:
                hint = "Correct it there, or name your PostHog with --region or --host."
                raise UsageError(f"{names.host} in {file}: {error.message}", hint) from error
    return None


def choose_hosts(
    apps: Sequence[App],
    choices: Choices,
    token: str | None,
    proven: Hosts | None,
    console: Console,
    before: Hosts | None = None,
) -> Where:
    """`proven` are the hosts of the access by which the project was chosen, `before` what was said of other apps.

    Raises UsageError in CI.
    """
    if (named := named_hosts(choices)) is not None:
        return Where(named)
    there = read_hosts(apps)
    if proven is not None:
        if there and there[0] != proven and choices.sets_up and not choices.replace_token:
            raise WizardError(
                f"{there[1]} names {there[0].ingest}, but the project is on {proven.app}",
                "Add --replace-token to set token and host anew, or leave --project-id out to keep them.",
            )
        return Where(proven)
    if there:
        return Where(there[0], read=True)
    if not choices.token_required:
        return Where(posthog_hosts.cloud("us"))
    if token and choices.may_call and (region := region_of(token, timeout=PROOF, say=console.progress)):
        console.say(f"The token is of PostHog Cloud {region.upper()}.")
        return Where(posthog_hosts.cloud(region))
    if token == "":
        if choices.options.get("reverse_proxy"):
            raise UsageError("--reverse-proxy needs to know where to", "Give --region us|eu or --host URL.")
        return Where(posthog_hosts.cloud("us"), open=True)
    if not choices.may_ask:
        raise UsageError("the region is missing", "Give --region us|eu or --host URL, or set POSTHOG_WIZARD_REGION.")
    return Where(ask_hosts(before))


def ask_hosts(before: Hosts | None) -> Hosts:
    """The question, for a person; it starts from the answer that was given `before`."""
    from wizard import prompts

    titles = [
        ("us", "US Cloud (us.posthog.com)"),
        ("eu", "EU Cloud (eu.posthog.com)"),
        ("own", "My own instance or proxy"),
    ]
    start = (before.region or "own") if before else None
    region = prompts.select("Where is your PostHog? (--region, --host)", titles, start)
    if region != "own":
        return posthog_hosts.cloud(region)
    return posthog_hosts.of(prompts.text("URL of your PostHog (--host):", posthog_hosts.of))
