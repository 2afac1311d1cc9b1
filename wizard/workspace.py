"""Lists the files of a directory once and finds the directories in it that may be apps."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path, PurePosixPath

from wizard import nx, workspaces
from wizard.asides import aside
from wizard.errors import WizardError
from wizard.git import git
from wizard.git_files import git_files
from wizard.project import BrokenFile, Project, Tree, normal
from wizard.tree import END, below
from wizard.walk import walked

PRUNED = frozenset(
    """node_modules bower_components .venv venv env virtualenv site-packages __pycache__ .tox .nox .git .hg .svn dist
    build out target vendor .next .nuxt .output .svelte-kit .astro .turbo .nx .cache .parcel-cache .vite .vercel
    .netlify coverage .yarn .pnpm-store .gradle Pods DerivedData .dart_tool _build deps storybook-static .idea
    .vscode""".split()
)
"""Directories that hold no source of the project: dependencies, environments, build output, caches."""

_PRUNED = re.compile(r"(?:^|/)(?:" + "|".join(re.escape(name) for name in sorted(PRUNED)) + ")(?=/)")

_OWN = dict.fromkeys(("build", "out", "target", "deps"), ("package.json", "pyproject.toml", "__init__.py"))
"""What makes a directory of such a name one of the project's own."""

_ENVIRONMENT = ("pyvenv.cfg", "conda-meta/history", "bin/activate", "Scripts/activate")
"""What makes a directory called `env` an environment of Python, and not the app's own code about variables."""

MANIFESTS = frozenset("package.json pyproject.toml requirements.txt Pipfile setup.py setup.cfg manage.py".split())

_LANGUAGES = {
    "go.mod": "Go",
    "Cargo.toml": "Rust",
    "build.gradle": "Java or Kotlin",
    "build.gradle.kts": "Java or Kotlin",
    "pom.xml": "Java or Kotlin",
    "pubspec.yaml": "Dart",
    "Gemfile": "Ruby",
    "composer.json": "PHP",
    "mix.exs": "Elixir",
    "Package.swift": "Swift",
    ".csproj": ".NET",
    ".fsproj": ".NET",
    "deno.json": "Deno",
    "deno.jsonc": "Deno",
}

_ENDINGS = (".csproj", ".fsproj", ".txt", *workspaces.SOLUTIONS)
_CONFIGS = {
    f"{tool}.config.{suffix}": tool
    for tool in ("astro", "next", "vite")
    for suffix in ("js", "mjs", "cjs", "ts", "mts", "cts")
}
"""The configuration of a framework or build tool, and its package: it stands in the directory of an app."""

_SPEAKING = MANIFESTS | workspaces.FILES | {*_LANGUAGES, *_CONFIGS, "project.json"}
_SPEAKING_ENDS = frozenset(name[-4:] for name in (*_SPEAKING, *_ENDINGS))
"""What few other files end with: the quick look at a hundred thousand modules among which are configurations."""

_TELLING = {
    "setup.py": re.compile(rb"\b(?:setuptools|distutils|skbuild)\b"),
    "pyproject.toml": re.compile(
        rb"(?m)^\s*\[+\s*(?:project|build-system|tool\.(?:poetry|pdm|uv|hatch|rye|pixi|flit))\b"
    ),
}
"""What makes a file below the top a manifest, and not just one of that name."""


def root_of(directory: Path) -> Path:
    """The absolute path of the directory that the user named. Raises WizardError when it is none."""
    root = Path(os.path.abspath(directory))  # noqa: PTH100 - keeps symlinks, as the user named them
    if not root.exists():
        raise WizardError(f"{directory} does not exist", "For the commands see: posthog-wizard --help")
    if not root.is_dir():
        raise WizardError(f"{directory} is not a directory", "Give the directory that holds your app.")
    return root


def list_tree(directory: Path) -> Tree:
    """The tree of `directory`: what git lists as tracked or untracked-but-not-ignored, else a pruned walk.

    Raises WizardError for what is not a readable directory.
    """
    root = root_of(directory)
    top = _top(root)
    listed = git_files(root, top) if (top / ".git").exists() else None
    try:
        paths = listed or walked(root, holds_no_source)
    except OSError as error:
        raise WizardError(f"cannot list {directory}: {error.strerror}") from error
    paths.sort()
    # there are far fewer directories than files
    folders = {path[: path.rfind("/") + 1] for path in paths}
    left_out = {folder: outermost for folder in folders if (outermost := _outermost(root, folder))}
    if not left_out:
        return Tree(root, top, tuple(paths))
    kept = tuple(path for path in paths if path[: path.rfind("/") + 1] not in left_out)
    return Tree(root, top, kept, pruned=_pruned(root, paths, left_out) if listed else ())


