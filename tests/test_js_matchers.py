"""The matcher of a Next.js middleware: a path is left out of it."""

from __future__ import annotations

import pytest

from tests.laws import check, check_keeps, check_refuses
from wizard.codemods.js.matchers import exclude_from_matcher

EXCLUDE = exclude_from_matcher("ph-relay")


def config(matcher: str, before: str = "") -> str:
    return f"{before}export const config = {{\n  matcher: {matcher},\n}}\n"


CHANGES = {
    "string": ("'/((?!api|_next/static).*)'", "'/((?!ph-relay|api|_next/static).*)'"),
    "list_with_comments": (
        '[\n    // all but files\n    "/((?!.*\\\\..*|_next).*)", // done\n    "/",\n    "/(api|trpc)(.*)",\n  ]',
        '[\n    // all but files\n    "/((?!ph-relay|.*\\\\..*|_next).*)", // done\n'
        '    "/",\n    "/(api|trpc)(.*)",\n  ]',
    ),
    "source_of_an_object": (
        "[{ source: '/((?!api).*)', missing: [{ type: 'header', key: '/((?!x).*)' }] }]",
        "[{ source: '/((?!ph-relay|api).*)', missing: [{ type: 'header', key: '/((?!x).*)' }] }]",
    ),
    "several": (
        "['/((?!a).*)', '/shop/:path*', '/((?!b).*)']",
        "['/((?!ph-relay|a).*)', '/shop/:path*', '/((?!ph-relay|b).*)']",
    ),
}


@pytest.mark.parametrize(("before", "after"), CHANGES.values(), ids=CHANGES)
def test_changes(before: str, after: str) -> None:
    check(EXCLUDE, config(before), config(after))


KEEPS = {
    "other_paths": "['/dashboard/:path*', '/', '/login', '/(de|en)/:path*']",
    "excluded_already": "['/((?!api|ph-relay).*)']",
    "empty": "[]",
}


@pytest.mark.parametrize("matcher", KEEPS.values(), ids=KEEPS)
def test_keeps(matcher: str) -> None:
    check_keeps(EXCLUDE, config(matcher))


REFUSES = {
    "all_paths": (config("['/((?!api).*)', '/:path*']"), "may see all paths", 2),
    "dots": (config("'/(.*)'"), "may see all paths", 2),
    "one_part": (config("'/:slug'"), "may see all paths", 2),
    "our_own_path": (config("'/ph-relay/:path*'"), "may see all paths", 2),
    "variable": (config("PATHS", "const PATHS = ['/((?!api).*)'];\n"), "may see all paths", 3),
    "template": (config("`/((?!${api}).*)`"), "may see all paths", 2),
    "object_without_source": (config("[{ ...rest }]"), "may see all paths", 2),
    "no_matcher": ("export const config = { runtime: 'edge' }\n", "0 matchers", None),
    "matcher_of_something_else": ("const jest = { matcher: '/((?!a).*)' }\n", "0 matchers", None),
    "matcher_further_inside": ("export const config = { x: { matcher: '/((?!a).*)' } }\n", "0 matchers", None),
    "broken": ("export const config = { matcher: ['/((?!a).*)' }\n", "", None),
}


@pytest.mark.parametrize(("text", "reason", "line"), REFUSES.values(), ids=REFUSES)
def test_refuses(text: str, reason: str, line: int | None) -> None:
    check_refuses(EXCLUDE, text, reason, line)
