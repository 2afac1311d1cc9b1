"""A certificate authority of a company that inspects TLS, and a proxy that tunnels: both on loopback."""

from __future__ import annotations

import base64
import socket
import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.fake_posthog import FakePostHog
from tests.loopback import Handler, Loopback, shuttle

NAMES = "DNS:localhost,DNS:us.posthog.com,DNS:us.i.posthog.com,IP:127.0.0.1"
_NEW = "req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2"


@dataclass(frozen=True, slots=True)
class Authority:
    """`root` is its own certificate (PEM), `certificate` and `key` are those of the server, issued by it."""

    root: Path
    certificate: Path
    key: Path
    directory: Path

    def serve(self, fake: FakePostHog) -> FakePostHog:
        """Lets the running server speak TLS from now on."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, self.key)
        fake._server.socket = context.wrap_socket(fake._server.socket, server_side=True)
        return fake


def make_authority(folder: Path, subject: str = "/O=Acme Inspection Ltd/CN=Acme TLS Root") -> Authority:
    """Needs openssl. `directory` is the root again, as SSL_CERT_DIR wants it."""
    found = Authority(folder / "root.pem", folder / "server.pem", folder / "server-key.pem", folder / "certificates")
    root_key, request, names = folder / "root-key.pem", folder / "server.csr", folder / "names.txt"
    names.write_text(f"subjectAltName={NAMES}\n")
    _openssl(*_NEW.split(), "-x509", "-subj", subject, "-keyout", str(root_key), "-out", str(found.root))
    _openssl(*_NEW.split(), "-subj", "/CN=server", "-keyout", str(found.key), "-out", str(request))
    issue = ["x509", "-req", "-days", "2", "-in", str(request), "-CA", str(found.root), "-CAkey", str(root_key)]
    _openssl(*issue, "-CAcreateserial", "-extfile", str(names), "-out", str(found.certificate))
    found.directory.mkdir()
    name = _openssl("x509", "-hash", "-noout", "-in", str(found.root)).strip()
    (found.directory / f"{name}.0").write_bytes(found.root.read_bytes())
    return found


def _openssl(*arguments: str) -> str:
    return subprocess.run(["openssl", *arguments], check=True, capture_output=True, text=True).stdout


class Tunnel(Loopback):
    """An HTTP proxy that leads every CONNECT to one port of loopback, whatever host is asked for.

    `hosts` are `name:port` as asked for. `login` (`user:password`) is demanded when given.
    """

    def __init__(self, port: int, login: str = "") -> None:
        self.far, self.login, self.hosts = port, login, list[str]()

    def url(self, login: str = "") -> str:
        """Where it listens."""
        return f"http://{f'{login}@' if login else ''}127.0.0.1:{self.port}"


class _Handler(Handler[Tunnel]):
    protocol_version = "HTTP/1.1"

    def do_CONNECT(self) -> None:
        tunnel = self.owner
        tunnel.hosts.append(self.path)
        self.close_connection = True
        wanted = f"Basic {base64.b64encode(tunnel.login.encode()).decode()}"
        if tunnel.login and self.headers.get("Proxy-Authorization") != wanted:
            return self.send_error(407, "Who are you?")
        self.send_response(200, "Connected")
        self.end_headers()
        with socket.create_connection(("127.0.0.1", tunnel.far), timeout=10) as upstream:
            shuttle(self.connection, upstream)
        return None


Tunnel.handler = _Handler
