"""The hosts of PostHog behind any URL that people have at hand."""

from __future__ import annotations

import pytest

from wizard.errors import UsageError
from wizard.posthog.hosts import cloud, of


@pytest.mark.parametrize(
    ("url", "region"),
    [
        ("https://us.i.posthog.com", "us"),
        ("https://us.i.posthog.com/", "us"),
        ("https://us.i.posthog.com/e/?x=1", "us"),
        ("us.posthog.com", "us"),
        ("http://us.posthog.com:443", "us"),
        ("HTTPS://US.POSTHOG.COM", "us"),
        ("https://us.posthog.com.", "us"),
        ("https://us-assets.i.posthog.com", "us"),
        ("https://app.posthog.com/project/123/settings", "us"),
        (" https://eu.posthog.com\n", "eu"),
        ("https://eu.i.posthog.com", "eu"),
        ("https://eu-assets.i.posthog.com", "eu"),
    ],
)
def test_hosts_of_the_cloud(url: str, region: str) -> None:
    assert of(url) == cloud(region)


@pytest.mark.parametrize(
    ("url", "base"),
    [
        ("https://ph.example", "https://ph.example"),
        ("ph.example/base/", "https://ph.example/base"),
        ("http://localhost:8000", "http://localhost:8000"),
        ("http://[::1]:8000", "http://[::1]:8000"),
        ("https://eu.posthog.com.evil.example", "https://eu.posthog.com.evil.example"),
        ("https://xeu.posthog.com", "https://xeu.posthog.com"),
        ("https://posthog.com", "https://posthog.com"),
    ],
)
def test_any_other_host_is_an_instance_of_its_own(url: str, base: str) -> None:
    hosts = of(url)
    assert (hosts.ingest, hosts.app, hosts.assets, hosts.region) == (base, base, base, None)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "https://",
        "ftp://us.i.posthog.com",
        "javascript://x",
        "http://[::1",
        "https://ph.example:port",
        "https://ph.example:99999",
        "https://ph example",
        "https://ph.example/'x",
        "https://.",
    ],
)
def test_what_is_no_url(url: str) -> None:
    with pytest.raises(UsageError, match="is not a URL of a PostHog host"):
        of(url)


@pytest.mark.parametrize(
    "url", ["https://ann:hunter2@ph.example", "https://us.posthog.com@evil.example", "a:hunter2@b"]
)
def test_a_password_in_a_url_is_refused_and_not_shown(url: str) -> None:
    with pytest.raises(UsageError, match="user name or a password") as caught:
        of(url)
    assert "hunter2" not in caught.value.message
