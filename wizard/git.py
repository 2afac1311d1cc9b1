"""Asking git about a repository, without running anything that the repository brings along."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

from wizard import programs

_SETTINGS = {
    "core.fsmonitor": "false",
    "core.hooksPath": os.devnull,
    "core.pager": "cat",
    "safe.bareRepository": "explicit",
}
"""Settings of the repository that name programs; `safe.bareRepository` ignores repositories hidden as plain files."""

_VARIABLES = {
    "GIT_ALLOW_PROTOCOL": "none",
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",
}
"""A file called `[slug].tsx` is meant literally; a partial clone is not completed over the network."""

_OTHERS = frozenset(
    """GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE GIT_OBJECT_DIRECTORY GIT_ALTERNATE_OBJECT_DIRECTORIES GIT_COMMON_DIR
    GIT_NAMESPACE GIT_PREFIX GIT_GRAFT_FILE GIT_SHALLOW_FILE GIT_IMPLICIT_WORK_TREE GIT_INTERNAL_SUPER_PREFIX
    GIT_GLOB_PATHSPECS GIT_NOGLOB_PATHSPECS GIT_ICASE_PATHSPECS GIT_EXTERNAL_DIFF""".split()
)
"""Variables that make git speak of another repository, as those of a hook that we were started from do."""

_READS_CONTENT = frozenset({"diff", "status"})


def git(root: Path, *arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes] | None:
    """Run git in `root`; None when there is no git, or it cannot be asked without running a program of the repository.

    Hooks, monitors, content filters and transports of the repository's own configuration are off.
    """
    process = started(root, *arguments)
    return None if process is None else finished(process, stdin)


def started(root: Path, *arguments: str) -> subprocess.Popen[bytes] | None:
    """`git` at work, for `finished`."""
    executable = programs.find("git", not_in=_top(root))
    if executable is None:
        return None
    settings = dict(_SETTINGS)
    if not _READS_CONTENT.isdisjoint(arguments):
        filters = _filters(executable, root)
        if filters is None:
            return None
        settings |= filters
    return _start(executable, root, settings, arguments)


def finished(process: subprocess.Popen[bytes], stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """What a started git had to say."""
    with process:
        try:
            stdout, stderr = process.communicate(stdin)
        except BaseException:
            process.kill()
            raise
    return subprocess.CompletedProcess(process.args, process.returncode, stdout, stderr)


def _start(
    executable: str, root: Path, settings: dict[str, str], arguments: tuple[str, ...]
) -> subprocess.Popen[bytes]:
    environment = {name: value for name, value in programs.variables().items() if name not in _OTHERS}
    # `git check-ignore` takes paths, and fails with "pathspec magic not supported" when they are said to be literal
    variables = {n: v for n, v in _VARIABLES.items() if n != "GIT_LITERAL_PATHSPECS" or "check-ignore" not in arguments}
    pairs = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    return subprocess.Popen(
        [executable, "--no-pager", *pairs, *arguments],
        cwd=root,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment | variables,
    )


def _filters(executable: str, root: Path) -> dict[str, str] | None:
    """Settings that switch off the content filters of the repository's own configuration, not those of the user's.

    None when one has a name that cannot be given on a command line.
    """
    pattern = r"^filter\..*\.(clean|process|required)$"
    query = ("config", "--show-scope", "--name-only", "-z", "--get-regexp", pattern)
    asked = finished(_start(executable, root, _SETTINGS, query))
    if asked.returncode == 1:
        return {}  # there are none
    if asked.returncode != 0:
        return None  # before git 2.26 there was no telling whose they are
    words = os.fsdecode(asked.stdout).split("\0")
    names = {name for scope, name in zip(words[::2], words[1::2], strict=False) if scope in ("local", "worktree")}
    if not all(re.fullmatch(r"[\w. -]+", name) for name in names):
        return None
    return {name: "false" if name.endswith(".required") else "" for name in names} | {
        f"{name.rpartition('.')[0]}.required": "false" for name in names
    }


def _top(root: Path) -> Path:
    """The repository, whose own programs must not pass for git; just `root` in a repository of one's dotfiles."""
    top = next((d for d in (root, *root.parents) if (d / ".git").exists()), root)
    home = os.path.expanduser("~")  # noqa: PTH111 - Path.home() raises where a container's user has none
    return root if Path(home).is_relative_to(top) else top
