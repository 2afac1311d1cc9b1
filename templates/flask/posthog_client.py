"""The PostHog client of this app, one per process."""

import atexit
import os  # if environ
import sys  # if pytest
from functools import cache
from pathlib import Path  # if dotenv

from decouple import config  # if decouple
from dotenv import dotenv_values  # if dotenv
from posthog import Posthog
  # if settings
from settings_module import settings_name  # if settings


@cache
def get_posthog() -> Posthog:
    """The client, made on first use so that .env files are loaded by then; without a token it does nothing."""
    variables = {**dotenv_values(Path(__file__).parent / "path_to_env_file"), **os.environ}  # if dotenv
    token = os.environ.get("POSTHOG_PROJECT_TOKEN", "")  # if not own
    token = own_token  # if own
    host = os.environ.get("POSTHOG_HOST")  # if not own
    host = own_host or None  # if own
    disabled = not token  # if not pytest
    disabled = not token or "pytest" in sys.modules  # if pytest
    client = Posthog(
        token,
        host=host,
        enable_exception_autocapture=True,  # if error_tracking
        disabled=disabled,
    )
    atexit.register(client.shutdown)
    return client
