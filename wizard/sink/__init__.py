"""A loopback server that speaks PostHog's ingestion protocol: for verify, `listen`, the demo and the tests."""

from wizard.sink.received import Received
from wizard.sink.server import Sink

__all__ = ["Received", "Sink"]
