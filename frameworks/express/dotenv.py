"""Calls that load an env file in a JavaScript file: dotenv's `config`, whatever the file calls it, or Node's own."""

from __future__ import annotations

import re

_MODULE = r"""["'](?:@dotenvx/)?dotenvx?["']"""
_WHOLE = re.compile(
    rf"""(?:\bimport\s+(?:\*\s+as\s+)?([\w$]+)\s+from\s*|\b(?:const|let|var|import)\s+([\w$]+)\s*=\s*require\(\s*){_MODULE}"""
)
_PARTS = re.compile(
    rf"""(?:\bimport\s*(?:[\w$]+\s*,\s*)?\{{([^{{}}]*)\}}\s*from\s*|\b(?:const|let|var)\s*\{{([^{{}}]*)\}}\s*=\s*require\(\s*)"""
    rf"""{_MODULE}"""
)
_CONFIG = re.compile(r"\bconfig\b(?:\s*(?:\bas\b|:)\s*([\w$]+))?")


def env_call(text: str) -> re.Pattern[str]:
    """Matches the call up to what it is given (`given`) in a file that reads `text`, or in a statement of it."""
    wholes = [rf"\b{re.escape(match[1] or match[2])}" for match in _WHOLE.finditer(text)]
    owners = "|".join((r"\bdotenv\w*", rf"require\(\s*{_MODULE}\s*\)", *wholes))
    parts = (found for match in _PARTS.finditer(text) for found in _CONFIG.finditer(match[1] or match[2]))
    names = (rf"(?<![\w$.]){re.escape(found[1] or 'config')}" for found in parts)
    called = "|".join((rf"(?:{owners})\s*\.\s*config", r"\bloadEnvFile", *names))
    return re.compile(rf"(?:{called})\s*\((?P<given>[^)]*)")
