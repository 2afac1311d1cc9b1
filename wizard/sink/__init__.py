"""A loopback server that speaks PostHog's ingestion protocol: for verify, `listen`, the demo and the tests."""

from wizard.sink.server import Received, Sink

__all__ = ["Received", "Sink"]
