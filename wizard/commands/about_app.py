"""The flags that say which app, and which project in PostHog: shared by `verify`, `doctor` and `dashboard`."""

from __future__ import annotations

from typing import Any

from wizard.commands.choices import Choices


def choices_of(options: dict[str, Any]) -> Choices:
    """The shared flags, as `arguments.service.about_an_app` declares them, for `choose_apps` and `choose`."""
    return Choices(
        directory=options["directory"],
        ci=options["ci"] or options["as_json"],
        token=options["token"],
        region=options["region"],
        host=options["host"],
        framework=options["framework"],
        target=options["target"],
        all_apps=options["all_apps"],
        for_app=options["for_app"],
        replace_token=True,
        project_id=options["project_id"],
        offline=options.get("offline", False),
    )
