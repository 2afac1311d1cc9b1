"""The module that holds the PostHog client: where it lies, how it is written, how other files import it."""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from dataclasses import dataclass

from frameworks.express.layout import is_esm
from wizard.answers import Answers
from wizard.codemods.js.imports import Kind, ensure_import
from wizard.codemods.js.style import restyle, style_of
from wizard.edits import Codemod
from wizard.environment import Names
from wizard.project import Project
from wizard.templates import template
from wizard.text import newline
from wizard.typescript import typed

GETTER = "getPostHog"


@dataclass(frozen=True, slots=True)
class Client:
    """The client module of an app, and the file whose language, style and module system it follows."""

    project: Project
    path: str
    sibling: str

    @property
    def is_ours(self) -> bool:
        """Is it there, with the function that this plan uses?"""
        return GETTER in (self.project.read(self.path) or "")

    def source(self, names: Names, answers: Answers) -> str:
        """The text of the module."""
        typescript = re.search(r"\.[cm]?ts$", self.path) is not None
        file = "posthog.ts" if typescript else "posthog.js" if is_esm(self.project, self.sibling) else "posthog.cjs"
        flags = {"error_tracking"} if answers.wants("error_tracking") else set()
        replace = {"POSTHOG_PROJECT_TOKEN": names.token, "POSTHOG_HOST": names.host}
        text = self.project.read(self.sibling) or ""
        source = typed(template(f"express/{file}", replace, flags), self.project, answers.host, declared=())
        return restyle(source, style_of(text)).replace("\n", newline(text))

    def kind_of(self, path: str) -> Kind:
        """Whether a file imports or requires, also when it does neither yet."""
        return "esm" if path.endswith((".ts", ".mts")) or is_esm(self.project, path) else "cjs"

    def module(self, importer: str) -> str:
        """The specifier by which `importer` loads the module."""
        relative = posixpath.relpath(self.path, posixpath.dirname(importer) or ".")
        stem, _, suffix = (relative if relative.startswith(".") else f"./{relative}").rpartition(".")
        return stem + self._written_suffix(importer, suffix)

    def imported_by(self, importer: str) -> Codemod:
        """The codemod that imports the function that makes the client."""
        return ensure_import(self.module(importer), names=[GETTER], kind=self.kind_of(importer))

    def statement(self, module: str, name: str, importer: str) -> str:
        """The line that imports `name` from `module`, for a person to paste."""
        if self.kind_of(importer) == "esm":
            return f'import {{ {name} }} from "{module}";'
        return f'const {{ {name} }} = require("{module}");'

    def _written_suffix(self, importer: str, suffix: str) -> str:
        """The extension in an import: as the file's other imports have it, else as Node and TypeScript need it."""
        text = self.project.read(importer) or ""
        emitted = re.sub(r"ts$", "js", suffix)
        paths = re.findall(r"""(?:from|import|require\()\s*["']\.{1,2}/([^"'\n]+)["']""", text)
        written = [match[1] if (match := re.search(r"\.([cm]?[jt]s)$", path)) else "" for path in paths]
        if self.kind_of(importer) == "cjs":
            return f".{suffix}" if suffix != "js" or "js" in written else ""
        if suffix == emitted:
            return f".{suffix}"  # Node's own modules need it
        if not written:
            return f".{emitted}" if self._needs_suffix() else ""
        usual = Counter(one[-2:] for one in written).most_common(1)[0][0]
        return {"ts": f".{suffix}", "js": f".{emitted}"}.get(usual, "")

    def _needs_suffix(self) -> bool:
        config = self.project.read("tsconfig.json") or ""
        modern = re.search(r'"module(Resolution)?"\s*:\s*"(node16|node18|node20|nodenext)"', config, re.IGNORECASE)
        return modern is not None or self.project.json("package.json").get("type") == "module"


def beside(project: Project, app: str) -> Client:
    """The client module for the app made in `app`: in the `lib` beside it if there is one, else beside it."""
    folder, suffix = posixpath.dirname(app), re.sub(r"x$", "", posixpath.splitext(app)[1]) or ".js"
    lib = posixpath.join(folder, "lib")
    if project.files(f"{lib}/*{suffix}"):
        folder = lib
    clients = [Client(project, posixpath.join(folder, name + suffix), app) for name in ("posthog", "posthog-client")]
    return next((client for client in clients if client.is_ours or not project.exists(client.path)), clients[0])
