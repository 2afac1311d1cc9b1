"""The types of `import.meta.env`: declared by hand in some apps, and then by hand for ours too."""

from __future__ import annotations

import re
from collections.abc import Iterator

from wizard.changes import EditFile, Manual
from wizard.codemods.js.interfaces import ensure_interface_members
from wizard.environment import Names
from wizard.project import Project

_INTERFACE = re.compile(r"\binterface\s+ImportMetaEnv\b")


def declares_variables(project: Project, names: Names) -> Iterator[EditFile]:
    """Our two variables in the app's own `ImportMetaEnv`; nothing when it has none.

    They are declared as Vite's documentation does it, as strings (https://vite.dev/guide/env-and-mode).
    """
    members = {names.token: "string", names.host: "string"}
    for path, text in project.sources("**/*.d.ts"):
        if _INTERFACE.search(text) and not path.endswith("sst-env.d.ts"):  # that one SST writes itself
            body = "\n".join(f"readonly {name}: {kind};" for name, kind in members.items())
            manual = Manual("Declare the variables in ImportMetaEnv", body, path)
            why = "tells TypeScript about the variables that the entry file reads"
            yield EditFile(path, (ensure_interface_members("ImportMetaEnv", members),), why, manual)
            return
