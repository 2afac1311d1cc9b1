"""The app's own code is proven to emit, or the reason is named; nothing that was started outlives the proof."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from wizard.emits import Emission, browser, chrome, devtools, emits, process, proof, server
from wizard.emits.answering import request
from wizard.emits.expected import Expected
from wizard.emits.reasons import reported, why_no_client_spoke, why_page_was_silent
from wizard.environment import Names
from wizard.framework import Launch
from wizard.posthog import hosts
from wizard.sink import Received

posix = pytest.mark.skipif(os.name == "nt", reason="process groups and scripts of POSIX")

SERVER = """
import http.server, json, os, sys, time, urllib.request
class App(http.server.BaseHTTPRequestHandler):
    asked = 0
    def do_GET(self):
        App.asked += 1
        self.send_response(answer(App.asked)); self.send_header("Content-Length", "0"); self.end_headers()
        visited(App.asked)
    def log_message(self, *args): pass
def send(path, **event):
    body = json.dumps({"token": os.environ["TOKEN"], "distinct_id": "ann", **event}).encode()
    urllib.request.urlopen(urllib.request.Request(os.environ["MY_HOST"] + path, body)).read()
def answer(asked): return 200
def visited(asked): pass
%s
http.server.HTTPServer(("127.0.0.1", int(os.environ["PORT"])), App).serve_forever()
"""
SECRET = "phx_" + "a" * 40
SPEAKS = 'def visited(asked): send("/e/", event="$pageview", distinct_id="ann")'


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def app(directory: Path, code: str, build: str = "", port: int = 0) -> Launch:
    """An app of one Python script, which gets the port that its URL names."""
    port = port or free_port()
    (directory / "app.py").write_text(dedent(code))
    return Launch(
        (sys.executable, "-S", "app.py"),
        f"http://127.0.0.1:{port}/",
        (sys.executable, "-S", "-c", build) if build else (),
        {"PORT": str(port)},
    )


@pytest.fixture(autouse=True)
def short_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "OWN_LIMIT", 0.3)
    monkeypatch.setattr(server, "PROBE_LIMIT", 0.1)
    monkeypatch.setattr(browser, "SILENT_LIMIT", 0.1)
    monkeypatch.setattr(devtools, "OPENING", 0.1)
    monkeypatch.setattr(process, "PATIENCE", 0.5)


def prove(
    directory: Path, launch: Launch, runtime: Any = "server", said: list[str] | None = None, **more: Any
) -> Emission:
    more = {"timeout": 5.0, "host_variables": ("MY_HOST",), "say": (said if said is not None else []).append, **more}
    return emits(directory, launch, runtime, {"TOKEN": "phc_t"}, **more)


def gone(pid: int) -> bool:
    """No process, or one that has ended and only waits for its parent to notice."""
    for _ in range(40):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        stat = Path(f"/proc/{pid}/stat")
        if stat.exists() and stat.read_text().rpartition(")")[2].split()[0] == "Z":
            return True
        time.sleep(0.05)
    return False


def test_an_event_of_the_apps_own(tmp_path: Path) -> None:
    said: list[str] = []
    launch = app(tmp_path, SERVER % SPEAKS, build="open('built', 'w').close()")
    found = prove(tmp_path, launch, said=said)
    assert (found.status, found.own, found.token) == ("passed", True, "phc_t")
    assert found.event is not None
    assert found.event["event"] == "$pageview"
    assert (tmp_path / "built").exists()
    waits = [line for line in said if not line.startswith("Starting")]
    assert [line.split()[0] for line in said] == ["Building:", "Starting:", "Waiting", "Requested"]
    assert all("at most" in line for line in waits)


def test_our_variables_win_over_the_projects(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_HOST", "http://127.0.0.1:9")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    launch = app(tmp_path, SERVER % SPEAKS)
    launch = Launch(launch.argv, launch.url, (), {**launch.env, "MY_HOST": "http://127.0.0.1:9"})
    assert prove(tmp_path, launch).status == "passed"


def test_a_task_runner_passes_our_variables_on(tmp_path: Path) -> None:
    code = f"assert os.environ['TURBO_ENV_MODE'] == 'loose'\n{SPEAKS}"
    assert prove(tmp_path, app(tmp_path, SERVER % code)).status == "passed"


def test_asks_again_while_the_app_says_it_is_starting(tmp_path: Path) -> None:
    code = (
        'def answer(asked): return 503 if asked < 3 else 200\ndef visited(asked): asked < 3 or send("/e/", event="up")'
    )
    assert prove(tmp_path, app(tmp_path, SERVER % code)).status == "passed"


def test_an_event_sent_when_asked_is_not_the_apps_own(tmp_path: Path) -> None:
    code = 'def visited(asked): send("/batch/", event="posthog_wizard_verify")'
    found = prove(tmp_path, app(tmp_path, SERVER % code))
    assert (found.status, found.own) == ("passed", False)
    assert "when asked" in found.reason


@pytest.mark.parametrize(
    ("code", "build", "reason"),
    [
        pytest.param("import sys\nfor i in range(30): print('line', i)\nsys.exit(3)", "",
                     "ended with exit code 3 before it answered\nline 10\n", id="dies-at-once"),
        pytest.param("import time\nprint('hm', flush=True)\ntime.sleep(60)", "",
                     "nothing answered on", id="never-listens"),
        pytest.param(SERVER % "", "", "the app started but never created a PostHog client", id="stays-silent"),
        pytest.param(SERVER % "def answer(asked): return 500", "", "answered 500)", id="stays-silent-with-an-error"),
        pytest.param(SERVER % "def visited(asked): print('oops', flush=True); os._exit(4)", "",
                     "ended with exit code 4 before it sent an event\noops", id="dies-when-visited"),
        pytest.param(SERVER % SPEAKS, "print('no types'); raise SystemExit(2)", "failed with exit code 2\nno types",
                     id="build-fails"),
        pytest.param("print('\\x1b[31mr\\xe9d\\x1b[0m')", "", "before it answered\nr", id="colours-are-dropped"),
    ],
)  # fmt: skip
def test_failures_are_named(tmp_path: Path, code: str, build: str, reason: str) -> None:
    found = prove(tmp_path, app(tmp_path, code, build), timeout=0.8)
    assert (found.status, found.event) == ("failed", None)
    assert reason in found.reason
    assert found.reason.isascii()
    assert "\x1b" not in found.reason


def test_a_build_that_never_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proof, "BUILD_LIMIT", 0.2)
    found = prove(tmp_path, app(tmp_path, SERVER % SPEAKS, build="import time; time.sleep(60)"))
    assert (found.status, "did not end within" in found.reason) == ("failed", True)


@pytest.mark.parametrize("argv", ["no-such-command-here", "./app.py", "bin/no-such"])
def test_a_command_that_cannot_be_started(tmp_path: Path, argv: str) -> None:
    launch = app(tmp_path, SERVER % SPEAKS)
    found = prove(tmp_path, Launch((argv,), launch.url))
    assert (found.status, found.reason.startswith("the app could not be started: ")) == ("failed", True)


def test_another_app_on_the_port_is_not_taken_for_ours(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        found = prove(tmp_path, app(tmp_path, SERVER % SPEAKS, port=other.getsockname()[1]))
    assert (found.status, "already listens" in found.reason) == ("failed", True)


PRINTS = SERVER.replace("http.server.HTTPServer((", "%s\nhttp.server.HTTPServer((").replace("%s", SPEAKS, 1)


@pytest.mark.parametrize(
    "prints",
    [
        pytest.param("", id="told-by-PORT"),
        pytest.param("print('at \\x1b[36mhttp://localhost:\\x1b[1m' + os.environ['PORT'] + '/\\x1b[0m', flush=True)",
                     id="printed-in-colours"),
        pytest.param("print('Docs: http://localhost:9/ App: http://0.0.0.0:' + os.environ['PORT'], flush=True)",
                     id="one-of-several"),
        pytest.param("import socket; s = socket.create_server(('127.0.0.1', 0)); port = s.getsockname()[1]; s.close(); "
                     "os.environ['PORT'] = str(port); print('listening on port', os.environ['PORT'], flush=True)",
                     id="another-than-told"),
    ],
)  # fmt: skip
def test_where_it_answers_is_read_in_its_output(tmp_path: Path, prints: str) -> None:
    launch = app(tmp_path, PRINTS % prints)
    found = prove(tmp_path, Launch(launch.argv, None, (), launch.env))
    assert (found.status, found.own) == ("passed", True), found.reason


def test_a_server_with_nothing_at_its_root_is_asked_elsewhere(tmp_path: Path) -> None:
    said: list[str] = []
    code = """
        def answer(asked): return 404 if asked < 3 else 200
        def visited(asked): asked < 3 or send("/e/", event="up")
    """
    found = prove(tmp_path, app(tmp_path, SERVER % dedent(code)), said=said)
    assert found.status == "passed", found.reason
    assert any("/healthz (status 200)" in line for line in said)


@pytest.mark.parametrize(
    ("code", "cause"),
    [
        pytest.param("import sys; sys.exit(3)", "app-ended", marks=pytest.mark.slow),
        ("raise OSError(98, 'Address already in use')", "port-taken"),
        ("raise ImportError(\"No module named 'posthog'\")", "sdk-import"),
        pytest.param("import time; time.sleep(60)", "never-answered", marks=pytest.mark.slow),
        pytest.param(SERVER % "def answer(asked): return 500", "app-error", marks=pytest.mark.slow),
        pytest.param(SERVER % "", "no-init", marks=pytest.mark.slow),
    ],
)
def test_causes_have_names(tmp_path: Path, code: str, cause: str) -> None:
    found = prove(tmp_path, app(tmp_path, code), timeout=0.8)
    assert (found.status, found.cause) == ("failed", cause), found.reason


@pytest.mark.parametrize(
    ("more", "warning"),
    [
        (f"event='$exception', properties={{'$exception_list': [{{'type': 'MongoError', 'value': 'no {SECRET}'}}]}}",
         "an error of the app itself: MongoError: no phx_"),
        ("event='$exception', properties={'$exception_list': 7}", "an error of the app itself."),
        ("event='$exception'", "an error of the app itself."),
        ("event='signed_up'", ""),
    ],
    ids=["named", "odd", "bare", "another"],
)  # fmt: skip
def test_an_event_that_is_an_error_of_the_app(tmp_path: Path, more: str, warning: str) -> None:
    found = prove(tmp_path, app(tmp_path, SERVER % f"def visited(asked): send('/e/', {more})"))
    assert found.status == "passed", found.reason
    assert warning in found.warning
    assert bool(found.warning) == bool(warning)
    assert "a" * 40 not in found.warning


def test_an_app_that_told_of_its_end_is_proven_whenever_it_ends(tmp_path: Path) -> None:
    code = SERVER.partition("def answer")[0]
    code += "send('/e/', event='$exception')\nprint('ECONNREFUSED 127.0.0.1:27017')\nsys.exit(1)"
    found = prove(tmp_path, app(tmp_path, code))
    assert (found.status, found.own) == ("passed", True), found.reason
    assert found.warning.startswith("But the app ended with exit code 1 before it answered: it needs a database")
    assert "\n" not in found.warning


def test_an_app_that_needs_a_database_says_so_and_does_not_wait_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proof, "PATIENCE", 0.0)
    code = "import time\nprint('Error: connect ECONNREFUSED 127.0.0.1:5432', flush=True)\ntime.sleep(60)"
    began = time.monotonic()
    found = prove(tmp_path, app(tmp_path, code), timeout=30.0)
    assert (found.status, found.cause) == ("failed", "needs-database")
    assert found.reason.startswith("the app never answered: it needs a database that is not there (Error: connect")
    assert time.monotonic() - began < 10


@pytest.mark.parametrize(
    ("secret", "cause"),
    [(SECRET, "secret-key"), ("", "no-token")],
)
def test_what_posthog_would_refuse_is_named_at_once(tmp_path: Path, secret: str, cause: str) -> None:
    code = (
        f"os.environ['TOKEN'] = '{secret}'\ndef visited(asked):\n  try: send('/e/', event='x')\n  except OSError: pass"
    )
    found = prove(tmp_path, app(tmp_path, SERVER % code), expected=Expected(hosts.cloud("us"), "phc_t"))
    assert (found.status, found.cause) == ("failed", cause), found.reason
    assert "phx_" not in found.reason


@pytest.mark.parametrize(
    ("code", "status", "cause"),
    [
        pytest.param("send('/e/', event='done')", "passed", "", id="sent"),
        pytest.param("pass", "failed", "no-init", id="nothing-to-do-with-us"),
        pytest.param("sys.exit(1)", "failed", "app-ended", id="with-an-error"),
    ],
)
def test_a_script_that_ends_by_itself(tmp_path: Path, code: str, status: str, cause: str) -> None:
    launch = app(tmp_path, SERVER.partition("def answer")[0] + code)
    found = prove(tmp_path, Launch(launch.argv, None, (), launch.env))
    assert (found.status, found.cause) == (status, cause), found.reason
    if status == "passed":
        assert found.reason == "the process sent 1 event and ended by itself: its queue was flushed"


@pytest.mark.parametrize(
    ("asked", "status", "cause"),
    [
        pytest.param(Expected(hosts.cloud("us"), "phc_t"), "passed", "", id="as-expected"),
        pytest.param(Expected(), "passed", "", id="nothing-expected"),
        pytest.param(Expected(hosts.cloud("us"), "phc_mine"), "failed", "wrong-token", id="another-project"),
        pytest.param(Expected(hosts.cloud("us"), "phc_t", Names("A", "B"), region="B is for the EU"), "failed",
                     "wrong-region", id="another-region"),
    ],
)  # fmt: skip
def test_an_event_that_would_go_astray_is_no_proof(tmp_path: Path, asked: Expected, status: str, cause: str) -> None:
    found = prove(tmp_path, app(tmp_path, SERVER % SPEAKS), expected=asked)
    assert (found.status, found.cause) == (status, cause)
    assert found.event is not None
    assert "phc_mine" not in found.reason.replace("phc_...", "")


@pytest.mark.skipif(shutil.which("openssl") is None, reason="makes a certificate")
@pytest.mark.parametrize("named", [True, False], ids=["https-url", "http-url"])
def test_a_development_certificate_will_do(tmp_path: Path, named: bool) -> None:
    new = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj /CN=localhost"
    made = [*new.split(), "-keyout", "key.pem", "-out", "cert.pem"]
    subprocess.run(made, cwd=tmp_path, check=True, capture_output=True)
    tls = "server = http.server.HTTPServer(('127.0.0.1', int(os.environ['PORT'])), App)\nimport ssl\n"
    tls += "context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER); context.load_cert_chain('cert.pem', 'key.pem')\n"
    tls += "server.socket = context.wrap_socket(server.socket, server_side=True); server.serve_forever()"
    code = (SERVER % SPEAKS).rpartition("http.server.HTTPServer")[0] + tls
    launch = app(tmp_path, code)
    url = str(launch.url).replace("http:", "https:") if named else launch.url
    assert prove(tmp_path, Launch(launch.argv, url, (), launch.env)).status == "passed"
    assert request("https://localhost.invalid:1/", 1) is None


FAMILY = """
import signal, subprocess
signal.signal(signal.SIGTERM, signal.SIG_IGN)
kinds = {}, {"start_new_session": True}
if os.fork() == 0:
    # a daemon: its parent has ended and its session is its own
    os.setsid()
    if os.fork() == 0:
        with open("daemon", "w") as file: file.write(str(os.getpid()))
        time.sleep(60)
    os._exit(0)
