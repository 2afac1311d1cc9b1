"""The shapes that lists of settings have, and the ones that are not touched."""

from __future__ import annotations

import pytest

from tests.laws import check, check_keeps, check_refuses
from wizard.codemods.python.lists import ensure_extended, ensure_in_every_list, ensure_in_list
from wizard.edits import Codemod

AUTH = "django.contrib.auth.middleware.AuthenticationMiddleware"
OURS = "posthog.integrations.django.PosthogContextMiddleware"
MIDDLEWARE = ensure_in_list("MIDDLEWARE", f'"{OURS}"', behind=AUTH)
SHORT = ensure_in_list("MIDDLEWARE", '"p"', behind="auth")
EVERY = ensure_in_every_list("MIDDLEWARE", '"p"', behind="auth")
APPS = ensure_in_list("THIRD_PARTY_APPS", '"p"')
LEAF = ensure_extended("MIDDLEWARE", '"p"')

CHANGES: dict[str, tuple[Codemod, str, str]] = {
    "every_branch": (
        EVERY,
        'if DEBUG:\n    MIDDLEWARE = ["auth"]\nelse:\n    MIDDLEWARE = [\n        "a",\n        "auth",\n'
        '        "x",\n    ]\n',
        'if DEBUG:\n    MIDDLEWARE = ["auth", "p"]\nelse:\n    MIDDLEWARE = [\n        "a",\n        "auth",\n'
        '        "p",\n        "x",\n    ]\n',
    ),
    "every_branch_but_the_one_that_has_it": (
        EVERY,
        'MIDDLEWARE = ("x",)\nif TEST:\n    MIDDLEWARE = ["auth", "p"]\nMIDDLEWARE += ["late"]\n',
        'MIDDLEWARE = ("x", "p")\nif TEST:\n    MIDDLEWARE = ["auth", "p"]\nMIDDLEWARE += ["late"]\n',
    ),
    "every_branch_of_a_class": (
        ensure_in_every_list("MIDDLEWARE", '"p"', behind="auth", in_class="Base"),
        "class Base:\n    if DEBUG:\n        MIDDLEWARE = ['auth']\n    else:\n        MIDDLEWARE = ['x']\n",
        "class Base:\n    if DEBUG:\n        MIDDLEWARE = ['auth', 'p']\n    else:\n        MIDDLEWARE = ['x', 'p']\n",
    ),
    "startproject": (
        MIDDLEWARE,
        "# Application definition\n\nMIDDLEWARE = [\n    'django.middleware.common.CommonMiddleware',\n"
        f"    '{AUTH}',\n    'django.middleware.clickjacking.XFrameOptionsMiddleware',\n]\n",
        "# Application definition\n\nMIDDLEWARE = [\n    'django.middleware.common.CommonMiddleware',\n"
        f"    '{AUTH}',\n    '{OURS}',\n    'django.middleware.clickjacking.XFrameOptionsMiddleware',\n]\n",
    ),
    "comment_on_the_neighbour": (
        SHORT,
        'MIDDLEWARE = [\n    "auth",  # needs the session\n    # clickjacking\n    "x",\n]\n',
        'MIDDLEWARE = [\n    "auth",  # needs the session\n    "p",\n    # clickjacking\n    "x",\n]\n',
    ),
    "last_one": (
        SHORT,
        'MIDDLEWARE = [\n    "x",\n    "auth",\n]\n',
        'MIDDLEWARE = [\n    "x",\n    "auth",\n    "p",\n]\n',
    ),
    "last_one_no_comma": (SHORT, 'MIDDLEWARE = [\n    "auth"\n]\n', 'MIDDLEWARE = [\n    "auth",\n    "p"\n]\n'),
    "no_neighbour": (SHORT, "MIDDLEWARE = ['x']\n", "MIDDLEWARE = ['x', 'p']\n"),
    "one_line": (SHORT, "MIDDLEWARE = ['auth', 'x']\n", "MIDDLEWARE = ['auth', 'p', 'x']\n"),
    "empty": (SHORT, "MIDDLEWARE = []\n", 'MIDDLEWARE = ["p"]\n'),
    "empty_tuple": (SHORT, "MIDDLEWARE = ()\n", 'MIDDLEWARE = ("p",)\n'),
    "tuple_of_one": (SHORT, "MIDDLEWARE = ('auth',)\n", "MIDDLEWARE = ('auth', 'p')\n"),
    "tuple_lines": (
        SHORT,
        "MIDDLEWARE = (\n\t'auth',\n\t'x',\n)\n",
        "MIDDLEWARE = (\n\t'auth',\n\t'p',\n\t'x',\n)\n",
    ),
    "annotated": (
        SHORT,
        'MIDDLEWARE: list[str] = [\n    "auth",\n]\n',
        'MIDDLEWARE: list[str] = [\n    "auth",\n    "p",\n]\n',
    ),
    "operand_with_the_neighbour": (
        SHORT,
        'MIDDLEWARE = ["a", "auth"] + ["b"]\n',
        'MIDDLEWARE = ["a", "auth", "p"] + ["b"]\n',
    ),
    "last_literal_operand": (
        SHORT,
        'MIDDLEWARE = base() + ["a"] + (["b"] if DEBUG else [])\n',
        'MIDDLEWARE = base() + ["a", "p"] + (["b"] if DEBUG else [])\n',
    ),
    "named_operand": (
        SHORT,
        'CORE = [\n    "auth",\n]\nMIDDLEWARE = CORE + ["x"]\n',
        'CORE = [\n    "auth",\n    "p",\n]\nMIDDLEWARE = CORE + ["x"]\n',
    ),
    "starred_name": (
        SHORT,
        'CORE = ["auth"]\nMIDDLEWARE = [*CORE, "x"]\n',
        'CORE = ["auth", "p"]\nMIDDLEWARE = [*CORE, "x"]\n',
    ),
    "only_names": (
        ensure_in_list("APPS", '"p"'),
        "A = ['a']\nB = ['b']\nAPPS = A + B\n",
        "A = ['a']\nB = ['b', 'p']\nAPPS = A + B\n",
    ),
    "extension_holds_the_neighbour": (
        SHORT,
        'MIDDLEWARE = ["a"]\nMIDDLEWARE += ["auth"]\n',
        'MIDDLEWARE = ["a"]\nMIDDLEWARE += ["auth", "p"]\n',
    ),
    "conditional_extension_left_alone": (
        SHORT,
        'MIDDLEWARE = ["auth"]\nif DEBUG:\n    MIDDLEWARE += ["toolbar"]\n    MIDDLEWARE.insert(0, "x")\n',
        'MIDDLEWARE = ["auth", "p"]\nif DEBUG:\n    MIDDLEWARE += ["toolbar"]\n    MIDDLEWARE.insert(0, "x")\n',
    ),
    "extension_in_front_left_alone": (
        SHORT,
        'MIDDLEWARE = ["auth"]\nif DEBUG:\n    MIDDLEWARE = ["toolbar"] + MIDDLEWARE\n',
        'MIDDLEWARE = ["auth", "p"]\nif DEBUG:\n    MIDDLEWARE = ["toolbar"] + MIDDLEWARE\n',
    ),
    "class_attribute": (
        SHORT,
        "class Common(Configuration):\n    DEBUG = True\n\n    MIDDLEWARE = [\n        'auth',\n        'x',\n    ]\n",
        "class Common(Configuration):\n    DEBUG = True\n\n    MIDDLEWARE = [\n        'auth',\n"
        "        'p',\n        'x',\n    ]\n",
    ),
    "class_attribute_extended_by_a_subclass": (
        SHORT,
        "class Common(Configuration):\n    MIDDLEWARE = ['auth']\n\n\nclass Dev(Common):\n"
        "    MIDDLEWARE = Common.MIDDLEWARE + ['x']\n",
        "class Common(Configuration):\n    MIDDLEWARE = ['auth', 'p']\n\n\nclass Dev(Common):\n"
        "    MIDDLEWARE = Common.MIDDLEWARE + ['x']\n",
    ),
    "named_class": (
        ensure_in_list("MIDDLEWARE", '"p"', in_class="B"),
        "class A:\n    MIDDLEWARE = ['a']\n\n\nclass B:\n    MIDDLEWARE = ['b']\n",
        "class A:\n    MIDDLEWARE = ['a']\n\n\nclass B:\n    MIDDLEWARE = ['b', 'p']\n",
    ),
    "cookiecutter_apps": (
        APPS,
        'DJANGO_APPS = [\n    "django.contrib.auth",\n]\nTHIRD_PARTY_APPS = [\n    "crispy_forms",\n'
        '    "allauth",\n]\n\n'
        "INSTALLED_APPS = DJANGO_APPS + THIRD_PARTY_APPS\n",
        'DJANGO_APPS = [\n    "django.contrib.auth",\n]\nTHIRD_PARTY_APPS = [\n    "crispy_forms",\n'
        '    "allauth",\n    "p",\n]\n\n'
        "INSTALLED_APPS = DJANGO_APPS + THIRD_PARTY_APPS\n",
    ),
    "mentioned_in_a_comment_only": (SHORT, 'MIDDLEWARE = ["auth"]  # "p"\n', 'MIDDLEWARE = ["auth", "p"]  # "p"\n'),
    "code_element": (
        ensure_in_list("middleware", "Middleware(P, client=client)"),
        "middleware = [Middleware(CORS)]\n",
        "middleware = [Middleware(CORS), Middleware(P, client=client)]\n",
    ),
    "not_ascii_in_front": (
        SHORT,
        'NAME = "Café ✓"\nMIDDLEWARE = ["auth"]\n',
        'NAME = "Café ✓"\nMIDDLEWARE = ["auth", "p"]\n',
    ),
    "quotes_of_other_strings_stay": (
        ensure_in_list("m", """[r"a", "it's", 'b"', "c"]"""),
        "m = ['x']\n",
        """m = ['x', [r'a', "it's", 'b"', 'c']]\n""",
    ),
    "empty_lines_with_tabs": (
        SHORT,
        "if X:\n\tY = 1\nMIDDLEWARE = [\n]\n",
        'if X:\n\tY = 1\nMIDDLEWARE = [\n\t"p",\n]\n',
    ),
    "leaf_without_extension": (
        LEAF,
        "from .base import *\n\nDEBUG = True\n",
        'from .base import *\n\nDEBUG = True\n\nMIDDLEWARE += ["p"]\n',
    ),
    "leaf_imports_by_name": (
        LEAF,
        "from .base import MIDDLEWARE",
        'from .base import MIDDLEWARE\n\nMIDDLEWARE += ["p"]',
    ),
    "leaf_with_extension": (
        LEAF,
        "from .base import *\nMIDDLEWARE += ['x']\n",
        "from .base import *\nMIDDLEWARE += ['x', 'p']\n",
    ),
    "leaf_with_conditional_extension": (
        LEAF,
        "from .base import *\nif DEBUG:\n    MIDDLEWARE += ['x']\n",
        "from .base import *\nif DEBUG:\n    MIDDLEWARE += ['x']\n\nMIDDLEWARE += ['p']\n",
    ),
    "leaf_that_assigns": (LEAF, "MIDDLEWARE = ['x']\n", "MIDDLEWARE = ['x', 'p']\n"),
}

