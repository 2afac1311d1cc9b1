"""A forward proxy on loopback that records which hosts it is asked for: plain HTTP and CONNECT tunnels."""

from __future__ import annotations

import socket
from http.client import HTTPConnection
from urllib.parse import urlsplit

from tests.loopback import Handler, Loopback, shuttle

_DROPPED = {"proxy-connection", "connection", "keep-alive", "transfer-encoding", "te", "upgrade", "host"}


class RecordingProxy(Loopback):
    """`hosts` are `name:port` in the order asked for. `refuse` answers 403 instead of connecting anywhere."""

    def __init__(self, refuse: bool = False) -> None:
        self.hosts: list[str] = []
        self.refuse = refuse

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def variables(self, direct: str = "") -> dict[str, str]:
        """The environment that sends a program through the proxy; `direct` are the hosts it may reach without."""
        names = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "npm_config_proxy", "npm_config_https_proxy")
        through = {spelling: self.url for name in names for spelling in (name, name.lower())}
        return through | {"NO_PROXY": direct, "no_proxy": direct, "npm_config_noproxy": direct}

    def names(self) -> set[str]:
        """The host names asked for, without ports."""
        return {host.rpartition(":")[0] for host in self.hosts}


class _Handler(Handler[RecordingProxy]):
    protocol_version = "HTTP/1.1"

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
            shuttle(self.connection, upstream)
        self.close_connection = True

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
        self.owner.hosts.append(host)
        if self.owner.refuse:
            self.send_error(403, "the recording proxy lets nothing through")
        return self.owner.refuse

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = _forward


RecordingProxy.handler = _Handler
