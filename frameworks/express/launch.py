"""How to start an Express app: its own dev or start script, on a port of ours when it reads PORT."""

from __future__ import annotations

import re

from frameworks.express.layout import app_file, entries
from wizard.errors import WizardError
from wizard.framework import Launch
from wizard.project import Project

_READS_PORT = re.compile(r"process\.env\.PORT\b|process\.env\[['\"]PORT['\"]\]|\bPORT\b[^\n]*\}\s*=\s*process\.env")
_FIXED = re.compile(r"\.listen\(\s*(\d{2,5})|\b(?:port|PORT)\b\s*(?::\s*number\s*)?=\s*(\d{2,5})")


def launch(project: Project, port: int) -> Launch:
    """`npm run dev` or `start`, else node on the file that makes the app. Raises WizardError when nothing tells how."""
    scripts = project.json("package.json").get("scripts")
    script = next((name for name in ("dev", "start") if isinstance(scripts, dict) and scripts.get(name)), None)
    file = next(entries(project), None) or app_file(project)
    if script is None and (file is None or not re.search(r"\.[cm]?js$", file)):
        raise WizardError("cannot tell how this app is started", 'Add a "start" script to package.json.')
    argv = ("npm", "run", "--silent", script) if script else ("node", str(file))
    texts = [text for _, text in project.sources("**/*.{js,mjs,cjs,ts,mts,cts}", "bin/*")]
    if any(_READS_PORT.search(text) for text in texts):
        return Launch(argv, f"http://127.0.0.1:{port}/", env={"PORT": str(port)})
    fixed = next((m[1] or m[2] for text in texts if (m := _FIXED.search(text))), None)
    if fixed is None:
        raise WizardError("cannot tell on which port this app listens", "Let it listen on process.env.PORT.")
    return Launch(argv, f"http://127.0.0.1:{fixed}/")