def _outermost(root: Path, folder: str) -> str | None:
    """The first directory on the way to `folder` (with a slash at its end) that holds no source of the project."""
    ends = (match.end() for match in _PRUNED.finditer(folder))
    return next((folder[:end] for end in ends if not _is_own(f"{root}/{folder[:end]}")), None)


def _is_own(directory: str) -> bool:
    """Does a directory that has the name of an environment or of build output hold code of the project all the same?"""
    name = directory.rpartition("/")[2]
    files = _ENVIRONMENT if name == "env" else _OWN.get(name, ())
    return any(os.path.isfile(f"{directory}/{file}") for file in files) is not (name == "env")  # noqa: PTH113


def holds_no_source(directory: str, name: str) -> bool:
    """Has a directory (an absolute path, and its name) dependencies, an environment or build output in it?"""
    return name in PRUNED and not _is_own(directory)


def _pruned(root: Path, paths: Collection[str], left_out: Mapping[str, str]) -> tuple[str, ...]:
    """The outermost directories that are left out although git tracks the manifest of something in them."""
    outermost = {left_out[folder] for path in paths if (folder := _manifest_folder(path)) in left_out}
    asked = git(root, "ls-files", "-z", "--", *sorted(outermost)) if outermost else None
    tracked = os.fsdecode(asked.stdout).split("\0") if asked is not None and asked.returncode == 0 else ()
    return tuple(sorted({left_out[folder] for path in tracked if (folder := _manifest_folder(path)) in left_out}))


def _manifest_folder(path: str) -> str:
    folder = path[: path.rfind("/") + 1]
    return folder if path[len(folder) :] in MANIFESTS else ""


def _top(root: Path) -> Path:
    """The repository that a directory lies in; without one the root of its workspace, else the directory itself."""
    repository = next((d for d in (root, *root.parents) if (d / ".git").exists()), None)
    return repository or workspaces.root_above(root) or root


def named(tree: Tree) -> Mapping[str, Sequence[str]]:
    """The directories of the files that say what a directory is, by file name."""
    found: dict[str, list[str]] = {}
    for end in sorted({end[-END:] for end in _SPEAKING_ENDS}):
        for path in [path for path in tree.ending(end) if path[-4:] in _SPEAKING_ENDS]:
            directory, _, name = path.rpartition("/")
            if name in _SPEAKING or name.endswith(_ENDINGS):
                found.setdefault(name, []).append(directory or ".")
    return found


def candidates(tree: Tree, files: Mapping[str, Sequence[str]] | None = None) -> list[Project]:
    """Directories with a manifest, outermost first; each project leaves out the files of those below it.

    A `manage.py` directory or a `requirements/` folder belongs to a manifest further up, if there is one, unless
    several `manage.py` stand side by side below it: each is a project then, with the same manifest. So does a
    `pyproject.toml` that only configures tools, to one of Python. A `setup.py` that is a module of the app is none. A
    directory that Nx knows may have no manifest of its own, nor one with the configuration of an
    app whose packages are declared above it. `files` are those of `named`.
    """
    files = named(tree) if files is None else files
    roots: set[str] = set()
    weak: set[str] = set()
    tools: set[str] = set()
    python: set[str] = set()
    for name in MANIFESTS:
        for directory in files.get(name, ()):
            if _tells(tree, normal(f"{directory}/{name}")):
                (weak if name == "manage.py" else roots).add(directory)
                if name not in ("manage.py", "package.json"):
                    python.add(directory)
            elif name == "pyproject.toml":
                tools.add(directory)
    for name, directories in files.items():
        if name.endswith(".txt"):
            roots |= {d.rpartition("/")[0] or "." for d in directories if d.rpartition("/")[2] == "requirements"}
    outer = list(Project(tree).upwards())[1:]
    tops = ["."] if any(tree.exists(f"{up}/nx.json") for up in outer) else files.get("nx.json", ())
    roots.update(d for d in files.get("project.json", ()) if any(_inside(d, top) for top in tops))
    roots.update(d for top in tops for d in nx.listed(tree, top))
    roots |= _hoisted(tree, files, roots, [up for up in outer if tree.exists(f"{up}/package.json")])
    roots |= {t for t in tools if not any(_inside(t, r) for r in python)}
    roots |= {w for w in weak if not any(_inside(w, r) for r in roots)} | _side_by_side(tree, weak, roots)
    roots -= _tooled(tree, files, python | (weak & roots))
    ordered = sorted(roots, key=lambda r: (r != ".", r.count("/"), r))
    inner = sorted(roots.union(*(directories for name, directories in files.items() if language(name))) - {"."})
    return [Project(tree, r, tuple(inner[slice(*below(inner, r))])) for r in ordered]


