"""Programs: nothing of a repository is executed, and what we start gets no secrets and no shell."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fixture_case import TOKEN, Case, run_git, snapshot
from tests.house import House
from wizard import git as our_git
from wizard import programs
from wizard.git import git
from wizard.workspace import list_tree

ROOT = Path(__file__).resolve().parent.parent
MODULES = sorted([*ROOT.glob("wizard/**/*.py"), *ROOT.glob("frameworks/**/*.py")])


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


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    return House(tmp_path, monkeypatch)


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
