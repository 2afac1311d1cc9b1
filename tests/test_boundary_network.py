"""The network: nobody is called while planning, the chosen host only in a run, nobody with `--offline`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.fake_posthog import FakePostHog
from tests.fixture_case import TOKEN, Case, cases, snapshot
from tests.house import KEY, House, sockets
from tests.recording_proxy import RecordingProxy
from wizard.registry import all_frameworks
from wizard.verify import Waits, verify

ROOT = Path(__file__).resolve().parent.parent
ONE_EACH = [
    next(c for c in cases() if c.wanted["framework"] == name and c.expected_diff.read_bytes())
    for name in sorted(all_frameworks())
]
"""One fixture of each framework whose plan changes something."""


PLANNING = """
import json, os, sys
from pathlib import Path
events = []
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
def hook(event, arguments):
    if event.startswith("socket.") and event != "socket.gethostname":
        events.append([event, repr(arguments)])
    elif event == "subprocess.Popen":
        events.append([event, list(map(os.fsdecode, arguments[1]))])
    elif event == "open" and not isinstance(arguments[0], int) and (arguments[2] or 0) & WRITES:
        events.append([event, str(arguments[0])])
    elif event in ("os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.chmod", "os.truncate", "os.symlink", "os.link",
                   "os.exec", "os.system", "os.posix_spawn", "os.fork", "os.utime", "shutil.rmtree"):
        events.append([event, repr(arguments)])
sys.dont_write_bytecode = True
from tests.fixture_case import Case
sys.addaudithook(hook)
for name, root in zip(sys.argv[1::2], sys.argv[2::2]):
    plan = Case(name).plan(Path(root))
    plan.diff(), plan.altered(), [a.to_json() for a in plan.apps]
