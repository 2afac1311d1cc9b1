"""What is read from Python files without running them, and offsets in files of every kind."""

from __future__ import annotations

import subprocess
import sys

import libcst as cst
import pytest

from wizard.codemods.python.names import app_configs, assigns, star_imports, string_list, string_setdefault
from wizard.codemods.python.scopes import mentions, qualified
from wizard.codemods.python.tree import extent, parse, scope, walk
from wizard.errors import CannotEdit

KEY = "DJANGO_SETTINGS_MODULE"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (
            "import os\n\n\ndef main():\n    os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.settings')\n",
            "shop.settings",
        ),
        ('from os import environ\nenviron.setdefault("DJANGO_SETTINGS_MODULE", "a")\n', "a"),
        ('import os\nos.environ["DJANGO_SETTINGS_MODULE"] = "b"\n', "b"),
        ("# os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'old')\n", None),
        ("os.environ.setdefault('DJANGO_SETTINGS_MODULE', f'{x}.settings')\n", None),
        ("os.environ.setdefault('OTHER', 'x')\nos.environ['OTHER'] = 'y'\n", None),
        ("d.setdefault('DJANGO_SETTINGS_MODULE', 'x')\n", None),
        (
            "if x:\n    os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'a')\n"
            "os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'b')\n",
            "b",
        ),
    ],
)
def test_string_setdefault(text: str, value: str | None) -> None:
    assert string_setdefault(text, KEY) == value


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ('APPS = ["a", "b"]\n', ["a", "b"]),
        ('A = ("a",)\nB: list[str] = ["b"]\nAPPS = A + B + ["c"]\n', ["a", "b", "c"]),
        ('A = ["a"]\nAPPS = [*A, "b", call()]\nAPPS += ["c"]\n', ["a", "b", "c"]),
        ('APPS = ["a"]\nAPPS = ["b"] + APPS\n', ["a", "b"]),
        ('APPS = ["a"]\nif DEBUG:\n    APPS += ["b"]\n', ["a", "b"]),
        ('APPS = ["a"]\nAPPS = ["b"]\n', ["b"]),
        ("APPS = A + B\n", []),
        ("APPS = env.list('APPS')\n", []),
        ("A = B\nB = A\nAPPS = A + B\n", []),
    ],
)
def test_string_list(text: str, values: list[str]) -> None:
    assert string_list(text, "APPS") == values


def test_star_imports() -> None:
    text = (
        "from .base import *\nfrom os import path\ntry:\n    from ..local.x import *\nexcept ImportError:\n    pass\n"
        "from shop.a import *\n"
    )
    assert star_imports(text) == [".base", "..local.x", "shop.a"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("MIDDLEWARE = []\n", True),
        ("class A:\n    MIDDLEWARE: list[str] = []\n", True),
        ("MIDDLEWARE += []\n", False),
        ("MIDDLEWARE: list[str]\n", False),
        ("x = MIDDLEWARE\n# MIDDLEWARE = []\n", False),
    ],
)
def test_assigns(text: str, expected: bool) -> None:
    assert assigns(text, "MIDDLEWARE") is expected


def test_app_configs() -> None:
    text = (
        "from django.apps import AppConfig as Base\n\n\nclass A(Base):\n    name = 'shop.a'\n    default = True\n\n\n"
        "class B(A):\n    def ready(self):\n        pass\n\n\nclass C:\n    name = 'c'\n"
    )
    found = [(c.class_name, c.app, c.has_ready, c.line) for c in app_configs(text)]
    assert found == [("A", "shop.a", False, 4), ("B", None, True, 9)]


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("from flask import Flask as F\nx = F\n", "flask.Flask"),
        ("import a.b\nx = a.b.c\n", "a.b.c"),
        ("import a.b as n\nx = n.c\n", "a.b.c"),
        ("from . import n\nx = n.c\n", ".n.c"),
        ("from ..p import n\nx = n\n", "..p.n"),
        ("from a import n\nfrom b import n\nx = n\n", None),
        ("x = n.c\n", None),
        ("import a\nx = a().b\n", None),
    ],
)
def test_qualified(text: str, path: str | None) -> None:
    source = parse(text)
    assert qualified(source, next(n.value for n in walk(source.module) if isinstance(n, cst.Assign))) == path


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x = Posthog()\n", True),
        ("import a.Posthog\n", False),
        ("# Posthog\nx = 'Posthog'\n", False),
        ("a.Posthog\n", True),
    ],
)
def test_mentions(text: str, expected: bool) -> None:
    assert mentions(parse(text), "Posthog") is expected


AWKWARD = {
    "unicode": "# é ✓ 😀\nname = 'ü😀'; x = 1\nif x:\n    größe = x  # Ω\n",
    "tabs": "if 1:\n\tx = 1\n\n\t# c\n\ty = '''a\n\tb'''\n",
    "continuation": "x = 1 + \\\n    2\nassert x, \\\n    y\n",
    "decorators": "@a\n@b(\n    1\n)\n# why\nclass C(D):\n    @e\n    def f(self): return x\n",
    "form_feed": "x = 1\n\x0c\ny = 2\n",
    "match": "match x:\n    case {'a': y}:\n        z = y\n    case _: pass\n",
    "except_star": "try:\n    x = 1\nexcept* E as e:\n    y = 2\nelse:\n    z = 3\nfinally:\n    w = 4\n",
    "new_syntax": "type A[T] = list[T]\ndef f[T](x: T) -> T:\n    return f'{x!r:{y}} {\"a\"}'\n",
}


@pytest.mark.parametrize("text", AWKWARD.values(), ids=AWKWARD)
@pytest.mark.parametrize("eol", ["\n", "\r\n"], ids=["lf", "crlf"])
def test_offsets(text: str, eol: str) -> None:
    text = text.replace("\n", eol)
    source = parse(text)
    names = [node for node in walk(source.module) if isinstance(node, cst.Name | cst.SimpleString)]
    assert names
    assert all(source.code(node) == node.value for node in names)
    for statement in scope(source, source.module.body):
        assert text[statement.start] not in " \t\r\n#"
        assert text[statement.end - 1] not in " \t\r\n"
        rest = text[statement.end :].split("\n", 1)[0].strip()
        assert not rest or rest[0] in "#;"
    ends = [extent(source, node) for node in source.module.body]
    assert ends == sorted(ends)


@pytest.mark.parametrize(
    ("text", "line"),
    [("x = 1\ry = 2\n", 1), ("x = 1\n\ndef f(:\n", 3), ("def f():\nx = 1\n", 2), ("x = 'a\n", 1), ("\tx = 1\n", 1)],
)
def test_what_does_not_parse_names_its_line(text: str, line: int) -> None:
    with pytest.raises(CannotEdit) as caught:
        parse(text)
    assert caught.value.line == line


def test_slow_parts_of_libcst_are_not_imported() -> None:
    code = (
        "import sys, pkgutil, importlib, wizard.codemods.python as p\n"
        "assert 'libcst' not in sys.modules\n"
        "[importlib.import_module(f'{p.__name__}.{m.name}') for m in pkgutil.iter_modules(p.__path__)]\n"
        "assert not {'libcst.matchers', 'libcst.codemod'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