KEEPS: dict[str, tuple[Codemod, str]] = {
    "there": (SHORT, 'MIDDLEWARE = ["auth", "p"]\n'),
    "there_in_other_quotes": (SHORT, "MIDDLEWARE = ['p', 'auth']\n"),
    "there_in_a_condition": (SHORT, 'MIDDLEWARE = ["auth"]\nif not DEBUG:\n    MIDDLEWARE.append("p")\n'),
    "there_though_computed": (SHORT, 'MIDDLEWARE = build(["auth", "p"])\n'),
    "there_concatenated": (SHORT, 'MIDDLEWARE = ["auth", ("" "p")]\n'),
    "code_there": (
        ensure_in_list("m", "Middleware(P, client=client)"),
        "m = [\n    Middleware(\n        P,\n        client=client,\n    ),\n]\n",
    ),
    "leaf_there": (LEAF, "from .base import *\nMIDDLEWARE += ['p']\n"),
}

REFUSES: dict[str, tuple[Codemod, str, str, int | None]] = {
    "missing": (SHORT, "X = 1\n", "does not assign MIDDLEWARE", None),
    "missing_class": (ensure_in_list("M", '"p"', in_class="C"), "M = []\n", "does not assign M in class C", None),
    "only_a_longer_name": (SHORT, 'MIDDLEWARE_CLASSES = ["auth"]\n', "does not assign", None),
    "every_branch_but_one_is_computed": (
        EVERY,
        'if DEBUG:\n    MIDDLEWARE = ["auth"]\nelse:\n    MIDDLEWARE = load()\n',
        "more than once",
        4,
    ),
    "in_if_and_else": (
        SHORT,
        'if DEBUG:\n    MIDDLEWARE = ["auth"]\nelse:\n    MIDDLEWARE = ["auth", "x"]\n',
        "more than once",
        4,
    ),
    "under_a_condition": (SHORT, 'if DEBUG:\n    MIDDLEWARE = ["auth"]\n', "under a condition", 2),
    "in_try": (SHORT, 'try:\n    MIDDLEWARE = ["auth"]\nexcept E:\n    pass\n', "under a condition", 2),
    "replaced_under_a_condition": (
        SHORT,
        'MIDDLEWARE = ["auth"]\nif TEST:\n    MIDDLEWARE = ["auth"]\n',
        "more than once",
        3,
    ),
    "computed": (SHORT, 'X = 1\nMIDDLEWARE = env.list("M", default=["auth"])\n', "computes MIDDLEWARE", 2),
    "filtered": (SHORT, 'MIDDLEWARE = [m for m in ("auth",)]\n', "computes MIDDLEWARE", 1),
    "either_or": (SHORT, 'MIDDLEWARE = ["auth"] if DEBUG else []\n', "computes MIDDLEWARE", 1),
    "a_string": (SHORT, 'MIDDLEWARE = ("auth")\n', "computes MIDDLEWARE", 1),
    "unknown_name": (SHORT, "MIDDLEWARE = BASE\n", "computes MIDDLEWARE", 1),
    "unpacks_unknown": (SHORT, 'MIDDLEWARE = [*BASE, "x"]\n', "unpacks", 1),
    "bare_tuple": (SHORT, 'MIDDLEWARE = "auth", "x"\n', "without parentheses", 1),
    "only_extended": (SHORT, 'from .base import *\nMIDDLEWARE += ["x"]\n', "only extends", 2),
    "two_classes": (
        SHORT,
        'class A:\n    MIDDLEWARE = ["auth"]\n\n\nclass B:\n    MIDDLEWARE = ["auth"]\n',
        "2 classes assign",
        5,
    ),
    "syntax_error": (SHORT, "MIDDLEWARE = [\n", "does not parse", None),
    "leaf_imports_nothing": (LEAF, "DEBUG = True\n", "neither assigns nor imports", None),
}


@pytest.mark.parametrize(("codemod", "before", "after"), CHANGES.values(), ids=CHANGES)
def test_changes(codemod: Codemod, before: str, after: str) -> None:
    check(codemod, before, after)
    compile(after, "after.py", "exec")


@pytest.mark.parametrize(("codemod", "text"), KEEPS.values(), ids=KEEPS)
def test_keeps(codemod: Codemod, text: str) -> None:
    check_keeps(codemod, text)


@pytest.mark.parametrize(("codemod", "text", "reason", "line"), REFUSES.values(), ids=REFUSES)
def test_refuses(codemod: Codemod, text: str, reason: str, line: int | None) -> None:
    check_refuses(codemod, text, reason, line)
