"""Where a version is declared: in the catalog, as the other packages of the workspace do, or in the manifest."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from tests.fixture_case import Case
from wizard.changes import Manual, Note
from wizard.choice import Selection
from wizard.packages import Declaration, npm
from wizard.packages.npm_catalogs import habit
from wizard.plan import Plan
from wizard.planning import make_plan
from wizard.project import Project, Tree
from wizard.workspace import list_tree

Files = Mapping[str, object]

PNPM = "packages:\n  - apps/*\n  - packages/*\n"
ALL_IN = {"dayjs": "catalog:", "next": "catalog:", "react": "catalog:", "zod": "catalog:"}
SHARED_IN = {"dayjs": "^1", "next": "^15", "react": "catalog:", "zod": "^3"}
ENTRIES = "  dayjs: ^1.0.0\n  next: ^15.0.0\n  react: ^19.0.0\n  zod: ^3.0.0\n"


def package(name: str, dependencies: Mapping[str, str], **more: object) -> dict[str, object]:
    return {"name": name, "dependencies": dict(dependencies), **more}


def project(root: Path, files: Files, app: str = "apps/web") -> Project:
    for path, content in files.items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(content if isinstance(content, str) else json.dumps(content, indent=2), encoding="utf-8")
    return Project(Tree(root, root, tuple(sorted(files))), app)


def declared(root: Path, files: Files, oldest: str | None = "1.335", wanted: str = "^1.434.0") -> Declaration:
    """What is declared for posthog-js in apps/web."""
    found = npm.declare(project(root, {"package.json": {"name": "root"}, **files}), "posthog-js", wanted, None, oldest)
    assert isinstance(found, Declaration)
    return found


def says(found: Declaration) -> str:
    """What package.json asks for."""
    return str(json.loads(found.codemod("{}"))["dependencies"]["posthog-js"])


def pnpm(app: Mapping[str, str], catalog: str, **others: object) -> Files:
    more = {f"packages/{name}/package.json": content for name, content in others.items()}
    return {"pnpm-workspace.yaml": PNPM + catalog, "apps/web/package.json": package("web", app), **more}


NEW: dict[str, tuple[Files, str, str, str]] = {
    "pnpm": (
        pnpm(ALL_IN, f"catalog:\n{ENTRIES}"),
        "catalog:",
        "../../pnpm-workspace.yaml",
        "adds posthog-js to the catalog",
    ),
    "pnpm-named": (
        pnpm(dict.fromkeys(ALL_IN, "catalog:web"), "catalogs:\n  web:\n    next: ^15\n"),
        "catalog:web",
        "../../pnpm-workspace.yaml",
        "adds posthog-js to the catalog web",
    ),
    "pnpm-default-written-as-a-named-one": (
        pnpm(ALL_IN, "catalogs:\n  default:\n    next: ^15\n"),
        "catalog:",
        "../../pnpm-workspace.yaml",
        "adds posthog-js to the catalog",
    ),
    "pnpm-strict": (
        pnpm(SHARED_IN, "catalogMode: strict\ncatalog:\n  react: ^19\n"),
        "catalog:",
        "../../pnpm-workspace.yaml",
        "adds posthog-js to the catalog",
    ),
    "pnpm-prefer-without-a-catalog-yet": (
        pnpm({"react": "^19"}, "catalogMode: prefer\n"),
        "catalog:",
        "../../pnpm-workspace.yaml",
        "adds posthog-js to the catalog",
    ),
    "several-names-and-the-default": (
        pnpm({**ALL_IN, "react": "catalog:react19"}, f"catalog:\n{ENTRIES}catalogs:\n  react19:\n    react: ^19\n"),
        "catalog:",
        "../../pnpm-workspace.yaml",
        "adds posthog-js to the catalog",
    ),
    "few-packages-but-the-others-are-all-in-it": (
        pnpm(
            {"react": "catalog:"},
            f"catalog:\n{ENTRIES}",
            api=package("api", {"react": "catalog:", "express": "catalog:", "pg": "catalog:"}),
        ),
        "catalog:",
        "../../pnpm-workspace.yaml",
        "adds posthog-js to the catalog",
    ),
    "yarn": (
        {
            "package.json": {"workspaces": ["apps/*"], "packageManager": "yarn@4.10.0"},
            ".yarnrc.yml": f"nodeLinker: node-modules\ncatalog:\n{ENTRIES}",
            "apps/web/package.json": package("web", ALL_IN),
        },
        "catalog:",
        "../../.yarnrc.yml",
        "adds posthog-js to the catalog",
    ),
    "bun": (
        {
            "package.json": {"workspaces": {"packages": ["apps/*"], "catalog": {"next": "^15"}}},
            "bun.lock": "{}",
            "apps/web/package.json": package("web", ALL_IN),
        },
        "catalog:",
        "../../package.json",
        "adds posthog-js to the catalog",
    ),
    "bun-at-the-top": (
        {
            "package.json": {"workspaces": ["apps/*"], "catalogs": {"web": {"next": "^15"}}},
            "bun.lock": "{}",
            "apps/web/package.json": package("web", dict.fromkeys(ALL_IN, "catalog:web")),
        },
        "catalog:web",
        "../../package.json",
        "adds posthog-js to the catalog web",
    ),
    "rush": (
        {
            "rush.json": '{ "pnpmVersion": "10.0.0", "projects": [{ "projectFolder": "apps/web" }] }',
            "common/config/rush/pnpm-config.json": '// pnpm\n{ "globalCatalogs": { "default": { "next": "^15" } } }',
            "apps/web/package.json": {**package("web", ALL_IN), "packageManager": "pnpm@10.0.0"},
        },
        "catalog:",
        "../../common/config/rush/pnpm-config.json",
        "adds posthog-js to the catalog",
    ),
}


@pytest.mark.parametrize("case", NEW)
def test_a_catalog_gets_a_new_entry(case: str, tmp_path: Path) -> None:
    files, reference, file, why = NEW[case]
    found = declared(tmp_path, files)
    assert says(found) == reference
    [entry] = found.entries
    assert (entry.path, entry.why) == (file, why)
    text = (tmp_path / "apps/web" / file).read_text()
    after = entry.codemod(text)
    assert after != text
    assert "posthog-js" in after
    assert found.told == ()
    assert "^1.434.0" in found.by_hand
    (tmp_path / "apps/web" / file).write_text(after)
    again = npm.declare(project(tmp_path, {}), "posthog-js", "^1.434.0", None, "1.335")
    assert isinstance(again, Declaration)
    assert (says(again), again.entries) == (reference, ()), "the next app finds the entry of this one"


PLAIN: dict[str, Files] = {
    "no-workspace": {"apps/web/package.json": package("web", {"next": "^15"})},
    "workspace-without-a-catalog": pnpm({"next": "^15"}, ""),
    "catalog-of-what-is-shared": pnpm(SHARED_IN, "catalog:\n  react: ^19\n", ui=package("ui", {"react": "catalog:"})),
    "only-shared-packages-are-in-it": pnpm(
        {**ALL_IN, "a": "^1", "b": "^1", "c": "^1"}, f"catalog:\n{ENTRIES}", ui=package("ui", ALL_IN)
    ),
    "half-of-them": pnpm({"a": "^1", "b": "^1", "c": "catalog:", "d": "catalog:"}, "catalog:\n  c: 1\n  d: 1\n"),
    "app-is-no-member": {
        "pnpm-workspace.yaml": f"packages:\n  - packages/*\ncatalog:\n{ENTRIES}",
        "apps/web/package.json": package("web", {"next": "^15"}),
    },
    "catalog-of-another-manager": {
        "package.json": {"workspaces": ["apps/*"], "packageManager": "npm@11"},
        "pnpm-workspace.yaml": f"catalog:\n{ENTRIES}",
        "apps/web/package.json": package("web", {"next": "^15", "react": "^19", "zod": "^3"}),
    },
    "strict-mode-of-another-manager": {
        "package.json": {"workspaces": ["apps/*"], "packageManager": "bun@1.2.21"},
        "pnpm-workspace.yaml": "catalogMode: strict\n",
        "apps/web/package.json": package("web", {"next": "^15"}),
    },
    "manual-mode": pnpm(SHARED_IN, "catalogMode: manual\ncatalog:\n  react: ^19\n"),
}


@pytest.mark.parametrize("case", PLAIN)
def test_otherwise_the_range_is_in_the_manifest(case: str, tmp_path: Path) -> None:
    found = declared(tmp_path, PLAIN[case])
    assert (says(found), found.entries, found.told) == ("^1.434.0", (), ())


@pytest.mark.parametrize(
    ("app", "catalog", "told"),
    [
        (
            {"a": "catalog:x", "b": "catalog:y", "c": "catalog:x"},
            "catalogs:\n  x: {a: 1}\n  y: {b: 1}\n",
            "No telling which of the catalogs posthog-js belongs in: catalog:x, catalog:y",
        ),
        (ALL_IN, "", "No telling where the catalog is that posthog-js belongs in: catalog:"),
        (ALL_IN, "catalog: [\n", "No telling where the catalog is that posthog-js belongs in: catalog:"),
        (
            ALL_IN,
            "catalogs:\n  list:\n    default:\n      a: 1\n",
            "No telling where the catalog is that posthog-js belongs in: catalog:",
        ),
    ],
    ids=["several", "nowhere", "not-yaml", "of-a-plugin"],
)
def test_a_catalog_is_not_guessed(app: Mapping[str, str], catalog: str, told: str, tmp_path: Path) -> None:
    found = declared(tmp_path, pnpm(app, catalog))
    assert (says(found), found.entries) == ("^1.434.0", ())
    assert found.told == (Note(told, "Its range is in the app's own manifest."),)


def test_a_catalog_outside_of_the_directory_is_named(tmp_path: Path) -> None:
    for path, content in pnpm(ALL_IN, f"catalog:\n{ENTRIES}").items():
        project(tmp_path, {path: content})
    app = Project(Tree(tmp_path / "apps/web", tmp_path, ("package.json",)))
    found = npm.declare(app, "posthog-js", "^1.434.0")
    assert isinstance(found, Declaration)
    assert (says(found), found.entries) == ("^1.434.0", ())
    assert [step.title for step in found.told] == [
        "Versions are kept in ../../pnpm-workspace.yaml, outside of this directory"
    ]


LOCK = "lockfileVersion: '9.0'\ncatalogs:\n  default:\n    posthog-js:\n      specifier: {0}\n      version: {1}\n"
USER = package("ui", {"posthog-js": "catalog:"})
THERE: dict[str, tuple[Files, str | None, str, str | None]] = {
    "newer": (pnpm(SHARED_IN, "catalog:\n  posthog-js: ^1.440.0\n"), "1.335", "catalog:", None),
    "older-and-good-enough": (pnpm(SHARED_IN, "catalog:\n  posthog-js: 1.369.5\n"), "1.335", "catalog:", None),
    "a-range-that-reaches-what-was-tested": (
        pnpm(SHARED_IN, "catalog:\n  posthog-js: ^1.100.0\n"),
        "1.335",
        "catalog:",
        None,
    ),
    "named": (pnpm(SHARED_IN, "catalogs:\n  web:\n    posthog-js: ^1.440.0\n"), "1.335", "catalog:web", None),
    "the-name-that-the-app-uses": (
        pnpm({"a": "catalog:web"}, "catalog:\n  posthog-js: 1.1.0\ncatalogs:\n  web:\n    posthog-js: ^1.440.0\n"),
        "1.335",
        "catalog:web",
        None,
    ),
    "too-old": (
        pnpm(SHARED_IN, "catalog:\n  posthog-js: 1.100.0\n"),
        "1.335",
        "^1.434.0",
        "pnpm-workspace.yaml has posthog-js 1.100.0, which is too old for what this app gets",
    ),
    "locked-too-old": (
        {
            **pnpm(SHARED_IN, "catalog:\n  posthog-js: ^1.100.0\n", ui=USER),
            "pnpm-lock.yaml": LOCK.format("^1.100.0", "1.120.0"),
        },
        "1.335",
        "^1.434.0",
        "pnpm-workspace.yaml has posthog-js ^1.100.0 (1.120.0), which is too old for what this app gets",
    ),
    "locked-new-enough": (
        {
            **pnpm(SHARED_IN, "catalog:\n  posthog-js: ^1.100.0\n", ui=USER),
            "pnpm-lock.yaml": LOCK.format("^1.100.0", "1.400.0"),
        },
        "1.335",
        "catalog:",
        None,
    ),
    "another-version-is-asked-for": (pnpm(ALL_IN, "catalog:\n  posthog-js: ^1.440.0\n"), None, "^1.434.0", None),
    "the-very-version-is-asked-for": (pnpm(ALL_IN, "catalog:\n  posthog-js: ^1.434.0\n"), None, "catalog:", None),
    "in-a-catalog-of-another-manager": (
        {
            "package.json": {"workspaces": ["apps/*"], "packageManager": "npm@11.0.0"},
            **pnpm({"react": "^19"}, "catalog:\n  posthog-js: ^1.440.0\n"),
        },
        "1.335",
        "^1.434.0",
        None,
    ),
    "in-several-and-none-is-used": (
        pnpm(SHARED_IN | {"react": "^19"}, "catalogs:\n  a: {posthog-js: 1.400.0}\n  b: {posthog-js: 1.434.0}\n"),
        "1.335",
        "^1.434.0",
        None,
    ),
}


@pytest.mark.parametrize("case", THERE)
def test_an_entry_that_is_there_is_never_changed(case: str, tmp_path: Path) -> None:
    files, oldest, specifier, told = THERE[case]
    found = declared(tmp_path, files, oldest)
    assert (says(found), found.entries) == (specifier, ())
    assert [step.title for step in found.told] == ([told] if told else [])


def others(*ranges: str, lock: str = "") -> Files:
    more = {f"packages/p{i}/package.json": package(f"p{i}", {"posthog-js": r}) for i, r in enumerate(ranges)}
    locked = {"pnpm-lock.yaml": lock} if lock else {}
    return {"pnpm-workspace.yaml": PNPM, "apps/web/package.json": package("web", {"a": "1"}), **more, **locked}


LOCKED = (
    "importers:\n  packages/p0:\n    dependencies:\n      posthog-js:\n        specifier: ^1.9.0\n        version: {}\n"
)
OTHERS: dict[str, tuple[Files, str, str | None]] = {
    "same-range": (others("^1.400.0", "^1.400.0"), "^1.400.0", None),
    "pinned": (others("1.369.5"), "1.369.5", None),
    "locked-new-enough": (others("^1.9.0", lock=LOCKED.format("1.400.1")), "^1.9.0", None),
    "they-disagree": (others("^1.400.0", "^1.410.0"), "^1.434.0", None),
    "tag": (others("latest"), "^1.434.0", None),
    "workspace": (others("workspace:*"), "^1.434.0", None),
    "alias": (others("npm:posthog-js-lite@^3"), "^1.434.0", None),
    "git": (others("github:PostHog/posthog-js"), "^1.434.0", None),
    "link": (others("link:../posthog"), "^1.434.0", None),
    "too-old": (
        others("1.100.0"),
        "^1.434.0",
        "packages/p0/package.json has posthog-js 1.100.0, too old for what this app gets",
    ),
    "locked-too-old": (
        others("^1.9.0", lock=LOCKED.format("1.120.0")),
        "^1.434.0",
        "packages/p0/package.json has posthog-js ^1.9.0 (1.120.0), too old for what this app gets",
    ),
    "peer-dependencies-do-not-count": (
        {**others(), "packages/p/package.json": {"name": "p", "peerDependencies": {"posthog-js": "^1.400.0"}}},
        "^1.434.0",
        None,
    ),
    "no-member": (
        {**others(), "tools/x/package.json": package("x", {"posthog-js": "^1.400.0"})},
        "^1.434.0",
        None,
    ),
    "rush-prefers": (
        {
            "rush.json": '{ "projects": [{ "projectFolder": "apps/web" }] }',
            "common/config/rush/common-versions.json": '{ /* one */ "preferredVersions": { "posthog-js": "1.400.0" } }',
            "apps/web/package.json": package("web", {"a": "1"}),
        },
        "1.400.0",
        None,
    ),
}


@pytest.mark.parametrize("case", OTHERS)
def test_one_version_in_the_workspace(case: str, tmp_path: Path) -> None:
    files, specifier, told = OTHERS[case]
    found = declared(tmp_path, files)
    assert (says(found), found.entries) == (specifier, ())
    assert [step.title for step in found.told] == ([told] if told else [])


OVERRIDES: dict[str, tuple[Files, str, type | None]] = {
    "npm": ({"package.json": {"overrides": {"posthog-js": "1.400.0"}}}, "1.400.0", Note),
    "npm-nested": ({"package.json": {"overrides": {"posthog-js": {".": "1.400.0"}}}}, "1.400.0", Note),
    "yarn": ({"package.json": {"resolutions": {"**/posthog-js": "1.400.0"}}}, "1.400.0", Note),
    "pnpm": ({"package.json": {"pnpm": {"overrides": {"posthog-js": "^1.400.0"}}}}, "^1.400.0", Note),
    "pnpm-10": ({"pnpm-workspace.yaml": f"{PNPM}overrides:\n  posthog-js: 1.400.0\n"}, "1.400.0", Note),
    "too-old": ({"package.json": {"overrides": {"posthog-js": "1.100.0"}}}, "1.100.0", Manual),
    "below-another-package": ({"package.json": {"overrides": {"x": {"posthog-js": "1.1.0"}}}}, "^1.434.0", None),
    "as-the-root-has-it": ({"package.json": {"overrides": {"posthog-js": "$posthog-js"}}}, "^1.434.0", None),
    "a-fork": ({"package.json": {"resolutions": {"posthog-js": "patch:posthog-js@1#x"}}}, "^1.434.0", None),
    "of-something-else": ({"package.json": {"overrides": {"posthog-js-lite": "1.1.0"}}}, "^1.434.0", None),
}


@pytest.mark.parametrize("case", OVERRIDES)
def test_an_override_is_told_and_honoured(case: str, tmp_path: Path) -> None:
    files, specifier, told = OVERRIDES[case]
    found = declared(tmp_path, {"apps/web/package.json": package("web", {"a": "1"}), **files})
    assert says(found) == specifier
    assert [type(step) for step in found.told] == ([told] if told else [])


@pytest.mark.parametrize("case", ["npm", "yarn", "pnpm-10"])
def test_a_version_check_honours_an_override(case: str, tmp_path: Path) -> None:
    app = project(tmp_path, {**OVERRIDES[case][0], "apps/web/package.json": package("web", {"posthog-js": "^1.434.0"})})
    assert npm.version(app, "posthog-js") == "1.400.0"


C, N = "catalog:", "^1"
HABITS: dict[str, tuple[dict[str, str], list[dict[str, str]], tuple[str, ...] | None]] = {
    "nothing": ({}, [], None),
    "all": ({"a": C, "b": C, "c": C}, [], ("",)),
    "named": ({"a": "catalog:w", "b": "catalog:w", "c": C}, [], ("w", "")),
    "default-by-name": ({"a": "catalog:default"}, [], ("",)),
    "half": ({"a": C, "b": C, "c": N, "d": N}, [], None),
    "what-is-shared-only": ({"a": C, "b": C, "x": N, "y": N, "z": N}, [{"a": C, "b": C}], None),
    "own-ones-decide": ({"x": C, "y": C, "z": C}, [{"p": N, "q": N, "r": N, "s": N}], ("",)),
    "too-few-own-ones": ({"x": C}, [{"p": N, "q": N, "r": N}], None),
    "everything-is-shared": ({"a": C, "b": C}, [{"a": C, "b": C}], ("",)),
    "everything-is-shared-and-not-in-it": ({"a": N, "b": N}, [{"a": N, "b": C}], None),
}


@pytest.mark.parametrize("case", HABITS)
def test_habit(case: str) -> None:
    own, theirs, names = HABITS[case]
    assert habit(own, theirs) == names


def plan(root: Path, selection: Selection, catalog: str | None = None) -> Plan:
    case = Case("react-vite-catalog-pnpm")
    copy = case.copy(root)
    if catalog is not None:
        path = copy / "pnpm-workspace.yaml"
        path.write_text(path.read_text().replace("catalog:\n", catalog))
    return make_plan([case.app(list_tree(copy))], case.answers(), None, selection)


MANIFEST, CATALOG = "apps/web/package.json", "pnpm-workspace.yaml"


@pytest.mark.parametrize(
    ("skip", "reason"),
    [
        (CATALOG, {CATALOG: "skipped", MANIFEST: f"needs {CATALOG}, which is left out"}),
        (MANIFEST, {CATALOG: f"needs {MANIFEST}, which is left out", MANIFEST: "skipped"}),
    ],
)
def test_the_entry_and_the_reference_stand_or_fall_together(skip: str, reason: dict[str, str], tmp_path: Path) -> None:
    found = plan(tmp_path, Selection(skip=(f"{skip}#*posthog*",)))
    assert not {CATALOG, MANIFEST} & {change.path for change in found.files}
    assert {
        e.id.partition("#")[0]: e.reason for e in found.left_out if "package.json" in e.id or "pnpm" in e.id
    } == reason
    assert ("Install posthog-js", MANIFEST) in [(m.title, m.where) for m in found.manual]


def test_a_catalog_that_cannot_be_edited_leaves_both_to_the_user(tmp_path: Path) -> None:
    found = plan(tmp_path, Selection(), "catalog: &c\n")
    assert not {CATALOG, MANIFEST} & {change.path for change in found.files}
    [step] = [m for m in found.manual if m.title.startswith("Install posthog-js")]
    assert (step.where, step.title) == (f"{CATALOG}:3", "Install posthog-js (catalog has an anchor or a tag)")
    assert step.body.split("\n") == [
        "pnpm-workspace.yaml: posthog-js: ^1.434.0",
        'apps/web/package.json: "posthog-js": "catalog:"',
    ]


def test_a_manifest_that_cannot_be_edited_leaves_the_catalog_as_it_is(tmp_path: Path) -> None:
    case = Case("react-vite-catalog-pnpm")
    copy = case.copy(tmp_path)
    path = copy / MANIFEST
    path.write_text(path.read_text().replace('"dependencies": {', '"dependencies": {},\n  "dependencies": {', 1))
    found = make_plan([case.app(list_tree(copy))], case.answers())
    assert not {CATALOG, MANIFEST} & {change.path for change in found.files}
    assert "Install posthog-js (dependencies is there twice)" in [step.title for step in found.manual]


def test_the_second_app_of_a_run_finds_the_entry_of_the_first(tmp_path: Path) -> None:
    case = Case("react-vite-catalog-pnpm")
    copy = case.copy(tmp_path)
    shutil.copytree(copy / "apps/web", copy / "apps/shop")
    tree = list_tree(copy)
    web = case.app(tree)
    shop = replace(web, project=Project(tree, "apps/shop"))
    found = make_plan([web, shop], case.answers())
    [catalog] = [change for change in found.files if change.path == CATALOG]
    assert catalog.after.count(b"posthog-js") == catalog.after.count(b"@posthog/react") == 1
    assert [edit.id for edit in catalog.edits] == [
        f"{CATALOG}#adds-posthog-js-to-the-catalog",
        f"{CATALOG}#adds-posthog-react-to-the-catalog",
    ]
    manifests = [c.after for c in found.files if c.path.endswith("package.json")]
    assert [after.count(b'"posthog-js": "catalog:"') for after in manifests] == [1, 1]
    assert [c.path for c in found.apps[1].files if c.path == CATALOG] == []
