"""Whoever waits for a server that says nothing, or too little, can leave, and is not kept for ever."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.fixture_case import Case
from tests.test_hostile_servers import early_hints_for_ever, serving
from wizard.posthog import relay
from wizard.posthog.hosts import of
from wizard.posthog.http import NoReply

ROOT = Path(__file__).parents[1]


def test_what_is_relayed_ends_in_time() -> None:
    with serving(early_hints_for_ever) as url:
        far = relay.Upstream(of(url), "mark", timeout=0.3)
        began = time.monotonic()
        found = far.relay("POST", "/e/", [], b"{}")
        assert time.monotonic() - began < 1.5
        far.close()
    assert isinstance(found, NoReply)
    assert found.kind == "timeout"


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="signals")
@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM], ids=["interrupt", "terminate"])
@pytest.mark.parametrize(
    "given",
    [["login", "--device", "--save"], ["login", "--key", "--save"], ["doctor", ".", "--project-id", "3"]],
    ids=["device", "key", "doctor"],
)
def test_a_silent_server_holds_nobody_who_wants_to_leave(
    given: list[str], stop: signal.Signals, tmp_path: Path
) -> None:
    root, key = Case("flask-module").copy(tmp_path), "phx_" + "k" * 40
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(30)
        host = f"http://127.0.0.1:{listener.getsockname()[1]}"
        env = {**os.environ, "PYTHONPATH": str(ROOT), "POSTHOG_PERSONAL_API_KEY": key if given[0] == "doctor" else ""}
        process = subprocess.Popen(
            [sys.executable, "-m", "wizard", *given, "--host", host],
            cwd=root, env=env, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        with process:
            assert process.stdin
            process.stdin.write(f"{key}\n")
            process.stdin.flush()
            connection, _ = listener.accept()
            connection.recv(1)
            process.send_signal(stop)
            said = process.communicate(timeout=5)
            connection.close()
    assert process.returncode == 130
    assert "interrupted" in said[1]
    assert key not in "".join(said)
    assert not list(Path(os.environ["POSTHOG_WIZARD_CONFIG_DIR"]).glob("credentials*"))
