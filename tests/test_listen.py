"""`listen` as a user sees it: rows, JSON lines, filters, counts, secrets."""

from __future__ import annotations

import json
import re
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.test_sink import as_json, send
from wizard.commands import listen as command
from wizard.commands.listen import listen
from wizard.console import Console
from wizard.errors import UsageError, WizardError
from wizard.sink import Received, Sink, shown

PROPERTIES = {"$lib": "web", "$lib_version": "1.2", "$current_url": "http://localhost:3000/\x1b[2J"}


def event(name: str = "caf\u00e9", **more: Any) -> dict[str, Any]:
    return {"event": name, "distinct_id": "ann", "api_key": "phc_t", "properties": PROPERTIES, **more}


@contextmanager
def listening(
    monkeypatch: pytest.MonkeyPatch, as_json: bool = False, ends_itself: bool = False, **options: Any
) -> Iterator[Sink]:
    stop, started, sinks, codes = threading.Event(), threading.Event(), [], []

    class Watched(Sink):
        def __enter__(self) -> Watched:
            super().__enter__()
            sinks.append(self)
            started.set()
            return self

    monkeypatch.setattr(command, "Sink", Watched)
    thread = threading.Thread(target=lambda: codes.append(listen(0, as_json, stop, **options)))
    thread.start()
    assert started.wait(5)
    yield sinks[0]
    if not ends_itself:
        stop.set()
    thread.join(5)
    assert not thread.is_alive()
    assert codes == [0]


