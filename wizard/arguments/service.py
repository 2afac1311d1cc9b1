"""The commands about the way to PostHog: log in, verify, listen, look after the project."""

from __future__ import annotations

from typing import Any

import click

from wizard.arguments.group import cli, examples
from wizard.flags import DEBUG, DIRECTORY, JSON, F, for_app, no_network, option

REGION = option("--region", type=click.Choice(["us", "eu"]), help="Region of PostHog Cloud.")
HOST = option("--host", help="URL of your own PostHog.")
PROJECT_ID = option("--project-id", type=click.IntRange(min=1), help="Number of the project in PostHog.")
CI = option("--ci", "--yes", "-y", "ci", is_flag=True, help="Ask nothing.")


def about_an_app(function: F) -> F:
    """The flags that say which app, and which project in PostHog it belongs to."""
    for flag in (
        JSON,
        CI,
        PROJECT_ID,
        HOST,
        REGION,
        option("--token", help="Project token instead of the one in the project's env files."),
        option("--framework", help="Framework id instead of detection."),
        for_app("Token, project or host of one app alone: apps/web:token=phc_...; repeatable."),
        option("--all", "all_apps", is_flag=True, help="Every app that is found, but no documentation or command."),
        option("--target", multiple=True, metavar="PATH", help="App to look at, relative to DIRECTORY; repeatable."),
        DIRECTORY,
    ):
        function = flag(function)
    return function


@cli.command(
    short_help="Log in to PostHog. Setting up needs no login.",
    epilog=examples(
        "posthog-wizard login                       # through the browser",
        "posthog-wizard login --device --region eu  # with a code, over SSH",
        "posthog-wizard login --key --save < key.txt",
    ),
)
@option("--device", is_flag=True, help="Log in with a code that you confirm in any browser: works over SSH.")
# no variable: somebody would put the key itself into one of that name
@click.option("--key", "with_key", is_flag=True, help="Take a personal API key (phx_...), by hidden prompt or stdin.")
@REGION
@HOST
@option("--save/--no-save", default=None, help="Keep the credential on this machine (else you are asked).")
@option("--scope", multiple=True, metavar="SCOPE", help="Ask for this scope too (project:write ...); repeatable.")
@JSON
@DEBUG
def login(**options: Any) -> int:
    """Log in to PostHog: for choosing a project, reading events back, dashboards. Setting up needs no login."""
    from wizard.commands.login import LoginSettings, login

    return login(LoginSettings(**options))


@cli.command(short_help="Revoke and delete what `login` got.")
@REGION
@HOST
@no_network("Use no network: what is deleted here is not revoked.")
@JSON
@DEBUG
def logout(region: str | None, host: str | None, as_json: bool, **_: bool) -> int:
    """Revoke what `login` got, where PostHog lets us, and delete it from this machine."""
    from wizard.commands.logout import logout

    return logout(region, host, as_json)


@cli.command(
    short_help="Prove that events arrive, link by link.",
    epilog=examples(
        "posthog-wizard verify apps/web",
        "posthog-wizard verify --app-command 'make serve' --app-url http://localhost:5000",
        "posthog-wizard verify --no-app --ci --json  # the token and the project alone",
    ),
)
@about_an_app
@option("--app-command", metavar="COMMAND", help="What starts the app, instead of what is found.")
@option("--app-url", metavar="URL", help="Where the app answers, when its command cannot be told a port.")
@option("--no-app", is_flag=True, help="Do not start the app.")
@option("--resume", metavar="UUID", help="Look again for a test event that was sent earlier; send none.")
@option("--timeout", type=click.FloatRange(min=1), default=60.0, show_default=True, help="Seconds to wait for the app.")
@DEBUG
def verify(**options: Any) -> int:
    """Check each link apart: token and host, the app's own code, and (logged in) the event in the project.

    Exit 4 when a link failed, or when none could be proven.
    """
    from wizard.commands.verify import VerifySettings, verify

    return verify(VerifySettings(**options))


@cli.command(
    short_help="Be PostHog on this machine: watch events arrive.",
    epilog=examples(
        "posthog-wizard listen --filter pageview --filter kind:flags",
        "posthog-wizard listen --forward eu  # and on to the real project",
        "posthog-wizard listen --json | jq .event",
    ),
)
@option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8010,
    show_default=True,
    help="Port on 127.0.0.1; 0 takes a free one.",
)
@option("--filter", "filters", multiple=True, metavar="TEXT", help="Show only what has TEXT in it; repeatable.")
@option("--forward", metavar="HOST", help="Relay everything to this PostHog too (us, eu or a URL).")
@option("--json", "as_json", is_flag=True, help="Print one JSON object per line, for each thing that arrives.")
@DEBUG
def listen(port: int, filters: tuple[str, ...], forward: str | None, as_json: bool, debug: bool) -> int:
    """Be PostHog on this machine: show events live as any PostHog SDK sends them here."""
    from wizard.commands.listen import listen

    return listen(port, as_json, filters=filters, forward=forward)


@cli.command(short_help="Compare the project in PostHog with the code here.")
@about_an_app
@no_network("Use no network: look at the code alone.")
@DEBUG
def doctor(**options: Any) -> int:
    """Hold the project's settings and health in PostHog against the code here, and say what to fix.

    Without a login it looks at the code and at what the token tells. Exit 4 when something stops events or gives a
    secret away.
    """
    from wizard.commands.doctor import DoctorSettings, doctor

    return doctor(DoctorSettings(**options))


@cli.command(short_help="Make a starter dashboard of the events the app sends.")
@about_an_app
@option("--recreate", is_flag=True, help="Make again what somebody deleted: the dashboard, or charts of it.")
@DEBUG
def dashboard(**options: Any) -> int:
    """Create one starter dashboard from the events the app sends, or find it again (needs a login)."""
    from wizard.commands.dashboard import DashboardSettings, dashboard

    return dashboard(DashboardSettings(**options))


@cli.command(short_help="Say what is set up and what is left to do.")
@DIRECTORY
@option("--target", multiple=True, metavar="PATH", help="App to look at, relative to DIRECTORY; repeatable.")
@option("--framework", help="Framework id instead of detection.")
@no_network("Use no network, which it does not anyway.")
@JSON
@DEBUG
def status(**options: Any) -> int:
    """Say what is set up, what is left to do, and which deploy surface still lacks which variable. Asks nobody."""
    from wizard import git_files

    git_files.ask(options["directory"])
    from wizard.commands.status import StatusSettings, status

    return status(StatusSettings(**options))


@cli.command(short_help="See it work on a bundled app. Needs no account.")
@DEBUG
def demo(debug: bool) -> int:
    """Set up a small bundled app for real, start it, watch its event arrive, undo. Needs no account."""
    from wizard.commands.demo import demo

    return demo()
