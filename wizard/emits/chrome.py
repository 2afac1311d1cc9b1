"""Finding a Chrome-like browser and starting it so that it passes for a visitor's."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from wizard import programs

_NAMES = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "microsoft-edge",
    "microsoft-edge-stable",
    "msedge",
    "brave-browser",
    "brave",
)
_MAC = ("Google Chrome", "Chromium", "Microsoft Edge", "Brave Browser")
_WINDOWS = (
    r"Google\Chrome\Application\chrome.exe",
    r"Chromium\Application\chrome.exe",
    r"Microsoft\Edge\Application\msedge.exe",
    r"BraveSoftware\Brave-Browser\Application\brave.exe",
)
_USUAL_VERSION = "140"


def find_chrome(named: str | None = None) -> str | None:
    """Path of a Chrome-like browser: the one that is `named` (name or path), or the first that is installed."""
    if named is not None:
        return programs.find(named)
    on_path = (programs.find(name) for name in _NAMES)
    return next((p for p in on_path if p), None) or next((str(p) for p in _usual_places() if p.is_file()), None)


def _usual_places() -> Iterator[Path]:
    if sys.platform == "darwin":
        for home in (Path("/"), Path.home()):
            yield from (home / "Applications" / f"{name}.app/Contents/MacOS/{name}" for name in _MAC)
    elif os.name == "nt":
        for variable in ("PROGRAMFILES", "PROGRAMFILES(X86)", "LOCALAPPDATA"):
            if variable in os.environ:
                yield from (Path(os.environ[variable]) / path for path in _WINDOWS)


def visit(chrome: str, profile: Path, url: str, *, watched: bool = False, insecure: bool = False) -> list[str]:
    """The command that opens `url` without a window and without any trait of automation.

    With `watched` it says in `profile` where its DevTools listen (on this machine only). With `insecure` the
    certificate of a development server will do; nothing but that server is visited then.

    posthog-js drops events of browsers that call themselves headless or say `navigator.webdriver`
    (https://posthog.com/docs/libraries/js/config, `opt_out_useragent_filter`).
    """
    command = [
        chrome,
        "--headless=new",
        f"--user-data-dir={profile}",
        f"--user-agent={user_agent(_major_version(chrome))}",
        "--disable-blink-features=AutomationControlled",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-default-apps",
        "--disable-extensions",
        "--disable-sync",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--no-default-browser-check",
        "--no-first-run",
        "--password-store=basic",
        "--use-mock-keychain",
        "--no-proxy-server",
        # A page that does not take its host from the variable must not send a test visit to the real project. Where
        # each request is looked at, the public scripts of the SDK may be fetched.
        "--host-resolver-rules=MAP *.posthog.com ~NOTFOUND" + (", EXCLUDE *-assets.i.posthog.com" if watched else ""),
        "--window-size=1280,900",
    ]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        # Chrome refuses to run as root with its sandbox.
        command.append("--no-sandbox")
    if watched:
        command.append("--remote-debugging-port=0")
    if insecure:
        command.append("--ignore-certificate-errors")
    return [*command, url]


def tidy(env: Mapping[str, str], scratch: Path) -> dict[str, str]:
    """The browser's variables: it leaves a folder with a socket where temporary files go, so that goes to `scratch`.

    A path too long for a socket (108 bytes) would keep it from starting; elsewhere than on Linux it may well be.
    """
    short = sys.platform == "linux" and len(os.fsencode(scratch)) < 60
    return {**env, "TMPDIR": str(scratch)} if short else dict(env)


def user_agent(version: str = _USUAL_VERSION) -> str:
    """What a visitor's Chrome says it is."""
    system = {"darwin": "Macintosh; Intel Mac OS X 10_15_7", "win32": "Windows NT 10.0; Win64; x64"}
    platform = system.get(sys.platform, "X11; Linux x86_64")
    return f"Mozilla/5.0 ({platform}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{version}.0.0.0 Safari/537.36"


@cache
def _major_version(chrome: str) -> str:
    if os.name == "nt":
        # There it opens a window instead of answering.
        return _USUAL_VERSION
    try:
        answer = subprocess.run(
            [chrome, "--version"],
            env=programs.variables(),
            capture_output=True,
            text=True,
            errors="replace",
            timeout=5,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return _USUAL_VERSION
    match = re.search(r"\b(\d{2,3})\.\d+\.\d+", answer.stdout)
    return match[1] if match else _USUAL_VERSION
