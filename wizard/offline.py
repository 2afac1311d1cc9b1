"""`--offline`: from then on a network connection, or a program that may make one, is an error."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import PurePath
from typing import Any

from wizard.errors import WizardError

_CONNECTIONS = frozenset(
    {
        "socket.bind",
        "socket.connect",
        "socket.getaddrinfo",
        "socket.gethostbyaddr",
        "socket.gethostbyname",
        "socket.getnameinfo",
        "socket.sendmsg",
        "socket.sendto",
    }
)
_STARTS = frozenset({"subprocess.Popen", "os.exec", "os.posix_spawn", "os.spawn", "os.startfile", "os.system"})
_installed: list[bool] = []


def forbid_sockets() -> None:
    """From now on every use of the network in this process raises WizardError, loopback and look-ups of names too.

    So does starting a program other than git: a package manager or an app would use the network for us. There is no
    way back, which is what makes it a promise (PEP 578: audit hooks cannot be removed).
    """
    if not _installed:
        _installed.append(True)
        sys.addaudithook(_refuse)


def _refuse(event: str, arguments: tuple[Any, ...]) -> None:
    if event in _CONNECTIONS:
        if not _is_socketpair():
            raise WizardError("--offline forbids the network, and this step needs it", "Run it without --offline.")
    elif event in _STARTS:
        name = _program(event, arguments)
        if name != "git":
            raise WizardError(
                f"--offline forbids to start {name or 'a program'}, which may use the network",
                "Run it without --offline.",
            )


def _is_socketpair() -> bool:
    """Event loops wake themselves through a pair of sockets, which Windows makes out of a loopback connection."""
    # the hook and this function are the two innermost frames
    frame = sys._getframe(2)
    return frame.f_globals.get("__name__") == "socket" and "socketpair" in frame.f_code.co_name


def _program(event: str, arguments: tuple[Any, ...]) -> str:
    if event == "os.spawn":
        arguments = arguments[1:]
    first: Any = arguments[0] if arguments else ""
    if first is None and len(arguments) > 1:
        # Windows: no executable apart from the command line
        line: str | Sequence[str] = arguments[1]
        first = re.findall(r'"[^"]*"|\S+', line)[0].strip('"') if isinstance(line, str) else line[0]
    name = PurePath(first.decode("utf-8", "replace") if isinstance(first, bytes) else str(first)).name.lower()
    return name.removesuffix(".exe")
