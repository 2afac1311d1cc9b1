"""Names and paths that a repository chooses reach nothing outside, are read within bounds and printed harmlessly."""

from __future__ import annotations

import json
import os
import re
import shutil
import time
from pathlib import Path

import pytest

from tests.fixture_case import TOKEN, Case, run_git, snapshot
from tests.house import plain_copy
from wizard.apply import apply
from wizard.errors import UsageError, WizardError
from wizard.globs import glob_matches, globs_regex
from wizard.packages import npm, pypi
from wizard.packages.pypi_calls import source_file
from wizard.packages.pypi_compiled import compiled_files
from wizard.packages.pypi_manifests import includes
from wizard.planning import make_plan
from wizard.project import BrokenFile, Project, Tree
from wizard.tree import LARGEST_FILE
from wizard.workspace import list_tree


def tree_of(root: Path, files: dict[str, str]) -> Project:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    return Project(list_tree(root))


def test_reading_is_bounded(tmp_path: Path) -> None:
    project = tree_of(tmp_path, {"package.json": "{}", "src/a.js": "a"})
    (tmp_path / "zero.js").symlink_to("/dev/zero")
    os.mkfifo(tmp_path / "pipe.js")
    (tmp_path / "loop.js").symlink_to("loop.js")
    with (tmp_path / "vast.js").open("wb") as file:
        file.truncate(LARGEST_FILE + 1)
    for name in ("zero.js", "pipe.js", "loop.js", "src", "a\0b", "x" * 5000, "missing.js"):
        assert project.read(name) is None, name
        assert not project.exists(name), name
        assert project.json(name) == {}
    with pytest.raises(BrokenFile, match="more than any file"):
        project.read("vast.js")
    assert [path for path, _ in Project(list_tree(tmp_path)).sources("**/*.js")] == ["src/a.js"]


@pytest.mark.parametrize(
    ("path", "outside"),
    [
        ("a", False),
        ("a/../b", False),
        ("new/folder/file", False),
        ("..", True),
        ("../a", True),
        ("a/../../b", True),
        (".", True),
        ("link/file", True),
        ("kept/file", False),
        ("a\0b", True),
    ],
)
def test_leads_outside(path: str, outside: bool, tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / "folder").mkdir(parents=True)
    (root / "link").symlink_to(tmp_path)
    (root / "kept").symlink_to("folder")
    assert Tree(root, root, ()).leads_outside(path) is outside


@pytest.mark.parametrize(
    ("glob", "path", "matches"),
    [
        ("packages/*", "packages/a", True),
        ("packages/*", "packages/a/b", False),
        ("packages/**", "packages/a/b", True),
        ("**/web", "apps/x/web", True),
        ("**", "apps/x/web", True),
        ("{apps,packages}/*", "apps/web", True),
        ("{apps/a,b}", "apps/a", True),
        ("{a,{b,c}}/x", "c/x", True),
        ("apps/w?b", "apps/web", True),
        ("}apps{", "apps", False),
        ("../..", "apps", False),
        ("/etc", "etc", False),
        ("packages/../../x", "x", False),
        ("~", "apps", False),
        ("packages\\*", "packages/a", False),
        ("a\0*", "a", False),
        ("*" * 400, "a" * 200 + "/b", False),
        ("x" * 10_000, "x" * 10_000, False),
        ("**/" * 150 + "x", "/".join("a" * 200), False),
        ("/".join(["**", "a"] * 80), "/".join("a" * 300) + "/b", False),
        ("*a" * 200, "a" * 199 + "b", False),
        ("{a,b}" * 60, "a" * 60, False),
    ],
    ids=lambda value: value[:24] if isinstance(value, str) else str(value),
)
def test_globs_of_a_repository(glob: str, path: str, matches: bool) -> None:
    start = time.perf_counter()
    assert glob_matches(glob, path) is matches
    assert time.perf_counter() - start < 1


def test_our_globs_take_any_directory_name() -> None:
    assert globs_regex(("a{b/**/*.html",)).fullmatch("a{b/c/index.html")
    assert globs_regex(("_app.{,*.}{ts,tsx}",)).fullmatch("_app.page.tsx")
    assert globs_regex(("**/" * 40 + "*.js",)).fullmatch("a/" * 200 + "b.ts") is None


