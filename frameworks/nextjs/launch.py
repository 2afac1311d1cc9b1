"""How to start a Next.js app: its development server, which reads the variables anew."""

from __future__ import annotations

import re

from frameworks.nextjs import layout as places
from wizard.errors import WizardError
from wizard.framework import Launch
from wizard.project import Project


def launch(project: Project, port: int) -> Launch:
    """`next dev` of the app's own installation. Raises WizardError when Next.js is not installed."""
    script = project.first(*(f"{up}/node_modules/next/dist/bin/next" for up in project.upwards()))
    if script is None:
        raise WizardError("Next.js is not installed here", "Install the app's packages, then run this again.")
    config = places.config(project)
    text = (project.read(config) or "") if config is not None else ""
    base = re.search(r"\bbasePath\s*:\s*[\"']([^\"']*)[\"']", text)
    # not 127.0.0.1: the development server turns away the assets of pages from other origins than localhost
    arguments = ("dev", "--port", str(port), "--hostname", "localhost")
    env = {"NEXT_TELEMETRY_DISABLED": "1", "BROWSER": "none"}
    return Launch(("node", script, *arguments), f"http://localhost:{port}{base[1] if base else ''}/", env=env)