print(json.dumps(events))
"""


def planning(chosen: list[Case], tmp_path: Path) -> list[Any]:
    roots = [(case.name, str(case.copy(tmp_path / case.name))) for case in chosen]
    words = [word for pair in roots for word in pair]
    done = subprocess.run(
        [sys.executable, "-c", PLANNING, *words], cwd=ROOT, capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stderr
    found: list[Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def check_planning(events: list[Any]) -> None:
    assert [e for e in events if e[0] not in ("subprocess.Popen",)] == []
    questions = {
        ("diff-files", "--name-only", "--diff-filter=D", "--ignore-submodules=all", "--relative", "-z"),
        ("ls-files", "-cot", "--exclude-standard", "-z"),
        ("ls-files", "--error-unmatch", "--"),
        ("check-ignore", "-q", "--no-index", "--"),
    }
    asked = set()
    for _, argv in events:
        assert Path(argv[0]).name == "git"
        words = [word for word in argv[1:] if word != "--no-pager"]
        while words[0] == "-c":
            words = words[2:]
        asked.add(tuple(words[: words.index("--") + 1] if "--" in words else words))
    assert asked <= questions


def test_planning_starts_git_only_calls_nobody_and_writes_nothing(tmp_path: Path) -> None:
    events = planning(ONE_EACH, tmp_path)
    assert events
    check_planning(events)


@pytest.mark.slow
def test_planning_any_fixture_starts_git_only_calls_nobody_and_writes_nothing(tmp_path: Path) -> None:
    check_planning(planning(cases(), tmp_path))


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    return House(tmp_path, monkeypatch)


def whole_run(house: House, case: Case, fake: FakePostHog) -> Path:
    """Dry run, check, setup with install and verify, verify, undo: exit codes as documented, and the tree as before."""
    from wizard.cli import main

    root = house.app(case)
    before, elsewhere = snapshot(root), house.elsewhere()
    target = ["--target", case.wanted["target"]] if "target" in case.wanted else []
    given = [str(root), "--ci", "--token", TOKEN, "--host", fake.url, "--framework", case.wanted["framework"], *target]
    assert main(["detect", str(root)]) in (0, 1)
    assert main([*given, "--dry-run"]) == 0
    assert main([*given, "--dry-run", "--out", str(root / "plan.json")]) == 0
    (root / "plan.json").unlink()
    assert main([*given, "--check"]) == 5
    assert snapshot(root) == before
    assert main(given) in (0, 3, 4)
    assert snapshot(root) != before
    assert main([*given, "--check"]) == 0
    assert main(["verify", *given]) in (0, 4)
    assert main(["undo", str(root), "--ci", "--dry-run"]) == 0
    assert main(["undo", str(root), "--ci"]) == 0
    assert snapshot(root) == before
    assert house.elsewhere() == elsewhere
    assert list(house.tmp.iterdir()) == []
    return root


def check_started(house: House, root: Path) -> None:
    """Package managers only, in the app, with arguments that we know, without secrets."""
    for call in house.started():
        assert Path(call["cwd"]).is_relative_to(root)
        assert Path(call["argv"][0]).parent == house.folder / "bin"
        assert "CANARY" not in json.dumps(call)
        assert not {"--force", "--legacy-peer-deps", "--break-system-packages"} & set(call["argv"])


QUICK = [c for c in ONE_EACH if c.wanted["framework"] == "react-vite"]


@pytest.mark.parametrize(
    "case",
    [pytest.param(c, id=c.name, marks=() if c in QUICK else pytest.mark.slow) for c in ONE_EACH],
)
def test_a_whole_run_stays_inside_and_calls_the_chosen_host_only(
    case: Case, house: House, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("wizard.verify.Waits", lambda: Waits(looks=(0,)))
    keys = {KEY: {"query:read", "user:read", "project:read"}}
    with (
        FakePostHog(tokens={TOKEN: 1}, keys=keys, current=1) as fake,
        RecordingProxy(refuse=True) as proxy,
        sockets() as used,
    ):
        for name, value in proxy.variables().items():
            monkeypatch.setenv(name, value)
        root = whole_run(house, case, fake)
    out, err = capfd.readouterr()
    assert proxy.hosts == []
    port = int(fake.url.rpartition(":")[2])
    assert {address for event, address in used if event == "socket.connect"} <= {("127.0.0.1", port)}
    assert {address[0] for event, address in used if event == "socket.bind"} <= {"127.0.0.1"}
    assert fake.asked("/flags"), "the token was not checked"
    assert fake.asked("/api/"), "the personal key was not used"
    check_started(house, root)
    for path in house.folder.rglob("*"):
        if path.is_file() and path.parent.name != "bin":
            assert b"CANARY" not in path.read_bytes(), path
    assert "CANARY" not in out + err


def test_posthog_cloud_is_all_that_is_asked_for_through_the_proxy(
    house: House, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    from wizard.cli import main

    root = house.app(Case("react-vite-typescript"))
    with RecordingProxy(refuse=True) as proxy, sockets() as used:
        for name, value in proxy.variables().items():
            monkeypatch.setenv(name, value)
        assert main([str(root), "--ci", "--token", TOKEN, "--region", "eu"]) in (3, 4)
    regions = {f"{region}{part}.posthog.com" for region in ("us", "eu") for part in (".i", "-assets.i", "")}
    assert proxy.names()
    assert proxy.names() <= regions
    port = int(proxy.url.rpartition(":")[2])
    assert {address for event, address in used if event == "socket.connect"} == {("127.0.0.1", port)}
    assert "CANARY" not in "".join(capfd.readouterr())


def crashed(house: House, monkeypatch: pytest.MonkeyPatch) -> str:
    """What the log says of a crash whose message holds the token and the personal key."""
    from wizard.cli import main

    def crash(*arguments: object, **named: object) -> None:
        raise RuntimeError(f"could not do it with {TOKEN} and {os.environ['POSTHOG_WIZARD_PERSONAL_KEY']}")

    root = house.app(Case("flask-module"))
    monkeypatch.setattr("wizard.apply.apply", crash)
    assert main([str(root), "--ci", "--token", TOKEN, "--region", "us", "--no-verify", "--no-install", "--debug"]) == 70
    return (house.home / ".state/posthog-wizard/last-error.log").read_text()


def test_a_crash_leaves_no_secrets_in_the_log(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    log = crashed(house, monkeypatch)
    assert "RuntimeError" in log
    assert "CANARY" not in log
    assert TOKEN not in log


def test_a_crash_shows_no_secrets(
    house: House, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    crashed(house, monkeypatch)
    shown = "".join("".join(capfd.readouterr()).split())
    assert "RuntimeError" in shown
    assert "CANARY" not in shown


def test_a_personal_key_goes_only_to_a_host_that_the_user_named(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = {KEY: {"query:read", "user:read", "project:read"}}
    env = {"POSTHOG_PERSONAL_API_KEY": KEY}
    with FakePostHog(tokens={TOKEN: 1}, keys=keys, current=1) as fake:
        for host_read, asked in ((True, 0), (False, 1)):
            _, _, readable = verify(
                TOKEN, fake.hosts(), "not started", env=env, say=print, waits=Waits(looks=(0,)), host_read=host_read
            )
            keyed = [request for request in fake.asked("/api/") if "Authorization" in request.headers]
            assert bool(keyed) is bool(asked), readable
            assert readable.status == ("passed" if asked else "skipped")
            assert KEY not in str(readable)


OFFLINE = """
import socket, subprocess, sys, threading, urllib.request
from wizard.errors import WizardError
from wizard.offline import forbid_sockets
forbid_sockets(); forbid_sockets()
import asyncio, http.client
a, b = socket.socketpair(); a.send(b"x"); assert b.recv(1) == b"x"
asyncio.new_event_loop().close()
def tcp(): socket.create_connection(("127.0.0.1", 9), 1)
def low(): socket.socket().connect_ex(("127.0.0.1", 9))
def udp(): socket.socket(type=socket.SOCK_DGRAM).sendto(b"x", ("127.0.0.1", 9))
def unix(): socket.socket(socket.AF_UNIX).connect("/tmp/x")
def bind(): socket.socket().bind(("127.0.0.1", 0))
def name(): socket.getaddrinfo("example.com", 80)
def old(): socket.gethostbyname("example.com")
def back(): socket.gethostbyaddr("127.0.0.1")
def url(): urllib.request.urlopen("http://127.0.0.1:9")
def httpx():
    import httpx; httpx.get("http://127.0.0.1:9")
