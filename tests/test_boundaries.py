"""Boundaries: what lies outside of the target is not written, nothing of a repository is executed, nobody is called."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.fake_posthog import FakePostHog
from tests.fixture_case import TOKEN, Case, cases, run_git, snapshot
from tests.recording_proxy import RecordingProxy
from wizard import git as our_git
from wizard import programs
from wizard.apply import apply
from wizard.errors import UsageError, WizardError
from wizard.git import git
from wizard.globs import glob_matches, globs_regex
from wizard.journal import begin
from wizard.packages import npm, pypi
from wizard.packages.pypi_calls import source_file
from wizard.packages.pypi_compiled import compiled_files
from wizard.packages.pypi_manifests import includes
from wizard.planning import make_plan
from wizard.project import LARGEST_FILE, BrokenFile, Project, Tree
from wizard.registry import all_frameworks
from wizard.verify import Waits, verify
from wizard.workspace import list_tree

ROOT = Path(__file__).resolve().parent.parent
MODULES = sorted([*ROOT.glob("wizard/**/*.py"), *ROOT.glob("frameworks/**/*.py")])
ONE_EACH = [
    next(c for c in cases() if c.wanted["framework"] == name and c.expected_diff.read_bytes())
    for name in sorted(all_frameworks())
]
"""One fixture of each framework whose plan changes something."""


def tree_of(root: Path, files: dict[str, str]) -> Project:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    return Project(list_tree(root))


def plain_copy(name: str, where: Path) -> Path:
    """The fixture app without git, which takes a tenth of the time."""
    return Path(shutil.copytree(Case(name).folder / "project", where / "app", symlinks=True))


# Symlinks. Each kind of file that a run writes x each way in which a link can lead out.

TARGETS = {
    "edited source": ("react-vite-typescript", "src/main.tsx"),
    "created source": ("nextjs-app", "instrumentation-client.ts"),
    "env file": ("react-vite-typescript", ".env.local"),
    "manifest npm": ("react-vite-typescript", "package.json"),
    "manifest pypi": ("flask-module", "requirements.txt"),
}


def lead_out(root: Path, path: str, how: str, outside: Path) -> None:
    """Put the file's content outside, and a link that leads there in its place."""
    file, away = root / path, outside / path
    away.parent.mkdir(parents=True, exist_ok=True)
    match how:
        case "file":
            if file.exists():
                file.rename(away)
            else:
                away.write_text("# theirs\n", encoding="utf-8")
            file.symlink_to(away)
        case "dangling":
            file.unlink(missing_ok=True)
            file.symlink_to(away)
        case "relative":
            if file.exists():
                file.rename(away)
            else:
                away.write_text("# theirs\n", encoding="utf-8")
            file.symlink_to(os.path.relpath(away, file.parent))
        case "loop":
            file.unlink(missing_ok=True)
            file.symlink_to(file.name)
        case "folder":
            folder = file.parent
            shutil.copytree(folder, away.parent, dirs_exist_ok=True)
            shutil.rmtree(folder)
            folder.symlink_to(away.parent, target_is_directory=True)


@pytest.mark.parametrize(
    ("what", "how"),
    [
        (what, how)
        for what, (_, path) in TARGETS.items()
        for how in ("file", "relative", "dangling", "loop", "folder")
        if "/" in path or how != "folder"
    ],
)
def test_a_link_that_leads_out_is_never_written_through(what: str, how: str, tmp_path: Path) -> None:
    name, path = TARGETS[what]
    root, outside = plain_copy(name, tmp_path), tmp_path / "outside"
    lead_out(root, path, how, outside)
    theirs, before = snapshot(outside), snapshot(root)
    refused = []
    try:
        plan = Case(name).plan(root)
        apply(root, plan.files, command="test")
    except WizardError as error:
        refused.append(error.message)
    except AssertionError:
        refused.append("not detected: it has no manifest or no entry")
    if refused:
        assert any(word in refused[0] for word in ("outside", "cannot be", "cannot read", "not "))
        assert snapshot(root) == before
    else:
        assert path not in {file.path for file in plan.files}
    assert snapshot(outside) == theirs
    assert (root / path).is_symlink() or how == "folder"


