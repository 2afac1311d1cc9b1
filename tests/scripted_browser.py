"""A browser that follows the redirects from an authorize page to the callback: `python scripted_browser.py URL`."""

from __future__ import annotations

import sys
import urllib.error
import urllib.request


def visit(url: str) -> tuple[int, str]:
    """Status and text of the last page, as a person would see it."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=10) as page:
            return int(page.status), page.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


if __name__ == "__main__":
    visit(sys.argv[1])
