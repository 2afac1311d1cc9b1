"""The files that start an app: those that manifests, pages and start commands name, and those loaded by their names."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from wizard.asides import ASIDE
from wizard.project import Project, normal

SCRIPTS = ("js", "jsx", "ts", "tsx", "mjs", "cjs", "mts", "cts", "vue", "svelte", "astro")
_ANY = "{" + ",".join((*SCRIPTS, "md", "mdx")) + "}"
_TEST = re.compile(r"(^test_|_test\.|\.(test|spec|stories|story|cy|e2e)\.|^conftest\.py$|\.d\.[cm]?ts$|\.min\.js$)")
_ELSEWHERE = ASIDE | frozenset("docs doc stories .storybook storybook cypress playwright __mocks__ mocks spec".split())

_ROUTED = ("page", "layout", "template", "loading", "error", "global-error", "not-found", "default", "route")
_ALONE = ("instrumentation", "instrumentation-client", "middleware", "proxy", "hooks", "hooks.client", "hooks.server")
_STARTING = (
    "main index app App server client entry entry-client entry-server entry.client entry.server root bootstrap start "
    "www worker sw preload renderer router routes polyfills setup ssr"
).split()
_FOLDERS = ("", "src/", "app/", "client/", "server/", "web/", "frontend/", "bin/", "src/server/", "src/client/", "lib/")
_BY_NAME = re.compile(
    r"(?:.*/)?(?:pages|routes|plugins|netlify/functions|functions|middleware|layouts|server/(?:api|plugins))/.*"
    r"|api/.*|[^/]*\.config\.\w+|(?:src/)?(?:actions|content)/.*"
)
_NAMES_FILES = (
    *(
        "package.json",
        "angular.json",
        "project.json",
        "nest-cli.json",
        "nodemon.json",
        "vercel.json",
        "wrangler.{toml,json,jsonc}",
    ),
    *("Dockerfile*", "Procfile", "*compose*.{yml,yaml}", "ecosystem.config.*", "*.config.*", "netlify.toml", "*.sh"),
)
_FILE_WORD = re.compile(r"(?<![\w@])((?:\.{0,2}/)?[\w@.-]+(?:/[\w@.-]+)*\.[cm]?[jt]sx?)\b")
_LONGEST_MANIFEST = 200_000
_BUILT = ("dist", "build", "out", "lib", ".build")

_PYTHON_NAMES = (
    "manage wsgi asgi main app application server run __main__ apps models admin urls tasks signals receivers celery "
    "celeryconfig settings config gunicorn_config gunicorn.conf middleware routing checks translation"
).split()


def is_aside(path: str) -> bool:
    """Is a file a test, a story, an example or documentation by its name or a directory's?"""
    parts = PurePosixPath(path).parts
    # an app's own `templates` hold pages
    folders = set(parts[:-1]) - {"template", "templates"}
    return not _ELSEWHERE.isdisjoint(folders) or _TEST.search(parts[-1]) is not None


def javascript_entries(project: Project) -> dict[str, list[str]]:
    """Starting files, relative to the tree, by what runs together: `""` runs with everything else."""
    groups: dict[str, list[str]] = {"": []}
    own = [path for path in project.files(f"**/*.{_ANY}", "**/*.html") if not is_aside(path)]
    routed = any(PurePosixPath(p).stem in ("page", "layout", "route") and _under_app(p) for p in own)
    for path in own:
        group = _group(path, routed)
        if group is not None:
            groups.setdefault(group, []).append(project.within(path))
    for path in _named(project):
        groups.setdefault(path, []).append(project.within(path))
    return groups


def _group(path: str, routed: bool) -> str | None:
    folder, _, name = path.rpartition("/")
    stem = name.partition(".")[0] if name.endswith((".html", ".astro")) else name.rpartition(".")[0]
    if name.endswith(".html"):
        return path
    if _under_app(path) and routed:
        if stem in _ROUTED or stem.startswith(("entry", "icon", "opengraph-image", "sitemap", "robots", "manifest")):
            return "app" if stem != "route" else path
    elif _under_app(path):
        return path
    if stem in _ALONE and folder in ("", "src", "app"):
        return "" if stem.startswith("instrumentation-client") else path
    if re.match(r"(?:src/)?pages/(?!api/)", path):
        return path if name.endswith(".astro") else "pages"
    if _BY_NAME.fullmatch(path) or (stem in _STARTING and (f"{folder}/" if folder else "") in _FOLDERS):
        return path
    return None


def _under_app(path: str) -> bool:
    return path.startswith(("app/", "src/app/"))


def _named(project: Project) -> list[str]:
    """Files that manifests, configurations and start commands name; built ones stand for their sources."""
    found = []
    for path in project.files(*_NAMES_FILES):
        for word in _FILE_WORD.findall((project.read(path) or "")[:_LONGEST_MANIFEST]):
            target = normal(word.lstrip("/"))
            first, _, rest = target.partition("/")
            sources = [target, f"src/{rest.removeprefix('src/')}", rest] if first in _BUILT and rest else [target]
            for source in sources:
                stem = re.sub(r"\.[cm]?[jt]sx?$", "", source)
                if there := project.first(source, *(f"{stem}.{suffix}" for suffix in SCRIPTS)):
                    found.append(there)
                    break
    main = project.json("package.json").get("main")
    if isinstance(main, str) and (there := project.first(main, *(f"{main}.{s}" for s in SCRIPTS))):
        found.append(normal(there))
    return found


def python_entries(project: Project) -> dict[str, list[str]]:
    """Starting files, relative to the tree: by their usual names, or named by a start command."""
    own = [path for path in project.files("**/*.py") if not is_aside(path)]
    commands = " ".join(
        project.read(path) or ""
        for path in project.files("Procfile", "Dockerfile*", "*compose*.{yml,yaml}", "pyproject.toml", "*.{sh,toml}")
    )
    named = set(re.findall(r"[\w./-]+", commands))
    found = []
    for path in own:
        pure = PurePosixPath(path)
        dotted = ".".join(pure.with_suffix("").parts)
        by_name = pure.stem in _PYTHON_NAMES or "commands" in pure.parts or "settings" in pure.parts
        started = path in named or f"./{path}" in named or not named.isdisjoint(_tails(dotted))
        if by_name or started:
            found.append(project.within(path))
    return {path: [path] for path in found}


def _tails(dotted: str) -> list[str]:
    """`a.b.c` itself and what of it names the module from further in: `b.c`."""
    parts = dotted.split(".")
    return [".".join(parts[i:]) for i in range(len(parts) - 1)]
