"""Markup in the head of pages and templates."""

from __future__ import annotations

import pytest

from tests.laws import check, check_keeps, check_refuses
from wizard.codemods.html import ensure_in_head, scripts

TAG = ensure_in_head("<Posthog />", r"<Posthog\b")
BLOCK = ensure_in_head('<script>\n  init("a");\n</script>\n', r"init\(")

CHANGES = {
    "indent_of_the_line_above": (
        "<html>\n  <head>\n    <title>a</title>\n  </head>\n</html>\n",
        "<html>\n  <head>\n    <title>a</title>\n    <Posthog />\n  </head>\n</html>\n",
    ),
    "not_indented_head": (
        "<head>\n<title>a</title>\n</head>\n",
        "<head>\n<title>a</title>\n<Posthog />\n</head>\n",
    ),
    "empty_head": ("<html>\n\t<head>\n\t</head>\n</html>\n", "<html>\n\t<head>\n\t\t<Posthog />\n\t</head>\n</html>\n"),
    "one_line": (
        "<head><title>a</title></head>\n",
        "<head><title>a</title>\n  <Posthog />\n</head>\n",
    ),
    "behind_the_last_element": (
        "  <head>\n    <title>a</title>\n    <slot /></head>\n",
        "  <head>\n    <title>a</title>\n    <slot />\n    <Posthog />\n  </head>\n",
    ),
    "comment_about_head": (
        "<head>\n  <!-- </head> -->\n</head>\n<!-- </head> -->\n",
        "<head>\n  <!-- </head> -->\n  <Posthog />\n</head>\n<!-- </head> -->\n",
    ),
    "script_with_head_in_a_string": (
        "<head>\n  <script>w('</head>')</script>\n</head>\n",
        "<head>\n  <script>w('</head>')</script>\n  <Posthog />\n</head>\n",
    ),
    "attribute_with_head": (
        '<head>\n  <meta content="</head>">\n</head>\n',
        '<head>\n  <meta content="</head>">\n  <Posthog />\n</head>\n',
    ),
    "django": (
        "{% load static %}\n<head>\n  {# </head> #}\n  {% block head %}\n  {% endblock %}\n</head>\n",
        "{% load static %}\n<head>\n  {# </head> #}\n  {% block head %}\n  {% endblock %}\n  <Posthog />\n</head>\n",
    ),
    "django_comment_block": (
        "{% comment %}\n</head>\n{% endcomment %}\n<head>\n  <meta>\n</head>\n",
        "{% comment %}\n</head>\n{% endcomment %}\n<head>\n  <meta>\n  <Posthog />\n</head>\n",
    ),
    "jinja_string": (
        "<head>\n  {{ '</head>' | safe }}\n</head>\n",
        "<head>\n  {{ '</head>' | safe }}\n  <Posthog />\n</head>\n",
    ),
    "upper_case": ("<HEAD>\n  <META>\n</HEAD>\n", "<HEAD>\n  <META>\n  <Posthog />\n</HEAD>\n"),
    "astro": (
        "---\nconst { t } = Astro.props;\n---\n<head>\n\t<meta name={t} />\n\t<slot />\n</head>\n",
        "---\nconst { t } = Astro.props;\n---\n<head>\n\t<meta name={t} />\n\t<slot />\n\t<Posthog />\n</head>\n",
    ),
    "astro_frontmatter_with_markup": (
        "---\nconst page = '<head></head>';\n---\n<head>\n\t<script define:vars={{ a: { b } }}>'</head>'</script>\n"
        "</head>\n",
        "---\nconst page = '<head></head>';\n---\n<head>\n\t<script define:vars={{ a: { b } }}>'</head>'</script>\n"
        "\t<Posthog />\n</head>\n",
    ),
    "astro_frontmatter_behind_a_comment": (
        "<!-- a --> text\n---\nconst page = `</head>`;\n---\n<head>\n</head>\n",
        "<!-- a --> text\n---\nconst page = `</head>`;\n---\n<head>\n  <Posthog />\n</head>\n",
    ),
    "mentioned_in_a_comment": (
        "<head>\n  <!-- <Posthog /> -->\n</head>\n",
        "<head>\n  <!-- <Posthog /> -->\n  <Posthog />\n</head>\n",
    ),
    "apostrophes_in_text": (
        "<head>\n  <title>It's</title>\n</head>\n<body>don't</body>\n",
        "<head>\n  <title>It's</title>\n  <Posthog />\n</head>\n<body>don't</body>\n",
    ),
}


@pytest.mark.parametrize(("before", "after"), CHANGES.values(), ids=CHANGES)
def test_ensure_in_head(before: str, after: str) -> None:
    check(TAG, before, after)


def test_blocks_are_indented_as_a_whole() -> None:
    check(
        BLOCK,
        "  <head>\n    <meta>\n  </head>\n",
        '  <head>\n    <meta>\n    <script>\n      init("a");\n    </script>\n  </head>\n',
    )


@pytest.mark.parametrize("text", ["<head>\n  <Posthog />\n</head>\n", "<body><Posthog client:load /></body>\n"])
def test_keeps(text: str) -> None:
    check_keeps(TAG, text)


REFUSES = {
    "line_ends_of_old_macs": ("<head>\r</head>\r", "old Macs", 1),
    "no_head": ("{% extends 'base.html' %}\n", "no </head>", None),
    "only_in_a_comment": ("<!-- <head></head> -->\n", "no </head>", None),
    "only_in_a_script": ("<script>\nw('</head>')\n</script>\n", "no </head>", None),
    "only_in_php": ("<?php echo '</head>';\n", "no </head>", None),
    "two_heads": ("{% if a %}\n<head></head>\n{% else %}\n<head></head>\n{% endif %}\n", "several", 4),
}


@pytest.mark.parametrize(("text", "reason", "line"), REFUSES.values(), ids=REFUSES)
def test_refuses(text: str, reason: str, line: int | None) -> None:
    check_refuses(TAG, text, reason, line)


def test_scripts() -> None:
    text = '<!-- <script>x</script> --><script lang="ts" setup>\na\n</script><SCRIPT data-setup>b</SCRIPT >'
    found = list(scripts(text))
    assert [text[block.start : block.end] for block in found] == ["\na\n", "b"]
    assert [block.has("setup") for block in found] == [True, False]
    assert found[0].has('lang="ts"')
