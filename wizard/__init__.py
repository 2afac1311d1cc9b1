"""The wizard: finds an app, plans the edits that connect it to PostHog, applies them, proves the result."""
