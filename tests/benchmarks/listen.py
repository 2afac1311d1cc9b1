"""Load and garbage for `listen`: `python tests/benchmarks/listen.py [--quick]`. Run by hand; prints two tables.

`listen` runs on one core of its own, the senders on another, the reader of its output on a third. An event counts only
if it came out of stdout. Latency is what an SDK waits for its answer; CPU and memory are those of `listen`.
"""

from __future__ import annotations

import contextlib
import gzip
import json
import os
import pty
import random
import re
import resource
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
QUICK = "--quick" in sys.argv
SECONDS = 3 if QUICK else 15
PROPERTIES = {
    "$lib": "web", "$lib_version": "1.434.18", "$current_url": "http://localhost:3000/pricing", "token": "phc_load",
    "$browser": "Chrome", "$browser_version": 131, "$os": "Linux", "$device_type": "Desktop", "$screen_height": 900,
    "$session_id": "01890a5d-ac96-774b-bcce-b302099a8057", "$window_id": "01890a5d-ac96-774b-bcce-b302099a8058",
    "$referrer": "$direct", "$viewport_width": 1280, "plan": "pro", "title": "Pricing of the shop",
}  # fmt: skip


@dataclass
class Listen:
    """A running `listen`, and what it has written so far."""

    process: subprocess.Popen[bytes]
    port: int
    uuids: set[str] = field(default_factory=set)
    rows: int = 0

    def cpu(self) -> float:
        """Seconds of processor so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def peak(self) -> float:
        """Most MB of memory so far."""
        found = re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{self.process.pid}/status").read_text())
        return int(found[1]) / 1024 if found else 0.0

    def read(self, output: int) -> None:
        """Count what comes out, until the end."""
        rest = b""
        while True:
            try:
                data = os.read(output, 1 << 18)
            except OSError:  # the end of a pseudo-terminal
                data = b""
            if not data:
                return
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                if line.startswith(b'{"schema"'):
                    event = json.loads(line)["event"]
                    self.rows += event is not None
                    if event is not None:
                        self.uuids.add(event["uuid"])
                else:
                    self.rows += b"load test" in line


@contextlib.contextmanager
def listening(output: str) -> Iterator[Listen]:
    """`listen` on core 0, its stdout a pipe or a pseudo-terminal of 120 columns."""
    command = [sys.executable, "-m", "wizard", "listen", "--port", "0", *(["--json"] if output == "json" else [])]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "120", "TERM": "xterm-256color"}
    ours, theirs = pty.openpty() if output == "table" else os.pipe()
    process = subprocess.Popen(
        command, stdout=theirs, stderr=subprocess.PIPE, env=environment, preexec_fn=lambda: on_core(0)
    )
    os.close(theirs)
    assert process.stderr
    port = next(int(m[1]) for line in process.stderr if (m := re.search(rb"on http://127.0.0.1:(\d+)", line)))
    threading.Thread(target=process.stderr.read, daemon=True).start()
    found = Listen(process, port)
    reader = threading.Thread(target=found.read, args=(ours,), daemon=True)
    reader.start()
    try:
        yield found
    finally:
        process.send_signal(2)
        process.wait(10)
        reader.join(5)


def on_core(number: int) -> None:
    """Run here only, when there are several."""
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cores[number % len(cores)]})


def event(number: int) -> dict[str, object]:
    uuid = f"{number:08x}-ac96-774b-bcce-b302099a8057"
    return {"event": "load test", "distinct_id": f"user-{number % 99}", "uuid": uuid, "properties": PROPERTIES}


def request(first: int, size: int) -> bytes:
    """A POST as posthog-node sends it, with `size` events."""
    batch = [event(number) for number in range(first, first + size)]
    body = json.dumps({"api_key": "phc_load", "batch": batch, "sent_at": "2026-01-01T00:00:00.000Z"}).encode()
    body = gzip.compress(body, 1)
    head = (
        "POST /batch/ HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: posthog-node/5.70.0\r\nAccept: */*\r\n"
        "Accept-Language: *\r\nSec-Fetch-Mode: cors\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def exchange(connection: socket.socket, data: bytes) -> None:
    connection.sendall(data)
    answer = b""
    while b'"Ok"}' not in answer:
        piece = connection.recv(4096)
        assert piece, answer
        answer += piece
    assert answer.startswith(b"HTTP/1.1 200"), answer


def sender(port: int, size: int, fresh: bool, rate: float, seconds: float, clients: int = 8) -> None:
    """Send requests of `size` events; `rate` in events a second (0: as fast as it goes). Prints counts and ms."""
    on_core(1)
    waits: list[float] = []
    prepared = [request(number * size, size) for number in range(int((rate or 30_000) * seconds) // size)]
    queue, guard, start = iter(enumerate(prepared)), threading.Lock(), time.perf_counter()

    def client() -> None:
        connection = None
        while True:
            with guard:
                number, data = next(queue, (0, b""))
            now = time.perf_counter() - start
            if not data or (not rate and now > seconds):
                return
            if rate and (ahead := number * size / rate - now) > 0:
                time.sleep(ahead)
            began = time.perf_counter()
            if connection is None or fresh:
                connection = socket.create_connection(("127.0.0.1", port))
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            exchange(connection, data)
            if fresh:
                connection.close()
            waits.append((time.perf_counter() - began) * 1000)

    threads = [threading.Thread(target=client) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    waits.sort()
    spent = time.perf_counter() - start
    at = [waits[int(len(waits) * part)] for part in (0.5, 0.99)]
    print(json.dumps({"events": len(waits) * size, "seconds": spent, "p50": at[0], "p99": at[1], "most": waits[-1]}))


def measure(output: str, size: int, fresh: bool, rate: float) -> None:
    with listening(output) as found:
        before, arguments = found.cpu(), [str(found.port), str(size), str(int(fresh)), str(rate), str(SECONDS)]
        done = subprocess.run([sys.executable, __file__, "send", *arguments], stdout=subprocess.PIPE, check=True)
        sent = json.loads(done.stdout)
        limit = time.monotonic() + 30
        while found.rows < sent["events"] and time.monotonic() < limit:
            time.sleep(0.02)
        cpu, peak = found.cpu() - before, found.peak()
    lost = sent["events"] - (len(found.uuids) if output == "json" else found.rows)
    how = f"{size} a request, {'new' if fresh else 'kept'} connections"
    print(
        f"{output:6} {how:31} {'as fast as it goes' if not rate else f'{rate:.0f}/s':>18} {sent['events']:8} events"
        f" {sent['events'] / sent['seconds']:8.0f}/s  p50 {sent['p50']:6.2f}  p99 {sent['p99']:6.2f}  most"
        f" {sent['most']:6.1f} ms  CPU {100 * cpu / sent['seconds']:3.0f} % (a core: {sent['events'] / cpu:6.0f}/s)"
        f"  {peak:4.0f} MB  lost {lost}",
        flush=True,
    )
    assert not lost


GARBAGE: dict[str, Callable[[random.Random], bytes]] = {
    "random bytes": lambda r: r.randbytes(r.randrange(1, 70_000)),
    "TLS hello": lambda r: b"\x16\x03\x01" + r.randbytes(500),
    "HTTP/2 preface": lambda r: b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + r.randbytes(50),
    "huge header": lambda r: b"GET / HTTP/1.1\r\nX: " + b"x" * 100_000,
    "body cut off": lambda r: request(0, 5)[: -r.randrange(1, 100)],
    "damaged gzip": lambda r: _flipped(request(0, 5), r),
    "gzip bomb": lambda r: _posted(gzip.compress(bytes(200 << 20), 1)),
    "deep JSON": lambda r: _posted(b"[" * 1_000_000),
    "many values": lambda r: _posted(gzip.compress(b"[" + b"{}," * 5_000_000 + b"{}]", 1)),
    "a million events": lambda r: _posted(
        gzip.compress(b'{"api_key":"t","batch":[' + b'{"event":"a","distinct_id":1},' * 1_000_000 + b"0]}", 1)
    ),
    "hostile text": lambda r: _posted(
        json.dumps({"token": "t", "event": "\0\x1b[2J\ud800\u202e", "distinct_id": "\x07"}).encode()
    ),
}


def _posted(body: bytes) -> bytes:
    return b"POST /e/ HTTP/1.1\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%b" % (len(body), body)


def _flipped(data: bytes, r: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(5):
        changed[r.randrange(len(changed))] ^= 1 << r.randrange(8)
    return bytes(changed)


def attack(port: int, data: bytes, polite: bool) -> None:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(data)
        if polite:
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(4096):
                pass


def garbage() -> None:
    """Each kind of garbage, with a few hundred slow connections open, and an honest client that must not suffer."""
    r = random.Random(7)
    with listening("json") as found:
        slow = [socket.create_connection(("127.0.0.1", found.port)) for _ in range(700)]
        for each in slow:
            with contextlib.suppress(OSError):
                each.send(b"POST /e/ HTTP/1.1\r\nX-")
        number = 1
        for name, make in GARBAGE.items():
            rounds = (1 if QUICK else 3) if "million" in name or "bomb" in name or "values" in name else 200
            began, cpu = time.perf_counter(), found.cpu()
            for index in range(rounds):
                attack(found.port, make(r), polite=bool(index % 2))
            with socket.create_connection(("127.0.0.1", found.port), timeout=20) as honest:
                exchange(honest, request(number, 1))
            number += 1
            spent = time.perf_counter() - began
            print(f"{name:18} {rounds:4} times {spent:6.2f} s  CPU {found.cpu() - cpu:5.2f} s  {found.peak():5.0f} MB")
        limit = time.monotonic() + 10
        wanted = {str(event(n)["uuid"]) for n in range(1, number)}
        while not wanted <= found.uuids and time.monotonic() < limit:
            time.sleep(0.05)
        assert wanted <= found.uuids, "an honest event was lost"
        assert found.process.poll() is None
        for each in slow:
            each.close()


def main() -> None:
    """Measure and print."""
    if sys.argv[1:2] == ["send"]:
        port, count, new, speed, seconds = sys.argv[2:7]
        sender(int(port), int(count), new == "1", float(speed), float(seconds))
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, hard) if soft < 4096 else soft, hard))
    on_core(2)
    for output in ("json", "plain", "table"):
        for size, fresh in ((1, False), (1, True), (50, False)):
            measure(output, size, fresh, 1000.0)
    for size, fresh in ((1, False), (1, True), (50, False)):
        measure("json", size, fresh, 0.0)
    garbage()


if __name__ == "__main__":
    main()