def test_included_requirements_stay_in_the_repository(tmp_path: Path) -> None:
    (tmp_path / "outside.txt").write_text("flask\n")
    root = tmp_path / "repository"
    files = {"requirements.txt": "-r ../outside.txt\n-r base.txt\n-r /etc/passwd\nflask\n", "base.txt": "-r base.txt\n"}
    project = tree_of(root, files)
    assert includes(project, "requirements.txt") == ["base.txt"]
    assert source_file(project) == "base.txt"


def test_a_link_to_requirements_elsewhere_is_not_the_one_to_edit(tmp_path: Path) -> None:
    (tmp_path / "outside.txt").write_text("flask\n")
    root = tmp_path / "repository"
    project = tree_of(root, {"requirements.txt": "-r base.txt\nflask\n"})
    (root / "base.txt").symlink_to("../outside.txt")
    assert source_file(project) == "requirements.txt"


def test_requirements_that_include_each_other_end(tmp_path: Path) -> None:
    names = [f"requirements/r{i}.txt" for i in range(40)]
    every = "".join(f"-r r{i}.txt\n" for i in range(40))
    chain = {f"requirements/c{i}.txt": f"-r c{i + 1}.txt\n" for i in range(1200)}
    texts = {**dict.fromkeys(names, every), **chain, "requirements.txt": "-r requirements/r0.txt\n"}
    files = {path: text.encode() for path, text in texts.items()}
    project = Project(Tree(tmp_path, tmp_path, tuple(sorted(files)), files))
    start = time.perf_counter()
    assert set(includes(project, "requirements.txt")) == set(names)
    assert len(includes(project, "requirements/c0.txt")) == 1199
    assert time.perf_counter() - start < 5


@pytest.mark.parametrize(
    "header",
    [
        "pip-compile --output-file=../../.bashrc requirements.in",
        "pip-compile -o ../elsewhere.txt requirements.in",
        "uv pip compile requirements.in --output-file /etc/cron.d/x",
        "uv pip compile --python ./evil requirements.in -o requirements.txt",
        "uv pip compile -p=/tmp/evil requirements.in -o requirements.txt",
        "pip-compile --find-links=http://x requirements.in",
        "pip-compile --pip-args='--index-url http://x' requirements.in",
        "pip-compile requirements.in -o",
    ],
)
def test_a_compile_call_of_a_header_writes_that_file_only(header: str, tmp_path: Path) -> None:
    text = f"#\n# This file is autogenerated by pip-compile\n#\n#    {header}\n#\nflask==3.0\n"
    project = tree_of(tmp_path, {"requirements.txt": text, "requirements.in": "flask\n"})
    assert [file.argv for file in compiled_files(project)] == [None]


def test_a_compile_call_of_a_header_is_kept_when_it_is_plain(tmp_path: Path) -> None:
    header = "uv pip compile --python 3.12 requirements.in --output-file=./requirements.txt"
    text = f"# This file was autogenerated by uv via the following command:\n#    {header}\nflask==3.0\n"
    project = tree_of(tmp_path, {"requirements.txt": text, "requirements.in": "flask\n"})
    (found,) = compiled_files(project)
    assert found.argv is not None
    assert "--output-file=./requirements.txt" in found.argv


NASTY_VERSIONS = [
    "",
    " ",
    "7\n--index-url http://x",
    "7 --index-url http://x",
    "-e .",
    "git+ssh://x",
    "x\0y",
    "; a",
    "@x",
]


@pytest.mark.parametrize("version", NASTY_VERSIONS)
def test_a_version_is_a_version(version: str, tmp_path: Path) -> None:
    project = tree_of(tmp_path, {"package.json": '{"dependencies": {}}', "requirements.txt": "flask\n"})
    with pytest.raises(UsageError, match="is no version of posthog"):
        npm.declare(project, "posthog-js", version)
    with pytest.raises(UsageError, match="is no version of posthog"):
        pypi.declare(project, "posthog", version)