while not os.path.exists("daemon") or not open("daemon").read(): time.sleep(0.01)
sleep = [sys.executable, "-S", "-c", "import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(60)"]
pids = [os.getpid()] + [subprocess.Popen(sleep, **kind).pid for kind in kinds] + [int(open("daemon").read())]
with open("pids.json", "w") as file: json.dump(pids, file)
"""


@posix
@pytest.mark.parametrize("wrapped", [False, pytest.param(True, marks=pytest.mark.slow)], ids=["itself", "in-a-shell"])
@pytest.mark.parametrize("interrupted", [False, True], ids=["normal-end", "ctrl-c"])
def test_nothing_outlives_it(tmp_path: Path, interrupted: bool, wrapped: bool) -> None:
    def say(line: str) -> None:
        if interrupted and line.startswith("Requested"):
            raise KeyboardInterrupt

    launch = app(tmp_path, SERVER % (FAMILY + SPEAKS))
    if wrapped:
        # as npm does it: a shell between us and the server
        launch = Launch(("sh", "-c", f"{shlex.join(launch.argv)}; exit 1"), launch.url, (), launch.env)
    if interrupted:
        with pytest.raises(KeyboardInterrupt):
            prove(tmp_path, launch, say=say)
    else:
        assert prove(tmp_path, launch).status == "passed"
    family = json.loads((tmp_path / "pids.json").read_text())
    # only Linux tells the variables of a process that left the group
    members = family if sys.platform == "linux" else family[:2]
    assert [pid for pid in members if not gone(pid)] == []


@pytest.mark.skipif(sys.platform != "linux", reason="where its own folder would be too long")
def test_the_browser_leaves_no_temporary_files(tmp_path: Path) -> None:
    assert chrome.tidy({"A": "1"}, Path("/tmp/x")) == {"A": "1", "TMPDIR": "/tmp/x"}
    assert chrome.tidy({"A": "1"}, Path("/tmp", "x" * 60)) == {"A": "1"}


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells the session of a process")
def test_a_task_without_our_variables_in_a_group_of_its_own_is_ended_too(tmp_path: Path) -> None:
    code = """
        import os, subprocess, sys
        child = subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(60)"], env={}, process_group=0)
        open("pid", "w").write(str(child.pid))
    """
    assert prove(tmp_path, app(tmp_path, code)).status == "failed"
    assert gone(int((tmp_path / "pid").read_text()))


@posix
def test_children_of_a_command_that_ended_are_ended_too(tmp_path: Path) -> None:
    code = """
        import subprocess, sys
        child = subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(60)"])
        open("pid", "w").write(str(child.pid))
    """
    assert prove(tmp_path, app(tmp_path, code)).status == "failed"
    assert gone(int((tmp_path / "pid").read_text()))


def a_browser(directory: Path, code: str) -> str:
    """A program in place of Chrome: it has the URL as its last argument and may send to the sink itself."""
    path = directory / "browser"
    sending = SERVER.partition("def answer")[0]
    version = "if '--version' in sys.argv: sys.exit('Chromium 120.0.1.2')\nif sys.argv[-1] == 'about:blank': sys.exit()"
    path.write_text(f"#!{sys.executable} -S\n{sending}\n{version}\n{dedent(code)}\ntime.sleep(30)\n")
    path.chmod(0o755)
    return str(path)


@posix
@pytest.mark.parametrize(
    ("code", "status", "words"),
    [
        pytest.param('send("/e/", event="$pageview", properties={"url": sys.argv[-1]})',
                     "passed", "own code", id="event"),
        pytest.param('send("/e/", event="$set")\nsend("/e/", event="$pageview", properties={"url": sys.argv[-1]})',
                     "passed", "own code", id="page-view-behind-another-event"),
        pytest.param('send("/flags/")', "failed", "loaded PostHog but sent no event", id="loaded-but-silent"),
        pytest.param('send("/e/", event="x", properties={"$is_server": True})',
                     "failed", "sent nothing", id="servers-own"),
        pytest.param("", "failed", "its host does not come from MY_HOST", id="nothing"),
        pytest.param("sys.exit(0)", "failed", "sent nothing", id="browser-leaves"),
        pytest.param("sys.exit('no display')", "skipped", "could not run\nno display", id="browser-breaks"),
    ],
)  # fmt: skip
def test_in_a_browser(tmp_path: Path, code: str, status: str, words: str) -> None:
    launch = app(tmp_path, SERVER % "")
    limit = 5.0 if status == "passed" or "flags" in code or "exit" in code else 0.5
    found = prove(tmp_path, launch, "browser", chrome=a_browser(tmp_path, code), timeout=limit)
    assert (found.status, words in found.reason) == (status, True), found.reason
    if found.event is not None:
        assert (found.event["event"], found.event["properties"]["url"]) == ("$pageview", launch.url)


@posix
def test_a_page_that_answers_with_an_error_says_so(tmp_path: Path) -> None:
    launch = app(tmp_path, SERVER % "def answer(asked): print('oops', flush=True); return 500")
    found = prove(tmp_path, launch, "browser", chrome=a_browser(tmp_path, "sys.exit(0)"), timeout=1.5)
    assert (found.status, found.reason.endswith("answered 500)\noops")) == ("failed", True), found.reason


def test_without_a_browser_nothing_is_started(tmp_path: Path) -> None:
    said: list[str] = []
    found = prove(tmp_path, app(tmp_path, SERVER % SPEAKS), "browser", said, chrome="no-such-browser")
    assert (found.status, found.reason, said) == ("skipped", "there is no browser no-such-browser", [])


def test_the_user_opens_the_page(tmp_path: Path) -> None:
    said: list[str] = []
    found = prove(tmp_path, app(tmp_path, SERVER % SPEAKS), "browser", said, open_by_user=True)
    assert (found.status, found.own) == ("passed", True)
    assert said[-1].startswith("Open http://127.0.0.1:")
    assert "at most 5 s" in said[-1]


def test_find_chrome(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(chrome, "_usual_places", lambda: iter([tmp_path / "Chrome App"]))
    assert chrome.find_chrome() is None
    (tmp_path / "Chrome App").touch()
    assert chrome.find_chrome() == str(tmp_path / "Chrome App")
    name = "google-chrome.exe" if os.name == "nt" else "google-chrome"
    (tmp_path / name).touch(0o755)
    assert chrome.find_chrome() == str(tmp_path / name)


def test_the_browser_does_not_look_automated(tmp_path: Path) -> None:
    command = chrome.visit("no-such-browser", tmp_path, "http://localhost:1/")
    assert command[-1] == "http://localhost:1/"
    [agent] = [flag for flag in command if flag.startswith("--user-agent=")]
    assert "Chrome/140.0.0.0" in agent
    assert "Headless" not in agent
    assert ("--no-sandbox" in command) == (hasattr(os, "geteuid") and os.geteuid() == 0)


@pytest.mark.parametrize(
    ("reports", "reason"),
    [
        pytest.param([], "the app started but never created a PostHog client", id="no-process-reported"),
        pytest.param([{"clients": [], "error": ""}], "never created a PostHog client", id="no-client"),
        pytest.param([{"clients": [], "error": "boom"}], "never created a PostHog client (boom)", id="probe-failed"),
        pytest.param([{"clients": [{"host": "http://s:1", "enabled": False}], "error": ""}], "disabled, or its project",
                     id="no-token"),
        pytest.param([{"clients": [{"host": "https://eu.i.posthog.com", "enabled": True}], "error": ""}],
                     "sends to https://eu.i.posthog.com: it does not take its host from A or B", id="fixed-host"),
        pytest.param([{"clients": [{"host": "http://s:12", "enabled": True}], "error": ""}], "sends to http://s:12",
                     id="host-with-the-same-beginning"),
        pytest.param([{"clients": [{"host": "http://s:1/ingest", "enabled": True}], "error": ""}], "none arrived",
                     id="asked-in-vain"),
    ],
)  # fmt: skip
def test_reasons_for_a_server(tmp_path: Path, reports: list[object], reason: str) -> None:
    for number, report in enumerate(reports):
        (tmp_path / f"trigger.{number}.json").write_text(json.dumps(report))
    found = why_no_client_spoke(reported(tmp_path / "trigger"), "http://s:1", ("A", "B"), Expected())
    assert reason in found.text


@pytest.mark.parametrize(
    ("kinds", "reason"),
    [
        (("config",), "loaded PostHog"),
        (("other", "flags"), "loaded PostHog"),
        (("other",), "sent nothing"),
        ((), "CSP"),
    ],
)
def test_reasons_for_a_page(kinds: tuple[Any, ...], reason: str) -> None:
    received = [Received(kind, "/", None, "") for kind in kinds]
    text = why_page_was_silent(received, ("A",), Expected()).text
    assert reason.replace("CSP", "Content-Security-Policy") in text


def python(code: str, directory: Path, **env: str) -> subprocess.CompletedProcess[str]:
    paths = os.pathsep.join([str(server.PROBES / "python"), str(directory)])
    variables = {**os.environ, "PYTHONPATH": paths, **env}
    argv = [sys.executable, "-c", code]
    return subprocess.run(argv, env=variables, cwd=directory, capture_output=True, text=True, timeout=30, check=False)


PROBED = {"POSTHOG_WIZARD_PROBE": "trigger", "POSTHOG_WIZARD_SINK": "http://127.0.0.1:9"}


@pytest.mark.parametrize("env", [PROBED, {}], ids=["verifying", "elsewhere"])
def test_python_probe_is_silent_and_loads_the_sitecustomize_it_hides(tmp_path: Path, env: dict[str, str]) -> None:
    (tmp_path / "sitecustomize.py").write_text("import builtins\nbuiltins.mine = 7")
    (tmp_path / "trigger").touch()
    run = python(
        "import sitecustomize, threading; print(mine, sitecustomize.__file__, threading.active_count())",
        tmp_path,
        **env,
    )
    assert run.stdout.split() == ["7", str(tmp_path / "sitecustomize.py"), "1"]
    assert (run.returncode, run.stderr) == (0, "")
    assert [path.name for path in tmp_path.glob("trigger.*")] == []


def test_python_probe_survives_any_sdk(tmp_path: Path) -> None:
    (tmp_path / "posthog").mkdir()
    (tmp_path / "posthog/__init__.py").write_text("")
    (tmp_path / "posthog/client.py").write_text(
        "class Client:\n  host, api_key = 'http://127.0.0.1:9/', 'k'\n  def capture(self, **k): raise OSError('no')\n"
    )
    code = (
        "import posthog.client, time; c = posthog.client.Client(); open('trigger', 'w').close(); "
        "time.sleep(0.4); print('fine')"
    )
    run = python(code, tmp_path, **PROBED)
    assert (run.returncode, run.stdout, run.stderr) == (0, "fine\n", "")
    [report] = tmp_path.glob("trigger.*.json")
    assert json.loads(report.read_text()) == {
        "clients": [{"host": "http://127.0.0.1:9", "enabled": True}],
        "error": "OSError('no')",
    }


@pytest.mark.skipif(shutil.which("node") is None, reason="needs node")
@pytest.mark.parametrize("code", ["console.log(7)", "setTimeout(() => console.log(7), 150)"], ids=["short", "probed"])
def test_node_probe_is_silent_without_an_sdk(tmp_path: Path, code: str) -> None:
    (tmp_path / "trigger").touch()
    argv = ["node", "--require", str(server.PROBES / "node.cjs"), "-e", code]
    env = {**os.environ, **PROBED}
    run = subprocess.run(argv, env=env, cwd=tmp_path, capture_output=True, text=True, timeout=30, check=False)
    assert (run.returncode, run.stdout, run.stderr) == (0, "7\n", "")
    reports = [json.loads(path.read_text()) for path in tmp_path.glob("trigger.*.json")]
    assert reports == ([{"clients": [], "error": ""}] if "Timeout" in code else [])


NODE_TAIL = "http.createServer((q, r) => r.end(String(client.host))).listen(process.env.PORT)\n"
NODE_CLIENT = "const client = new PostHog(process.env.TOKEN, { host: process.env.MY_HOST })\n"
SDK_TAIL = SERVER.replace("%s", "").replace("import http", "import posthog, http", 1)


@pytest.fixture
def real_limits(short_limits: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "PROBE_LIMIT", 10.0)
    monkeypatch.setattr(browser, "SILENT_LIMIT", 10.0)
    monkeypatch.setattr(devtools, "OPENING", 20.0)
    monkeypatch.setattr(process, "PATIENCE", 5.0)


@pytest.fixture(scope="session")
def node_modules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("npm")
    (root / "package.json").write_text('{"private": true}')
    npm = shutil.which("npm") or "npm"
    packages = ["posthog-node@^5", "posthog-js@1.434.18", "esbuild"]
    subprocess.run([npm, "install", "--no-audit", "--no-fund", *packages], cwd=root, check=True, capture_output=True)
    return root


@pytest.fixture(scope="session")
def sdk_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("venv")
    subprocess.run([sys.executable, "-m", "venv", root], check=True)
    interpreter = root / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    subprocess.run([interpreter, "-m", "pip", "-q", "install", "posthog[async]"], check=True)
    return interpreter


@pytest.mark.e2e
@pytest.mark.usefixtures("real_limits")
@pytest.mark.parametrize(
    ("name", "code"),
    [
        (
            "app.cjs",
            "const { PostHog } = require('posthog-node'); const http = require('http')\n" + NODE_CLIENT + NODE_TAIL,
        ),
        ("app.mjs", "import { PostHog } from 'posthog-node'; import http from 'http'\n" + NODE_CLIENT + NODE_TAIL),
    ],
    ids=["cjs", "esm"],
)
def test_a_live_node_client_speaks(node_modules: Path, name: str, code: str) -> None:
    (node_modules / name).write_text(code)
    port = free_port()
    launch = Launch(("node", name), f"http://127.0.0.1:{port}/", env={"PORT": str(port)})
    found = prove(node_modules, launch, timeout=30.0)
    assert (found.status, found.own, found.token) == ("passed", False, "phc_t"), found.reason
    assert found.event is not None
    assert found.event["properties"]["$lib"] == "posthog-node"


@pytest.mark.e2e
@pytest.mark.usefixtures("real_limits")
@pytest.mark.parametrize(
    ("setup", "passed"),
    [
        ("client = posthog.Posthog(os.environ['TOKEN'], host=os.environ['MY_HOST'])", True),
        ("posthog.api_key, posthog.host = os.environ['TOKEN'], os.environ['MY_HOST']", True),
        ("client = posthog.Posthog('phc_t', host='https://eu.i.posthog.com')", False),
        ("client = posthog.Posthog('', host=os.environ['MY_HOST'])", False),
        ("", False),
    ],
    ids=["instance", "globals", "fixed-host", "no-token", "no-client"],
)
def test_a_live_python_client_speaks(tmp_path: Path, sdk_python: Path, setup: str, passed: bool) -> None:
    launch = app(tmp_path, SDK_TAIL.replace("http.server.HTTPServer", f"{setup}\nhttp.server.HTTPServer"))
    found = prove(tmp_path, Launch((str(sdk_python), "app.py"), launch.url, (), launch.env), timeout=30.0)
    assert found.status == ("passed" if passed else "failed"), found.reason
    if found.event is not None:
        assert (found.event["properties"]["$lib"], found.own) == ("posthog-python", False)


@pytest.mark.e2e
@pytest.mark.usefixtures("real_limits")
@pytest.mark.skipif(chrome.find_chrome() is None, reason="needs Chrome")
@pytest.mark.parametrize("more", ["", "opt_out_capturing_by_default: true"], ids=["page-view", "opted-out"])
def test_posthog_js_in_a_real_browser(node_modules: Path, more: str) -> None:
    page = node_modules / "page"
    page.mkdir(exist_ok=True)
    (page / "index.html").write_text("<!doctype html><title>x</title><body><script src=out.js></script>")
    options = f"{{ api_host: process.env.MY_HOST, defaults: '2026-01-30', {more} }}"
    (page / "main.js").write_text(f"import posthog from 'posthog-js'\nposthog.init(process.env.TOKEN, {options})\n")
    bundle = (
        "const value = (name) => ['process.env.' + name, JSON.stringify(process.env[name])];"
        "const define = Object.fromEntries(['TOKEN', 'MY_HOST'].map(value));"
        "require('esbuild').buildSync({ entryPoints: ['main.js'], bundle: true, outfile: 'out.js', define })"
    )
    port = free_port()
    argv = (sys.executable, "-m", "http.server", "--bind", "127.0.0.1", str(port))
    found = prove(page, Launch(argv, f"http://localhost:{port}/", ("node", "-e", bundle)), "browser", timeout=30.0)
    if more:
        assert (found.status, "opted out" in found.reason) == ("failed", True)
    else:
        assert (found.status, found.own) == ("passed", True), found.reason
        assert found.event is not None
        assert (found.event["event"], found.event["properties"]["$lib"]) == ("$pageview", "web")


NODE_SCRIPT = """
import { PostHog } from 'posthog-node'
const client = new PostHog(process.env.TOKEN, { host: process.env.MY_HOST })
client.capture({ distinctId: 'ann', event: 'imported' })
"""
PYTHON_SCRIPT = """
import os, posthog
client = posthog.Posthog(os.environ["TOKEN"], host=os.environ["MY_HOST"])
"""
CAPTURE = "client.capture('imported', distinct_id='ann')\n"


@pytest.mark.e2e
@pytest.mark.usefixtures("real_limits")
@pytest.mark.parametrize(
    ("name", "code", "cause"),
    [
        pytest.param("flushed.mjs", NODE_SCRIPT + "await client.shutdown()", "", id="node-shutdown"),
        pytest.param("cut.mjs", NODE_SCRIPT + "process.exit(0)", "not-flushed", id="node-exit"),
        pytest.param("late.mjs", NODE_SCRIPT + "setTimeout(() => process.exit(0), 200)", "not-flushed", id="node-late"),
        pytest.param("flushed.py", PYTHON_SCRIPT + CAPTURE + "client.shutdown()", "", id="python-shutdown"),
        pytest.param("end.py", PYTHON_SCRIPT + CAPTURE, "", id="python-sends-at-exit"),
        pytest.param("cut.py", PYTHON_SCRIPT + CAPTURE + "os._exit(0)", "not-flushed", id="python-exit-at-once"),
        pytest.param("quiet.py", PYTHON_SCRIPT, "nothing-captured", id="python-captures-nothing"),
    ],
)  # fmt: skip
def test_a_script_must_send_its_queue(node_modules: Path, sdk_python: Path, name: str, code: str, cause: str) -> None:
    (node_modules / name).write_text(code)
    program = "node" if name.endswith(".mjs") else str(sdk_python)
    found = prove(node_modules, Launch((program, name), None, env={"PORT": str(free_port())}), timeout=30.0)
    assert (found.cause, found.status) == (cause, "failed" if cause else "passed"), found.reason
    if not cause:
        assert "sent 1 event and ended by itself" in found.reason
    if cause == "not-flushed":
        assert "the process ended before the queue was sent" in found.reason
        assert "call shutdown()" in found.reason
