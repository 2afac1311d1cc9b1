"""Ways to write the same file: a style turns a text into an equivalent one, or gives None where it has no meaning."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

Restyle = Callable[[str, str, Random], str | None]
"""`(path, text, random)` to the text in another style; None when the style means nothing for this file."""


@dataclass(frozen=True, slots=True)
class Style:
    """A named way to write a file. Only one of each `group` is applied at a time."""

    name: str
    group: str
    restyle: Restyle


def crlf(path: str, text: str, random: Random) -> str:
    """Every line ends as on Windows."""
    return text.replace("\r\n", "\n").replace("\n", "\r\n")


def mixed(path: str, text: str, random: Random) -> str:
    """Some lines end in CRLF, some in LF; strings over several lines included."""
    return re.sub(r"\r?\n", lambda m: random.choice(("\n", "\n", "\r\n")), text)


def mostly_crlf(path: str, text: str, random: Random) -> str:
    """CRLF with a few stray LF."""
    return re.sub(r"\r?\n", lambda m: "\n" if random.random() < 0.1 else "\r\n", text)


def no_final_newline(path: str, text: str, random: Random) -> str | None:
    """The last line has no end."""
    return text.rstrip("\r\n") if text.endswith("\n") else None


def two_final_newlines(path: str, text: str, random: Random) -> str | None:
    """The file ends in an empty line."""
    return text + ("\r\n" if text.endswith("\r\n") else "\n") if text.endswith("\n") else None


def indented_by(unit: str) -> Restyle:
    """Every level of indentation is `unit`; lines whose indentation is no multiple of the file's own stay."""

    def restyle(path: str, text: str, random: Random) -> str | None:
        if path.endswith((".env", ".txt", ".in", ".gitignore", ".md", ".yaml", ".yml", ".cfg", ".ini")):
            return None
        widths = {len(m) for m in re.findall(r"(?m)^( +)(?=\S)", text)}
        if "\t" in text or not widths:
            return None
        own = next((w for w in (4, 3, 2) if all(x % w == 0 for x in widths)), 0)
        if not own:
            return None
        return re.sub(r"(?m)^ +(?=\S)", lambda m: unit * (len(m.group()) // own), text)

    return restyle


GENERAL = (
    Style("crlf", "line ends", crlf),
    Style("mixed", "line ends", mixed),
    Style("mostly-crlf", "line ends", mostly_crlf),
    Style("no-final-newline", "end", no_final_newline),
    Style("two-final-newlines", "end", two_final_newlines),
    Style("tabs", "indentation", indented_by("\t")),
    Style("2-spaces", "indentation", indented_by("  ")),
    Style("3-spaces", "indentation", indented_by("   ")),
    Style("4-spaces", "indentation", indented_by("    ")),
)

ENCODINGS = ("utf-8", "utf-8-sig", "utf-16-le", "utf-16-be")
"""Codecs; the UTF-16 ones are written with their mark."""


def encoded(text: str, codec: str) -> bytes:
    """The text as a file in that encoding, mark included."""
    mark = {"utf-16-le": b"\xff\xfe", "utf-16-be": b"\xfe\xff"}.get(codec, b"")
    return mark + text.encode(codec)
