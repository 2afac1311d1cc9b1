"""What may show of tokens and keys: enough to recognise a public one, nothing of a secret one."""

from __future__ import annotations

import re

SECRETS = {
    "phx_": "a personal API key",
    "pha_": "an OAuth access token",
    "phr_": "an OAuth refresh token",
    "phs_": "a secret API key",
}
"""The secret kinds by their first four letters."""

# behind four letters: they began a word, or stood behind an escape of JSON, Python or a URL, which ends in a letter
_ESCAPES = (r"\b", r"\\[nrtbfv]", r"%[\dA-Fa-f]{2}", r"\\x[\dA-Fa-f]{2}", r"\\u[\dA-Fa-f]{4}")
_BEGAN = "|".join(f"(?<={escape}.{{4}})" for escape in _ESCAPES)
_SECRET = re.compile(rf"(ph[xars]_)(?:{_BEGAN})[A-Za-z0-9_-]{{4,}}", re.ASCII)
_PUBLIC = re.compile(rf"phc_(?:{_BEGAN})[A-Za-z0-9_-]{{4,}}", re.ASCII)


def mask(token: str) -> str:
    """A token for messages and logs: enough to recognise it, nothing at all of a secret one."""
    token = token.strip()
    if token[:4].lower() in SECRETS:
        return f"{token[:4]}..."
    return f"{token[:8]}...{token[-4:]}" if len(token) > 20 else "..."


def redact(text: str, *secrets: str, public: bool = False) -> str:
    """`text` without the given secrets and without anything that looks like a secret key of PostHog.

    `public` masks project tokens too.
    """
    if public:
        text = _PUBLIC.sub(lambda m: mask(m[0]), text)
    for secret in secrets:
        if secret:
            # a key without a known prefix may be a personal one of old, of which nothing may show
            text = text.replace(secret, mask(secret) if secret.startswith(("phc_", *SECRETS)) else "...")
    return _SECRET.sub(r"\1...", text)
