"""The command line as tests run it: `wizard` in this very process, which is much quicker, or `process` in its own.

Neither has a terminal.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from tests.fixture_case import TOKEN
from wizard import offline
from wizard.cli import main

ROOT = Path(__file__).resolve().parent.parent
GIVEN = ("--token", TOKEN, "--region", "eu")


def process(*arguments: str | Path, cwd: Path = ROOT, env: dict[str, str] | None = None) -> CompletedProcess[str]:
    """Run it in a process of its own: for what a start, a stream's encoding or an exit may change."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "100", **(env or {})}
    return subprocess.run(
        [sys.executable, "-m", "wizard", *map(str, arguments)],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=60,
    )


def wizard(*arguments: str | Path, cwd: Path = ROOT, env: dict[str, str] | None = None) -> CompletedProcess[str]:
    """Run it with these arguments; nothing of PostHog's own hosts can be reached."""
    given = [str(argument) for argument in arguments]
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
    with _surroundings(cwd, env or {}), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(given)
    written = [stream.buffer.getvalue().decode() for stream in (out, err)]
    return CompletedProcess(given, code, *written)


@contextlib.contextmanager
def _surroundings(cwd: Path, env: dict[str, str]) -> Iterator[None]:
    """Directory, environment and standard input of a process of its own; what `--offline` forbids, for that long."""
    before = dict(os.environ)
    with pytest.MonkeyPatch.context() as patch, Path(os.devnull).open(encoding="utf-8") as nothing:
        patch.chdir(cwd)
        patch.setattr(sys, "stdin", nothing)
        patch.setattr(offline, "forbid_sockets", _forbid_for_now)
        os.environ.update({"COLUMNS": "100", "HTTPS_PROXY": "http://127.0.0.1:9", **env})
        try:
            yield
        finally:
            _forbidden.clear()
            os.environ.clear()
            os.environ.update(before)


_forbidden: list[bool] = []
_hooked: list[bool] = []


def _forbid_for_now() -> None:
    """The real one has no way back, which the tests in this process that come after it need."""
    _forbidden.append(True)
    if not _hooked:
        _hooked.append(True)
        sys.addaudithook(_refuse)


def _refuse(event: str, arguments: tuple[Any, ...]) -> None:
    if _forbidden:
        offline._refuse(event, arguments)


def report(done: CompletedProcess[str]) -> dict[str, Any]:
    """The JSON object that a run printed."""
    found: dict[str, Any] = json.loads(done.stdout)
    assert found["schema"] == 1
    return found
