"""Reasons to leave a Django project alone: PostHog set up by somebody, names that collide, several projects."""

from __future__ import annotations

import re
from dataclasses import replace
from posixpath import dirname, join, normpath

from frameworks.django.layout import manage_files, roots
from frameworks.django.settings import Settings, code_of
from wizard.changes import Manual
from wizard.existing.offers import Standing, standing
from wizard.project import Project

_OURS = re.compile(r"posthog\.disabled\s*=\s*testing or not\b")


def set_up_elsewhere(project: Project, settings: Settings) -> Standing:
    """The set-ups that work in another way than this plan's; a middleware entry alone is none."""
    there = standing(project, "python", "server", starts=tuple(settings.texts))
    elsewhere = []
    for site in there.elsewhere:
        code = code_of(project.read(site.path) or "")
        listed = site.set_up.kind == "integration" and site.path in settings.texts
        if not (listed or (site.set_up.kind == "module" and _OURS.search(code))):
            elsewhere.append(site)
    return replace(there, elsewhere=tuple(elsewhere))


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
        " ".join(f"--target {dirname(project.within(path))}" for path in nearest),
        nearest[0],
    )
