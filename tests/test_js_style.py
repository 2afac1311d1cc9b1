"""Style of JavaScript files, and our code in theirs."""

from __future__ import annotations

import pytest

from wizard.codemods.js.style import Style, restyle, style_of
from wizard.codemods.js.tree import code_of, has_code
from wizard.errors import Bug

NONE = Style()
STANDARD = Style(quote="'", semicolons=False)
TABS = Style(quote="'", indent="\t")


@pytest.mark.parametrize(
    ("text", "style"),
    [
        ("", NONE),
        ("import a from 'a'\n", STANDARD),
        ('import a from "a";\n', NONE),
        ("import a from 'a';\n", Style(quote="'")),
        ("const a = b\nconst c = d;\nconst e = f\n", Style(semicolons=False)),
        ('<a href="x" id="y">{f(\'z\')}</a>;\n', Style(quote="'")),
        ("const a = \"it's\";\nconst b = 'b';\n", Style(quote="'")),
        ("function a() {\n    return b;\n}\n", Style(indent="    ")),
        ("function a() {\n\treturn b;\n}\n", Style(indent="\t")),
        ("// const a = 'b'\nconst a = `c 'd' 'e'`;\n", NONE),
    ],
)
def test_style_of(text: str, style: Style) -> None:
    assert style_of(text) == style


@pytest.mark.parametrize(
    ("source", "style", "expected"),
    [
        ('import a from "a";\nf("b");', STANDARD, "import a from 'a'\nf('b')"),
        ('f("it\'s");', STANDARD, 'f("it\'s")'),
        (r'f("\"");', STANDARD, r'f("\"")'),
        ("for (let i = 0; i < 3; i++) {\n  f(i);\n}", STANDARD, "for (let i = 0; i < 3; i++) {\n  f(i)\n}"),
        ("while (f());\ng();", STANDARD, "while (f());\ng()"),
        ("f();\n(async () => {})();", STANDARD, "f();\n(async () => {})()"),
        ("f();\n// why\n[1].map(f);", STANDARD, "f();\n// why\n[1].map(f)"),
        ("f();\n`a`.trim();", STANDARD, "f();\n`a`.trim()"),
        ("f(); // why\ng();", STANDARD, "f() // why\ng()"),
        ("f(); g();", STANDARD, "f(); g()"),
        ("if (a) {\n  f(`\n  b`);\n}", TABS, "if (a) {\n\tf(`\n  b`);\n}"),
        ('x = <a b="c">{d("e")}</a>;', TABS, "x = <a b=\"c\">{d('e')}</a>;"),
        ("type A = {\n  a: string;\n};", STANDARD, "type A = {\n  a: string\n}"),
    ],
)
def test_restyle(source: str, style: Style, expected: str) -> None:
    assert restyle(source, style) == expected
    assert restyle(source, NONE) == source


def test_restyle_of_members_and_expressions() -> None:
    member = 'async rewrites() {\n  return ["a"];\n}'
    assert restyle(member, Style("'", False, "\t"), "members") == "async rewrites() {\n\treturn ['a']\n}"
    assert restyle('{ a: "b" }', STANDARD, "expression") == "{ a: 'b' }"


def test_our_own_mistakes_are_bugs() -> None:
    with pytest.raises(Bug):
        restyle("const = ;", NONE)


def test_code_of_blanks_what_is_not_code() -> None:
    text = "a('posthog') // posthog\n/* posthog\n*/ b(/posthog/, `posthog ${posthog}`)\nx = <p>posthog {posthog}</p>\n"
    assert [len(line) for line in code_of(text).split("\n")] == [len(line) for line in text.split("\n")]
    assert code_of(text).count("posthog") == 2
    assert has_code(text, r"a\('posthog'\)", strings=True)
    assert not has_code(text, r"a\('posthog'\)")
    assert not has_code("// posthog.init()\n", r"posthog\.init")
