"""JavaScript codemods inside Astro, Vue and Svelte files."""

from __future__ import annotations

import pytest

from tests.laws import check, check_keeps, check_refuses
from wizard.codemods.js.imports import ensure_import
from wizard.codemods.sfc import in_frontmatter, in_script

IMPORT = ensure_import("./p.astro", default="P", kind="esm")
ASTRO = in_frontmatter(IMPORT)
SCRIPT = in_script(IMPORT)

FRONTMATTER = {
    "imports": (
        "---\nimport A from './a.astro'\nconst { b } = Astro.props\n---\n<A />\n",
        "---\nimport A from './a.astro'\nimport P from './p.astro'\nconst { b } = Astro.props\n---\n<A />\n",
    ),
    "no_imports": (
        "---\nconst { b } = Astro.props;\n---\n<p>---</p>\n",
        '---\nimport P from "./p.astro";\n\nconst { b } = Astro.props;\n---\n<p>---</p>\n',
    ),
    "empty": ("---\n---\n<a />\n", '---\nimport P from "./p.astro";\n---\n<a />\n'),
    "missing": ("<html></html>\n", '---\nimport P from "./p.astro";\n---\n\n<html></html>\n'),
    "fence_in_template_literal": (
        "---\nimport A from './a'\nconst md = `\n---\ntitle: x\n---\n`\n---\n<A />\n",
        "---\nimport A from './a'\nimport P from './p.astro'\nconst md = `\n---\ntitle: x\n---\n`\n---\n<A />\n",
    ),
    "fence_in_the_page": (
        "---\nimport A from './a'\n---\n<pre>\n---\nimport B\n---\n</pre>\n",
        "---\nimport A from './a'\nimport P from './p.astro'\n---\n<pre>\n---\nimport B\n---\n</pre>\n",
    ),
    "only_a_comment": (
        "---\n// Layout of all pages\n---\n<a />\n",
        '---\n// Layout of all pages\n\nimport P from "./p.astro";\n---\n<a />\n',
    ),
    "behind_a_comment": (
        "<!-- the --- layout -->\n---\nconst a = 'b'\n---\n<A />\n",
        "<!-- the --- layout -->\n---\nimport P from './p.astro'\n\nconst a = 'b'\n---\n<A />\n",
    ),
    "indented_fences": (
        "  ---\n  import A from './a'\n  ---\n  <A />\n",
        "  ---\n  import A from './a'\n  import P from './p.astro'\n  ---\n  <A />\n",
    ),
    "dashes_behind_a_tag": (
        "<p>a</p>\n---\nb\n---\n",
        '---\nimport P from "./p.astro";\n---\n\n<p>a</p>\n---\nb\n---\n',
    ),
    "top_level_return": (
        "---\nimport A from './a'\nif (!a) return Astro.redirect('/')\n---\n<A />\n",
        "---\nimport A from './a'\nimport P from './p.astro'\nif (!a) return Astro.redirect('/')\n---\n<A />\n",
    ),
}


@pytest.mark.parametrize(("before", "after"), FRONTMATTER.values(), ids=FRONTMATTER)
def test_in_frontmatter(before: str, after: str) -> None:
    check(ASTRO, before, after)


SCRIPTS = {
    "vue_setup": (
        '<script lang="ts">\nexport default {}\n</script>\n<script setup lang="ts">\nimport a from \'a\'\n</script>\n',
        '<script lang="ts">\nexport default {}\n</script>\n<script setup lang="ts">\nimport a from \'a\'\n'
        "import P from './p.astro'\n</script>\n",
    ),
    "svelte_instance": (
        "<script context=\"module\">\n\tlet b;\n</script>\n<script>\n\timport a from 'a';\n</script>\n<p />\n",
        "<script context=\"module\">\n\tlet b;\n</script>\n<script>\n\timport a from 'a';\n"
        "\timport P from './p.astro';\n</script>\n<p />\n",
    ),
}


@pytest.mark.parametrize(("before", "after"), SCRIPTS.values(), ids=SCRIPTS)
def test_in_script(before: str, after: str) -> None:
    check(SCRIPT, before, after)


def test_keeps() -> None:
    check_keeps(ASTRO, "---\nimport P from './p.astro'\n---\n<P />\n")
    check_keeps(SCRIPT, "<script>\nimport Q from './p.astro'\n</script>\n")
    check_keeps(in_frontmatter(lambda text: text), "<html></html>\n")


REFUSES = {
    "line_ends_of_old_macs": (ASTRO, "---\n---\n<a />\r<b />\n", "old Macs", 3),
    "no_fence_and_line_ends_of_old_macs": (ASTRO, "<a />\r<b />\r", "old Macs", 1),
    "no_end": (ASTRO, "---\nconst a = 1\n<a />\n", "does not end", 1),
    "unclear_end": (ASTRO, "---\nconst = `\n---\n`\n---\n<a />\n", "unclear", 3),
    "line_is_that_of_the_file": (ASTRO, "---\nimport a from 'a'\nconst P = 1\n---\n<a />\n", "name P", 3),
    "code_on_the_fence": (ASTRO, "\n--- const a = 1\n---\n<a />\n", "line of its own", 2),
    "text_before_the_fence": (ASTRO, "a --- b\n<a />\n", "line of its own", 1),
    "no_script": (SCRIPT, "<template><p /></template>\n", "no script", None),
    "only_module_script": (SCRIPT, "<script module>\nlet a\n</script>\n", "no script", None),
    "two_scripts": (SCRIPT, "<script>\na\n</script>\n<script>\nb\n</script>\n", "several", None),
    "line_in_script": (SCRIPT, "<p />\n<script>\nimport P from 'b'\n</script>\n", "name P", 3),
}


@pytest.mark.parametrize(("codemod", "text", "reason", "line"), REFUSES.values(), ids=REFUSES)
def test_refuses(codemod: object, text: str, reason: str, line: int | None) -> None:
    check_refuses(codemod, text, reason, line)  # type: ignore[arg-type]