def test_plain_lines_for_a_pipe(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    with listening(monkeypatch) as sink:
        send(sink, "/e/", as_json(event()))
        send(sink, "/array/phc_t/config.js?x=1", method="GET")
    out, err = capsys.readouterr()
    first, second = out.splitlines()
    assert first[8:] == "  caf\u00e9  ann  web 1.2  http://localhost:3000/\\x1b[2J"
    assert second[8:] == "  (config)  /array/phc_t/config.js  remote config as a script"
    assert f"POSTHOG_HOST={sink.url}" in err
    assert "Received: 1 event, 1 config request." in err
    assert sink.received == []


def test_json_lines(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    with listening(monkeypatch, as_json=True) as sink:
        send(sink, "/e/", as_json(event(api_key="phc_t", note="phx_abcdefghijk")), {"User-Agent": "x/1"})
        send(sink, "/e/", b"?")
        send(sink, "/s/", as_json({"token": "phc_t", "properties": {"$session_id": "s", "$snapshot_data": [1]}}))
    out = capsys.readouterr().out
    assert out.isascii()
    assert "abcdefghijk" not in out
    sent, refused, replay = map(json.loads, out.splitlines())
    keys = "schema time kind status method path token user_agent size note leak event replay".split()
    assert list(sent) == list(refused) == list(replay) == keys
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", sent["time"])
    assert (sent["schema"], sent["kind"], sent["user_agent"], sent["token"]) == (1, "event", "x/1", "phc_t")
    assert sent["event"]["properties"] == PROPERTIES
    assert (refused["kind"], refused["status"], refused["event"]) == ("refused", 400, None)
    assert replay["replay"] == {"session": "s", "snapshots": 1, "bytes": replay["size"], "seconds": 0.0}


def test_a_leak_is_said_once_and_never_filtered(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with listening(monkeypatch, filters=("nothing like it",)) as sink:
        for _ in range(2):
            send(sink, "/e/", as_json(event(api_key="phx_abcdefghijk")))
        send(sink, "/e/", as_json(event()))
    out, err = capsys.readouterr()
    assert [line[10:27] for line in out.splitlines()] == ["SECRET KEY LEAKED"] * 2
    assert err.count("error: a secret key came in place of the project token") == 1
    assert "Not shown because of --filter: 1." in err
    assert "abcdefghijk" not in out + err


def test_a_reader_that_goes_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(text: str) -> int:
        raise BrokenPipeError

    with monkeypatch.context() as patch, listening(patch, ends_itself=True) as sink:
        patch.setattr("sys.stdout.write", broken)
        patch.setattr("wizard.commands.listen.os.dup2", lambda *args: None)
        send(sink, "/e/", as_json(event()))


def item(kind: Any = "event", name: str = "signed up", who: Any = "ann", **more: Any) -> Received:
    found = {"event": name, "distinct_id": who, "uuid": None, "timestamp": None, "properties": PROPERTIES}
    return Received(
        kind, more.pop("path", "/e/?x=1"), "phc_token", "agent/1", found if kind == "event" else None, **more
    )


@pytest.mark.parametrize(
    ("filters", "shows"),
    [
        ((), True),
        (("SIGNED",), True),
        (("ann",), True),
        (("phc_tok",), True),
        (("agent/1",), True),
        (("current_url",), True),
        (("paid", "signed"), True),
        (("kind:event",), True),
        (("kind:flags", "kind:event"), True),
        (("paid",), False),
        (("kind:flags",), False),
        (("kind:even",), False),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_filters(filters: tuple[str, ...], shows: bool) -> None:
    assert shown.matches(item(), filters) is shows


@pytest.mark.parametrize("width", [20, 40, 72, 120, 300])
@pytest.mark.parametrize(
    "given",
    [
        pytest.param(item(), id="ordinary"),
        pytest.param(item(name="\u30b5\u30a4\u30f3" * 80), id="wide-characters"),
        pytest.param(item(name="a\u0301" * 200), id="combining"),
        pytest.param(item(name="x" * 5000, who="y" * 5000), id="long"),
        pytest.param(item(name="\x1b]0;t\x07\u202e\u2066\r\n\0\ud800", who={"a": [1]}), id="hostile"),
        pytest.param(item(who=None), id="nobody"),
        pytest.param(item("refused", note="\x1b[31m failed to parse request: " * 30, status=400), id="refused"),
        pytest.param(item("refused", note="API key is not valid", status=401, leak=True), id="leak"),
        pytest.param(item("flags", note="for ann"), id="flags"),
    ],
)
def test_rows_fit_and_show_only(given: Received, width: int) -> None:
    text = shown.row(given, 0.0, width, colour=False)
    assert all(shown._cells_wide(line) < width for line in text.split("\n")), text
    assert all(c.isprintable() or c == "\n" for c in text)
    assert len(text.split("\n")) <= (2 if given.event else 6)
    coloured = shown.row(given, 0.0, width, colour=True)
    assert re.sub(r"\x1b\[[\d;]*m", "", coloured) == text
    assert ("\x1b[1;31m" in coloured) is given.leak


def test_secrets_are_masked_in_every_form() -> None:
    url = {"$current_url": "http://localhost/?key=phx_abcdefghijk", "$lib": "web"}
    found = Received("event", "/e/", "phc_t", "a", {**event(name="phs_abcdefghijk"), "properties": url})
    for text in (shown.plain(found, 0), shown.row(found, 0, 200, False), shown.row(found, 0, 40, False)):
        assert "abcdefghijk" not in text
        assert "phs_..." in text
    assert "abcdefghijk" not in shown.as_json(found, 0)


def test_counts() -> None:
    assert shown.counted(Counter()) == "nothing"
    assert shown.counted(Counter(event=2, refused=1, flags=1)) == "2 events, 1 flags request, 1 refused"


def test_a_taken_port_names_another(monkeypatch: pytest.MonkeyPatch) -> None:
    with Sink() as sink, pytest.raises(WizardError) as error:
        listen(sink.port, False)
    assert f"--port {sink.port + 1}" in error.value.hint


@pytest.mark.parametrize("host", ["not a host", "ftp://x", ""])
def test_forward_wants_a_host(host: str) -> None:
    if host:
        with pytest.raises(UsageError):
            listen(0, False, forward=host)


@pytest.mark.parametrize("limit", ["MOST_UNSHOWN", "MOST_UNSHOWN_BYTES"])
def test_a_slow_reader_holds_the_clients_and_loses_nothing(
    limit: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, limit, 5)
    printer = command._Printer(Console(), True, (), threading.Event())
    done = threading.Event()

    def take() -> None:
        for number in range(40):
            printer.take(item(name=f"n{number}", size=1, path=f"/e/?{number}"))
        done.set()

    threading.Thread(target=take, daemon=True).start()
    assert not done.wait(0.05)
    assert printer._queue.qsize() <= 6
    printer.start()
    assert done.wait(5)
    assert printer.finish()
    assert [json.loads(line)["event"]["event"] for line in capsys.readouterr().out.splitlines()] == [
        f"n{number}" for number in range(40)
    ]


def test_nobody_waits_for_a_reader_once_it_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "MOST_UNSHOWN", 1)
    stop = threading.Event()
    printer = command._Printer(Console(), True, (), stop)
    stop.set()
    for _ in range(3):
        printer.take(item())
    assert printer._queue.qsize() == 3
