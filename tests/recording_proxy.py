"""A forward proxy on loopback that records which hosts it is asked for: plain HTTP and CONNECT tunnels."""

from __future__ import annotations

import select
import socket
import threading
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

_DROPPED = {"proxy-connection", "connection", "keep-alive", "transfer-encoding", "te", "upgrade", "host"}


class RecordingProxy:
    """`hosts` are `name:port` in the order asked for. `refuse` answers 403 instead of connecting anywhere."""

    def __init__(self, refuse: bool = False) -> None:
        self.hosts: list[str] = []
        self.refuse = refuse

    def __enter__(self) -> Self:
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.proxy = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.005,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def variables(self, direct: str = "") -> dict[str, str]:
        """The environment that sends a program through the proxy; `direct` are the hosts it may reach without."""
        names = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "npm_config_proxy", "npm_config_https_proxy")
        through = {spelling: self.url for name in names for spelling in (name, name.lower())}
        return through | {"NO_PROXY": direct, "no_proxy": direct, "npm_config_noproxy": direct}

    def names(self) -> set[str]:
        """The host names asked for, without ports."""
        return {host.rpartition(":")[0] for host in self.hosts}


class _Server(ThreadingHTTPServer):
    proxy: RecordingProxy
    daemon_threads = True
    block_on_close = False


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:
        return

    def do_CONNECT(self) -> None:
        host, _, port = self.path.rpartition(":")
        if self._refused(self.path):
            return
        try:
            upstream = socket.create_connection((host.strip("[]"), int(port)), timeout=30)
        except OSError as error:
            self.send_error(502, str(error))
            return
        self.send_response(200, "Connection established")
        self.end_headers()
        with upstream:
            self._shuttle(upstream)
        self.close_connection = True

    def _shuttle(self, upstream: socket.socket) -> None:
        ends = {self.connection: upstream, upstream: self.connection}
        while True:
            ready, _, broken = select.select(list(ends), [], list(ends), 60)
            if broken or not ready:
                return
            for end in ready:
                try:
                    data = end.recv(65536)
                    if not data:
                        return
                    ends[end].sendall(data)
                except OSError:
                    return

    def _forward(self) -> None:
        parts = urlsplit(self.path)
        if parts.hostname is None:
            self.send_error(400, "not a request for a proxy")
            return
        if self._refused(f"{parts.hostname}:{parts.port or 80}"):
            return
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name: value for name, value in self.headers.items() if name.lower() not in _DROPPED}
        upstream = HTTPConnection(parts.hostname, parts.port or 80, timeout=30)
        try:
            target = parts._replace(scheme="", netloc="").geturl() or "/"
            upstream.request(self.command, target, body or None, headers)
            answer = upstream.getresponse()
            content = answer.read()
        except OSError as error:
            self.send_error(502, str(error))
            return
        finally:
            upstream.close()
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in _DROPPED | {"content-length"}:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def _refused(self, host: str) -> bool:
        self.server.proxy.hosts.append(host)
        if self.server.proxy.refuse:
            self.send_error(403, "the recording proxy lets nothing through")
        return self.server.proxy.refuse

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = _forward
