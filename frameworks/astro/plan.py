"""What changes in an Astro project: one component that starts posthog-js, rendered in every `<head>`.

posthog.com shows an inline snippet. The component imports the npm package in an ordinary script instead, which
Astro bundles and runs once: no inline script that a Content-Security-Policy would have to allow, one `$pageview`
per page also with view transitions (measured with Astro 5 and posthog-js 1.434), types, and an SDK version that the
lockfile holds.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import PurePosixPath

from frameworks.astro import layout
from wizard import csp, environment
from wizard.answers import IN_BROWSER, Answers
from wizard.changes import Change, CreateFile, EditFile, Install, Manual, Note, SetEnv
from wizard.codemods.html import ensure_in_head
from wizard.codemods.js.imports import ensure_import, kind_of
from wizard.codemods.js.style import Style, restyle, style_of
from wizard.codemods.js.tree import parse
from wizard.codemods.sfc import frontmatter, in_frontmatter, in_script
from wizard.edits import Codemod
from wizard.environment import Names
from wizard.errors import CannotEdit
from wizard.existing import sites
from wizard.existing.offers import kept, remarks, standing
from wizard.packages import npm
from wizard.project import Project
from wizard.templates import template
from wizard.text import indent_unit, line_number
from wizard.typescript import typed


def plan(project: Project, answers: Answers) -> Iterator[Change]:
    """Yield the changes."""
    component = _component(project)
    there = standing(project, "javascript", "browser", besides=_own(project, component))
    if there.elsewhere:
        if any("posthog-js" in (project.read(site.path) or "") for site in there.inside):
            yield Install("posthog-js", "^1.434.0", oldest="1.335")
        yield from kept(there, answers)
        return
    names = environment.names(project, "PUBLIC_")
    style = _style(project)
    yield Install("posthog-js", "^1.434.0", oldest="1.335")
    yield SetEnv(names.token, answers.token or "")
    yield SetEnv(names.host, answers.host)
    if not project.exists(component):
        source = typed(_template("posthog.astro", names, answers), project, answers.host)
        content = in_script(lambda code: restyle(code, style))(source)
        yield CreateFile(component, content, "starts PostHog in the browser, once")
    yield from _render(project, component, style)
    yield from _server(project, names, style, answers)
    yield from remarks(there, answers)
    yield from csp.note(project, answers)


def _component(project: Project) -> str:
    """The path of our component: a name that no other file has, not even in other letter case (macOS, Windows)."""
    folder = f"{layout.source(project)}/components"
    others = {path.lower() for path in project.files(f"{folder}/*.astro") if not _starts(project.read(path) or "")}
    names = (f"{folder}/{name}.astro" for name in ("posthog", "posthog-analytics"))
    return next((path for path in names if path.lower() not in others), f"{folder}/posthog-start.astro")


def _starts(text: str) -> bool:
    return "posthog-js" in text or "array.js" in text or "posthog.init" in text


def _own(project: Project, component: str) -> tuple[str, ...]:
    """Our component, maybe tuned since; one of the same name that holds the snippet is somebody else's."""
    text = project.read(component) or ""
    return (component,) if "posthog-js" in text and "is:inline" not in text else ()


def _template(name: str, names: Names, answers: Answers | None = None) -> str:
    words = {"PUBLIC_POSTHOG_PROJECT_TOKEN": names.token, "PUBLIC_POSTHOG_HOST": names.host}
    return template(f"astro/{name}", words, {o for o in IN_BROWSER if answers is not None and answers.wants(o)})


def _render(project: Project, component: str, style: Style) -> Iterator[Change]:
    """Every file that closes a `<head>` renders the component at its end."""
    heads = layout.heads(project)
    for path in heads:
        module, tag = _relative(path, component), _tag(project.read(path) or "", component)
        statement = f'import {tag} from "{module}";'
        yield EditFile(
            path,
            (
                ensure_in_head(f"<{tag} />", rf"<{tag}\b"),
                in_frontmatter(_import(tag, module, style)),
            ),
            "renders it in the <head>",
            Manual("Render PostHog in the <head>", f"---\n{statement}\n---\n\n<{tag} />", path),
            needs=(component,),
        )
    headless = layout.headless(project)
    for path in headless:
        text = project.read(path) or ""
        statement = f'import PostHog from "{_relative(path, component)}";'
        body = f"---\n{statement}\n---\n\n<head>\n  <PostHog />\n</head>"
        html = re.search(r"<html[\s>]", text, re.IGNORECASE)
        where = f"{path}:{line_number(text, html.start())}" if html else path
        yield Manual("Render PostHog in the <head>: this page has none", body, where)
    if "@astrojs/starlight" in npm.declared(project):
        yield from _starlight(project, component)
    elif not heads and not headless:
        body = '---\nimport PostHog from "../components/posthog.astro";\n---\n\n<PostHog />'
        yield Manual("Render PostHog in the <head> of your pages: found no layout", body, layout.source(project))