@pytest.mark.parametrize(("given", "written"), [("7.71.0", "==7.71.0"), (">=7.71", ">=7.71"), ("~=7.1", "~=7.1")])
def test_a_plain_version_is_pinned(given: str, written: str, tmp_path: Path) -> None:
    from wizard.packages import Declaration

    project = tree_of(tmp_path, {"requirements.txt": "flask\n"})
    found = pypi.declare(project, "posthog", given)
    assert isinstance(found, Declaration)
    assert found.codemod("flask\n") == f"flask\nposthog{written}\n"


NASTY_NAMES = [
    "a b.js",
    " lead.js",
    "trail .js ",
    "new\nline.js",
    "tab\tname.js",
    'quo"te.js',
    "apos'.js",
    "back\\slash.js",
    "\x1b[31mred.js",
    "\x1b]52;c;ZXZpbA==\x07.js",
    "--upload-pack=x.js",
    "-rf",
    ":(glob)**",
    "[id].js",
    "*.js",
    "$(touch canary).js",
    "`touch canary`.js",
    "; touch canary.js",
    "%PATH%.js",
    "a\rb.js",
    "\u202egnp.js",
    "bytes\udcff.js",
    "a/../b.js".replace("/", "\u2215"),
]


def test_any_file_name_survives_the_diff_the_apply_and_the_undo(tmp_path: Path) -> None:
    from wizard.diff import file_diff
    from wizard.journal import journals
    from wizard.plan import FileChange
    from wizard.undo import plan_undo, undo

    root = tmp_path / "app"
    root.mkdir()
    run_git(root, "init", "-q")
    for name in NASTY_NAMES:
        (root / name).write_text("one\ntwo\n")
    run_git(root, "add", "-A")
    run_git(root, "commit", "-qm", "start")
    assert set(NASTY_NAMES) <= set(list_tree(root).paths)
    before = snapshot(root)
    by_git = tmp_path / "by-git"
    shutil.copytree(root, by_git)
    changes = [FileChange(name, b"one\ntwo\n", b"one\n2\n") for name in NASTY_NAMES]
    changes += [FileChange(f"new/{name}", None, b"new\n") for name in NASTY_NAMES]
    diff = b"".join(file_diff(c.path, c.before, c.after) for c in changes)
    assert not any(0 < byte < 32 and byte not in b"\n\t" for byte in diff), "control characters are escaped"
    run_git(by_git, "apply", "-", stdin=diff)
    apply(root, changes, command="test")
    assert {k: v[1] for k, v in snapshot(root).items()} == {k: v[1] for k, v in snapshot(by_git).items()}
    (journal,) = journals(root)
    undo(journal, plan_undo(journal))
    assert snapshot(root) == before
    assert not (root / "canary").exists()


HOSTILE = {
    "dynamic is a number": ("flask-module", "pyproject.toml", '[project]\nname = "a"\ndynamic = 5\n'),
    "Pipfile.lock of numbers": ("flask-module", "Pipfile.lock", '{"default": 5, "develop": [1]}'),
    "requirements of the parent": ("flask-module", "requirements.txt", "-r ../theirs.txt\nflask\n"),
    "requirements of the root": ("flask-module", "requirements.txt", "-r /etc/passwd\n-r \0\nflask\n"),
    "compiled elsewhere": ("flask-module", "requirements.txt", "#    pip-compile -o ../theirs.txt x.in\nflask==3\n"),
    "workspaces above": ("react-vite-typescript", "package.json", '"workspaces": ["../..", "/", "a\\u0000", "}{"], '),
    "workspaces explode": ("react-vite-typescript", "package.json", '"workspaces": ["' + "**/*a" * 60 + '"], '),
    "a name of nothing": ("react-vite-typescript", "package.json", '"name": "../../x", "main": "/etc/passwd", '),
    "a script of the parent": ("react-vite-typescript", "index.html", "../theirs.tsx"),
    "a script of the root": ("react-vite-typescript", "index.html", "/../theirs.tsx"),
    "a page root above": ("react-vite-typescript", "vite.config.ts", "root: '..', "),
    "variables above": ("react-vite-typescript", "vite.config.ts", "envDir: '../..', "),
    "variables in the root": ("react-vite-typescript", "vite.config.ts", "envDir: '/etc', "),
    "variables of a NUL": ("react-vite-typescript", "vite.config.ts", "envDir: 'a\0b', "),
    "variables of an endless name": ("react-vite-typescript", "vite.config.ts", "envDir: '" + "x" * 6000 + "', "),
    "variables in the home": ("react-vite-typescript", "vite.config.ts", "envDir: '~', "),
    "a prefix that is no name": ("react-vite-typescript", "vite.config.ts", "envPrefix: '../..', "),
    "settings above": ("django-startproject", "manage.py", "../../theirs"),
    "settings of dots": ("django-startproject", "manage.py", "....theirs"),
    "settings without end": ("django-startproject", "manage.py", "a." * 3000 + "b"),
    "settings that are an option": ("django-startproject", "manage.py", "--settings"),
    "dependencies are a number": ("react-vite-typescript", "package.json", '"devDependencies": 5, '),
    "peers are a number": ("react-vite-typescript", "package.json", '"peerDependencies": 5, '),
    "an entry above": ("express-esm", "package.json", '"main": "../theirs.js", "scripts": {}, '),
    "a start above": ("express-esm", "package.json", '"scripts": {"start": "node ../theirs.js"}, '),
    "an env file above": ("express-esm", "package.json", '"scripts": {"start": "node --env-file=../theirs.env ."}, '),
}  # fmt: skip


