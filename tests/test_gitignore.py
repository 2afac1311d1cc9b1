"""Our reading of `.gitignore` is git's own, for lines of every kind."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.fixture_case import run_git
from wizard import workspace
from wizard.gitignore import Rules
from wizard.walk import walked
from wizard.workspace import list_tree

PATHS = (
    "a.log", "b.txt", "build.txt", "src/a.log", "src/b.txt", "src/deep/a.log", "src/deep/x/b.txt", "src/[x].js",
    "src/ with space ", "logs/a.log", "logs/keep.txt", "logs/deep/keep.txt", "doc/a.b.c", "doc/#x", "doc/!x", "A.LOG",
    "src/a1.c", "src/a2.c", "src/ab.c", "x/y/z/w.txt", "x/w.txt", "x/y/w.txt", "x/\\e", "foo", "src/foo/foo", "-",
)  # fmt: skip

LINES: dict[str, list[str]] = {
    "nothing": ["", "# comment", "   "],
    "a_name": ["a.log"],
    "a_glob": ["*.log"],
    "anchored": ["/a.log"],
    "anchored_by_a_slash_in_the_middle": ["src/*.log"],
    "a_folder": ["logs/"],
    "a_file_that_is_not_a_folder": ["b.txt/"],
    "taken_back": ["*.log", "!src/a.log"],
    "not_taken_back_inside_a_folder": ["logs/", "!logs/keep.txt"],
    "taken_back_inside_the_contents": ["logs/*", "!logs/keep.txt"],
    "stars": ["**/w.txt"],
    "stars_at_the_end": ["x/**"],
    "stars_in_the_middle": ["x/**/w.txt"],
    "stars_in_a_name": ["src/**.log", "d**"],
    "many_stars": ["**/**/w.txt", "x/**/**"],
    "question_mark": ["src/a?.c"],
    "sets": ["src/a[0-9].c"],
    "negated_set": ["src/a[!0-9].c"],
    "caret_set": ["src/a[^1].c"],
    "posix_class": ["src/a[[:digit:]].c"],
    "set_without_an_end": ["src/[x].js["],
    "escaped_set": ["src/\\[x\\].js"],
    "escaped_hash_and_mark": ["\\#x", "\\!x"],
    "trailing_blanks": ["a.log  ", "src/\\ with space\\ "],
    "backslash_at_the_end": ["foo\\"],
    "backslash": ["x/\\\\e"],
    "carriage_return": ["*.log\r"],
    "case": ["*.log"],
    "only_slashes": ["/", "//", "!"],
    "everything": ["*", "!*/", "!*.txt"],
    "dots": ["doc/a.*"],
    "a_set_with_a_bracket_first": ["src/[]x].js", "src/[[]x].js"],
    "a_reversed_range": ["src/a[9-0].c"],
    "a_set_cannot_match_a_slash": ["src[/]foo"],
    "leading_blank": [" b.txt"],
    "an_end_with_a_star": ["*.lo*", "*og", "**.log"],
    "whole_names_and_paths": ["foo", "!src/foo", "/-"],
    "a_return_inside_of_a_line": ["a.log\rb.txt"],
}


def by_git(root: Path) -> list[str]:
    done = subprocess.run(["git", "-C", root, "ls-files", "-co", "--exclude-standard", "-z"], capture_output=True)
    return sorted(path for path in done.stdout.decode().split("\0") if path)


def made(root: Path) -> Path:
    for path in PATHS:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text("")
    run_git(root, "init", "-q")
    run_git(root, "config", "core.excludesFile", "/dev/null")
    return root


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory.mktemp("tree"))


def agree(root: Path, top: list[str], nested: list[str]) -> None:
    (root / ".gitignore").write_text("\n".join(top), newline="")
    (root / "src/.gitignore").write_text("\n".join(nested), newline="")
    assert sorted(walked(root, workspace.holds_no_source)) == by_git(root)


@pytest.mark.parametrize("lines", LINES.values(), ids=LINES)
def test_a_line_means_what_git_takes_it_for(lines: list[str], root: Path) -> None:
    agree(root, lines, [])


NESTED: dict[str, tuple[list[str], list[str]]] = {
    "the_nearer_one_wins": (["*.log"], ["!a.log"]),
    "anchored_where_it_stands": ([], ["/a.log"]),
    "not_inside_what_is_left_out": (["src/"], ["!*"]),
    "the_farther_one_still_counts": (["*.c"], ["*.js"]),
}


@pytest.mark.parametrize(("top", "nested"), NESTED.values(), ids=NESTED)
def test_files_in_two_places(top: list[str], nested: list[str], root: Path) -> None:
    agree(root, top, nested)


PIECES = st.sampled_from([*"* ** ? / a x y src logs deep foo .log .txt w b [a-z] [!a] ! \\ [0-9] keep".split(), " "])
RANDOM = st.lists(st.lists(PIECES, min_size=1, max_size=5).map("".join), max_size=4)


@example(top=["**/foo"], nested=["!foo/"])
@given(top=RANDOM, nested=RANDOM)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_lines_made_at_random(root: Path, top: list[str], nested: list[str]) -> None:
    agree(root, top, nested)


@pytest.mark.slow
@given(top=RANDOM, nested=RANDOM)
@settings(max_examples=4000, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_many_lines_made_at_random(root: Path, top: list[str], nested: list[str]) -> None:
    agree(root, top, nested)


def test_a_tree_without_git_is_listed_by_its_ignore_files(tmp_path: Path) -> None:
    for path in ("app.py", "secret/x.py", "node_modules/a/index.js", "web/gen/a.js", "web/a.js"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("")
    (tmp_path / ".gitignore").write_text("secret\n")
    (tmp_path / "web/.gitignore").write_text("gen/\n")
    assert list_tree(tmp_path).paths == (".gitignore", "app.py", "web/.gitignore", "web/a.js")


def test_an_ignore_file_that_is_a_link_or_no_text_ignores_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("")
    (tmp_path / "rules").write_text("*.py\n")
    (tmp_path / ".gitignore").symlink_to("rules")
    assert "a.py" in list_tree(tmp_path).paths
    (tmp_path / ".gitignore").unlink()
    (tmp_path / ".gitignore").write_bytes("*.py\n".encode("utf-16"))
    assert "a.py" in list_tree(tmp_path).paths


@pytest.mark.parametrize("pattern", ["*a" * 200 + "b", "**/" * 60 + "b", "/".join(["*a*a*a"] * 60)])
def test_no_line_takes_long(pattern: str) -> None:
    rules = Rules().inside("", pattern)
    assert not rules.ignore("/".join(["a" * 60] * 30), False)
