"""The browser half: one init per page, in the place that the version and the routers of the app ask for."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from frameworks.nextjs import layout as places
from frameworks.nextjs.layout import Layout
from wizard.answers import IN_BROWSER, Answers
from wizard.changes import Change, CreateFile, EditFile, Install, Manual
from wizard.codemods.js.imports import ensure_import, kind_of
from wizard.codemods.js.jsx import layout_children, wrap_jsx
from wizard.codemods.js.statements import ensure_after_imports
from wizard.codemods.js.style import Style, restyle, style_of
from wizard.codemods.js.tree import has_code
from wizard.edits import Codemod
from wizard.environment import Names
from wizard.errors import CannotEdit
from wizard.project import Project
from wizard.templates import template
from wizard.typescript import typed

_TOKEN = "posthogToken"
"""The variable by which our own code is told from an init that somebody wrote by hand."""
_INIT = r"\bposthog\s*\.\s*init\s*\("


@dataclass(frozen=True, slots=True)
class Code:
    """Our templates in an app's words: its variables, its options, and `api_host` when a proxy is in between.

    `needs` are the files that make the proxy, without which no event sent through it would arrive.
    """

    project: Project
    layout: Layout
    names: Names
    answers: Answers
    api_host: str | None = None
    needs: tuple[str, ...] = ()

    def source(self, name: str) -> str:
        """A template as prettier would write it."""
        flags = {option for option in IN_BROWSER if self.answers.wants(option)}
        if self.api_host is not None:
            flags.add("reverse_proxy")
        replace = {
            "NEXT_PUBLIC_POSTHOG_PROJECT_TOKEN": self.names.token,
            "NEXT_PUBLIC_POSTHOG_HOST": self.names.host,
            "API_HOST": self.api_host or "",
            "UI_HOST": self.answers.hosts.app,
        }
        source = template(f"nextjs/{name}", replace, flags)
        return typed(source, self.project, self.answers.host, declared=("NODE_ENV",))

    def file(self, name: str) -> str:
        """A template in the style of the app."""
        sample = self.project.read(self.layout.sample) if self.layout.sample else None
        return restyle(self.source(name), style_of(sample) if sample else Style())


def own_files(project: Project, layout: Layout) -> tuple[str, ...]:
    """Files that hold an init which this tool wrote, maybe tuned since."""
    candidates = (places.client_file(project, layout), *_pages_app(project, layout), _provider(layout))
    return tuple(path for path in candidates if _TOKEN in (project.read(path) or ""))


def browser(code: Code) -> Iterator[Change]:
    """Everything that makes the browser send events."""
    yield Install("posthog-js", "^1.434.0", oldest="1.335")
    if places.has_client_file(code.project):
        yield from _client_file(code)
        return
    if code.layout.app:
        yield from _provider_file(code)
    if code.layout.pages:
        yield from _app_component(code)


def _client_file(code: Code) -> Iterator[Change]:
    path = places.client_file(code.project, code.layout)
    why = "starts PostHog in the browser before the app hydrates (Next.js 15.3 and later)"
    if code.project.exists(path):
        yield _with_init(path, code.source("instrumentation-client.ts"), why, code.needs)
    else:
        yield CreateFile(path, code.file("instrumentation-client.ts"), why, needs=code.needs)


def _app_component(code: Code) -> Iterator[Change]:
    found = _pages_app(code.project, code.layout)
    why = "starts PostHog in the browser on every page of the Pages Router"
    source = "_app.tsx" if code.layout.typescript else "_app.jsx"
    plain = code.layout.component("_app")
    name = places.page_file(code.project, plain)
    path = f"{code.layout.pages}/{name or plain}"
    if found:
        yield _with_init(found[0], code.source(source), why, code.needs)
    elif name is None:
        yield Manual("Create the _app of the Pages Router, with your page extension", code.file(source), path)
    else:
        yield CreateFile(path, code.file(source), why, needs=code.needs)


def _provider_file(code: Code) -> Iterator[Change]:
    path = _provider(code.layout)
    source = code.file("posthog-provider.tsx" if code.layout.typescript else "posthog-provider.jsx")
    yield Install("@posthog/react", "^1.11.0")
    why = "starts PostHog in the browser, in a client component of its own"
    yield CreateFile(path, source, why, needs=code.needs)
    layouts = places.root_layouts(code.project, code.layout)
    if _wraps_elsewhere(code.project, (path, *layouts)):
        return
    for root in layouts:
        depth = len(PurePosixPath(root).parts) - len(PurePosixPath(path).parts)
        module = ("../" * depth or "./") + "posthog-provider"
        statement = f'import {{ PostHogProvider }} from "{module}";'
        wrapped = "<PostHogProvider>{children}</PostHogProvider>"
        yield EditFile(
            root,
            (
                wrap_jsx("<PostHogProvider>", "</PostHogProvider>", layout_children),
                ensure_import(module, names=["PostHogProvider"], kind="esm"),
            ),
            "gives all pages of the App Router the provider; the layout stays a server component",
            Manual("Wrap {children} in the root layout", f"{statement}\n\n{wrapped}", root),
            needs=(path,),
        )
    if not layouts and (passed := places.passed_on(code.project, code.layout)):
        yield _around(code, *passed)
    elif not layouts:
        body = 'import { PostHogProvider } from "./posthog-provider";\n\n<PostHogProvider>{children}</PostHogProvider>'
        where = next(iter(code.project.files(f"{code.layout.app}/layout.{{tsx,jsx,js}}")), code.layout.app)
        yield Manual("Wrap {children} in the layout that renders <html>: found none", body, where)


def _around(code: Code, where: str, module: str) -> Manual:
    """The layout that another package has, with the provider inside."""
    props = "{ children }: { children: React.ReactNode }" if code.layout.typescript else "{ children }"
    body = f"""import Layout from "{module}";