def _tag(text: str, component: str) -> str:
    """The name of our component in a file, where `PostHog` may be an icon or a logo already."""
    ours = re.escape(PurePosixPath(component).name)
    if imported := re.search(rf"\bimport\s+(\w+)\s+from\s+['\"][^'\"\n]*{ours}['\"]", text):
        return imported[1]
    taken = re.search(r"\bimport\b[^;'\"]*\bPostHog\b|\b(?:const|let|var|function|class)\s+PostHog\b", text)
    return "PostHogAnalytics" if taken else "PostHog"


def _import(tag: str, module: str, style: Style) -> Codemod:
    """The import, in the style of the project where the frontmatter shows none of its own."""
    ensure = ensure_import(module, default=tag, kind="esm")

    def imported(code: str) -> str:
        if not code.strip(" \t\r\n"):
            return restyle(ensure(code), style)
        if kind_of(code) == "cjs":
            raise CannotEdit("uses require() in its frontmatter, which is an ES module")
        # the only strings are then those of the import
        own = re.search("[\"'`]", code) or parse(code).root.has_error
        return ensure(code) if own else restyle(ensure(code), Style(quote=style.quote))

    return imported


def _relative(path: str, component: str) -> str:
    found = os.path.relpath(component, PurePosixPath(path).parent).replace(os.sep, "/")
    return found if found.startswith(".") else f"./{found}"


def _starlight(project: Project, component: str) -> Iterator[Manual]:
    """Starlight writes the `<head>` of its pages itself and lets a project override its `Head` component."""
    config = layout.config(project) or ""
    match = re.search(r"\bHead\s*:\s*['\"]\.?/?([^'\"]+\.astro)['\"]", project.read(config) or "")
    if match and (text := project.read(match[1])) is not None:
        if PurePosixPath(component).name not in text:
            body = f'---\nimport PostHog from "{_relative(match[1], component)}";\n---\n\n<PostHog />'
            yield Manual("Render PostHog in your Head of Starlight, at its end", body, match[1])
        return
    # until 0.33 Starlight gave its components what they need as props
    props = "" if npm.at_least(project, "@astrojs/starlight", "0.33") else " {...Astro.props}"
    path = f"{layout.source(project)}/components/Head.astro"
    body = (
        f"// {path}\n"
        '---\nimport Default from "@astrojs/starlight/components/Head.astro";\n'
        f'import PostHog from "{_relative(path, component)}";\n---\n\n'
        f"<Default{props}><slot /></Default>\n<PostHog />\n\n"
        "// astro.config: in the options of starlight()\n"
        f'components: {{ Head: "./{path}" }},'
    )
    yield Manual("Render PostHog in Starlight's <head>", body, config)


def _server(project: Project, names: Names, style: Style, answers: Answers) -> Iterator[Change]:
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
        content = restyle(typed(_template(f"posthog-server.{suffix}", names), project, answers.host), style)
        yield CreateFile(path, content, "one posthog-node client for endpoints, which sends at once")
    body = 'getPostHog().capture({ distinctId: user.id, event: "order placed" });\nawait getPostHog().flush();'
    yield Note("Capture events in endpoints: flush before they answer", body)


def _style(project: Project) -> Style:
    """Quotes and semicolons as the layouts have them in their frontmatter, else as the configuration has."""
    texts = [project.read(path) or "" for path in layout.heads(project)]
    unit = indent_unit(texts[0]) if texts else "  "
    config = project.read(layout.config(project) or "") or ""
    # code without a string says nothing of quotes
    sample = next((code for code in (*map(_frontmatter, texts), config) if re.search("[\"']", code)), None)
    return replace(Style() if sample is None else style_of(sample), indent=unit)


def _frontmatter(text: str) -> str:
    try:
        span = frontmatter(text)
    except CannotEdit:
        return ""
    return text[slice(*span)] if span else ""
