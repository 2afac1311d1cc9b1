"""What an Astro project consists of: its output, its pages and layouts with a `<head>`, its API routes."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from wizard.codemods.html import head_ends
from wizard.packages import npm
from wizard.project import Project

_ADAPTERS = ("@astrojs/node", "@astrojs/vercel", "@astrojs/netlify", "@astrojs/cloudflare", "@deno/astro-adapter")
_COMMENT = re.compile(r"<!--.*?-->|\{/\*.*?\*/\}", re.DOTALL)
_HEAD_END = re.compile(r"</head\s*>", re.IGNORECASE)
"""Not `</header>`."""
_API = re.compile(r"^export\s+(?:async\s+)?(?:const|function|let)\s+(?:GET|POST|PUT|PATCH|DELETE|ALL)\b", re.MULTILINE)


def config(project: Project) -> str | None:
    """The path of the configuration file."""
    return next(iter(project.files("astro.config.{mjs,js,ts,mts,cjs}")), None)


def _config_text(project: Project) -> str:
    path = config(project)
    text = (project.read(path) or "") if path else ""
    return re.sub(r"/\*.*?\*/|(?<![:\"'`\w/])//[^\n]*", "", text, flags=re.DOTALL)


def source(project: Project) -> str:
    """The source directory (`srcDir`), without a slash at its end."""
    match = re.search(r"\bsrcDir\s*:\s*['\"]\.?/?([\w./-]+?)/?['\"]", _config_text(project))
    return match[1] if match else "src"


def has_adapter(project: Project) -> bool:
    """Is there a server to render pages or run API routes?"""
    return bool(re.search(r"\badapter\s*:", _config_text(project))) or any(
        a in npm.declared(project) for a in _ADAPTERS
    )


def variant(project: Project) -> str:
    """`static`, `server` or `hybrid` (static pages and some rendered on demand), `+view-transitions` if used."""
    match = re.search(r"\boutput\s*:\s*['\"](\w+)['\"]", _config_text(project))
    output = match[1] if match and match[1] in ("server", "hybrid") else "static"
    pages = [text for _, text in project.sources(f"{source(project)}/**/*.astro")]
    if output == "static" and has_adapter(project):
        output = "hybrid"
    moves = any(re.search(r"<(?:ClientRouter|ViewTransitions)\b", _COMMENT.sub("", text)) for text in pages)
    return output + ("+view-transitions" if moves else "")


def heads(project: Project) -> list[str]:
    """The components whose markup has a `</head>`: layouts, pages with a document of their own, head components."""
    found = [path for path, text in _components(project) if _HEAD_END.search(text)]
    return [path for path in found if head_ends(project.read(path) or "")]


def headless(project: Project) -> list[str]:
    """The components that write `<html>` but whose `<head>` nobody closes, neither they nor a component they use."""
    heads_of_others = {PurePosixPath(path).name for path in heads(project)}
    found = []
    for path, text in _components(project):
        uses = any(re.search(rf"['\"/]{re.escape(name)}['\"]", text) for name in heads_of_others)
        if re.search(r"<html[\s>]", text, re.IGNORECASE) and not _HEAD_END.search(text) and not uses:
            found.append(path)
    return found


def _components(project: Project) -> list[tuple[str, str]]:
    return [(path, _COMMENT.sub("", text)) for path, text in project.sources(f"{source(project)}/**/*.astro")]


def api_routes(project: Project) -> list[str]:
    """Endpoints that run on a server."""
    found = project.sources(f"{source(project)}/pages/**/*.{{ts,js}}")
    return [path for path, text in found if _API.search(text)]


def is_typescript(project: Project) -> bool:
    """Are server modules written in TypeScript?"""
    return project.exists("tsconfig.json") and not project.files(f"{source(project)}/lib/*.js")
