"""Opening a page in the person's own browser, where there is one to see."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import webbrowser
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePath

from wizard import programs

_TEXT = frozenset({"w3m", "lynx", "links", "links2", "elinks", "browsh", "www-browser", "edbrowse", "carbonyl"})
_NONE = frozenset({"", "none", "true", "false", ":", "echo", "0"})


def can_open(env: Mapping[str, str] = os.environ, root: Path = Path("/")) -> bool:
    """Is there a browser on this screen? BROWSER decides when it is set, as remote editors do; `none` means no.

    Over SSH, in a container and without a display there is none: a text browser would take the terminal over.
    """
    if "BROWSER" in env:
        names = [PurePath(part.split()[0]).name for part in env["BROWSER"].split(os.pathsep) if part.strip()]
        return any(name.lower() not in _NONE and name not in _TEXT for name in names)
    if any(env.get(name) for name in ("SSH_CONNECTION", "SSH_TTY", "SSH_CLIENT", "CI", "KUBERNETES_SERVICE_HOST")):
        return False
    if sys.platform in ("win32", "darwin"):
        return True
    if env.get("container") or any((root / name).exists() for name in (".dockerenv", "run/.containerenv")):
        return False
    return bool(env.get("DISPLAY") or env.get("WAYLAND_DISPLAY") or env.get("WSL_DISTRO_NAME"))


def open_page(url: str) -> bool:
    """Show `url`; False when no browser could be started. Never a text browser; its output is dropped."""
    with _own_variables():
        try:
            browser = webbrowser.get()
            if re.split(r"[\\/]", str(getattr(browser, "name", "")))[-1] in _TEXT:
                return False
            if type(browser) in (webbrowser.GenericBrowser, webbrowser.BackgroundBrowser):
                return _start(browser, url)
            return browser.open(url)
        except (OSError, webbrowser.Error):
            return False


@contextmanager
def _own_variables() -> Iterator[None]:
    """What webbrowser looks up and starts sees no secret, nor a PATH that leads into the current directory.

    It takes both from this process: a repository could bring its own `xdg-open`.
    """
    before = dict(os.environ)
    try:
        os.environ.clear()
        os.environ.update(programs.variables(before))
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _start(browser: webbrowser.BaseBrowser, url: str) -> bool:
    """What webbrowser would do, but with the terminal left alone: browsers print warnings."""
    given = getattr(browser, "args", ["%s"])
    words = [str(getattr(browser, "name", "")), *(str(word).replace("%s", url) for word in given)]
    quiet = subprocess.DEVNULL
    env = programs.variables()
    subprocess.Popen(words, env=env, stdin=quiet, stdout=quiet, stderr=quiet, start_new_session=True)
    return True
