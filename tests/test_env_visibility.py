"""A value is only written where git does not see it: asked of a real repository, with ignore files of every kind."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fixture_case import run_git
from wizard import environment
from wizard.changes import Manual
from wizard.environment import EnvEdit
from wizard.project import Project
from wizard.text import decode, encode
from wizard.workspace import list_tree

Files = dict[str, bytes]


def steps(root: Path, app: str = ".", file: str = ".env", value: str = "x") -> list[EnvEdit | Manual]:
    return list(environment.ensure(Project(list_tree(root), app), "KEY", value, file))


def repository(root: Path, files: Files, tracked: tuple[str, ...] = ()) -> Path:
    run_git(root, "init", "-q")
    for path, data in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(data)
    if tracked:
        run_git(root, "add", "-f", "--", *tracked)
    return root


def write(root: Path, app: str, found: list[EnvEdit | Manual]) -> None:
    for step in found:
        if isinstance(step, EnvEdit):
            target = root / app / step.path
            text, encoding = decode(target.read_bytes() if target.exists() else b"")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(encode(step.codemod(text), encoding))


IGNORE_FILES: dict[str, tuple[Files, str]] = {
    "none": ({}, "."),
    "plain": ({".gitignore": b".env\n"}, "."),
    "no final newline": ({".gitignore": b"node_modules"}, "."),
    "crlf": ({".gitignore": b"dist\r\n.env\r\n"}, "."),
    "crlf without ours": ({".gitignore": b"dist\r\n*.log\r\n"}, "."),
    "mark": ({".gitignore": b"\xef\xbb\xbf.env\n"}, "."),
    "taken back": ({".gitignore": b".env*\n!.env\n"}, "."),
    "only a directory": ({".gitignore": b".env/\n"}, "."),
    "old Mac line ends": ({".gitignore": b"dist\r.env\r"}, "."),
    "blank in front": ({".gitignore": b" .env\n"}, "."),
    "blank behind": ({".gitignore": b".env  \n"}, "."),
    "commented": ({".gitignore": b"#.env\n"}, "."),
    "anchored above the app": ({".gitignore": b"/.env\n", "web/a.txt": b""}, "web"),
    "another app's": ({".gitignore": b"api/.env\n", "web/a.txt": b""}, "web"),
    "taken back in the app": ({".gitignore": b".env\n", "web/.gitignore": b"!.env\n"}, "web"),
    "directory of the app": ({".gitignore": b"web/\n", "web/a.txt": b""}, "web"),
}


@pytest.mark.parametrize(("files", "app"), IGNORE_FILES.values(), ids=IGNORE_FILES)
def test_git_never_sees_the_value(files: Files, app: str, tmp_path: Path) -> None:
    root = repository(tmp_path, files)
    write(root, app, steps(root, app))
    assert (root / app / ".env").read_bytes() == b"KEY=x\n"
    run_git(root / app, "check-ignore", "-q", ".env")
    for path, data in files.items():
        after = (root / path).read_bytes()
        assert after.startswith(data), f"{path} lost something"
    assert steps(root, app) == []


@pytest.mark.parametrize(
    "ignore", ["\n.env\n".encode("utf-16"), b"\xff.env\n"], ids=["utf-16 of PowerShell", "not text"]
)
def test_an_ignore_file_that_git_cannot_read_keeps_nothing_out(ignore: bytes, tmp_path: Path) -> None:
    root = repository(tmp_path, {".gitignore": ignore})
    (step,) = steps(root)
    assert isinstance(step, Manual)
    assert "git cannot read .gitignore" in step.title


def test_an_ignore_file_that_is_a_link_keeps_nothing_out(tmp_path: Path) -> None:
    root = repository(tmp_path, {"shared": b".env\n"})
    (root / ".gitignore").symlink_to("shared")
    (step,) = steps(root)
    assert isinstance(step, Manual)


def test_a_link_to_a_tracked_file_gets_no_value(tmp_path: Path) -> None:
    root = repository(tmp_path, {"config/shared.env": b"A=1\n", ".gitignore": b".env\n"}, ("config/shared.env",))
    (root / ".env").symlink_to("config/shared.env")
    (step,) = steps(root)
    assert isinstance(step, Manual)
    assert "git tracks .env" in step.title


def test_a_tracked_file_gets_no_value_though_a_line_ignores_it(tmp_path: Path) -> None:
    root = repository(tmp_path, {".env": b"A=1\n", ".gitignore": b".env\n"}, (".env",))
    (step,) = steps(root)
    assert isinstance(step, Manual)


def test_where_git_refuses_to_answer_a_file_that_is_there_gets_no_value(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = repository(tmp_path, {".env": b"A=1\n"}, (".env",))
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    (step,) = steps(root)
    assert isinstance(step, Manual)
    assert "cannot say" in step.title
    (root / ".env").unlink()
    assert [step.path for step in steps(root) if isinstance(step, EnvEdit)] == [".gitignore", ".env"]


def test_names_with_glob_characters_are_names(tmp_path: Path) -> None:
    root = repository(tmp_path, {"a.env": b"A=1\n", "[ab].env": b""}, ("a.env",))
    assert "[ab].env" in [step.path for step in steps(root, file="[ab].env") if isinstance(step, EnvEdit)]


def test_a_folder_with_glob_characters_is_ignored_by_its_name(tmp_path: Path) -> None:
    root = repository(tmp_path, {"[slug]/a.txt": b"", ".gitignore": b"dist\n"})
    write(root, ".", steps(root, file="[slug]/.env"))
    assert (root / ".gitignore").read_bytes() == b"dist\n\\[slug]/.env\n"
    run_git(root, "check-ignore", "-q", "[slug]/.env")
    assert steps(root, file="[slug]/.env") == []


def test_a_value_that_no_quotes_hold_is_shown_as_it_is(tmp_path: Path) -> None:
    root = repository(tmp_path, {".env": b"A=1\n"}, (".env",))
    (step,) = steps(root, value="a$b'\"")
    assert isinstance(step, Manual)
    assert step.body == "KEY=a$b'\""


CHOSEN: dict[str, tuple[Files, str, str]] = {
    "the other one is ignored": ({".gitignore": b".env\n"}, ".env.local", ".env"),
    "its own is ignored": ({".gitignore": b"*.local\n"}, ".env.local", ".env.local"),
    "both are ignored": ({".gitignore": b".env*\n"}, ".env.local", ".env.local"),
    "none is ignored": ({}, ".env.local", ".env.local"),
    "the other one is there": ({".gitignore": b".env*\n", ".env": b"A=1\n"}, ".env.local", ".env"),
    "its own is there": ({".gitignore": b".env\n", ".env.local": b"A=1\n"}, ".env.local", ".env.local"),
    "a server reads one only": ({".gitignore": b".env.local\n"}, ".env", ".env"),
}


@pytest.mark.parametrize(("files", "default", "chosen"), CHOSEN.values(), ids=CHOSEN)
def test_the_file_that_git_ignores_already_is_chosen(files: Files, default: str, chosen: str, tmp_path: Path) -> None:
    found = steps(repository(tmp_path, files), file=default)
    assert [step.path for step in found if isinstance(step, EnvEdit) and step.private] == [chosen]


def test_a_file_that_dotenvx_encrypts_is_filled_by_dotenvx(tmp_path: Path) -> None:
    encrypted = b'DOTENV_PUBLIC_KEY_LOCAL="03"\nA="encrypted:x"\n'
    (step,) = steps(repository(tmp_path, {".env": encrypted}, (".env",)), value="phc_x")
    assert isinstance(step, Manual)
    assert (step.title, step.body) == ("Set KEY in .env, which dotenvx encrypts", "npx dotenvx set KEY phc_x -f .env")
