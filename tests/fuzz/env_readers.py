"""Two readers of env files that are not ours, in the terms of node's dotenv 16 and of python-dotenv 1."""

from __future__ import annotations

import re

_NODE = re.compile(
    r"""^\s*(?:export\s+)?([A-Za-z0-9_.-]+)(?:\s*=\s*?|:\s+?)"""
    r"""(\s*'(?:\\'|[^'])*'|\s*"(?:\\"|[^"])*"|\s*`(?:\\`|[^`])*`|[^#\r\n]+)?\s*(?:#.*)?$""",
    re.MULTILINE,
)


def node(text: str) -> dict[str, str | None]:
    """What `dotenv.parse` of node gives."""
    found: dict[str, str | None] = {}
    for match in _NODE.finditer(re.sub(r"\r\n?", "\n", text)):
        value = (match[2] or "").strip()
        quote = value[:1]
        value = re.sub(r"^(['\"`])([\s\S]*)\1$", r"\2", value)
        if quote == '"':
            value = value.replace("\\n", "\n").replace("\\r", "\r")
        found[match[1]] = value
    return found


class _Wrong(Exception):
    pass


class _Reader:
    """python-dotenv's parser: one binding after the other, an unreadable line skipped to its end."""

    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0

    def take(self, pattern: str) -> re.Match[str]:
        match = re.compile(pattern).match(self.text, self.at)
        if match is None:
            raise _Wrong
        self.at = match.end()
        return match

    def key(self) -> str | None:
        if self.text.startswith("#", self.at):
            return None
        if self.text.startswith("'", self.at):
            return self.take(r"'([^']+)'")[1]
        return self.take(r"([^=\#\s]+)")[1]

    def value(self) -> str:
        if self.text.startswith("'", self.at):
            return re.sub(r"\\([\\'])", r"\1", self.take(r"(?s)'((?:\\.|[^'\\])*)'")[1])
        if self.text.startswith('"', self.at):
            quoted = self.take(r'(?s)"((?:\\.|[^"\\])*)"')[1]
            escapes = {"n": "\n", "r": "\r", "t": "\t", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}
            return re.sub(r"\\([\\'\"abfnrtv])", lambda m: escapes.get(m[1], m[1]), quoted)
        if self.at >= len(self.text) or self.text[self.at] in "\n\r":
            return ""
        return re.sub(r"\s+#.*", "", self.take(r"([^\r\n]*)")[1]).rstrip()

    def binding(self) -> tuple[str, str | None] | None:
        try:
            self.take(r"\s*")
            if self.at >= len(self.text):
                return None
            self.take(r"(?:export[^\S\r\n]+)?")
            key = self.key()
            self.take(r"[^\S\r\n]*")
            value: str | None = None
            if self.text.startswith("=", self.at):
                sign = self.take(r"(=[^\S\r\n]*)")[1]
                value = "" if len(sign) > 1 and self.text.startswith("#", self.at) else self.value()
            self.take(r"(?:[^\S\r\n]*#[^\r\n]*)?")
            self.take(r"[^\S\r\n]*(?:\r\n|\n|\r|$)")
        except _Wrong:
            self.take(r"[^\r\n]*(?:\r|\n|\r\n)?")
            return None
        return (key, value) if key is not None else None


def python(text: str) -> dict[str, str | None]:
    """What `dotenv_values(..., interpolate=False)` of python-dotenv gives."""
    reader = _Reader(text)
    found: dict[str, str | None] = {}
    while reader.at < len(text):
        if binding := reader.binding():
            found[binding[0]] = binding[1]
    return found
