"""The reverse proxy: rewrites in next.config that send a path of the app's own domain on to PostHog."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from frameworks.nextjs import layout as places
from frameworks.nextjs.layout import Layout
from wizard.answers import Answers
from wizard.changes import Change, CreateFile, EditFile, Manual, Note
from wizard.codemods.js.matchers import exclude_from_matcher
from wizard.codemods.js.objects import ensure_property
from wizard.codemods.js.rewrites import ensure_rewrites
from wizard.codemods.js.statements import ensure_after_imports
from wizard.codemods.js.tree import code_of
from wizard.edits import Codemod, chain
from wizard.environment import Names
from wizard.errors import CannotEdit
from wizard.existing.graph import relative_to_app
from wizard.existing.modules import JavaScriptModules
from wizard.packages import npm
from wizard.project import Project
from wizard.templates import template
from wizard.text import indented, line_number
from wizard.typescript import typed

PREFIX = "/ph-relay"
"""Not `/ingest` or `/posthog`: ad blockers know those (https://posthog.com/docs/advanced/proxy)."""

_CONSTANTS = r"posthog\w*(?:Host|Assets)"
# assets first: the last rule matches everything
_RULES = tuple(
    f'{{\n  source: "{PREFIX}/{path}",\n  destination: `${{{host}}}/{path}`,\n}}'
    for path, host in (
        ("static/:path*", "posthogAssets"),
        ("array/:path*", "posthogAssets"),
        (":path*", "posthogHost"),
    )
)


@dataclass(frozen=True, slots=True)
class Proxy:
    """What to change, and the path that the browser sends to; None when it must talk to PostHog directly."""

    changes: tuple[Change, ...] = ()
    api_host: str | None = None

    @property
    def needs(self) -> tuple[str, ...]:
        """The files whose edit makes the path lead to PostHog, and lets it pass on the way."""
        if self.api_host is None:
            return ()
        return tuple(change.path for change in self.changes if isinstance(change, CreateFile | EditFile))


def proxy(project: Project, layout: Layout, answers: Answers, names: Names) -> Proxy:
    """The proxy of an app, or why it has none."""
    if not answers.wants("reverse_proxy"):
        return Proxy()
    path = places.config(project)
    text = (project.read(path) or "") if path is not None else ""
    code = code_of(text, strings=True)
    if prefix := _hand_made(code):
        there = Note(f"{path} already forwards {prefix} to PostHog", "Left as it is.")
        return Proxy((there,), _base_path(code, prefix))
    if reason := _impossible(project, code):
        return Proxy((Note(f"No reverse proxy: {reason}", "The browser talks to PostHog directly."),))
    hosts = _constants(project, answers, names)
    codemod = _forwards(hosts, code)
    api_host = _base_path(code, PREFIX)
    if path is None:
        return Proxy((*_created(project, layout, codemod), *_middleware(project)), api_host)
    manual = _manual(
        path, answers, hosts, code, "".join(f", or in {one} for all its apps" for one in _shared(project, path))
    )
    edit = EditFile(path, (codemod,), f"forwards {PREFIX} to PostHog", manual)
    try:
        codemod(text)
    except CannotEdit:
        # without the rewrites, events sent to the path would be lost
        return Proxy((edit,))
    return Proxy((edit, *_middleware(project)), api_host)


def _impossible(project: Project, code: str) -> str | None:
    if places.is_static(code):
        return "a static export has no rewrites"
    if re.search(r"\bbasePath\b(?!\s*:\s*[\"'])", code):
        return "the basePath of this app is not a plain string"
    if not npm.at_least(project, "next", "13.1"):
        return "it needs skipTrailingSlashRedirect, which Next.js has since 13.1"
    return None


def _base_path(code: str, prefix: str) -> str:
    """Next.js puts its basePath in front of the sources of rewrites, but not of what the browser requests."""
    match = re.search(r"\bbasePath\s*:\s*[\"']([^\"']*)[\"']", code)
    return (match[1] if match else "") + prefix


def _hand_made(code: str) -> str | None:
    """The prefix of rewrites to PostHog that are not ours."""
    rule = re.compile(
        r"source\s*:\s*[\"'](/[\w/-]+)/:path\*[\"']\s*,\s*destination\s*:\s*[\"'`]https://[^\"'`]*posthog\.com/"
    )
    found = [match[1] for match in rule.finditer(code)]
    return min(found, key=len) if found else None


def _constants(project: Project, answers: Answers, names: Names) -> str:
    hosts = (
        f'const posthogHost =\n  process.env.{names.host} || "{answers.hosts.ingest}";\n'
        'const posthogAssets = posthogHost.replace(\n  ".i.posthog.com",\n  "-assets.i.posthog.com",\n);'
    )
    return typed(hosts, project, answers.host)


def _forwards(hosts: str, code: str = "") -> Codemod:
    """`hosts` are the constants that the rules use, `code` is that of the config as it is, without comments."""
    host = _renamed("posthogHost", code)
    return chain(
        # PostHog's paths end in slashes, which Next.js would answer with a redirect
        ensure_property("skipTrailingSlashRedirect", "true"),
        ensure_rewrites([_renamed(rule, code) for rule in _RULES], re.escape(PREFIX)),
        ensure_after_imports(_renamed(hosts, code), rf"\b{host}\s*=", _CONSTANTS),
    )


def _renamed(source: str, code: str) -> str:
    """Our constants under other names when the file's own code has theirs."""
    taken = re.search(r"\bposthog(?:Host|Assets)\b", code) and f"{PREFIX}/" not in code
    if not taken and not re.search(r"\bposthogApiHost\b", code):
        return source
    return source.replace("posthogHost", "posthogApiHost").replace("posthogAssets", "posthogAssetHost")


def _created(project: Project, layout: Layout, codemod: Codemod) -> Iterator[Change]:
    name = "next.config.ts" if layout.typescript and npm.at_least(project, "next", "15.0") else "next.config.mjs"
    yield CreateFile(name, codemod(template(f"nextjs/{name}")), f"forwards {PREFIX} to PostHog")


def _shared(project: Project, config: str) -> list[str]:
    """The file of another package of the repository that the configuration comes from, when it is one alone."""
    modules = JavaScriptModules(project, project.tree.known)
    names = re.findall(r"""(?:\bfrom\s*|\brequire\s*\(\s*)["']([^"'\n.][^"'\n]*)["']""", project.read(config) or "")
    found = {path for name in names for path in modules.resolve(project.within(config), name)}
    outside = sorted(path for path in found if relative_to_app(project, path).startswith("../"))
    return outside if len(outside) == 1 else []


def _manual(path: str, answers: Answers, hosts: str, code: str, elsewhere: str) -> Manual:
    rules = "".join(indented(rule, "      ") + ",\n" for rule in _RULES)
    body = (
        f"{hosts}\n\n// in the configuration, the rules before your own ones:\n"
        f"  skipTrailingSlashRedirect: true,\n  async rewrites() {{\n    return [\n{rules}    ];\n  }},\n\n"
        f'// then in posthog.init:\n  api_host: "{PREFIX}",\n  ui_host: "{answers.hosts.app}",'
    )
    return Manual(f"Forward a path of your domain to PostHog{elsewhere}", _renamed(body, code), path)


def _middleware(project: Project) -> Iterator[EditFile | Manual]:
    """A middleware that also sees our path may send events to a login page, or limit their rate."""
    exclude = exclude_from_matcher(PREFIX[1:])
    for path, text in project.sources("{middleware,proxy,src/middleware,src/proxy}.{ts,js}"):
        if PREFIX[1:] in text:
            continue
        code = code_of(text, strings=True)
        title = f"Let {PREFIX} pass in {path}"
        matcher = re.search(r"\bmatcher\s*:", code)
        if matcher is None:
            line = f'export const config = {{ matcher: "/((?!{PREFIX[1:]}).*)" }};'
            yield Manual(f"{title}: it runs for every path", line, path)
        elif found := _SEES_ALL.search(code, matcher.end()):
            where = f"{path}:{line_number(code, found.start(2))}"
            manual = Manual(f"{title}: exclude it in this matcher", _excluded(found[2]), where)
            try:
                exclude(text)
            except CannotEdit:
                yield manual
            else:
                yield EditFile(path, (exclude,), f"does not see {PREFIX}, which is sent on to PostHog", manual)


_SEES_ALL = re.compile(r"([\"'`])(/\(\(\?![^\n]*?|/:\w+\*|/\(?\.\*\)?)\1")
"""A pattern for all paths but some (`/((?!api).*)`), or for all of them."""


def _excluded(pattern: str) -> str:
    if "(?!" in pattern:
        return pattern.replace("(?!", f"(?!{PREFIX[1:]}|", 1)
    return f"/((?!{PREFIX[1:]}).*)"
