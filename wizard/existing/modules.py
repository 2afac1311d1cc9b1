"""The file behind an import: relative paths, aliases of tsconfig and package.json, workspace packages, dotted names."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import PurePosixPath
from typing import cast

from wizard.existing.entries import SCRIPTS
from wizard.globs import beginning
from wizard.packages import npm
from wizard.project import Project, Tree, normal
from wizard.typescript import settings


class JavaScriptModules:
    """Resolves specifiers of one app. All paths are relative to the tree; what is not there resolves to nothing."""

    def __init__(self, project: Project, known: frozenset[str]) -> None:
        self.project, self.known = project, known
        self._found: dict[tuple[str, str], tuple[str, ...]] = {}

    def resolve(self, importer: str, specifier: str) -> tuple[str, ...]:
        """The files that `specifier` may mean in the file `importer`."""
        specifier = re.split(r"[?]", specifier)[0]
        near = specifier.startswith(".") or importer.endswith(".html")
        folder = (importer.rpartition("/")[0] or ".") if near else ""
        key = (folder, specifier)
        if key not in self._found:
            self._found[key] = tuple(dict.fromkeys(self._candidates(folder, specifier)))
        return self._found[key]

    def below(self, importer: str, start: str) -> list[str]:
        """The files whose paths begin like that, seen from `importer`."""
        base = self.project.within("") if start.startswith("/") else str(PurePosixPath(importer).parent)
        head = normal(f"{base}/{start}") + ("/" if start.endswith("/") else "")
        return [path for path in beginning(self.project.tree.paths, head) if path.endswith(SCRIPTS)]

    def _candidates(self, folder: str, specifier: str) -> Iterator[str]:
        if specifier.startswith("."):
            yield from self._file(f"{folder}/{specifier}")
        elif specifier.startswith("/"):
            if folder:
                yield from self._file(f"{folder}{specifier}")
            for base in ("", "/public", "/static", "/src"):
                yield from self._file(f"{self.project.path}{base}{specifier}")
        else:
            found = [*self._aliased(specifier)]
            yield from found or self._guessed(specifier)

    def _file(self, path: str) -> Iterator[str]:
        path = normal(path)
        if path in self.known:
            yield path
            return
        stem = re.sub(r"\.[cm]?jsx?$", "", path)
        tries = [f"{base}.{suffix}" for base in dict.fromkeys((path, stem)) for suffix in SCRIPTS]
        tries += [f"{path}/index.{suffix}" for suffix in SCRIPTS]
        yield from [one for one in tries if one in self.known][:1]

    def _aliased(self, specifier: str) -> Iterator[str]:
        for pattern, targets in self._aliases:
            head, star, tail = pattern.partition("*")
            if star and specifier.startswith(head) and specifier.endswith(tail):
                middle = specifier[len(head) : len(specifier) - len(tail)]
            elif specifier == pattern:
                middle = ""
            else:
                continue
            for target in targets:
                yield from self._file(target.replace("*", middle))
        parts = specifier.split("/")
        name = "/".join(parts[: 2 if specifier.startswith("@") else 1])
        if name in self._workspace:
            base, rest = self._workspace[name], "/".join(parts[name.count("/") + 1 :])
            inside = (rest, f"src/{rest}") if rest else ("src/index", "index", "src/main")
            found = [path for one in inside for path in self._file(f"{base}/{one}")]
            # an `exports` map may send it anywhere: then any of the package's own files may be meant
            yield from found or [p for p in beginning(self.project.tree.paths, f"{base}/") if p.endswith(SCRIPTS)]

    def _guessed(self, specifier: str) -> Iterator[str]:
        """An alias that some other configuration defines: a file of the app whose path ends like that."""
        parts = specifier.split("/")
        name = "/".join(parts[: 2 if specifier.startswith("@") else 1])
        if name in self._declared or specifier.startswith("node:"):
            return
        stem = re.sub(r"\.[cm]?[jt]sx?$", "", "/".join(parts[1:]) if len(parts) > 1 else parts[0])
        for path in self._by_name[PurePosixPath(stem).name]:
            bare = re.sub(r"(?:/index)?\.\w+$", "", path)
            if f"/{bare}".endswith(f"/{stem}"):
                yield path

    @cached_property
    def _declared(self) -> dict[str, str]:
        return npm.declared(self.project)

    @cached_property
    def _by_name(self) -> dict[str, list[str]]:
        found = defaultdict(list)
        for path in self.project.files("**/*.{" + ",".join(SCRIPTS) + "}"):
            pure = PurePosixPath(path)
            name = pure.parent.name if pure.stem == "index" else pure.stem
            found[name].append(self.project.within(path))
        return found

    @cached_property
    def _workspace(self) -> dict[str, str]:
        return _needed(self.project)

    @cached_property
    def _aliases(self) -> list[tuple[str, list[str]]]:
        """`(pattern, targets)` of compilerOptions.paths, baseUrl and the `imports` of package.json."""
        found: list[tuple[str, list[str]]] = []
        pending = [self.project.within(p) for p in self.project.files("{tsconfig,jsconfig}.json", "tsconfig.*.json")]
        seen = set(pending)
        while pending:
            path = pending.pop()
            folder = str(PurePosixPath(path).parent)
            config = settings(self.project, path)
            extended = config.get("extends")
            for parent in [extended] if isinstance(extended, str) else extended if isinstance(extended, list) else []:
                target = normal(f"{folder}/{parent}" + ("" if str(parent).endswith(".json") else ".json"))
                if target not in seen:
                    seen.add(target)
                    pending.append(target)
            options = config.get("compilerOptions")
            options = options if isinstance(options, dict) else {}
            base = options.get("baseUrl")
            paths = options.get("paths")
            for pattern, targets in (paths if isinstance(paths, dict) else {}).items():
                if isinstance(targets, list):
                    found.append((pattern, [f"{folder}/{base or '.'}/{target}" for target in targets]))
            if isinstance(base, str):
                found.append(("*", [f"{folder}/{base}/*"]))
        imports = self.project.json("package.json").get("imports")
        for pattern, value in (imports if isinstance(imports, dict) else {}).items():
            found.append((pattern, [self.project.within(target) for target in re.findall(r"\./[^'\"]+", str(value))]))
        return found


def libraries(project: Project) -> list[str]:
    """The scripts of the repository's other packages that this app depends on, relative to the tree."""
    folders = (beginning(project.tree.paths, f"{folder}/") for folder in _needed(project).values())
    return sorted({path for folder in folders for path in folder if path.endswith(SCRIPTS)})


