"""Lists the files of a directory once and finds the directories in it that may be apps."""

from __future__ import annotations

import os
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath

from wizard.errors import WizardError
from wizard.git import git
from wizard.project import BrokenFile, Project, Tree

PRUNED = frozenset(
    """node_modules bower_components .venv venv env virtualenv site-packages __pycache__ .tox .nox .git .hg .svn dist
    build out target vendor .next .nuxt .output .svelte-kit .astro .turbo .nx .cache .parcel-cache .vercel .netlify
    coverage .yarn .pnpm-store .gradle Pods DerivedData .dart_tool _build deps storybook-static .idea .vscode""".split()
)
"""Directories that hold no source of the project: dependencies, environments, build output, caches."""

_PRUNED = re.compile(r"(?:^|/)(?:" + "|".join(re.escape(name) for name in sorted(PRUNED)) + ")/")

ASIDE = frozenset(
    """example examples sample samples fixture fixtures __fixtures__ __tests__ test tests testing e2e template templates
    boilerplate playground playgrounds demo demos third_party""".split()
)
"""Directories whose apps are not what the repository ships; used only when named with `--target`."""

MANIFESTS = frozenset("package.json pyproject.toml requirements.txt Pipfile setup.py setup.cfg manage.py".split())

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
        raise WizardError(f"{directory} does not exist")
    if not root.is_dir():
        raise WizardError(f"{directory} is not a directory", "Give the directory that holds your app.")
    return root


def list_tree(directory: Path) -> Tree:
    """The tree of `directory`: what git lists as tracked or untracked-but-not-ignored, else a pruned walk.

    Raises WizardError for what is not a readable directory.
    """
    root = root_of(directory)
    top = _top(root)
    listed = _from_git(root) if (top / ".git").exists() else None
    try:
        paths = listed or _from_walk(root)
    except OSError as error:
        raise WizardError(f"cannot list {directory}: {error.strerror}") from error
    return Tree(root, top, tuple(sorted(p for p in paths if not _PRUNED.search(p))))


def _top(root: Path) -> Path:
    """The repository that a directory lies in; the directory itself when it lies in none."""
    return next((d for d in (root, *root.parents) if (d / ".git").exists()), root)


def _from_git(root: Path) -> list[str] | None:
    with ThreadPoolExecutor(1) as pool:
        pending = pool.submit(git, root, "ls-files", "-d", "-z")
        listed = git(root, "ls-files", "-co", "--exclude-standard", "-z")
        deleted = pending.result()
    if listed is None or deleted is None or listed.returncode != 0:
        return None
    names = set(os.fsdecode(listed.stdout).split("\0")) - set(os.fsdecode(deleted.stdout).split("\0"))
    return [name for name in names if name and not name.endswith("/")]


def _from_walk(root: Path) -> list[str]:
    found = []
    for directory, names, files in os.walk(root):
        names[:] = sorted(n for n in names if n not in PRUNED)
        relative = os.path.relpath(directory, root).replace(os.sep, "/")
        prefix = "" if relative == "." else relative + "/"
        found += [prefix + name for name in files]
    return found


def candidates(tree: Tree) -> list[Project]:
    """Directories with a manifest, outermost first; each project leaves out the files of those below it.

    A `manage.py` directory or a `requirements/` folder belongs to a manifest further up, if there is one; so does a
    `pyproject.toml` that only configures tools, to one of Python. A `setup.py` that is a module of the app is none.
    """
    roots: set[str] = set()
    weak: set[str] = set()
    tools: set[str] = set()
    python: set[str] = set()
    for path in tree.paths:
        directory, _, name = path.rpartition("/")
        if name in MANIFESTS and _tells(tree, path):
            (weak if name == "manage.py" else roots).add(directory or ".")
            if name not in ("manage.py", "package.json"):
                python.add(directory or ".")
        elif name == "pyproject.toml":
            tools.add(directory)
        elif name.endswith(".txt") and directory.rpartition("/")[2] == "requirements":
            roots.add(directory.rpartition("/")[0] or ".")
    roots |= {t for t in tools if not any(_inside(t, r) for r in python)}
    roots |= {w for w in weak if not any(_inside(w, r) for r in roots)}
    ordered = sorted(roots, key=lambda r: (r != ".", r.count("/"), r))
    return [Project(tree, r, tuple(n for n in ordered if n != r and _inside(n, r))) for r in ordered]


def _tells(tree: Tree, path: str) -> bool:
    """Does the file say more than its name? One at the top, or that cannot be read, is taken at its name."""
    telling = _TELLING.get(path.rpartition("/")[2]) if "/" in path else None
    if telling is None:
        return True
    try:
        return telling.search(tree.bytes(path) or b"") is not None
    except BrokenFile:
        return True


def aside(path: str) -> str | None:
    """The directory name that makes an app root an example or a test, if any."""
    return next((part for part in PurePosixPath(path).parts if part in ASIDE), None)


def _inside(path: str, directory: str) -> bool:
    return directory == "." or path == directory or path.startswith(directory + "/")
