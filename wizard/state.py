"""The wizard's own directory, outside of every repository."""

from __future__ import annotations

import os
from pathlib import Path


def state_directory() -> Path:
    """The user's state directory for this program, made with mode 0700; `POSTHOG_WIZARD_STATE_DIR` overrides it."""
    override = os.environ.get("POSTHOG_WIZARD_STATE_DIR")
    if override:
        path = Path(override)
    else:
        from platformdirs import user_state_path

        path = user_state_path("posthog-wizard", appauthor=False)
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path