def _needed(project: Project) -> dict[str, str]:
    if _needed not in project.memo:
        project.memo[_needed] = _packages(project)
    return cast(dict[str, str], project.memo[_needed])


def _packages(project: Project) -> dict[str, str]:
    """Name to directory of the repository's other packages that this app depends on, itself or through one of them."""
    own = project.within("package.json")
    manifests = {name: path for name, path in _named(project.tree).items() if path != own}
    found: dict[str, str] = {}
    pending = [one for one in (npm.declared(project) if manifests else ()) if one in manifests]
    while pending:
        package = pending.pop()
        if package not in found:
            found[package] = manifests[package].removesuffix("/package.json")
            pending += [key for key in project.tree.reading(manifests[package], _keys) or () if key in manifests]
    return found


def _named(tree: Tree) -> dict[str, str]:
    """Name to manifest of the repository's packages, but for the one at its root."""
    if _named not in tree.memo:
        paths = [path for path in tree.named("package.json") if "/" in path]
        tree.memo[_named] = {name: path for path in paths if (name := tree.reading(path, _package_name))}
    return cast(dict[str, str], tree.memo[_named])


def _package_name(data: bytes) -> str:
    name = re.search(rb'"name"\s*:\s*"([^"]+)"', data)
    return name[1].decode("utf-8", "replace") if name else ""


