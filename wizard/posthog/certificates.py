"""Which certificates are trusted, and who issued one that is not."""

from __future__ import annotations

import base64
import http.client
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from wizard.posthog.loose import line

if TYPE_CHECKING:
    import ssl

_STRINGS: Mapping[int, str] = MappingProxyType(
    {0x0C: "utf-8", 0x13: "ascii", 0x14: "latin-1", 0x16: "ascii", 0x1C: "utf-32-be", 0x1E: "utf-16-be"}
)
"""The tags of ASN.1 strings -> how they are encoded."""

_COMMON_NAME, _ORGANIZATION = b"\x55\x04\x03", b"\x55\x04\x0a"
"""Object identifiers 2.5.4.3 and 2.5.4.10."""

_FURTHER = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")
"""Where else people on company networks have named their certificate; it counts besides all others."""


def trusted() -> ssl.SSLContext:
    """The certificates of the system, and the bundled ones or those that SSL_CERT_FILE or SSL_CERT_DIR name.

    Raises OSError when one of these two variables names a file that is not there or holds no certificates.
    """
    return _trusted_with(tuple(os.environ.get(name) for name in ("SSL_CERT_FILE", "SSL_CERT_DIR", *_FURTHER)))


@lru_cache(maxsize=4)
def _trusted_with(named: tuple[str | None, ...]) -> ssl.SSLContext:
    """One for each state of the variables that name certificates: reading them takes 0.1 s, and a run calls often."""
    import httpx

    if sys.platform == "darwin":
        context = _keychain()
    else:
        context = httpx.create_ssl_context()
        context.load_default_certs()
    for name in _FURTHER:
        if file := os.environ.get(name):
            with suppress(OSError):
                context.load_verify_locations(cafile=file)
    return context


def _keychain() -> ssl.SSLContext:
    """The certificates of macOS: OpenSSL cannot look into the keychain, where companies put theirs."""
    import ssl

    import truststore

    context: ssl.SSLContext = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if named := os.environ.get("SSL_CERT_FILE"):
        context.load_verify_locations(cafile=named)
    elif named := os.environ.get("SSL_CERT_DIR"):
        # a directory is read when a certificate is looked up in it, which the keychain never does
        for file in sorted(Path(named).iterdir()):
            with suppress(OSError):
                context.load_verify_locations(cafile=file)
    return context


def presented_issuer(host: str, port: int, proxy: str, timeout: float) -> str:
    """Who issued the certificate that this host shows, whether trusted or not; empty when it cannot be found out.

    Nothing but the handshake is sent. `proxy` is an http URL, or empty; `timeout` in seconds.
    """
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    through = urlsplit(proxy)
    if proxy and (through.scheme != "http" or not through.hostname):
        return ""
    at = (through.hostname or host, through.port or 80) if proxy else (host, port)
    connection = http.client.HTTPSConnection(*at, context=context, timeout=timeout)
    try:
        if proxy:
            connection.set_tunnel(host, port, _login(through.username, through.password))
        connection.connect()
        shown = connection.sock.getpeercert(binary_form=True)
        return issuer(shown) if shown else ""
    except (OSError, ValueError, http.client.HTTPException):
        return ""
    finally:
        connection.close()


def issuer(certificate: bytes) -> str:
    """The issuer named in a certificate (DER), as `Common name (Organization)`, in ASCII; empty when there is none."""
    try:
        parts = list(_parts(next(_parts(next(_parts(certificate))[1]))[1]))
        # version (tag 0xA0, optional), serial number, algorithm, issuer
        names = dict(_names(parts[3 if parts[0][0] == 0xA0 else 2][1]))
    except (IndexError, StopIteration, ValueError):
        return ""
    common, organization = names.get(_COMMON_NAME, ""), names.get(_ORGANIZATION, "")
    return (
        f"{common} ({organization})" if common and organization and organization != common else common or organization
    )


def _names(issuer: bytes) -> Iterator[tuple[bytes, str]]:
    for _, group in _parts(issuer):
        for _, pair in _parts(group):
            (_, name), (tag, value) = _parts(pair)
            yield name, line(value.decode(_STRINGS.get(tag, "ascii"), "replace"), 80)


def _parts(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The elements of DER one after the other, as (tag, content). Raises IndexError or ValueError when cut short."""
    at = 0
    while at < len(data):
        tag, size, at = data[at], data[at + 1], at + 2
        if size > 0x80:
            many = size - 0x80
            size, at = int.from_bytes(data[at : at + many]), at + many
        if at + size > len(data):
            raise ValueError("cut short")
        yield tag, data[at : at + size]
        at += size


def _login(user: str | None, password: str | None) -> dict[str, str]:
    if user is None:
        return {}
    pair = f"{unquote(user)}:{unquote(password or '')}".encode()
    return {"Proxy-Authorization": f"Basic {base64.b64encode(pair).decode()}"}
