"""The PostHog client of this app, one per process."""

import atexit
import os  # if not settings
import sys  # if pytest
from collections.abc import AsyncIterator  # if lifespan
from contextlib import asynccontextmanager  # if lifespan
from functools import cache

from fastapi import FastAPI  # if lifespan
from posthog import Posthog
  # if settings
from settings_module import settings_name  # if settings


@cache
def get_posthog() -> Posthog:
    """The client, made on first use so that .env files are loaded by then; without a token it does nothing."""
    token = os.environ.get("POSTHOG_PROJECT_TOKEN", "")  # if not settings
    token = settings_value.POSTHOG_PROJECT_TOKEN  # if settings
    host = os.environ.get("POSTHOG_HOST")  # if not settings
    host = settings_value.POSTHOG_HOST or None  # if settings
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
  # if lifespan
  # if lifespan
@asynccontextmanager  # if lifespan
async def posthog_lifespan(_: FastAPI) -> AsyncIterator[None]:  # if lifespan
    """Sends what is queued when the server stops: uvicorn ends on SIGTERM without running atexit."""  # if lifespan
    yield  # if lifespan
    get_posthog().flush()  # if lifespan