def _keys(data: bytes) -> tuple[str, ...]:
    return tuple(key.decode("utf-8", "replace") for key in re.findall(rb'"([^"\\\n]+)"\s*:', data))


class PythonModules:
    """Resolves dotted names of one app. All paths are relative to the tree."""

    def __init__(self, project: Project, known: frozenset[str]) -> None:
        self.project, self.known = project, known
        self._found: dict[str, dict[str, tuple[str, ...]]] = {}
        self._tops: dict[str, list[str]] = {}

    def resolve(self, importer: str, name: str) -> tuple[str, ...]:
        """The modules that importing `name` (maybe relative) in `importer` runs: packages on the way too."""
        return tuple(self.resolved(importer, (name,)))

    def resolved(self, importer: str, names: Iterable[str]) -> Iterator[str]:
        """Those of several names, one after the other."""
        folder = importer.rpartition("/")[0] or "."
        known = self._found.setdefault(folder, {})
        for name in names:
            if name not in known:
                known[name] = tuple(self._resolve(folder, name))
            yield from known[name]

    def _resolve(self, folder: str, name: str) -> list[str]:
        dots = len(name) - len(name.lstrip("."))
        parts = [part for part in name[dots:].split(".") if part]
        if dots:
            roots = [normal(f"{folder}/{'../' * (dots - 1)}"), *self._roots]
        elif parts:
            above = (folder, *map(str, PurePosixPath(folder).parents))
            roots = [*(root for root in above if self._has(root, parts[0])), *self._with(parts[0])]
        else:
            roots = []
        return next((hit for root in roots if (hit := self._below(root, parts))), [])

    def named(self, dotted: str) -> tuple[str, ...]:
        """The modules behind a dotted name in a string (`shop.apps.ShopConfig`; `blog` with its `blog.apps`)."""
        first = dotted.partition(".")[0]
        if not (roots := self._with(first)):
            return ()
        parts = dotted.split(".")
        for root in roots:
            found = self._below(root, parts)
            if found:
                config = found[-1].replace("/__init__.py", "/apps.py")
                return (*found, *([config] if config in self.known else []))
        return ()

    def _with(self, name: str) -> list[str]:
        """The directories on the path that have a module or a directory of this name."""
        if name not in self._tops:
            self._tops[name] = [root for root in self._roots if self._has(root, name)]
        return self._tops[name]

    def _has(self, root: str, name: str) -> bool:
        path = name if root == "." else f"{root}/{name}"
        return path in self._folders or f"{path}.py" in self.known

    @cached_property
    def _folders(self) -> frozenset[str]:
        return python_folders(self.project.tree)

    def _below(self, root: str, parts: list[str]) -> list[str]:
        found = []
        base = "" if root == "." else f"{root}/"
        for i in range(len(parts) + 1):
            inner = "/".join(parts[:i])
            here = f"{base}{inner}".rstrip("/")
            package = f"{here}/__init__.py" if here else "__init__.py"
            if i and f"{here}.py" in self.known:
                found.append(f"{here}.py")
                break
            if package in self.known and (i or len(parts) == 0):
                found.append(package)
        return found

    @cached_property
    def _roots(self) -> list[str]:
        """Directories that may be on the path: the app, `src`, and every directory that holds a package."""
        tops = {str(PurePosixPath(p).parent.parent) for p in self.project.files("**/__init__.py") if "/" in p}
        packages = {str(PurePosixPath(p).parent) for p in self.project.files("**/__init__.py")}
        inner = sorted(top for top in tops if top not in packages)
        return [self.project.within(root) for root in dict.fromkeys([".", "src", *inner])]


def python_folders(tree: Tree) -> frozenset[str]:
    """The directories that hold Python files, at whatever depth."""
    if python_folders not in tree.memo:
        found: set[str] = set()
        for path in tree.ending(".py"):
            folder = path.rpartition("/")[0]
            while folder and folder not in found:
                found.add(folder)
                folder = folder.rpartition("/")[0]
        tree.memo[python_folders] = frozenset(found)
    return cast(frozenset[str], tree.memo[python_folders])