import {{ PostHogProvider }} from "./posthog-provider";

export default function RootLayout({props}) {{
  return (
    <Layout>
      <PostHogProvider>{{children}}</PostHogProvider>
    </Layout>
  );
}}"""
    return Manual(f"Put the provider into the layout that comes from {module}", body, where)


def _wraps_elsewhere(project: Project, own: tuple[str, ...]) -> bool:
    """Does a component of the app (its own <body>, its list of providers) render our provider already?"""
    found = ((path, text) for path, text in project.sources("**/*.{tsx,jsx,js}") if "posthog-provider" in text)
    return any(path not in own and has_code(text, r"<PostHogProvider\b") for path, text in found)


def _with_init(path: str, source: str, why: str, needs: tuple[str, ...]) -> EditFile:
    """The statements of a template, put below the imports of a file that is there."""
    match = re.search(rf"^const {_TOKEN}\b.*?^}}$", source, re.MULTILINE | re.DOTALL)
    snippet = match.group() if match else ""
    manual = Manual("Start PostHog, below the imports", f'import posthog from "posthog-js";\n\n{snippet}', path)
    imported = _once_present(ensure_import("posthog-js", default="posthog", kind="esm"))
    return EditFile(path, (_unless_taken, ensure_after_imports(snippet, _INIT), imported), why, manual, needs)


def _unless_taken(text: str) -> str:
    if kind_of(text) == "cjs":
        raise CannotEdit("is CommonJS, where posthog-js has no default export")
    if not has_code(text, _INIT) and has_code(text, rf"\b{_TOKEN}\b"):
        raise CannotEdit(f"already uses the name {_TOKEN} for something else")
    return text


def _once_present(ensure: Callable[[str], str]) -> Codemod:
    """Only our own init needs our import: a hand-made one may get posthog from elsewhere."""
    return lambda text: ensure(text) if has_code(text, rf"\b{_TOKEN}\b") else text


def _pages_app(project: Project, layout: Layout) -> list[str]:
    if not layout.pages:
        return []
    found = project.files(f"{layout.pages}/_app.{{,*.}}{{ts,tsx,js,jsx}}")
    return [path for path in found if not re.search(r"\.(?:test|spec|stories|d)\.\w+$", path)]


def _provider(layout: Layout) -> str:
    return f"{layout.app}/{layout.component('posthog-provider')}"
