"""Proof that an app's own code sends an event: the app is started, visited and listened to, all on this machine."""

from wizard.emits.emission import Emission
from wizard.emits.proof import emits

__all__ = ["Emission", "emits"]
