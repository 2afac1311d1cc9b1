"""The PostHog service: hosts, tokens, capture and queries. The only place that talks to the network."""
