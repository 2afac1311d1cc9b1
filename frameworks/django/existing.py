"""Reasons to leave a Django project alone: PostHog set up by somebody, names that collide, several projects."""

from __future__ import annotations

import re
from posixpath import join, normpath

from frameworks.django.layout import manage_files, roots
from frameworks.django.settings import Settings, code_of
from wizard.changes import Manual
from wizard.existing import Site, sites
from wizard.project import Project

_OURS = re.compile(r"posthog\.disabled\s*=\s*testing or not\b")


def set_up_elsewhere(project: Project, settings: Settings) -> Site | None:
    """The first place that sets PostHog up in another way than this plan does; a middleware entry alone is none."""
    for site in sites(project, "python", "server"):
        code = code_of(project.read(site.path) or "")
        listed = "integration" in site.reason and site.path in settings.texts
        if not (listed or ("configures" in site.reason and _OURS.search(code))):
            return site
    return None


def hidden_by(project: Project) -> Manual | None:
    """A module of the project called `posthog`, which `import posthog` would find instead of the SDK."""
    for root in roots(project):
        file, package = normpath(join(root, "posthog.py")), normpath(join(root, "posthog"))
        own = file if project.exists(file) else package if project.files(f"{package}/*.py") else None
        if own is not None:
            new = normpath(join(root, "analytics" + (".py" if own == file else "")))
            return Manual("Rename your own module posthog: it hides the SDK of that name", f"git mv {own} {new}", own)
    return None


def several_projects(project: Project) -> Manual | None:
    """Two manage.py side by side under one manifest: which of them is meant cannot be told."""
    found = manage_files(project)
    nearest = [path for path in found if path.count("/") == found[0].count("/")] if found else []
    if len(nearest) < 2:
        return None
    return Manual(
        f"Say which project is meant: found {' and '.join(nearest)}",
        "Give each its own requirements.txt or pyproject.toml, then use --target.",
        nearest[0],
    )
