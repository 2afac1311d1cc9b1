"""How to start an Astro project: its development server."""

from __future__ import annotations

import re

from frameworks.astro.layout import config
from wizard.errors import WizardError
from wizard.framework import Launch
from wizard.project import Project


def launch(project: Project, port: int) -> Launch:
    """`astro dev` of the project's own installation. Raises WizardError when Astro is not installed."""
    script = project.first(
        *(f"{up}/node_modules/astro/{name}" for up in project.upwards() for name in ("bin/astro.mjs", "astro.js"))
    )
    if script is None:
        raise WizardError("Astro is not installed here", "Install the project's packages, then run this again.")
    base = re.search(r"\bbase\s*:\s*['\"]/?([^'\"]*?)/?['\"]", project.read(config(project) or "") or "")
    # `./` means the place of the built files, whatever it is
    path = f"{base[1]}/" if base and base[1].strip(".") else ""
    arguments = ("dev", "--port", str(port), "--host", "127.0.0.1")
    env = {"ASTRO_TELEMETRY_DISABLED": "1"}
    return Launch(("node", script, *arguments), f"http://127.0.0.1:{port}/{path}", env=env)
