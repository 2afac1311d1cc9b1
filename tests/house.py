"""A machine for whole runs: a home, package managers that do nothing, and what happened with sockets."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.fixture_case import Case, snapshot


def plain_copy(name: str, where: Path) -> Path:
    """The fixture app without git, which takes a tenth of the time."""
    return Path(shutil.copytree(Case(name).folder / "project", where / "app", symlinks=True))


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
        for seen in ACTIVE:
            seen.append((event, arguments[1]))
