"""Logging in to PostHog: by browser or with a key, and what is kept of it on this machine."""