def ours():
    from wizard.posthog.http import send; send("GET", "http://127.0.0.1:9", timeout=1)
def npm(): subprocess.run(["npm", "--version"])
def python(): subprocess.run([sys.executable, "-c", ""])
def shell(): __import__("os").system("true")
for attempt in (tcp, low, udp, unix, bind, name, old, back, url, httpx, ours, npm, python, shell):
    try:
        attempt()
    except WizardError as error:
        assert "--offline" in error.message, error.message
    else:
        sys.exit(attempt.__name__ + " went through")
from wizard.posthog.hosts import cloud
from wizard.posthog.tokens import check_token
assert check_token("phc_" + "x" * 40, cloud("us")).status == "skipped"
from pathlib import Path
from wizard.workspace import list_tree
assert list_tree(Path(sys.argv[1])).paths
"""


def test_offline_forbids_every_socket_and_every_program_but_git(tmp_path: Path) -> None:
    root = Case("flask-module").copy(tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", OFFLINE, str(root)], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr + done.stdout
    assert "Traceback" not in done.stderr


def test_a_run_with_offline_does_everything_but_install_and_verify(tmp_path: Path) -> None:
    root = Case("flask-module").copy(tmp_path)
    before = snapshot(root)
    given = [str(root), "--ci", "--token", TOKEN, "--region", "us", "--offline"]
    runs = [["detect", str(root), "--offline"], [*given, "--dry-run"], given, ["undo", str(root), "--ci", "--offline"]]
    script = "import json, sys; from wizard.cli import main; sys.exit(str([main(a) for a in json.loads(sys.argv[1])]))"
    done = subprocess.run(
        [sys.executable, "-c", script, json.dumps(runs)], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert done.stderr.splitlines()[-1] == "[0, 0, 3, 0]", done.stderr
    assert snapshot(root) == before


def test_a_host_that_only_the_project_names_gets_no_personal_key(house: House) -> None:
    from wizard.cli import main

    keys = {KEY: {"query:read", "user:read", "project:read"}}
    with FakePostHog(tokens={TOKEN: 1}, keys=keys, current=1) as fake:
        root = house.app(Case("flask-module"))
        (root / ".env").write_text(f"POSTHOG_PROJECT_TOKEN={TOKEN}\nPOSTHOG_HOST={fake.url}\n")
        assert main([str(root), "--ci", "--no-install"]) in (0, 3)
        assert main(["verify", str(root), "--ci"]) in (0, 4)
        assert fake.asked("/flags")
        assert not [request for request in fake.requests if "Authorization" in request.headers]