def make_hostile(root: Path, path: str, trick: str) -> None:
    """Work `trick` into the file: whole files as they are, members of manifests and configs among the others."""
    file = root / path
    text = file.read_text(encoding="utf-8") if file.exists() else ""
    match path:
        case "package.json":
            mine = set(json.loads("{" + trick.rstrip(", ") + "}"))
            text = json.dumps({k: v for k, v in json.loads(text).items() if k not in mine}).replace("{", "{" + trick, 1)
        case "vite.config.ts":
            text = text.replace("defineConfig({", "defineConfig({ " + trick, 1)
        case "index.html":
            text = re.sub(r'src="[^"]*\.tsx"', f'src="{trick}"', text)
        case "manage.py":
            text = re.sub(r"""["'][\w.]+\.settings["']""", f'"{trick}"', text)
        case _:
            text = trick
    assert trick in text
    file.write_text(text, encoding="utf-8")


@pytest.mark.parametrize("trick", HOSTILE)
def test_a_path_trick_reaches_nothing_outside(trick: str, tmp_path: Path) -> None:
    name, path, text = HOSTILE[trick]
    root = plain_copy(name, tmp_path)
    for theirs in ("theirs.txt", "theirs.tsx", "theirs.js", "theirs.env", "theirs.py", "index.html", ".env", "x.in"):
        source = root / "src/main.tsx" if theirs.endswith("tsx") else root / "index.html"
        (tmp_path / theirs).write_bytes(source.read_bytes() if source.exists() else b"flask\n")
    make_hostile(root, path, text)
    outside = {p: found for p, found in snapshot(tmp_path).items() if not p.startswith("app")}
    before = snapshot(root)
    start, refused = time.perf_counter(), []
    try:
        for app in Case(name).apps(list_tree(root)):
            plan = make_plan([app], Case(name).answers())
            assert all(".." not in Path(command.cwd).parts for command in plan.installs)
            apply(root, plan.files, command="test")
    except WizardError as error:
        refused.append(error)
    if refused:
        assert refused[0].exit_code < 70, refused[0].message
        assert "outside" in refused[0].message or "too long" in refused[0].message
        assert snapshot(root) == before
    assert {p: found for p, found in snapshot(tmp_path).items() if not p.startswith("app")} == outside
    assert time.perf_counter() - start < 5


def test_names_are_printed_harmlessly(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    from wizard.cli import main

    root = tmp_path / "app"
    below = root / "\x1b]52;c;ZXZpbA==\x07\x1b[2J\x9b31m\u202e"
    shutil.copytree(Case("flask-module").folder / "project", below)
    main(["detect", str(root)])
    main([str(root), "--check"])
    main([str(root), "--ci", "--token", TOKEN, "--region", "us", "--no-verify", "--no-install"])
    shown = "".join(capfd.readouterr())
    assert "31m" in shown
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", shown)
