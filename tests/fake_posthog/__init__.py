"""A whole PostHog on loopback, over real HTTP: capture, flags, remote config and the private API.

    with FakePostHog(tokens={TOKEN: 42}, keys={KEY: {"*"}}, current=42) as fake:
        access = fake.access()          # with KEY
        ...
        fake.asked("/api/projects/42/query/")   # the requests that came

`State` (state.py) documents every knob; `canned` replaces the answer of any path, once or for good.
"""

from tests.fake_posthog.server import FakePostHog, closed_port, complete, region
from tests.fake_posthog.state import BUSY, DOWN, HTML, KEY, LIMIT, TOKEN, Canned, Refused, Request, State

__all__ = [
    "BUSY",
    "DOWN",
    "HTML",
    "KEY",
    "LIMIT",
    "TOKEN",
    "Canned",
    "FakePostHog",
    "Refused",
    "Request",
    "State",
    "closed_port",
    "complete",
    "region",
]
