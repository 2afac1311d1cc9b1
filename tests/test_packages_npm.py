"""npm, pnpm, yarn and bun: declarations, versions, the choice of a manager, the manifest edit and the install call."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests import laws
from wizard.changes import Manual
from wizard.errors import UsageError
from wizard.packages import Command, Declaration, npm
from wizard.project import BrokenFile, Project, Tree

QUIET = ("--config.confirm-modules-purge=false", "--config.strict-dep-builds=false")


def project(root: Path, files: dict[str, object], app: str = ".") -> Project:
    """An app in a tree that has these files on disk; objects are written as JSON."""
    for path, content in files.items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return Project(Tree(root, root, tuple(sorted(files))), app)


def needs(**packages: str) -> dict[str, object]:
    return {"dependencies": {name.replace("_", "-"): wanted for name, wanted in packages.items()}}


def test_declared_prefers_what_is_installed_over_peers(tmp_path: Path) -> None:
    manifest = {
        "peerDependencies": {"react": ">=18", "only-peer": "*"},
        "devDependencies": {"vite": "7", "react": "19"},
        "dependencies": {"react": "^19.1.0", "odd": 3},
        "optionalDependencies": None,
    }
    app = project(tmp_path, {"package.json": manifest})
    assert npm.declared(app) == {"react": "^19.1.0", "vite": "7", "only-peer": "*"}
    assert npm.is_declared(app, "vite")
    assert not npm.is_declared(app, "only-peer")


def test_without_a_manifest_nothing_is_declared(tmp_path: Path) -> None:
    app = project(tmp_path, {"a.txt": ""})
    assert npm.declared(app) == {}
    assert npm.version(app, "next") is None
    assert npm.manager_name(app) == "npm"


def test_a_broken_manifest_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(BrokenFile, match=r"package\.json"):
        npm.declared(project(tmp_path, {"package.json": "{"}))


FLOORS = {
    "^15.3.0": "15.3.0",
    "~15.3": "15.3.0",
    "15": "15.0.0",
    "v15.1.2": "15.1.2",
    "15.x": "15.0.0",
    ">=14 <16": "14.0.0",
    "^18 || ^19": "18.0.0",
    "^19 || ^18": "18.0.0",
    "1.2.3 - 2": "1.2.3",
    "16.0.0-canary.3": "16.0.0-canary.3",
    "npm:@preact/compat@^17.1.0": "17.1.0",
    "workspace:^2.0.0": "2.0.0",
    "workspace:*": None,
    "workspace:^": None,
    "catalog:": None,
    "catalog:nope": None,
    "latest": None,
    "canary": None,
    "*": None,
    "": None,
    "<2": None,
    "git+https://github.com/vercel/next.js.git#v15.0.0": None,
    "github:vercel/next.js": None,
    "vercel/next.js": None,
    "file:../next": None,
    "link:../next": None,
    "https://x.test/next-15.0.0.tgz": None,
    "npm:next": None,
    "npm:@scope/next": None,
    "{{version}}": None,
}


@pytest.mark.parametrize("declared", FLOORS)
def test_version_from_the_range_alone(declared: str, tmp_path: Path) -> None:
    assert npm.version(project(tmp_path, {"package.json": needs(next=declared)}), "next") == FLOORS[declared]


CATALOG = "packages:\n  - apps/*\ncatalog:\n  next: ^15.3.0 # main\ncatalogs:\n  old:\n    'next': \"14.2.0\"\n"
APP = {"apps/web/package.json": {"name": "web", **needs(next="^15.0.0")}}
SUBSPACE: dict[str, object] = {
    "rush.json": '/* Rush */ {"projects": [{"projectFolder": "apps/web", "subspaceName": "shop"}, '
    '{"projectFolder": "apps/api"}]}',
    "common/config/rush/subspaces.json": '{"subspacesEnabled": true} // for now',
    "apps/web/package.json": {},
    "apps/api/package.json": {},
}
LOCKED: dict[str, dict[str, object]] = {
    "rush": {
        "rush.json": '{"projects": [{"projectFolder": "apps/web"}]}',
        "common/config/rush/pnpm-lock.yaml": "lockfileVersion: '9.0'\nimporters:\n  .: {}\n  ../../apps/web:\n"
        "    dependencies:\n      next:\n        specifier: ^15.0.0\n        version: 15.4.2(react@19.0.0)\n",
    },
    "rush-subspace": {
        **SUBSPACE,
        **APP,
        "common/config/rush/pnpm-lock.yaml": "importers:\n  ../../apps/web:\n    dependencies:\n      next: 12.0.0\n",
        "common/config/subspaces/shop/pnpm-lock.yaml": "importers:\n  ../../../apps/web:\n    dependencies:\n"
        "      next:\n        specifier: ^15.0.0\n        version: 15.4.2\n",
    },
    "node_modules": {"apps/web/node_modules/next/package.json": {"version": "15.4.2"}},
    "node_modules-hoisted": {"node_modules/next/package.json": {"version": "15.4.2"}},
    "npm-3": {"package-lock.json": {"packages": {"node_modules/next": {"version": "15.4.2"}}}},
    "npm-3-own-copy": {
        "package-lock.json": {
            "packages": {
                "node_modules/next": {"version": "12.0.0"},
                "apps/web/node_modules/next": {"version": "15.4.2"},
            }
        }
    },
    "npm-3-link": {
        "package-lock.json": {
            "packages": {
                "node_modules/next": {"link": True, "resolved": "packages/next"},
                "packages/next": {"version": "15.4.2"},
            }
        }
    },
    "npm-1": {"package-lock.json": {"dependencies": {"next": {"version": "15.4.2"}}}},
    "pnpm-9": {
        "pnpm-lock.yaml": "lockfileVersion: '9.0'\n\nimporters:\n\n  .: {}\n\n  apps/api:\n    dependencies:\n"
        "      next:\n"
        "        specifier: ^12\n        version: 12.0.0\n\n  apps/web:\n    dependencies:\n      next:\n"
        "        specifier: ^15.0.0\n        version: 15.4.2(react@19.0.0)\n\npackages:\n\n  next@1.0.0:\n"
    },
    "pnpm-5": {
        "pnpm-lock.yaml": "lockfileVersion: 5.4\nimporters:\n  apps/web:\n    specifiers:\n      next: ^15.0.0\n"
        "    dependencies:\n      next: 15.4.2_react@19.0.0\npackages:\n  /next/1.0.0:\n"
    },
    "yarn-1": {
        "yarn.lock": '# yarn lockfile v1\n\nnext@1:\n  version "1.0.0"\n\nnext@^15.0.0, next@^15:\n  version "15.4.2"\n'
    },
    "yarn-berry": {
        "yarn.lock": '__metadata:\n  version: 8\n\n"next@npm:^15.0.0, next@npm:^15.4":\n  version: 15.4.2\n'
        '\n"next@npm:1":\n  version: 1.0.0\n'
    },
    "npm-2": {
        "package-lock.json": {
            "lockfileVersion": 2,
            "packages": {"apps/web": {}, "node_modules/next": {"version": "15.4.2"}},
            "dependencies": {"next": {"version": "1.0.0"}},
        }
    },
    "npm-3-alias": {"package-lock.json": {"packages": {"node_modules/next": {"name": "@x/next", "version": "15.4.2"}}}},
    "pnpm-6": {
        "pnpm-lock.yaml": "lockfileVersion: '6.0'\n\nimporters:\n\n  apps/web:\n    dependencies:\n      next:\n"
        "        specifier: ^15.0.0\n        version: 15.4.2(react@19.0.0)\n\npackages:\n\n  /next@1.0.0:\n"
    },
    "pnpm-9-alias": {
        "pnpm-lock.yaml": "lockfileVersion: '9.0'\nimporters:\n  apps/web:\n    dependencies:\n      next:\n"
        "        specifier: npm:@x/next@^15.0.0\n        version: '@x/next@15.4.2(react@19.0.0)'\n"
    },
    "pnpm-5-alias": {
        "pnpm-lock.yaml": "lockfileVersion: 5.4\nimporters:\n  apps/web:\n    dependencies:\n"
        "      next: /@x/next/15.4.2_react@19.0.0\n"
    },
    "left-behind-by-another-manager": {
        "package.json": {"packageManager": "pnpm@9.0.0", "workspaces": ["apps/*"]},
        "package-lock.json": {"packages": {"node_modules/next": {"version": "15.0.1"}}},
        "pnpm-lock.yaml": "importers:\n  apps/web:\n    dependencies:\n      next:\n        version: 15.4.2\n",
    },
    "lockfile-over-an-old-installation": {
        "package-lock.json": {"packages": {"node_modules/next": {"version": "15.4.2"}}},
        "node_modules/next/package.json": {"version": "15.0.1"},
    },
    "installation-over-a-lockfile-that-the-range-excludes": {
        "package-lock.json": {"packages": {"node_modules/next": {"version": "14.2.0"}}},
        "node_modules/next/package.json": {"version": "15.4.2"},
    },
    "bun": {"bun.lock": '{\n  "packages": {\n    "next": ["next@15.4.2", "", {}, "sha512-x"],\n  }\n}\n'},
    "bun-own-copy": {
        "bun.lock": '{\n  "packages": {\n    "next": ["next@1.0.0"],\n    "web/next": ["next@15.4.2", ""],\n  }\n}\n'
    },
}


@pytest.mark.parametrize("kind", LOCKED)
def test_version_that_is_locked_or_installed(kind: str, tmp_path: Path) -> None:
    assert npm.version(project(tmp_path, {**APP, **LOCKED[kind]}, "apps/web"), "next") == "15.4.2"


@pytest.mark.parametrize(
    "files",
    [
        {"package-lock.json": "{"},
        {"package-lock.json": {"packages": {"node_modules/next": {}}}},
        {"pnpm-lock.yaml": "importers:\n  apps/web:\n    dependencies:\n      next:\n        version: link:../next\n"},
        {"yarn.lock": ""},
        {"yarn.lock": '"next@workspace:packages/next":\n  version: 0.0.0-use.local\n'},
        {"bun.lockb": "\x00\x01"},
        {"node_modules/next/package.json": "{"},
        {"node_modules/next/package.json": {"version": 3}},
        {
            "package-lock.json": {"packages": {"node_modules/next": {"version": "14.2.0"}}},
            "node_modules/next/package.json": {"version": "14.2.0"},
        },
        {
            "pnpm-lock.yaml": "importers:\n  apps/web:\n    dependencies:\n      next:\n        version: https://x.test/n-1.2.3.tgz\n"
        },
    ],
    ids=[
        "broken",
        "no-version",
        "link",
        "empty",
        "berry-workspace",
        "bun-binary",
        "broken-package",
        "odd-package",
        "from-before-the-range-was-raised",
        "url",
    ],
)
def test_version_falls_back_to_the_range(files: dict[str, object], tmp_path: Path) -> None:
    assert npm.version(project(tmp_path, {**APP, **files}, "apps/web"), "next") == "15.0.0"


@pytest.mark.parametrize(
    ("declared", "files", "expected"),
    [
        ("catalog:", {"pnpm-workspace.yaml": CATALOG}, "15.3.0"),
        ("catalog:default", {"pnpm-workspace.yaml": CATALOG}, "15.3.0"),
        ("catalog:old", {"pnpm-workspace.yaml": CATALOG}, "14.2.0"),
        ("catalog:new", {"pnpm-workspace.yaml": CATALOG}, None),
        ("catalog:", {".yarnrc.yml": "catalog:\n  next: ^15.3.0\n"}, "15.3.0"),
        ("catalog:", {"package.json": {"workspaces": {"catalog": {"next": "^15.3.0"}}}}, "15.3.0"),
        ("catalog:old", {"package.json": {"catalogs": {"old": {"next": "14.2.0"}}}}, "14.2.0"),
    ],
)
def test_version_from_a_catalog(declared: str, files: dict[str, object], expected: str | None, tmp_path: Path) -> None:
    app = project(tmp_path, {**files, "apps/web/package.json": needs(next=declared)}, "apps/web")
    assert npm.version(app, "next") == expected


ODD = {
    "workspace:*": "15.4.2",
    "workspace:^15.0.0": "15.4.2",
    "link:../next": "15.4.2",
    "file:../next": "15.4.2",
    "portal:../next": "15.4.2",
    "git+https://x.test/next.git#v1": "15.4.2",
    "github:x/next": "15.4.2",
    "https://x.test/next.tgz": "15.4.2",
    "npm:@x/next@^15.0.0": "15.4.2",
    "latest": "15.4.2",
    "catalog:": "15.4.2",
    "catalog:nope": "15.4.2",
    "^14.0.0": "14.0.0",
}
INSTALLED: dict[str, dict[str, object]] = {
    "npm": {"package-lock.json": {"packages": {"node_modules/next": {"version": "15.4.2"}}}},
    "pnpm": {
        "pnpm-lock.yaml": "importers:\n  apps/api:\n    dependencies:\n      next:\n        version: 12.0.0\n"
        "  apps/web:\n    dependencies:\n      next:\n        version: 15.4.2\n"
    },
    "bun": {"bun.lock": '{\n  "packages": {\n    "next": ["next@15.4.2", ""],\n  }\n}\n'},
    "node_modules": {"node_modules/next/package.json": {"version": "15.4.2"}},
}


@pytest.mark.parametrize("kind", INSTALLED)
@pytest.mark.parametrize("declared", ODD)
def test_odd_specifiers_are_resolved(declared: str, kind: str, tmp_path: Path) -> None:
    manifest = {"name": "web", **needs(next=declared)}
    assert (
        npm.version(project(tmp_path, {"apps/web/package.json": manifest, **INSTALLED[kind]}, "apps/web"), "next")
        == (ODD[declared])
    )


BERRY = (
    '__metadata:\n  version: 8\n\n"next@npm:^12.0.0":\n  version: 12.3.4\n\n"next@npm:^15.0.0":\n  version: 15.4.2\n'
)
TWO_VERSIONS: dict[str, dict[str, object]] = {
    "npm": {
        "package-lock.json": {
            "packages": {
                "node_modules/next": {"version": "15.4.2"},
                "apps/old/node_modules/next": {"version": "12.3.4"},
            }
        }
    },
    "pnpm": {
        "pnpm-lock.yaml": "importers:\n  apps/old:\n    dependencies:\n      next:\n        version: 12.3.4\n"
        "  apps/web:\n    dependencies:\n      next:\n        version: 15.4.2\n"
    },
    "yarn": {"yarn.lock": 'next@^12.0.0:\n  version "12.3.4"\n\nnext@^15.0.0:\n  version "15.4.2"\n'},
    "yarn-berry": {"yarn.lock": BERRY},
    "yarn-berry-catalogs": {
        "yarn.lock": BERRY,
        ".yarnrc.yml": "catalogs:\n  old: {next: ^12.0.0}\n  web: {next: ^15.0.0}\n",
        "apps/old/package.json": {"name": "old", **needs(next="catalog:old")},
        "apps/web/package.json": {"name": "web", **needs(next="catalog:web")},
    },
    "bun": {
        "bun.lock": '{\n  "packages": {\n    "next": ["next@15.4.2"],\n    "old/next": ["next@12.3.4", ""],\n  }\n}\n'
    },
}


@pytest.mark.parametrize("kind", TWO_VERSIONS)
def test_apps_of_one_lockfile_have_versions_of_their_own(kind: str, tmp_path: Path) -> None:
    manifests: dict[str, object] = {
        "apps/old/package.json": {"name": "old", **needs(next="^12.0.0")},
        "apps/web/package.json": {"name": "web", **needs(next="^15.0.0")},
    }
    files = {**manifests, **TWO_VERSIONS[kind]}
    found = {app: npm.version(project(tmp_path, files, f"apps/{app}"), "next") for app in ("old", "web")}
    assert found == {"old": "12.3.4", "web": "15.4.2"}


@pytest.mark.parametrize(
    ("declared", "minimum", "expected"),
    [
        ("^15.3.0", "15.3", True),
        ("^15.2.9", "15.3", False),
        ("15.10.0", "15.9", True),
        ("15.3.0-canary.1", "15.3", True),
        ("16", "15.3.1", True),
    ],
)
def test_at_least(declared: str, minimum: str, expected: bool, tmp_path: Path) -> None:
    assert npm.at_least(project(tmp_path, {"package.json": needs(next=declared)}), "next", minimum) is expected


def test_at_least_of_the_unknown_is_as_stated(tmp_path: Path) -> None:
    app = project(tmp_path, {"package.json": needs(next="latest")})
    assert npm.at_least(app, "next", "99")
    assert not npm.at_least(app, "next", "1", unknown=False)


WORKSPACE = {"apps/web/package.json": {"name": "web"}, "pnpm-workspace.yaml": "packages:\n  - 'apps/*'\n"}
BERRY_LOCK = "__metadata:\n  version: 8\n"
MANAGERS: dict[str, tuple[dict[str, object], str]] = {
    "nothing": ({"apps/web/package.json": {}}, "npm"),
    "field": ({"apps/web/package.json": {"packageManager": "pnpm@10.1.0+sha512.x"}, "apps/web/yarn.lock": ""}, "pnpm"),
    "field-at-the-root": ({**WORKSPACE, "package.json": {"packageManager": "bun@1.2"}}, "bun"),
    "field-yarn-1": ({"apps/web/package.json": {"packageManager": "yarn@1.22.22"}}, "yarn"),
    "field-yarn-4": ({"apps/web/package.json": {"packageManager": "yarn@4.1.0"}}, "yarn-berry"),
    "unknown-field": ({"apps/web/package.json": {"packageManager": "vlt@1"}, "pnpm-lock.yaml": ""}, "pnpm"),
    "dev-engines": ({"apps/web/package.json": {"devEngines": {"packageManager": {"name": "pnpm"}}}}, "pnpm"),
    "dev-engines-list": ({"apps/web/package.json": {"devEngines": {"packageManager": [{"name": "bun"}]}}}, "bun"),
    "field-over-dev-engines": (
        {"apps/web/package.json": {"packageManager": "npm@11", "devEngines": {"packageManager": {"name": "bun"}}}},
        "npm",
    ),
    "lockfile-at-the-root": ({"apps/web/package.json": {}, "pnpm-lock.yaml": ""}, "pnpm"),
    "nearest-lockfile": ({"apps/web/package.json": {}, "apps/web/bun.lock": "", "pnpm-lock.yaml": ""}, "bun"),
    "shrinkwrap-beside-package-lock": (
        {"apps/web/package.json": {}, "package-lock.json": {}, "npm-shrinkwrap.json": {}},
        "npm",
    ),
    "yarn-classic": ({"apps/web/package.json": {}, "yarn.lock": "# yarn lockfile v1\n"}, "yarn"),
    "yarn-berry": ({"apps/web/package.json": {}, "yarn.lock": BERRY_LOCK}, "yarn-berry"),
    "yarn-berry-settings": ({"apps/web/package.json": {}, "yarn.lock": "", ".yarnrc.yml": ""}, "yarn-berry"),
    "member-with-stale-lockfile": (
        {**WORKSPACE, "apps/web/package-lock.json": {}, "package.json": {"packageManager": "pnpm@10"}},
        "pnpm",
    ),
    "stray-lockfile-in-a-member": (
        {
            "apps/web/package.json": {},
            "apps/web/package-lock.json": {},
            "yarn.lock": "# yarn lockfile v1\n",
            "package.json": {"workspaces": ["apps/*"]},
        },
        "yarn",
    ),
    "member-that-names-its-own-manager": (
        {
            "apps/web/package.json": {"packageManager": "npm@11"},
            "apps/web/package-lock.json": {},
            "yarn.lock": "# yarn lockfile v1\n",
            "package.json": {"workspaces": ["apps/*"]},
        },
        "npm",
    ),
    "member-of-a-workspace-without-a-lockfile": (
        {"apps/web/package.json": {}, "apps/web/bun.lock": "", "package.json": {"workspaces": ["apps/*"]}},
        "bun",
    ),
    "outsider-with-its-own-lockfile": (
        {
            "apps/web/package.json": {},
            "apps/web/package-lock.json": {},
            "package.json": {"packageManager": "pnpm@10", "workspaces": ["packages/*"]},
        },
        "npm",
    ),
    "excluded-member": (
        {
            "apps/web/package.json": {},
            "apps/web/package-lock.json": {},
            "package.json": {"packageManager": "pnpm@10", "workspaces": {"packages": ["apps/*", "!apps/web"]}},
        },
        "npm",
    ),
    "workspace-protocol-is-never-npm": ({"apps/web/package.json": needs(ui="workspace:*")}, "pnpm"),
    "workspace-protocol-with-berry": (
        {"apps/web/package.json": needs(ui="workspace:*"), ".yarnrc.yml": ""},
        "yarn-berry",
    ),
    "workspace-protocol-beats-package-lock": (
        {**WORKSPACE, "apps/web/package.json": needs(ui="workspace:*"), "package-lock.json": {}},
        "pnpm",
    ),
    "only-allow": (
        {"apps/web/package.json": {}, "package.json": {"scripts": {"preinstall": "npx only-allow pnpm"}}},
        "pnpm",
    ),
    "only-allow-and-the-lockfile": (
        {
            "apps/web/package.json": {},
            "package.json": {"scripts": {"preinstall": "npx -y only-allow npm"}},
            "package-lock.json": {},
        },
        "npm",
    ),
    "another-preinstall": (
        {"apps/web/package.json": {}, "package.json": {"scripts": {"preinstall": "node pnpm.js"}}, "bun.lock": ""},
        "bun",
    ),
    "lerna-names-its-client": ({"apps/web/package.json": {}, "lerna.json": {"npmClient": "yarn"}}, "yarn"),
    "lerna-beside-a-lockfile": (
        {"apps/web/package.json": {}, "lerna.json": {"npmClient": "yarn"}, "package-lock.json": {}},
        "npm",
    ),
    "lerna-of-itself": ({"apps/web/package.json": {}, "lerna.json": {"version": "1.0.0"}}, "npm"),
    "deno": ({"apps/web/package.json": {}, "deno.lock": {}}, "deno"),
    "deno-beside-another-lockfile": ({"apps/web/package.json": {}, "deno.lock": {}, "yarn.lock": ""}, "yarn"),
    "rush": (
        {
            "apps/web/package.json": needs(ui="workspace:*"),
            "rush.json": '/* Rush */ {"projects": [{"projectFolder": "apps/web"}]}',
        },
        "rush",
    ),
    "rush-that-does-not-list-it": (
        {"apps/web/package.json": {}, "apps/web/yarn.lock": "", "rush.json": '{"projects": []}'},
        "yarn",
    ),
    "broken-root-manifest": ({"apps/web/package.json": {}, "package.json": "{", "yarn.lock": ""}, "yarn"),
}


@pytest.mark.parametrize("case", MANAGERS)
def test_manager(case: str, tmp_path: Path) -> None:
    files, expected = MANAGERS[case]
    assert npm.manager_name(project(tmp_path, files, "apps/web")) == expected


SHARED = "packages:\n  - apps/*\n"
LOCKS: dict[str, tuple[dict[str, object], str]] = {
    "of_the_workspace": ({"pnpm-workspace.yaml": SHARED}, "../../pnpm-lock.yaml"),
    "of_each_member": ({"pnpm-workspace.yaml": SHARED + "sharedWorkspaceLockfile: false\n"}, "pnpm-lock.yaml"),
    "of_each_member_in_npmrc": (
        {"pnpm-workspace.yaml": SHARED, ".npmrc": "shared-workspace-lockfile=false\n"},
        "pnpm-lock.yaml",
    ),
    "of_an_app_that_is_no_member": ({}, "pnpm-lock.yaml"),
}


@pytest.mark.parametrize(("files", "lock"), LOCKS.values(), ids=LOCKS)
def test_the_lockfile(files: dict[str, object], lock: str, tmp_path: Path) -> None:
    both: dict[str, object] = {"apps/web/package.json": {}, "apps/web/pnpm-lock.yaml": "", "pnpm-lock.yaml": ""}
    assert npm.brought_along(project(tmp_path, {**both, **files}, "apps/web"))[0] == lock


def test_two_lockfiles_are_a_question_that_names_both_and_the_flag(tmp_path: Path) -> None:
    app = project(tmp_path, {"package.json": {}, "package-lock.json": {}, "yarn.lock": ""})
    with pytest.raises(UsageError) as caught:
        npm.manager_name(app)
    assert "package-lock.json and yarn.lock" in caught.value.message
    assert "--package-manager npm|yarn" in caught.value.hint
    assert npm.manager_name(app, "yarn") == "yarn"
    command = npm.install_command(app, ("posthog-js",), "npm")
    assert isinstance(command, Command)
    assert command.argv[0] == "npm"


def test_two_lockfiles_with_a_field_are_no_question(tmp_path: Path) -> None:
    root = {"packageManager": "yarn@4.0.0"}
    assert npm.manager_name(project(tmp_path, {"package.json": root, "package-lock.json": {}, "yarn.lock": ""})) == (
        "yarn-berry"
    )


def test_an_unknown_override_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cargo"):
        npm.manager_name(project(tmp_path, {"package.json": {}}), "cargo")


COMMANDS: dict[str, tuple[dict[str, object], str, tuple[str, ...]]] = {
    "npm": ({"package.json": {}}, ".", ("npm", "install", "--no-audit", "--no-fund")),
    "pnpm": ({"package.json": {}, "pnpm-lock.yaml": ""}, ".", ("pnpm", "install", "--no-frozen-lockfile", *QUIET)),
    "pnpm-root-of-a-workspace": (
        {**WORKSPACE, "package.json": {}, "pnpm-lock.yaml": ""},
        ".",
        ("pnpm", "install", "--no-frozen-lockfile", *QUIET),
    ),
    "pnpm-member": (
        {**WORKSPACE, "pnpm-lock.yaml": ""},
        "apps/web",
        ("pnpm", "--filter", "{.}", "install", "--no-frozen-lockfile", *QUIET),
    ),
    "pnpm-outsider": (
        {
            "pnpm-workspace.yaml": "packages:\n  - packages/*\n",
            "apps/web/package.json": {},
            "apps/web/pnpm-lock.yaml": "",
        },
        "apps/web",
        ("pnpm", "--ignore-workspace", "install", "--no-frozen-lockfile", *QUIET),
    ),
    "yarn": ({"package.json": {}, "yarn.lock": ""}, ".", ("yarn", "install", "--non-interactive")),
    "yarn-berry": ({"package.json": {}, "yarn.lock": BERRY_LOCK}, ".", ("yarn", "install", "--no-immutable")),
    "bun": ({"package.json": {}, "bun.lock": ""}, ".", ("bun", "install")),
}


RUSH: dict[str, object] = {"rush.json": '{"projects": [{"projectFolder": "apps/web"}]}'}


@pytest.mark.parametrize("case", COMMANDS)
def test_install_command(case: str, tmp_path: Path) -> None:
    files, app, argv = COMMANDS[case]
    command = npm.install_command(project(tmp_path, files, app), ("posthog-js",))
    assert isinstance(command, Command)
    assert (command.argv, command.cwd, command.then, command.packages) == (argv, ".", (), ("posthog-js",))
    assert not {"--force", "--legacy-peer-deps"} & set(command.argv)


@pytest.mark.parametrize(
    ("files", "app", "expected"),
    [
        ({"package.json": {}}, ".", "package-lock.json"),
        ({"apps/web/package.json": {}, "pnpm-lock.yaml": ""}, "apps/web", "../../pnpm-lock.yaml"),
        ({"apps/web/package.json": {}, "bun.lockb": "x"}, "apps/web", "../../bun.lockb"),
        ({**WORKSPACE, "package.json": {"packageManager": "pnpm@10"}}, "apps/web", "../../pnpm-lock.yaml"),
        ({"package.json": {"packageManager": "yarn@4.0.0"}}, ".", "yarn.lock"),
        ({"apps/web/package.json": {}, "deno.lock": {}}, "apps/web", "../../deno.lock"),
        ({**RUSH, "apps/web/package.json": {}}, "apps/web", "../../common/config/rush/pnpm-lock.yaml"),
        (
            {**RUSH, "apps/web/package.json": {}, "common/config/rush/npm-shrinkwrap.json": {}},
            "apps/web",
            "../../common/config/rush/npm-shrinkwrap.json",
        ),
        (SUBSPACE, "apps/web", "../../common/config/subspaces/shop/pnpm-lock.yaml"),
        (SUBSPACE, "apps/api", "../../common/config/subspaces/default/pnpm-lock.yaml"),
    ],
)
def test_lockfile(files: dict[str, object], app: str, expected: str, tmp_path: Path) -> None:
    assert npm.brought_along(project(tmp_path, files, app))[0] == expected


@pytest.mark.parametrize(
    ("root", "by_hand"),
    [
        ({"lerna.json": {"packages": ["apps/*"]}}, True),
        ({"lerna.json": {"packages": ["apps/*"]}, "package.json": {"workspaces": ["apps/*"]}}, False),
        ({"lerna.json": {"packages": ["libs/*"]}}, False),
        ({"package.json": {"workspaces": ["libs/*"]}}, False),
    ],
    ids=["lerna", "lerna-on-a-workspace", "not-of-lerna", "none"],
)
def test_what_lerna_links_is_installed_with_lerna(root: dict[str, object], by_hand: bool, tmp_path: Path) -> None:
    files: dict[str, object] = {**root, "apps/web/package.json": {"name": "web", **needs(react="19")}}
    made = npm.install_command(project(tmp_path, files, "apps/web"), ("posthog-js",))
    assert isinstance(made, Manual) is by_hand
    assert not isinstance(made, Manual) or made.body == "npx lerna bootstrap --scope web"


def test_what_is_written_beside_the_lockfile(tmp_path: Path) -> None:
    berry = project(tmp_path, {"apps/web/package.json": {}, "yarn.lock": BERRY_LOCK}, "apps/web")
    assert npm.brought_along(berry) == ("../../yarn.lock", "../../.pnp.cjs", "../../.pnp.loader.mjs")
    other = project(tmp_path / "npm", {"package.json": {}, "package-lock.json": {}})
    assert npm.brought_along(other) == ("package-lock.json",)


def test_pending_means_others_are_installed_but_not_ours(tmp_path: Path) -> None:
    files: dict[str, object] = {"apps/web/package.json": {}}
    app = project(tmp_path, files, "apps/web")
    assert not npm.installable(app)
    assert not npm.is_pending(app, ("posthog-js",))
    project(tmp_path, {"node_modules/react/package.json": {}})
    assert npm.installable(app)
    assert npm.is_pending(app, ("posthog-js",))
    project(tmp_path, {"node_modules/posthog-js/package.json": {}})
    assert npm.installed(app, "posthog-js")
    assert not npm.is_pending(app, ("posthog-js",))
    assert npm.is_pending(app, ("posthog-js", "@posthog/react"))


def test_installed_with_plug_n_play(tmp_path: Path) -> None:
    app = project(tmp_path, {"package.json": {}, ".pnp.cjs": '["posthog-js", [["npm:1.2.0", {}]]]'})
    assert npm.installable(app)
    assert npm.installed(app, "posthog-js")
    assert not npm.installed(app, "posthog-node")


def edit(tmp_path: Path) -> Declaration:
    declaration = npm.declare(project(tmp_path, {"package.json": {}}), "posthog-js", "^1.2.0")
    assert isinstance(declaration, Declaration)
    return declaration


def test_declare_adds_to_dependencies(tmp_path: Path) -> None:
    declaration = edit(tmp_path)
    assert declaration.path == "package.json"
    laws.check(
        declaration.codemod,
        '{\n  "dependencies": {\n    "react": "19"\n  },\n  "peerDependencies": {\n    "posthog-js": "*"\n  }\n}\n',
        '{\n  "dependencies": {\n    "posthog-js": "^1.2.0",\n    "react": "19"\n  },\n  "peerDependencies": {\n'
        '    "posthog-js": "*"\n  }\n}\n',
    )


@pytest.mark.parametrize("section", ["dependencies", "devDependencies", "optionalDependencies"])
def test_declare_keeps_what_is_declared(section: str, tmp_path: Path) -> None:
    laws.check_keeps(edit(tmp_path).codemod, json.dumps({section: {"posthog-js": "0.0.1"}}))


def test_declare_refuses_what_is_not_json(tmp_path: Path) -> None:
    laws.check_refuses(edit(tmp_path).codemod, "{\n  dependencies: {}\n}\n", "not JSON", 2)


def test_detection_imports_no_parser() -> None:
    code = "import sys, wizard.detect; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"nodesemver", "packaging", "tomlkit", "httpx", "subprocess", "wizard.codemods.json"} & set(loaded)
