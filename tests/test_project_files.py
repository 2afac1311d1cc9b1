"""Which files of a tree are an app's: asked by glob, by name and by word, and listed before anybody asks."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fixture_case import run_git
from wizard import git, git_files
from wizard.globs import globs_regex
from wizard.project import Project, Tree
from wizard.workspace import candidates, list_tree, named

NAMES = ("py", "a.py", ".py", "manage.py", "a.ts", "b.d.ts", "Dockerfile", "Dockerfile.web", "package.json", "x.html")
FOLDERS = ("", "src/", "src/app/", "web/", "web/api/", "web/api/inner/", "web-old/", "web.d/", "web0/", "a/b/c/")
PATTERNS = (
    "*.py", "**/*.py", "manage.py", "*/manage.py", "src/**/*.ts", "**/*.{ts,py,html}", "{web,src}/**/*", "Dockerfile*",
    "*.d.ts", "**/*", "*", "web/*.{,*.}ts", "**/Dockerfile", "{a,manage}.*", "src/app/*", "**/*y", "api/**/*.json",
    "{,src/}{app/**/a,web/*}.{py,ts}",
)  # fmt: skip


@given(
    paths=st.sets(st.builds(str.__add__, st.sampled_from(FOLDERS), st.sampled_from(NAMES))),
    app=st.sampled_from((".", "web", "src", "nowhere")),
    nested=st.sets(st.sampled_from(("web/api", "web/api/inner", "src/app", "a/b"))),
)
def test_a_glob_finds_what_a_look_at_all_paths_would(paths: set[str], app: str, nested: set[str]) -> None:
    below = "" if app == "." else f"{app}/"
    project = Project(Tree(Path("/x"), Path("/x"), tuple(sorted(paths))), app, tuple(n for n in nested if n != app))
    others = tuple(f"{directory}/" for directory in project.nested if directory.startswith(below))
    own = [path.removeprefix(below) for path in paths if path.startswith(below) and not path.startswith(others)]
    for pattern in PATTERNS:
        assert project.files(pattern) == sorted(filter(globs_regex((pattern,)).fullmatch, own)), pattern
    assert project.files(*PATTERNS[:3]) == sorted(filter(globs_regex(PATTERNS[:3]).fullmatch, own))


def test_files_are_found_by_their_whole_name() -> None:
    tree = Tree(Path("/x"), Path("/x"), ("a/package.json", "a/my-package.json", "package.json", "package.json/x"))
    assert tree.named("package.json") == ("a/package.json", "package.json")
    assert named(tree) == {"package.json": ["a", "."]}
    assert tree.named("uv.lock") == ()


def test_a_tree_with_planned_files_lists_the_new_ones_in_order() -> None:
    tree = Tree(Path("/x"), Path("/x"), ("a.py", "c.py"))
    planned = tree.with_files({"c.py": b"1", "b.py": b"2"})
    assert planned.paths == ("a.py", "b.py", "c.py")
    assert planned.ending(".py") == ["a.py", "b.py", "c.py"]
    assert tree.with_files({"c.py": b"1"}).paths == tree.paths
    project = Project(tree)
    assert project.overlaid({}) is project
    assert project.overlaid({"b.py": b""}).files("*.py") == ["a.py", "b.py", "c.py"]
    assert project.files("*.py") == ["a.py", "c.py"]


def test_sources_that_hold_a_word(tmp_path: Path) -> None:
    texts = {
        "a.js": b"let express",
        "b.js": b"EXPRESS",
        "c.js": "\ufeffexpress".encode("utf-16-le"),
        "d.js": b"\0not text, express",
        "e.js": "\ufeffother".encode("utf-16-le"),
        "f.js": b"express" + b" " * 1_000_001,
    }
    for name, data in texts.items():
        (tmp_path / name).write_bytes(data)
    project = Project(list_tree(tmp_path))
    assert [path for path, _ in project.sources("*.js", holding="express")] == ["a.js", "c.js"]
    planned = project.overlaid({"b.js": b"express", "a.js": b""})
    assert [path for path, _ in planned.sources("*.js", holding="express")] == ["b.js", "c.js"]
    (tmp_path / "a.js").unlink()
    assert [path for path, _ in project.sources("*.js", holding="express")] == ["c.js"]


def test_each_project_leaves_out_the_ones_below_it() -> None:
    paths = ("a/b/package.json", "a/package.json", "a0/package.json", "go/go.mod", "package.json")
    projects = candidates(Tree(Path("/x"), Path("/x"), paths))
    assert {p.path: p.nested for p in projects} == {
        ".": ("a", "a/b", "a0", "go"),
        "a": ("a/b",),
        "a0": (),
        "a/b": (),
    }


def test_what_git_was_asked_ahead_is_what_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.py").write_text("")
    run_git(tmp_path, "init", "-q")
    started: list[tuple[str, ...]] = []

    def counted(root: Path, *arguments: str) -> subprocess.Popen[bytes] | None:
        started.append(arguments)
        return git.started(root, *arguments)

    monkeypatch.setattr(git_files, "started", counted)
    git_files.ask(tmp_path)
    assert len(started) == 2
    assert list_tree(tmp_path).paths == ("a.py",)
    assert len(started) == 2, "asked once"
    (tmp_path / "b.py").write_text("")
    assert list_tree(tmp_path).paths == ("a.py", "b.py"), "an answer of before is used once"


@pytest.mark.parametrize("where", ["missing", "a.py", "."])
def test_git_is_not_asked_where_there_is_no_repository(where: str, tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("")
    git_files.ask(tmp_path / where)
    assert tmp_path / where not in git_files._asked
