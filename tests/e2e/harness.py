"""Real apps, set up by the installed command, started for real and visited by a real browser."""

from __future__ import annotations

import http.client
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.fixture_case import run_git
from wizard.sink import Received, Sink

TOKEN = "phc_e2e0000000000000000000000000000000000000000"
ROOT = Path(__file__).resolve().parents[2]
POSTHOG_JS = ("--sdk-version", "posthog-js=1.434.18")
"""The newest posthog-js whose own dependencies every registry mirror has."""
_ASIDE = {
    ".git",
    "node_modules",
    ".venv",
    "__pycache__",
    ".next",
    "dist",
    ".astro",
    "next-env.d.ts",
    "db.sqlite3",
    ".vite",
    ".nx",
    ".turbo",
}
_AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36"


@dataclass
class RealApp:
    """A scaffolded app under git; `env` is what its own tools run with."""

    root: Path
    state: Path
    env: dict[str, str] = field(default_factory=dict)

    def run(self, *argv: str, timeout: float = 600, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run one of the app's own tools and return its output."""
        environment = {
            **os.environ,
            "CI": "1",
            "NEXT_TELEMETRY_DISABLED": "1",
            "ASTRO_TELEMETRY_DISABLED": "1",
            **self.env,
        }
        program = shutil.which(argv[0], path=environment.get("PATH")) or argv[0]
        done = subprocess.run(
            [program, *argv[1:]],
            cwd=self.root,
            env=environment,
            capture_output=True,
            text=True,
            timeout=timeout,
            stdin=subprocess.DEVNULL,
        )
        assert not check or done.returncode == 0, f"{argv}: {done.stdout[-3000:]}\n{done.stderr[-3000:]}"
        return done

    def wizard(self, *arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        """Run the wizard as a user would, with no terminal; asserts its exit code."""
        binary = os.environ.get("POSTHOG_WIZARD_E2E_BIN")
        command = [binary] if binary else [sys.executable, "-m", "wizard"]
        environment = {**os.environ, "POSTHOG_WIZARD_STATE_DIR": str(self.state), **self.env}
        if not binary:
            environment["PYTHONPATH"] = str(ROOT)
        done = subprocess.run(
            [*command, *arguments],
            cwd=self.root,
            env=environment,
            capture_output=True,
            text=True,
            timeout=900,
            stdin=subprocess.DEVNULL,
        )
        assert done.returncode == code, f"exit {done.returncode}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
        return done

    def setup(self, sink: Sink, *arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        """`posthog-wizard --ci` against the sink as PostHog; what it promises in the diff is what it does."""
        common = ("--ci", "--token", TOKEN, "--host", sink.url, *arguments)
        promised = self.wizard(*common, "--dry-run").stdout
        assert promised.startswith("diff --git "), promised
        return self.wizard(*common, "--no-verify", code=code)

    def setup_from_plan(self, sink: Sink) -> subprocess.CompletedProcess[str]:
        """`posthog-wizard --dry-run --out plan.json`, then `apply plan.json`."""
        plan, given = str(self.state / "plan.json"), ("--token", TOKEN, "--host", sink.url)
        self.wizard("--ci", *given, "--dry-run", "--out", plan)
        assert TOKEN not in Path(plan).read_text()
        return self.wizard("apply", plan, "--ci", *given, "--no-verify")

    def commit(self, message: str = "start") -> None:
        """Everything so far becomes a commit."""
        if not (self.root / ".git").exists():
            run_git(self.root, "init", "-q")
        run_git(self.root, "add", "-A")
        run_git(self.root, "commit", "-qm", message, "--allow-empty")

    def content(self) -> dict[str, bytes]:
        """Every file that is the owner's, not a tool's cache."""
        return {
            str(path.relative_to(self.root)): path.read_bytes()
            for path in sorted(self.root.rglob("*"))
            if path.is_file() and _ASIDE.isdisjoint(path.relative_to(self.root).parts) and path.suffix != ".tsbuildinfo"
        }

    def check_rerun_and_undo(self, before: Mapping[str, bytes], sink: Sink, *arguments: str) -> None:
        """A second run changes nothing; undo gives the tree of the start back."""
        after = self.content()
        again = self.wizard("--ci", "--token", TOKEN, "--host", sink.url, *arguments)
        assert "nothing to change" in again.stderr, again.stderr
        assert self.content() == after
        self.wizard("undo", "--ci")
        now = self.content()
        assert set(now.keys() ^ before.keys()) == set()
        assert [p for p in now if now[p] != before[p]] == []

    @contextmanager
    def started(
        self, argv: Sequence[str], url: str, env: Mapping[str, str] | None = None
    ) -> Iterator[subprocess.Popen[bytes]]:
        """The app's server, ready at `url`; ended with SIGTERM and its whole group."""
        environment = {**os.environ, **self.env, **(env or {})}
        program = shutil.which(argv[0], path=environment.get("PATH")) or argv[0]
        log = self.state / "server.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [program, *argv[1:]],
                cwd=self.root,
                env=environment,
                stdout=output,
                stderr=output,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
            try:
                _wait_until_ready(url, process, log)
                yield process
            finally:
                if process.poll() is None:
                    os.killpg(process.pid, signal.SIGTERM)
                try:
                    process.wait(15)
                except subprocess.TimeoutExpired:
                    os.killpg(process.pid, signal.SIGKILL)
                    process.wait(5)


def _wait_until_ready(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text(errors="replace")[-3000:]
        try:
            get(url)
        except OSError:
            time.sleep(0.3)
        else:
            return
    raise AssertionError(f"{url} did not answer: {log.read_text(errors='replace')[-3000:]}")


def get(url: str) -> tuple[int, bytes]:
    """Status and body of a GET."""
    match = re.fullmatch(r"http://([^/:]+):(\d+)(/.*)?", url)
    assert match
    connection = http.client.HTTPConnection(match[1], int(match[2]), timeout=60)
    try:
        connection.request("GET", match[3] or "/")
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def free_port() -> int:
    """A port on loopback that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def page(url: str) -> Iterator[object]:
    """The page in Chromium as a person has it: ordinary user agent, not marked as driven (posthog-js drops bots)."""
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    assert chromium, "the end-to-end tests need chromium"
    with sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=chromium,
            args=["--no-sandbox", "--disable-blink-features=AutomationControlled", "--disable-background-networking"],
        )
        try:
            context = browser.new_context(user_agent=_AGENT)
            context.add_init_script(
                "Object.defineProperty(navigator, 'webdriver', {get: () => false});"
                "Object.defineProperty(navigator, 'userAgentData', {get: () => undefined});"
            )
            opened = context.new_page()
            opened.goto(url)
            yield opened
        finally:
            browser.close()


def event(sink: Sink, name: str, timeout: float = 20) -> Received:
    """The first event of that name with the token of the tests. Fails when it does not arrive."""
    found = sink.wait_for(lambda r: r.event is not None and r.event["event"] == name, timeout)
    assert found is not None, f"no {name}; seen: {[(r.kind, r.event and r.event['event']) for r in sink.received]}"
    assert found.token == TOKEN
    return found