def _hoisted(tree: Tree, files: Mapping[str, Sequence[str]], roots: Collection[str], outer: Sequence[str]) -> set[str]:
    """Directories with the configuration of an app whose packages are declared further up, where there is no app.

    `outer` are directories above the tree that have a package.json.
    """
    found = set()
    for name, tool in _CONFIGS.items():
        for directory in files.get(name, ()):
            if directory in roots or (tool == "vite" and not tree.exists(f"{directory}/index.html")):
                continue
            around = [*map(str, PurePosixPath(directory).parents), *outer]
            above = next((d for d in around if d in roots or d in outer), None)
            if above is None or any(tree.exists(f"{above}/{n}") for n, t in _CONFIGS.items() if t == tool):
                continue
            try:
                manifest = Project(tree, above).json("package.json")
            except BrokenFile:
                continue
            sections = (manifest.get(section) for section in ("dependencies", "devDependencies"))
            if any(isinstance(section, dict) and tool in section for section in sections):
                found.add(directory)
    return found


def _tooled(tree: Tree, files: Mapping[str, Sequence[str]], python: Collection[str]) -> set[str]:
    """Packages of Python whose package.json only brings tools along: they are part of the app that they belong to."""
    configured = {directory for name in _CONFIGS for directory in files.get(name, ())}
    return {
        directory
        for directory in {*files.get("package.json", ())} - configured - {*python}
        if tree.exists(f"{directory}/__init__.py") and any(_inside(directory, above) for above in python)
    }


def _side_by_side(tree: Tree, weak: Collection[str], roots: Collection[str]) -> set[str]:
    """The directories of Django's `manage.py` that share the nearest of the `roots` with others of the same depth."""
    shared: dict[str, list[str]] = {}
    for directory in weak:
        above = max((r for r in roots if _inside(directory, r)), key=len, default=None)
        if above is not None and not aside(directory) and b"django" in (tree.bytes(f"{directory}/manage.py") or b""):
            shared.setdefault(above, []).append(directory)
    depths = {above: min(d.count("/") for d in directories) for above, directories in shared.items()}
    alike = [
        [d for d in there if d.count("/") == depths[above]] for above, there in shared.items() if above not in weak
    ]
    return {d for directories in alike if len(directories) > 1 for d in directories}


def language(name: str) -> str | None:
    """The language of a manifest by this name, among those that are the boundary of an app of another one."""
    found = _LANGUAGES.get(name)
    return found or next((_LANGUAGES[e] for e in (".csproj", ".fsproj") if name.endswith(e)), None)


def foreign(files: Mapping[str, Sequence[str]], roots: Collection[str]) -> dict[str, str]:
    """The outermost directories of other languages that are no candidates, with the manifest that says so."""
    found: dict[str, str] = {}
    for name, directories in files.items():
        if language(name):
            found.update((d, name) for d in directories if d not in roots)
    above = {d: [str(folder) for folder in PurePosixPath(d).parents] for d in found}
    return {d: name for d, name in sorted(found.items()) if not any(o in found and o != d for o in above[d])}


def _tells(tree: Tree, path: str) -> bool:
    """Does the file say more than its name? One at the top, or that cannot be read, is taken at its name."""
    telling = _TELLING.get(path.rpartition("/")[2]) if "/" in path else None
    if telling is None:
        return True
    try:
        return telling.search(tree.bytes(path) or b"") is not None
    except BrokenFile:
        return True


def _inside(path: str, directory: str) -> bool:
    return directory == "." or path == directory or path.startswith(directory + "/")
