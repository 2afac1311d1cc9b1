"""What changes in a Next.js app: one init in the browser, a client for server code, a proxy if wanted."""

from __future__ import annotations

from collections.abc import Iterator

from frameworks.nextjs import layout as places
from frameworks.nextjs.browser import Code, browser, own_files
from frameworks.nextjs.earlier import newer_place, without_init
from frameworks.nextjs.layout import Layout
from frameworks.nextjs.proxy import proxy
from frameworks.nextjs.server import server
from wizard import csp, environment
from wizard.answers import Answers
from wizard.changes import Change, Install, Manual, Note, SetEnv
from wizard.existing.offers import kept, remarks, standing
from wizard.packages import npm
from wizard.project import Project


def plan(project: Project, answers: Answers) -> Iterator[Change]:
    """Yield the changes. Source: https://posthog.com/docs/libraries/next-js and builds with Next.js 14 and 16."""
    layout = places.read(project)
    unused = () if places.has_client_file(project) else (places.client_file(project, layout),)
    there = standing(project, "javascript", "browser", own_files(project, layout), unused=unused)
    if there.elsewhere:
        if there.inside and not {"posthog-js", "@posthog/next"} & {*npm.declared(project)}:
            yield Install("posthog-js", "^1.434.0", oldest="1.335")
        yield from kept(there, answers)
        yield from newer_place(project, layout, there)
        return
    if not npm.at_least(project, "next", "12.0"):
        version = npm.version(project, "next")
        yield Manual(f"Upgrade Next.js: {version} is not supported", "npm install next@latest", "package.json")
        return
    names = environment.names(project, "NEXT_PUBLIC_")
    yield SetEnv(names.token, answers.token or "")
    yield SetEnv(names.host, answers.host)
    relay = proxy(project, layout, answers, names)
    yield from relay.changes
    yield from _still_direct(project, layout, relay.api_host, answers)
    code = Code(project, layout, names, answers, relay.api_host, relay.needs)
    yield from list(without_init(code)) or browser(code)
    yield from server(code)
    yield from remarks(there, answers)
    yield from csp.note(project, answers, same_origin=relay.api_host is not None)
    if npm.version(project, "next") is None:
        yield Note("Took Next.js for 15.3 or later: nothing tells its version", "Install the packages, then run again.")


def _still_direct(project: Project, layout: Layout, api_host: str | None, answers: Answers) -> Iterator[Manual]:
    """Our files of an earlier run without a proxy: they may have been tuned since, so they are not rewritten."""
    for path in own_files(project, layout):
        if api_host is not None and api_host not in (project.read(path) or ""):
            body = f'api_host: "{api_host}",\nui_host: "{answers.hosts.app}",'
            yield Manual("Let posthog.init send through the proxy", body, path)