@pytest.mark.parametrize("what", ["edited source", "manifest npm", "manifest pypi"])
def test_a_link_inside_is_written_through_and_stays(what: str, tmp_path: Path) -> None:
    name, path = TARGETS[what]
    root = plain_copy(name, tmp_path)
    (root / "real").mkdir()
    real = root / "real" / Path(path).name.replace(".", "-")
    (root / path).rename(real)
    (root / path).symlink_to(os.path.relpath(real, (root / path).parent))
    before = real.read_bytes()
    apply(root, Case(name).plan(root).files, command="test")
    assert (root / path).is_symlink()
    assert b"osthog" in real.read_bytes()
    assert real.read_bytes() != before


@pytest.mark.parametrize("what", ["file", "folder"])
def test_a_link_that_appears_between_plan_and_apply_is_refused(what: str, tmp_path: Path) -> None:
    root, outside = plain_copy("react-vite-typescript", tmp_path), tmp_path / "outside"
    plan = Case("react-vite-typescript").plan(root)
    lead_out(root, "src/main.tsx", what, outside)
    theirs, before = snapshot(outside), snapshot(root)
    with pytest.raises(WizardError, match="outside"):
        apply(root, plan.files, command="test")
    assert (snapshot(outside), snapshot(root)) == (theirs, before)


