"""What changes in an Astro project: one component that starts posthog-js, rendered in every `<head>`.

posthog.com shows an inline snippet. The component imports the npm package in an ordinary script instead, which
Astro bundles and runs once: no inline script that a Content-Security-Policy would have to allow, one `$pageview`
per page also with view transitions (measured with Astro 5 and posthog-js 1.434), types, and an SDK version that the
lockfile holds.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import PurePosixPath

from frameworks.astro import layout
from wizard import csp, environment
from wizard.answers import Answers
from wizard.changes import Change, CreateFile, EditFile, Install, Manual, Note, SetEnv
from wizard.codemods.html import ensure_in_head
from wizard.codemods.js.imports import ensure_import
from wizard.codemods.js.style import Style, restyle, style_of
from wizard.codemods.sfc import frontmatter, in_frontmatter, in_script
from wizard.edits import Codemod
from wizard.environment import Names
from wizard.errors import CannotEdit
from wizard.existing import sites
from wizard.packages import npm
from wizard.project import Project
from wizard.templates import template
from wizard.text import indent_unit

_OPTIONS = ("autocapture", "session_replay", "error_tracking")


def plan(project: Project, answers: Answers) -> Iterator[Change]:
    """Yield the changes."""
    component = f"{layout.source(project)}/components/posthog.astro"
    if elsewhere := sites(project, "javascript", "browser", besides=_own(project, component)):
        if "posthog-js" in (project.read(elsewhere[0].path) or ""):
            yield Install("posthog-js", "^1.434.0")
        yield Note(f"PostHog is already set up: {elsewhere[0]}", "Left as it is.")
        return
    names = environment.names(project, "PUBLIC_")
    style = _style(project)
    yield Install("posthog-js", "^1.434.0")
    yield SetEnv(names.token, answers.token or "")
    yield SetEnv(names.host, answers.hosts.ingest)
    if not project.exists(component):
        content = in_script(lambda code: restyle(code, style))(_template("posthog.astro", names, answers))
        yield CreateFile(component, content, "starts PostHog in the browser, once")
    if "@astrojs/starlight" in npm.declared(project):
        yield _starlight(project)
    else:
        yield from _render(project, component, style)
    yield from _server(project, names, style)
    yield from csp.note(project, answers)


def _own(project: Project, component: str) -> tuple[str, ...]:
    """Our component, maybe tuned since; one of the same name that holds the snippet is somebody else's."""
    text = project.read(component) or ""
    return (component,) if "posthog-js" in text and "is:inline" not in text else ()


def _template(name: str, names: Names, answers: Answers | None = None) -> str:
    words = {"PUBLIC_POSTHOG_PROJECT_TOKEN": names.token, "PUBLIC_POSTHOG_HOST": names.host}
    return template(f"astro/{name}", words, {o for o in _OPTIONS if answers is not None and answers.wants(o)})


def _render(project: Project, component: str, style: Style) -> Iterator[Change]:
    """Every file that closes a `<head>` renders the component at its end."""
    heads = layout.heads(project)
    for path in heads:
        module = _relative(path, component)
        statement = f'import PostHog from "{module}";'
        yield EditFile(
            path,
            (
                ensure_in_head("<PostHog />", r"<PostHog\b"),
                in_frontmatter(_import(module, style)),
            ),
            "renders it in the <head>",
            Manual("Render PostHog in the <head>", f"---\n{statement}\n---\n\n<PostHog />", path),
        )
    for path in layout.headless(project):
        statement = f'import PostHog from "{_relative(path, component)}";'
        body = f"---\n{statement}\n---\n\n<head>\n  <PostHog />\n</head>"
        yield Manual("Render PostHog in the <head>: this page has none", body, path)
    if not heads and not layout.headless(project):
        body = '---\nimport PostHog from "../components/posthog.astro";\n---\n\n<PostHog />'
        yield Manual("Render PostHog in the <head> of your pages: found no layout", body, layout.source(project))


def _import(module: str, style: Style) -> Codemod:
    """The import; frontmatter that is made for it has no style of its own to copy."""
    ensure = ensure_import(module, default="PostHog", kind="esm")
    return lambda code: restyle(ensure(code), style) if not code.strip() else ensure(code)


def _relative(path: str, component: str) -> str:
    found = os.path.relpath(component, PurePosixPath(path).parent).replace(os.sep, "/")
    return found if found.startswith(".") else f"./{found}"


def _starlight(project: Project) -> Manual:
    """Starlight writes the `<head>` itself and lets a project override its `Head` component."""
    body = (
        "// src/components/Head.astro\n"
        '---\nimport Default from "@astrojs/starlight/components/Head.astro";\n'
        'import PostHog from "./posthog.astro";\n---\n\n'
        "<Default><slot /></Default>\n<PostHog />\n\n"
        "// astro.config: in the options of starlight()\n"
        'components: { Head: "./src/components/Head.astro" },'
    )
    return Manual("Render PostHog in Starlight's <head>", body, layout.config(project) or "")


def _server(project: Project, names: Names, style: Style) -> Iterator[Change]:
    """A posthog-node client, for projects whose own endpoints run on a server."""
    if not (layout.has_adapter(project) and layout.api_routes(project)):
        return
    suffix = "ts" if layout.is_typescript(project) else "js"
    path = f"{layout.source(project)}/lib/posthog-server.{suffix}"
    if there := sites(project, "javascript", "server", besides=(path,)):
        yield Note(f"PostHog is already set up on the server: {there[0]}", "Left as it is.")
        return
    yield Install("posthog-node", "^5.31.0")
    if not project.exists(path):
        content = restyle(_template(f"posthog-server.{suffix}", names), style)
        yield CreateFile(path, content, "one posthog-node client for endpoints, which sends at once")
    body = 'getPostHog().capture({ distinctId: user.id, event: "order placed" });\nawait getPostHog().flush();'
    yield Note("Capture events in endpoints: flush before they answer", body)


def _style(project: Project) -> Style:
    """Quotes and semicolons as the layouts have them in their frontmatter, else as the configuration has."""
    texts = [project.read(path) or "" for path in layout.heads(project)]
    unit = indent_unit(texts[0]) if texts else "  "
    for text in texts:
        try:
            span = frontmatter(text)
        except CannotEdit:
            continue
        if span and text[slice(*span)].strip():
            return replace(style_of(text[slice(*span)]), indent=unit)
    path = layout.config(project) or ""
    return replace(style_of(project.read(path) or "") if project.exists(path) else Style(), indent=unit)
