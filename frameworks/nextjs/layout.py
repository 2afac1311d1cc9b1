"""Where things are in a Next.js app: read off names of files and by regexes, without a parser."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath

from wizard.packages import npm
from wizard.project import Project

CONFIGS = ("next.config.js", "next.config.mjs", "next.config.ts", "next.config.mts")
"""In the order in which Next.js looks for them."""

_SCRIPTS = "{ts,tsx,js,jsx}"


@dataclass(frozen=True, slots=True)
class Layout:
    """The routers that render pages: `app` and `pages` are directories or "", `source` is `src/` or "".

    `typescript` is the language of new files, `sample` a file whose style they follow ("" when there is none).
    """

    app: str
    pages: str
    source: str
    typescript: bool
    sample: str

    def script(self, name: str) -> str:
        """Name of a new file without JSX."""
        return f"{name}.ts" if self.typescript else f"{name}.js"

    def component(self, name: str) -> str:
        """Name of a new file with JSX, with the suffix that the app's other components have."""
        return f"{name}.tsx" if self.typescript else f"{name}.jsx" if self.sample.endswith(".jsx") else f"{name}.js"


def read(project: Project) -> Layout:
    """The layout of an app; a directory in the root wins over the one in `src` (Next.js: find-pages-dir.ts)."""
    app = next((d for d in ("app", "src/app") if project.is_dir(d)), "")
    pages = next((d for d in ("pages", "src/pages") if project.is_dir(d)), "")
    if app and pages and app.startswith("src/") != pages.startswith("src/"):
        # Next.js wants both beside each other and takes what is in the root
        app, pages = (app if app == "app" else ""), (pages if pages == "pages" else "")
    source = "src/" if (app or pages).startswith("src/") else ""
    if app and pages:
        # pages/api alone makes no Pages Router with an _app, and components in app/ no App Router with a layout
        has_app = bool(project.files(f"{app}/**/page.*", f"{app}/**/layout.*"))
        has_pages = any(not path.startswith(f"{pages}/api/") for path in project.files(f"{pages}/**/*"))
        app, pages = (app if has_app or not has_pages else ""), (pages if has_pages or not has_app else "")
    found = [
        path
        for directory, names in ((app, "{layout,page}"), (pages, "{_app,_document,index}"))
        if directory
        for path in project.files(f"{directory}/{names}.{_SCRIPTS}", f"{directory}/**/*.{_SCRIPTS}")
    ]
    found.sort(key=lambda path: (path.count("/"), not re.search(r"/(layout|_app)\.\w+$", path)))
    typescript = project.exists("tsconfig.json") and any(path.endswith((".ts", ".tsx")) for path in found or ["x.ts"])
    return Layout(app, pages, source, typescript, found[0] if found else "")


def variant(project: Project) -> str:
    """`app-router`, `pages-router` or `both`."""
    layout = read(project)
    return "both" if layout.app and layout.pages else "pages-router" if layout.pages else "app-router"


def config(project: Project) -> str | None:
    """The config file that Next.js loads."""
    return project.first(*CONFIGS)


def page_file(project: Project, name: str) -> str | None:
    """`_app.tsx` under the name that `pageExtensions` asks for (`_app.page.tsx`); None when those cannot be told."""
    code = re.sub(r"/\*.*?\*/|(?<![:\"'`\w/])//[^\n]*", "", project.read(config(project) or "") or "", flags=re.DOTALL)
    setting = re.search(r"\bpageExtensions\b(?:\s*:\s*\[([^\]$`]*)\])?", code)
    if setting is None:
        return name
    stem, _, suffix = name.partition(".")
    listed = re.findall(r"[\"']\.?([\w.]+)[\"']", setting[1] or "")
    if suffix in listed:
        return name
    return next((f"{stem}.{one}" for one in listed if one.endswith(f".{suffix}")), None)


def is_static(config_code: str) -> bool:
    """Does a config (without its comments) ask for a static export, which has no server?"""
    return re.search(r"\boutput\s*:[^,\n]*[\"']export[\"']", config_code) is not None


def client_file(project: Project, layout: Layout) -> str:
    """The `instrumentation-client` that Next.js takes (`src` before the root), or the one to create."""
    suffixes = ("ts", "tsx", "js", "jsx", "mjs")
    found = project.first(*(f"{folder}instrumentation-client.{s}" for folder in ("src/", "") for s in suffixes))
    return found or layout.source + layout.script("instrumentation-client")


def has_client_file(project: Project) -> bool:
    """Does this Next.js run `instrumentation-client` (15.3 and later)? Unknown versions count as current."""
    return npm.at_least(project, "next", "15.3")


def root_layouts(project: Project, layout: Layout) -> list[str]:
    """The App Router layouts that render `<html>`: one, or one for each route group; else the topmost ones, if they
    render their children in a component (their own `<Html>`, or one of another package).
    """
    files = dict(project.sources(f"{layout.app}/**/layout.{_SCRIPTS}") if layout.app else ())
    if found := [path for path, text in files.items() if re.search(r"<html[\s>]", text)]:
        return found
    folders = {PurePosixPath(path).parent for path in files}
    tops = [path for path in files if folders.isdisjoint(PurePosixPath(path).parent.parents)]
    return tops if all(re.search(r"\{\s*children\s*\}\s*<", files[path]) for path in tops) else []


def passed_on(project: Project, layout: Layout) -> tuple[str, str] | None:
    """The topmost layout that only passes on what a module exports by default, and that module."""
    for path, text in project.sources(f"{layout.app}/layout.{_SCRIPTS}"):
        if match := re.search(r"^export\s*\{[^}]*\bdefault\b[^}]*\}\s*from\s*[\"']([^\"']+)[\"']", text, re.MULTILINE):
            return path, match[1]
    return None


def runs_on_server(project: Project, layout: Layout) -> bool:
    """Has the app route handlers, API routes or server actions, and a server at all?"""
    if is_static(project.read(config(project) or "") or ""):
        return False
    if project.files(f"{layout.source}app/**/route.{_SCRIPTS}", f"{layout.source}pages/api/**/*.{_SCRIPTS}"):
        return True
    action = re.compile(r"^\s*[\"']use server[\"']", re.MULTILINE)
    return any(action.search(text) for _, text in project.sources(f"**/*.{_SCRIPTS}") if "use server" in text)