@pytest.mark.parametrize("what", ["file", "folder"])
def test_a_link_that_appears_while_we_write_is_refused(
    what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The files were checked already, the journal is being written: the content behind the link is the same."""
    root, outside = plain_copy("react-vite-typescript", tmp_path), tmp_path / "outside"
    plan, real = Case("react-vite-typescript").plan(root), begin

    def swap(*arguments: Any) -> Any:
        lead_out(root, "src/main.tsx", what, outside)
        return real(*arguments)

    monkeypatch.setattr("wizard.apply.begin", swap)
    original = (root / "src/main.tsx").read_bytes()
    with pytest.raises(WizardError):
        apply(root, plan.files, command="test")
    assert (outside / "src/main.tsx").read_bytes() == original
    assert not list(outside.rglob(".posthog-wizard*"))


@pytest.mark.parametrize(("name", "lock"), [("react-vite-typescript", "package-lock.json"), ("flask-src-layout", "")])
def test_a_lockfile_that_leads_out_is_left_to_the_user(name: str, lock: str, tmp_path: Path) -> None:
    root = Case(name).copy(tmp_path)
    if not lock:
        lock = "uv.lock"
        assert (root / "pyproject.toml").exists()
    (root / lock).unlink(missing_ok=True)
    (root / lock).symlink_to(tmp_path / "elsewhere.lock")
    (tmp_path / "elsewhere.lock").write_text("{}" if lock.endswith("json") else "", encoding="utf-8")
    plan = Case(name).plan(root)
    assert not plan.installs
    assert any("the lockfile lies outside" in step.title for step in plan.manual), plan.manual


# Names and paths that a repository chooses.


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


# Programs.


def test_no_shell_is_ever_used() -> None:
    starters = {"run", "Popen", "call", "check_call", "check_output"}
    forbidden = {"system", "popen", "getoutput", "getstatusoutput", "create_subprocess_shell", "startfile"}
    seen = 0
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            owner = getattr(node.func.value, "id", "") if isinstance(node.func, ast.Attribute) else ""
            where = f"{path}:{node.lineno}"
            assert not (name in forbidden and owner in ("os", "subprocess", "asyncio")), where
            assert not (owner == "os" and name.startswith(("exec", "spawn", "posix_spawn"))), where
            assert not any(k.arg == "shell" for k in node.keywords), f"{where} passes shell="
            if owner == "subprocess" and name in starters:
                seen += 1
                assert not isinstance(node.args[0], ast.Constant | ast.JoinedStr | ast.BinOp), f"{where} takes a string"
                assert any(k.arg == "env" for k in node.keywords), f"{where} gives all away"
    assert seen >= 4


@pytest.fixture
def trap(tmp_path: Path) -> Iterator[Path]:
    """A directory full of programs that leave a trace when they are started."""
    folder = tmp_path / "trap"
    folder.mkdir()
    for name in ("git", "npm", "npm.cmd", "node", "python", "uv"):
        program = folder / name
        program.write_text(f"#!/bin/sh\ntouch '{tmp_path}/canary'\n")
        program.chmod(0o755)
    yield folder
    assert not (tmp_path / "canary").exists(), "a program of the repository was started"


@pytest.mark.parametrize("entry", ["", ".", "./", "node_modules/.bin", "..", "./trap"])
def test_no_program_of_the_current_directory_is_found(
    entry: str, trap: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = shutil.which("git")
    assert real is not None
    (trap / "node_modules").mkdir()
    shutil.copytree(trap, trap / "node_modules/.bin", ignore=shutil.ignore_patterns("node_modules"))
    monkeypatch.chdir(trap)
    monkeypatch.setenv("PATH", os.pathsep.join([entry, str(Path(real).parent), entry]))
    assert programs.find("git") == real
    assert programs.find("npm.cmd") is None
    assert programs.variables()["PATH"] == str(Path(real).parent)
    run = git(trap, "--version")
    assert run is not None
    assert run.stdout.startswith(b"git version")
    assert programs.find("./npm", trap) == str(trap / "npm")


def test_git_is_not_one_of_the_repository(tmp_path: Path, trap: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """npx and npm put node_modules/.bin first on PATH."""
    root = Case("react-vite-typescript").copy(tmp_path)
    shutil.copytree(trap, root / "node_modules/.bin")
    monkeypatch.setenv("PATH", str(root / "node_modules/.bin") + os.pathsep + os.environ["PATH"])
    assert Case("react-vite-typescript").plan(root).files


def test_git_is_asked_where_the_user_has_no_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(number: int) -> None:
        raise KeyError(number)

    root = Case("flask-module").copy(tmp_path)
    monkeypatch.delenv("HOME")
    monkeypatch.setattr("pwd.getpwuid", unknown)
    assert git(root, "status", "--porcelain") is not None


def test_secrets_are_not_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    from wizard.install import environment

    for name in (
        "POSTHOG_PERSONAL_API_KEY",
        "POSTHOG_CLI_TOKEN",
        "POSTHOG_WIZARD_PERSONAL_KEY",
        "POSTHOG_WIZARD_TOKEN",
    ):
        monkeypatch.setenv(name, "canary-1")
    for name, prefix in (("MY_KEY", "phx_"), ("OAUTH", "pha_"), ("REFRESH", "phr_"), ("FEATURE_FLAGS", "phs_")):
        monkeypatch.setenv(name, f"{prefix}canary2")
    monkeypatch.setenv("POSTHOG_HOST", "https://eu.posthog.com")
    monkeypatch.setenv("POSTHOG_API_KEY", "phc_public")
    for given in (environment(), programs.variables()):
        assert "canary" not in str(given)
        assert given["POSTHOG_HOST"] == "https://eu.posthog.com"
        assert given["POSTHOG_API_KEY"] == "phc_public"


CONFIGURED = {
    "core.fsmonitor": "{}",
    "core.hooksPath": "hooks",
    "core.pager": "{}",
    "core.editor": "{}",
    "core.sshCommand": "{}",
    "core.askPass": "{}",
    "core.gitProxy": "{}",
    "pager.status": "{}",
    "pager.ls-files": "{}",
    "alias.ls-files": "!{}",
    "alias.status": "!{}",
    "diff.external": "{}",
    "diff.evil.textconv": "{}",
    "diff.evil.command": "{}",
    "filter.evil.clean": "{}",
    "filter.evil.smudge": "{}",
    "filter.evil.process": "{}",
    "filter.evil.required": "true",
    "filter.two words.clean": "{}",
    "status.submoduleSummary": "true",
    "protocol.ext.allow": "always",
    "remote.origin.url": "ext::{}",
    "remote.origin.promisor": "true",
    "extensions.partialClone": "origin",
}


def make_malicious(root: Path, program: Path) -> None:
    """A repository whose configuration starts `program` wherever git lets it."""
    (root / ".gitattributes").write_text("* filter=evil diff=evil\n*.json filter=two\\ words\n")
    run_git(root, "add", "-A")
    run_git(root, "commit", "-qm", "attributes")
    (root / "hooks").mkdir()
    for folder in (root / "hooks", root / ".git/hooks"):
        for hook in ("post-index-change", "fsmonitor-watchman", "post-checkout", "pre-commit", "reference-transaction"):
            folder.mkdir(exist_ok=True)
            shutil.copy(program, folder / hook)
    for key, value in CONFIGURED.items():
        subprocess.run(["git", "config", key, value.format(program)], cwd=root, check=True)
    subprocess.run(["git", "config", "core.repositoryformatversion", "1"], cwd=root, check=True)
    for path in root.rglob("*"):
        if path.is_file() and ".git" not in path.relative_to(root).parts:
            os.utime(path, (1, 1))  # git has to look at the content


def test_the_malicious_repository_is_one(tmp_path: Path, trap: Path) -> None:
    """The attack works on a git that is called without precautions."""
    root = Case("react-vite-typescript").copy(tmp_path)
    make_malicious(root, trap / "git")
    subprocess.run(["git", "status", "--porcelain"], cwd=root, capture_output=True)
    assert (tmp_path / "canary").exists()
    (tmp_path / "canary").unlink()


def test_nothing_of_a_malicious_repository_is_executed(
    tmp_path: Path, trap: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    from wizard.cli import main

    root = Case("react-vite-typescript").copy(tmp_path)
    make_malicious(root, trap / "git")
    for name in ("git", "npm", "npm.cmd", "node"):
        shutil.copy(trap / name, root / name)
    monkeypatch.chdir(root)
    monkeypatch.setenv("PATH", os.pathsep.join(["", ".", os.environ["PATH"], "."]))
    given = ["--ci", "--token", TOKEN, "--region", "us"]
    assert main([".", "--dry-run", *given]) == 0, capfd.readouterr().err
    assert main([".", "--check"]) == 5
    assert main(["detect", "."]) == 0
    assert main([".", *given, "--no-install", "--no-verify"]) == 3, capfd.readouterr().err
    assert main(["undo", ".", "--ci"]) == 0
    assert our_git.git(root, "status", "--porcelain") is not None


def test_a_repository_hidden_as_plain_files_is_not_obeyed(tmp_path: Path, trap: Path) -> None:
    """A bare repository among the files of another one (safe.bareRepository)."""
    root = Case("react-vite-typescript").copy(tmp_path)
    bare = root / "src/inner"
    run_git(root, "init", "-q", "--bare", str(bare))
    for key in ("core.fsmonitor", "core.pager"):
        subprocess.run(["git", "config", "--file", str(bare / "config"), key, str(trap / "git")], check=True)
    subprocess.run(["git", "config", "--file", str(bare / "config"), "core.bare", "false"], check=True)
    subprocess.run(["git", "config", "--file", str(bare / "config"), "core.worktree", str(tmp_path)], check=True)
    tree = list_tree(bare)
    assert "HEAD" in tree.paths


def test_the_repository_of_a_hook_does_not_pass_for_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root, other = Case("react-vite-typescript").copy(tmp_path), Case("flask-module").copy(tmp_path / "other")
    expected = list_tree(root).paths
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other / ".git/index"))
    monkeypatch.setenv("GIT_GLOB_PATHSPECS", "1")
    assert list_tree(root).paths == expected
    assert git(root, "status", "--porcelain") is not None


# The network, and what is started and written while planning.

PLANNING = """
import json, os, sys
from pathlib import Path
events = []
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
def hook(event, arguments):
    if event.startswith("socket.") and event != "socket.gethostname":
        events.append([event, repr(arguments)])
    elif event == "subprocess.Popen":
        events.append([event, list(map(os.fsdecode, arguments[1]))])
    elif event == "open" and not isinstance(arguments[0], int) and (arguments[2] or 0) & WRITES:
        events.append([event, str(arguments[0])])
    elif event in ("os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.chmod", "os.truncate", "os.symlink", "os.link",
                   "os.exec", "os.system", "os.posix_spawn", "os.fork", "os.utime", "shutil.rmtree"):
        events.append([event, repr(arguments)])
sys.dont_write_bytecode = True
from tests.fixture_case import Case
sys.addaudithook(hook)
for name, root in zip(sys.argv[1::2], sys.argv[2::2]):
    plan = Case(name).plan(Path(root))
    plan.diff(), plan.altered(), [a.to_json() for a in plan.apps]
print(json.dumps(events))
"""


def planning(chosen: list[Case], tmp_path: Path) -> list[Any]:
    roots = [(case.name, str(case.copy(tmp_path / case.name))) for case in chosen]
    words = [word for pair in roots for word in pair]
    done = subprocess.run(
        [sys.executable, "-c", PLANNING, *words], cwd=ROOT, capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stderr
    found: list[Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def check_planning(events: list[Any]) -> None:
    assert [e for e in events if e[0] not in ("subprocess.Popen",)] == []
    questions = {
        ("ls-files", "-d", "-z"),
        ("ls-files", "-co", "--exclude-standard", "-z"),
        ("ls-files", "--error-unmatch", "--"),
        ("check-ignore", "-q", "--no-index", "--"),
    }
    asked = set()
    for _, argv in events:
        assert Path(argv[0]).name == "git"
        words = [word for word in argv[1:] if word != "--no-pager"]
        while words[0] == "-c":
            words = words[2:]
        asked.add(tuple(words[: words.index("--") + 1] if "--" in words else words))
    assert asked <= questions


def test_planning_starts_git_only_calls_nobody_and_writes_nothing(tmp_path: Path) -> None:
    events = planning(ONE_EACH, tmp_path)
    assert events
    check_planning(events)


@pytest.mark.slow
def test_planning_any_fixture_starts_git_only_calls_nobody_and_writes_nothing(tmp_path: Path) -> None:
    check_planning(planning(cases(), tmp_path))


# Whole runs: in a home, with package managers and a network of their own.

STUB = """#!{python}
import json, os, sys
from pathlib import Path
with open({log!r}, "a") as log:
    log.write(json.dumps({{"argv": sys.argv, "env": dict(os.environ), "cwd": os.getcwd()}}) + "\\n")
"""
KEY = "phx_CANARYCANARYCANARYCANARY1"


class House:
    """A machine for one run: HOME and all that belongs to it, package managers that do nothing, and what happened."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self.home, self.tmp, self.log = folder, folder / "home", folder / "tmp", folder / "bin/log"
        for path in (self.home, self.tmp, folder / "bin", folder / "work"):
            path.mkdir()
        for name in ("npm", "pnpm", "yarn", "bun", "uv", "poetry", "pdm", "pipenv", "pip"):
            program = folder / "bin" / name
            program.write_text(STUB.format(python=sys.executable, log=str(self.log)))
            program.chmod(0o755)
        real = shutil.which("git")
        assert real is not None
        (folder / "bin/git").symlink_to(real)
        for name, where in {
            "HOME": "home", "USERPROFILE": "home", "APPDATA": "home/AppData", "LOCALAPPDATA": "home/Local",
            "XDG_CONFIG_HOME": "home/.config", "XDG_CACHE_HOME": "home/.cache", "XDG_DATA_HOME": "home/.data",
            "XDG_STATE_HOME": "home/.state", "XDG_RUNTIME_DIR": "tmp", "TMPDIR": "tmp", "TMP": "tmp", "TEMP": "tmp",
        }.items():  # fmt: skip
            monkeypatch.setenv(name, str(folder / where))
        monkeypatch.setenv("PATH", str(folder / "bin"))
        monkeypatch.setattr("tempfile.tempdir", None)
        monkeypatch.delenv("POSTHOG_WIZARD_STATE_DIR")
        monkeypatch.setenv("POSTHOG_WIZARD_PERSONAL_KEY", KEY)
        monkeypatch.setenv("POSTHOG_CLI_TOKEN", "CANARY2")
        monkeypatch.setenv("UNRELATED", "phs_CANARY3")

    def app(self, case: Case) -> Path:
        return case.copy(self.folder / "work")

    def started(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.read_text().splitlines()] if self.log.exists() else []

    def elsewhere(self) -> dict[str, tuple[int, bytes]]:
        """Everything but the app and our state directory."""
        state, app, log = self.home / ".state/posthog-wizard", self.folder / "work/app", self.log
        return {
            path: found
            for path, found in snapshot(self.folder).items()
            if not any((self.folder / path).is_relative_to(own) or own.is_relative_to(self.folder / path)
                       for own in (state, app, log))
        }  # fmt: skip


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    return House(tmp_path, monkeypatch)


def whole_run(house: House, case: Case, fake: FakePostHog) -> Path:
    """Dry run, check, setup with install and verify, verify, undo: exit codes as documented, and the tree as before."""
    from wizard.cli import main

    root = house.app(case)
    before, elsewhere = snapshot(root), house.elsewhere()
    target = ["--target", case.wanted["target"]] if "target" in case.wanted else []
    given = [str(root), "--ci", "--token", TOKEN, "--host", fake.url, "--framework", case.wanted["framework"], *target]
    assert main(["detect", str(root)]) in (0, 1)
    assert main([*given, "--dry-run"]) == 0
    assert main([*given, "--dry-run", "--out", str(root / "plan.json")]) == 0
    (root / "plan.json").unlink()
    assert main([*given, "--check"]) == 5
    assert snapshot(root) == before
    assert main(given) in (0, 3, 4)
    assert snapshot(root) != before
    assert main([*given, "--check"]) == 0
    assert main(["verify", *given]) in (0, 4)
    assert main(["undo", str(root), "--ci", "--dry-run"]) == 0
    assert main(["undo", str(root), "--ci"]) == 0
    assert snapshot(root) == before
    assert house.elsewhere() == elsewhere
    assert list(house.tmp.iterdir()) == []
    return root


def check_started(house: House, root: Path) -> None:
    """Package managers only, in the app, with arguments that we know, without secrets."""
    for call in house.started():
        assert Path(call["cwd"]).is_relative_to(root)
        assert Path(call["argv"][0]).parent == house.folder / "bin"
        assert "CANARY" not in json.dumps(call)
        assert not {"--force", "--legacy-peer-deps", "--break-system-packages"} & set(call["argv"])


QUICK = [c for c in ONE_EACH if c.wanted["framework"] == "react-vite"]


@pytest.mark.parametrize(
    "case",
    [pytest.param(c, id=c.name, marks=() if c in QUICK else pytest.mark.slow) for c in ONE_EACH],
)
def test_a_whole_run_stays_inside_and_calls_the_chosen_host_only(
    case: Case, house: House, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("wizard.verify.Waits", lambda: Waits(looks=(0,)))
    keys = {KEY: {"query:read", "user:read", "project:read"}}
    with (
        FakePostHog(tokens={TOKEN: 1}, keys=keys, current=1) as fake,
        RecordingProxy(refuse=True) as proxy,
        sockets() as used,
    ):
        for name, value in proxy.variables().items():
            monkeypatch.setenv(name, value)
        root = whole_run(house, case, fake)
    out, err = capfd.readouterr()
    assert proxy.hosts == []
    port = int(fake.url.rpartition(":")[2])
    assert {address for event, address in used if event == "socket.connect"} <= {("127.0.0.1", port)}
    assert {address[0] for event, address in used if event == "socket.bind"} <= {"127.0.0.1"}
    assert fake.asked("/flags"), "the token was not checked"
    assert fake.asked("/api/"), "the personal key was not used"
    check_started(house, root)
    for path in house.folder.rglob("*"):
        if path.is_file() and path.parent.name != "bin":
            assert b"CANARY" not in path.read_bytes(), path
    assert "CANARY" not in out + err


def test_posthog_cloud_is_all_that_is_asked_for_through_the_proxy(
    house: House, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    from wizard.cli import main

    root = house.app(Case("react-vite-typescript"))
    with RecordingProxy(refuse=True) as proxy, sockets() as used:
        for name, value in proxy.variables().items():
            monkeypatch.setenv(name, value)
        assert main([str(root), "--ci", "--token", TOKEN, "--region", "eu"]) in (3, 4)
    regions = {f"{region}{part}.posthog.com" for region in ("us", "eu") for part in (".i", "-assets.i", "")}
    assert proxy.names()
    assert proxy.names() <= regions
    port = int(proxy.url.rpartition(":")[2])
    assert {address for event, address in used if event == "socket.connect"} == {("127.0.0.1", port)}
    assert "CANARY" not in "".join(capfd.readouterr())


def crashed(house: House, monkeypatch: pytest.MonkeyPatch) -> str:
    """What the log says of a crash whose message holds the token and the personal key."""
    from wizard.cli import main

    def crash(*arguments: object, **named: object) -> None:
        raise RuntimeError(f"could not do it with {TOKEN} and {os.environ['POSTHOG_WIZARD_PERSONAL_KEY']}")

    root = house.app(Case("flask-module"))
    monkeypatch.setattr("wizard.apply.apply", crash)
    assert main([str(root), "--ci", "--token", TOKEN, "--region", "us", "--no-verify", "--no-install", "--debug"]) == 70
    return (house.home / ".state/posthog-wizard/last-error.log").read_text()


def test_a_crash_leaves_no_secrets_in_the_log(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    log = crashed(house, monkeypatch)
    assert "RuntimeError" in log
    assert "CANARY" not in log
    assert TOKEN not in log


def test_a_crash_shows_no_secrets(
    house: House, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    crashed(house, monkeypatch)
    shown = "".join("".join(capfd.readouterr()).split())
    assert "RuntimeError" in shown
    assert "CANARY" not in shown


def test_a_personal_key_goes_only_to_a_host_that_the_user_named(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = {KEY: {"query:read", "user:read", "project:read"}}
    env = {"POSTHOG_PERSONAL_API_KEY": KEY}
    with FakePostHog(tokens={TOKEN: 1}, keys=keys, current=1) as fake:
        for host_read, asked in ((True, 0), (False, 1)):
            _, _, readable = verify(
                TOKEN, fake.hosts(), "not started", env=env, say=print, waits=Waits(looks=(0,)), host_read=host_read
            )
            keyed = [request for request in fake.asked("/api/") if "Authorization" in request.headers]
            assert bool(keyed) is bool(asked), readable
            assert readable.status == ("passed" if asked else "skipped")
            assert KEY not in str(readable)


ACTIVE: list[list[Any]] = []


@contextmanager
def sockets() -> Iterator[list[Any]]:
    """What this process does with sockets meanwhile: pairs of audit event and address (PEP 578)."""
    seen: list[Any] = []
    if not _hooked:
        _hooked.append(True)
        sys.addaudithook(_record)
    ACTIVE.append(seen)
    try:
        yield seen
    finally:
        ACTIVE.remove(seen)


_hooked: list[bool] = []


def _record(event: str, arguments: tuple[Any, ...]) -> None:
    if ACTIVE and event in ("socket.connect", "socket.bind", "socket.sendto"):
        where = (event, arguments[1])
        if not (event == "socket.bind" and _is_a_test_server()):
            for seen in ACTIVE:
                seen.append(where)


def _is_a_test_server() -> bool:
    frame = sys._getframe(2)
    while frame is not None:
        if frame.f_code.co_filename.endswith(("fake_posthog.py", "recording_proxy.py")):
            return True
        frame = frame.f_back  # type: ignore[assignment]
    return False


# --offline


OFFLINE = """
import socket, subprocess, sys, threading, urllib.request
from wizard.errors import WizardError
from wizard.offline import forbid_sockets
forbid_sockets(); forbid_sockets()
import asyncio, http.client
a, b = socket.socketpair(); a.send(b"x"); assert b.recv(1) == b"x"
asyncio.new_event_loop().close()
def tcp(): socket.create_connection(("127.0.0.1", 9), 1)
def low(): socket.socket().connect_ex(("127.0.0.1", 9))
def udp(): socket.socket(type=socket.SOCK_DGRAM).sendto(b"x", ("127.0.0.1", 9))
def unix(): socket.socket(socket.AF_UNIX).connect("/tmp/x")
def bind(): socket.socket().bind(("127.0.0.1", 0))
def name(): socket.getaddrinfo("example.com", 80)
def old(): socket.gethostbyname("example.com")
def back(): socket.gethostbyaddr("127.0.0.1")
def url(): urllib.request.urlopen("http://127.0.0.1:9")
def httpx():
    import httpx; httpx.get("http://127.0.0.1:9")
def ours():
    from wizard.posthog.http import send; send("GET", "http://127.0.0.1:9", timeout=1)
def npm(): subprocess.run(["npm", "--version"])
def python(): subprocess.run([sys.executable, "-c", ""])
def shell(): __import__("os").system("true")
for attempt in (tcp, low, udp, unix, bind, name, old, back, url, httpx, ours, npm, python, shell):
    try:
        attempt()
    except WizardError as error:
        assert "--offline" in error.message, error.message
    else:
        sys.exit(attempt.__name__ + " went through")
from wizard.posthog.hosts import cloud
from wizard.posthog.tokens import check_token
assert check_token("phc_" + "x" * 40, cloud("us")).status == "skipped"
from pathlib import Path
from wizard.workspace import list_tree
assert list_tree(Path(sys.argv[1])).paths
"""


def test_offline_forbids_every_socket_and_every_program_but_git(tmp_path: Path) -> None:
    root = Case("flask-module").copy(tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", OFFLINE, str(root)], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr + done.stdout
    assert "Traceback" not in done.stderr


def test_a_run_with_offline_does_everything_but_install_and_verify(tmp_path: Path) -> None:
    root = Case("flask-module").copy(tmp_path)
    before = snapshot(root)
    given = [str(root), "--ci", "--token", TOKEN, "--region", "us", "--offline"]
    runs = [["detect", str(root), "--offline"], [*given, "--dry-run"], given, ["undo", str(root), "--ci", "--offline"]]
    script = "import json, sys; from wizard.cli import main; sys.exit(str([main(a) for a in json.loads(sys.argv[1])]))"
    done = subprocess.run(
        [sys.executable, "-c", script, json.dumps(runs)], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert done.stderr.splitlines()[-1] == "[0, 0, 3, 0]", done.stderr
    assert snapshot(root) == before


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


@pytest.mark.parametrize("name", ["--upload-pack=touch canary", "; $(touch canary) a\\nb"])
def test_an_app_in_a_directory_of_any_name(name: str, house: House) -> None:
    from wizard.cli import main

    root = house.folder / "work" / name
    case = Case("react-vite-typescript")
    shutil.copytree(case.folder / "project", root / name)
    run_git(root, "init", "-q")
    run_git(root, "add", "-A")
    run_git(root, "commit", "-qm", "start")
    before = snapshot(root)
    given = ["--ci", "--token", TOKEN, "--region", "us", "--no-verify"]
    assert main([str(root), *given, f"--target={name}"]) in (0, 3)
    (call,) = house.started()
    assert call["cwd"] == str(root / name)
    assert call["argv"][1:] == ["install", "--no-audit", "--no-fund"]
    assert main(["undo", str(root), "--ci"]) == 0
    assert snapshot(root) == before
    assert not list(house.folder.rglob("canary"))


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


def test_a_host_that_only_the_project_names_gets_no_personal_key(house: House) -> None:
    from wizard.cli import main

    keys = {KEY: {"query:read", "user:read", "project:read"}}
    with FakePostHog(tokens={TOKEN: 1}, keys=keys, current=1) as fake:
        root = house.app(Case("flask-module"))
        (root / ".env").write_text(f"POSTHOG_PROJECT_TOKEN={TOKEN}\nPOSTHOG_HOST={fake.url}\n")
        assert main([str(root), "--ci", "--no-install"]) in (0, 3)
        assert main(["verify", str(root), "--ci"]) in (0, 4)
        assert fake.asked("/flags")
        assert not [request for request in fake.requests if "Authorization" in request.headers]
