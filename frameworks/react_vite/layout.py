"""Where things are in a Vite app: its config, pages and entry files, read by regexes, without a parser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from wizard import environment
from wizard.codemods.html import scripts, without_comments
from wizard.detect import Evidence, Strength
from wizard.environment import Names
from wizard.project import Project, normal

CONFIGS = tuple(f"vite.config.{suffix}" for suffix in ("js", "mjs", "ts", "cjs", "mts", "cts"))
"""In the order in which Vite looks for them (vite/src/node/constants.ts, DEFAULT_CONFIG_FILES)."""

_SUFFIXES = ("mjs", "js", "mts", "ts", "jsx", "tsx")
"""In the order in which Vite tries them (resolve.extensions)."""

SCRIPTS = "**/*.{js,jsx,ts,tsx,mjs,mts}"

_SOURCE = re.compile(r"""(?<![\w-])src\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""")
_STRING = r"[\"'`](?P<value>[^\"'`$]*)[\"'`]"
_HERE = r"(?:__dirname|import\.meta\.dirname|process\.cwd\(\))"
_DIRECTORY = rf"(?:(?:path\.)?(?:resolve|join)\(\s*{_HERE}\s*,\s*)?{_STRING}"
_OWN_FUNCTION = rf"\w+\(\s*{_STRING}\s*\)"
"""`fromHere("src")`, a path by a function of the configuration itself."""
_NEAR = re.compile(r"""["']\./([\w./-]+)["']""")
_PLACEHOLDER = re.compile(r"<%[-=]?\s*(?:\w+\.)*(\w+)\s*%>")
"""What a plugin that fills pages in puts there: a value of the config."""
_IMPORT = re.compile(r"""\bimport\s*\(?\s*["']([^"']+)["']""")


@dataclass(frozen=True, slots=True)
class Entry:
    """The module script of an HTML page; both paths are relative to the app."""

    page: str
    script: str


def config(project: Project) -> str | None:
    """The config file that Vite loads: the one a script of package.json names, else the default one."""
    named = re.search(r"\bvite\b[^&|;\n]*?\s(?:--config|-c)[ =](\S+)", _commands(project))
    return project.first(*([normal(named[1].strip("\"'"))] if named else []), *CONFIGS)


def setting(project: Project, name: str, pattern: str = _STRING) -> str | None:
    """A setting of the config that is written as a string (or path call); None when it is not there or computed."""
    match = re.search(rf"(?<![\w.$]){name}\s*:\s*{pattern}", _config_text(project))
    return match["value"] if match else None


def root(project: Project) -> str:
    """The directory of `index.html` and, unless `envDir` says otherwise, of the env files."""
    argument = re.search(r"\bvite(?:[ \t]+(?:dev|serve|build))?[ \t]+(\w[\w./-]*)", _commands(project))
    written = (argument[1] if argument else None, *(setting(project, "root", p) for p in (_DIRECTORY, _OWN_FUNCTION)))
    # `vite preview` has no root behind it, plugins have settings of that name too, and functions may do anything
    found = (normal(directory) for directory in written if directory)
    return next((directory for directory in found if project.exists(f"{directory}/index.html")), ".")


def env_directory(project: Project) -> str:
    """Where Vite reads env files: `envDir` is relative to the root when it is a plain string."""
    found = setting(project, "envDir", _DIRECTORY)
    if found is None:
        return root(project)
    plain = setting(project, "envDir") is not None
    return normal(f"{root(project)}/{found}") if plain else normal(found)


def computes_env_directory(project: Project) -> bool:
    """Does the config say where env files are, in words that are not read here (`envDir: paths.env`)?"""
    is_set = re.search(r"(?<![\w.$])envDir\s*(?::|,|\})", _config_text(project)) is not None
    return is_set and setting(project, "envDir", _DIRECTORY) is None


def names(project: Project) -> Names:
    """The names of the variables, under the prefix and in the directory that the config says."""
    prefix = env_prefix(project)
    written = "VITE_PUBLIC_" if prefix in (None, "VITE_") else None if prefix.endswith("_") else f"{prefix}_"
    return environment.names(project, prefix or "VITE_", written, env_directory(project))


def env_prefix(project: Project) -> str | None:
    """The prefix of variables that reach the browser (`VITE_` by default); None when the config computes it."""
    text = _config_text(project)
    if not re.search(r"\benvPrefix\s*:", text):
        return "VITE_"
    match = re.search(rf"\benvPrefix\s*:\s*(\[[^\]$`]*\]|{_STRING})", text)
    written = re.findall(r"[\"'`]([^\"'`]+)[\"'`]", match[1]) if match else []
    prefixes = [prefix for prefix in written if re.fullmatch(r"[A-Za-z_]\w*", prefix)]  # it begins a name in code
    return "VITE_" if "VITE_" in prefixes else next(iter(prefixes), None)


def entries(project: Project) -> list[Entry]:
    """The local module script of each page that Vite serves or is told to build, each script once.

    Of several in one page it is the one that renders: PostHog must start once in a page.
    """
    found: dict[str, Entry] = {}
    for page in _pages(project):
        local = list(_module_scripts(project, page))
        for script in [one for one in local if _renders(project, one)][:1] or local[:1]:
            found.setdefault(script, Entry(page, script))
    return list(found.values())


def _renders(project: Project, script: str) -> bool:
    """Does a script, or a file that it loads, use react-dom?"""
    text, folder = project.read(script) or "", script.rpartition("/")[0] or "."
    loaded = (project.files(f"{folder}/{name}.*", f"{folder}/{name}") for name in _NEAR.findall(text))
    texts = (project.read(path) or "" for paths in loaded for path in paths)
    return "react-dom" in text or any("react-dom" in other for other in texts)


def built_page(project: Project) -> tuple[Evidence, ...]:
    """A page with a module script of the app's own; nothing for a library, whose page is only for trying it out."""
    manifest = project.json("package.json")
    peers, own = (manifest.get(section) for section in ("peerDependencies", "dependencies"))
    is_peer = isinstance(peers, dict) and "react" in peers and not (isinstance(own, dict) and "react" in own)
    if is_peer or re.search(r"\blib\s*:\s*\{", _config_text(project)):
        return ()
    return tuple(Evidence(Strength.LIKELY, f"{e.page} loads {e.script}") for e in entries(project)[:1])


def renders(project: Project) -> tuple[Evidence, ...]:
    """The first entry file in which React is at work, where no manifest of the app's own says that it would."""
    at_work = (e.script for e in entries(project) if e.script.endswith("x") or _renders(project, e.script))
    return tuple(Evidence(Strength.HINT, f"{script} renders") for script in islice(at_work, 1))


def variant(project: Project) -> str:
    """`single-page` or `multi-page`, by the number of entry files."""
    return "multi-page" if len(entries(project)) > 1 else "single-page"


def _pages(project: Project) -> list[str]:
    base = root(project)
    prefix = "" if base == "." else base + "/"
    text = _config_text(project)
    first = f"{prefix}index.html"
    wanted = [p for p in project.files(f"{prefix}**/*.html") if p == first or _named(text, p.removeprefix(prefix))]
    return sorted(wanted, key=lambda page: (page != first, page.count("/"), page))


def _named(config: str, page: str) -> bool:
    return re.search(rf"(?<![\w-]){re.escape(page)}[\"'`]", config) is not None


def _module_scripts(project: Project, page: str) -> Iterator[str]:
    base, folder = root(project), page.rpartition("/")[0] or "."
    text = without_comments(project.read(page) or "")
    for script in scripts(text):
        if not re.search(r"type\s*=\s*[\"']?module\b", script.attributes):
            continue
        source = _SOURCE.search(script.attributes)
        inline = _IMPORT.findall(text[script.start : script.end])
        for written in ["".join(filter(None, source.groups()))] if source else inline:
            if named := _PLACEHOLDER.fullmatch(written):
                written = setting(project, named[1]) or ""
            path = re.split(r"[?#]", written)[0]
            path = normal(f"{base}{path}" if path.startswith("/") else f"{folder}/{path}")
            if re.match(r"[a-z]+:|//", written):
                continue
            # Vite adds the suffix of a module that is written without one
            names = [path] if re.search(r"\.[jt]sx?$|\.m[jt]s$", path) else [f"{path}.{s}" for s in _SUFFIXES]
            if found := project.first(*names):
                yield found


def _config_text(project: Project) -> str:
    path = config(project)
    text = (project.read(path) or "") if path else ""
    return re.sub(r"/\*.*?\*/|(?<![:\"'`\w/])//[^\n]*", "", text, flags=re.DOTALL)


def _commands(project: Project) -> str:
    found = project.json("package.json").get("scripts")
    return "\n".join(str(command) for command in found.values()) if isinstance(found, dict) else ""
