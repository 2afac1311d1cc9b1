"""The PostHog client of this app, one per process."""

import atexit
import os
from functools import cache

from posthog import Posthog


@cache
def get_posthog() -> Posthog:
    """The client, made on first use so that .env files are loaded by then; without a token it does nothing."""
    token = os.environ.get("POSTHOG_PROJECT_TOKEN", "")
    client = Posthog(
        token,
        host=os.environ.get("POSTHOG_HOST"),
        enable_exception_autocapture=True,  # if error_tracking
        disabled=not token,
    )
    atexit.register(client.shutdown)
    return client
