"""Which files can hold a set-up of PostHog: told from their text, since most that mention it need not be parsed."""

from __future__ import annotations

import re

from wizard.existing.set_up import WRAPPER

WRAPPED = re.compile(rf"(?:\b(?:from|import)|\brequire\s*\()\s*[\"']{WRAPPER.pattern}[\"']")
"""Code that loads a package that starts the SDK itself."""

_MINIFIED_SIZE, _MINIFIED_LINE = 50_000, 1_000
_PACKAGES = ("@posthog/n", "nuxt-posthog", "gatsby-plugin-posthog", "posthog-docusaurus", "astro-posthog")

_NAMED = re.compile(r"Posthog|posthog[\s\\]*\.[\s\\]*integrations")
_IMPORTED = re.compile(
    r"\bfrom[ \t]+posthog|\bimport\b(?:[^\n(]|\\\r?\n)*\bposthog|\bimport\s*\((?:[^)#]|(?>#[^\n]*))*\bposthog"
)
_USED = re.compile(r"\bClient\b|AsyncClient|api_key|default_client")


def mentioned(data: bytes) -> bool:
    """Is PostHog in a file at all?"""
    return b"posthog" in data.replace(b"\0", b"").lower()  # in UTF-16 too


def in_script(text: str) -> bool:
    """Can a script or a page set PostHog up? A minified one is a library."""
    if len(text) > _MINIFIED_SIZE and len(text) > _MINIFIED_LINE * (text.count("\n") + 1):
        return False
    return (
        ".init" in text
        or ("init" in text and re.search(r"init[\"']\]|\.\s+init\b", text) is not None)
        or ("new" in text and ("new PostHog" in text or "posthog-node" in text or ".PostHog" in text))
        or ("Provider" in text and "apiKey" in text)
        or "array." in text
        or "window.posthog" in text
        or any(package in text for package in _PACKAGES)
        or ("posthog" in text and WRAPPED.search(text) is not None)
    )


def in_python(text: str) -> bool:
    """Can a Python file set PostHog up? By the SDK's own names, or by others of a module that it imports."""
    return _NAMED.search(text) is not None or (_USED.search(text) is not None and _IMPORTED.search(text) is not None)
