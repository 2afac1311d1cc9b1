"""Running package managers: one call at a time, without a shell, with nobody to answer a prompt."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Timer

from wizard import programs
from wizard.packages.command import Command
from wizard.packages.trouble import Trouble, explain

__all__ = ["TAIL", "InstallResult", "Trouble", "environment", "explain", "missing_binaries", "run_install"]

TAIL = 20
"""Lines of output that a failure shows."""

_KEPT = 2000
_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?)")
_QUIET = {
    "NO_COLOR": "1",
    "COREPACK_ENABLE_DOWNLOAD_PROMPT": "0",
    "npm_config_update_notifier": "false",
    "PDM_CHECK_UPDATE": "false",
    "PIP_NO_INPUT": "1",
    "PIPENV_NOSPIN": "1",
    "POETRY_NO_INTERACTION": "1",
    "UV_NO_PROGRESS": "1",
    "PYTHONUNBUFFERED": "1",
}


@dataclass(frozen=True, slots=True)
class InstallResult:
    """How the calls ended. `argv`, `cwd` (relative to the root) and `output` are those of the last call made.

    `trouble` is there whenever `ok` is false.
    """

    ok: bool
    argv: tuple[str, ...] = ()
    cwd: str = "."
    returncode: int = 0
    output: str = ""
    timed_out: bool = False
    trouble: Trouble | None = None

    @property
    def tail(self) -> tuple[str, ...]:
        """The last lines of the output."""
        return tuple(self.output.splitlines()[-TAIL:])


def missing_binaries(commands: Sequence[Command], root: Path) -> tuple[str, ...]:
    """The programs that the commands need and that are not on this machine, each once."""
    needed = dict.fromkeys((argv[0], command.cwd) for command in commands for argv in command.calls)
    return tuple(dict.fromkeys(name for name, cwd in needed if programs.find(name, root / cwd) is None))


def run_install(
    commands: Sequence[Command], root: Path, say: Callable[[str], None], timeout: float = 900
) -> InstallResult:
    """Run the calls in order, up to the first that fails; each may take `timeout` seconds.

    `root` is the directory that the commands' `cwd` are relative to. `say` gets every line of output as it comes,
    without colours. A program that is not there is a failure with return code 127. KeyboardInterrupt ends the call.
    """
    result = InstallResult(ok=True)
    for command in commands:
        for argv in command.calls:
            result = _run(argv, command, root, say, timeout)
            if not result.ok:
                return replace(result, trouble=_trouble(result, replace(command, argv=argv)))
        if missing := _unlisted(command, root):
            return replace(result, ok=False, trouble=missing)
    return result


def _unlisted(command: Command, root: Path) -> Trouble | None:
    """A setting can hold a lockfile without a word: uv's UV_FROZEN, package-lock=false, yarn 1's frozen-lockfile."""
    found = (root / command.lock).read_bytes() if command.lock and (root / command.lock).is_file() else None
    missing = [name for name in command.packages if found is not None and name.encode() not in found]
    if not missing or (command.lock or "").endswith(".lockb"):
        return None
    return Trouble(
        f"{command.lock} was left as it is, without {' and '.join(missing)}: a setting holds it",
        f"Lift that setting (frozen, locked, package-lock), then run `{shlex.join(command.argv)}`.",
    )


def environment(extra: dict[str, str] | None = None) -> dict[str, str]:
    """The environment for a package manager: quiet, no secrets, no hint at the Python environment that runs us."""
    env = {n: value for n, value in programs.variables().items() if n not in ("__PYVENV_LAUNCHER__", "FORCE_COLOR")}
    active = env.get("VIRTUAL_ENV")
    if active and Path(active).resolve() == Path(sys.prefix).resolve():
        del env["VIRTUAL_ENV"]
    return {**env, **_QUIET, **(extra or {})}


def _trouble(result: InstallResult, command: Command) -> Trouble:
    call = shlex.join(result.argv)
    if result.timed_out:
        return Trouble(f"`{call}` took too long and was stopped", f"Run it by hand in {result.cwd}.")
    known = explain(result.output, command, command.packages)
    where = f" in {result.cwd}" if result.cwd != "." else ""
    return known or Trouble(f"`{call}`{where} ended with exit code {result.returncode}")


def _run(
    argv: tuple[str, ...], command: Command, root: Path, say: Callable[[str], None], timeout: float
) -> InstallResult:
    directory = Path(os.path.normpath(root / command.cwd))
    program = programs.find(argv[0], directory)
    if program is None:
        return InstallResult(False, argv, command.cwd, 127, f"{argv[0]}: not found")
    try:
        process = subprocess.Popen(
            (program, *argv[1:]),
            cwd=directory,
            env=environment(dict(command.env)),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            start_new_session=os.name != "nt",
        )
    except OSError as error:
        return InstallResult(False, argv, command.cwd, 126, f"{argv[0]}: {error.strerror}")
    expired: list[bool] = []

    def expire() -> None:
        expired.append(True)
        _stop(process)

    timer = Timer(timeout, expire)
    timer.daemon = True
    timer.start()
    try:
        output = _follow(process, say)
    finally:
        timer.cancel()
        if process.poll() is None:
            _stop(process)
    ok = process.returncode == 0 and not expired
    return InstallResult(ok, argv, command.cwd, process.returncode, output, bool(expired))


def _follow(process: subprocess.Popen[str], say: Callable[[str], None]) -> str:
    kept: deque[str] = deque(maxlen=_KEPT)
    with process:
        for line in process.stdout or ():
            plain = _ESCAPES.sub("", line).rstrip()
            kept.append(plain)
            if plain:
                say(plain)
    return "\n".join(kept)


def _stop(process: subprocess.Popen[str]) -> None:
    """End the call with everything it started, which a group of its own makes possible; killed if it lingers."""
    for number in (signal.SIGTERM, getattr(signal, "SIGKILL", signal.SIGTERM)):
        try:
            if os.name == "nt":
                process.terminate()
            else:
                os.killpg(process.pid, number)
            process.wait(3)
        except subprocess.TimeoutExpired:
            continue
        except (ProcessLookupError, PermissionError):
            return
        return
