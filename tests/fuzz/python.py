"""Every codemod for Python, how it is called, and the sources it is fed."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from functools import cache

import wizard.codemods.python
from tests.fixture_case import cases
from tests.variants.plans import files_of
from wizard.codemods.python import calls, env_reader, imports, names, settings, shutdown
from wizard.codemods.python.app_setup import (
    ensure_after_construction,
    ensure_beside_init_app,
    refuse_late_environment,
)
from wizard.codemods.python.class_attributes import ensure_attributes, ensure_environment_attributes
from wizard.codemods.python.dicts import ensure_key
from wizard.codemods.python.lists import ensure_extended, ensure_in_every_list, ensure_in_list
from wizard.codemods.python.methods import ensure_in_method
from wizard.codemods.python.module_lines import ensure_assignment, ensure_below_assignments
from wizard.codemods.python.settings import Setting
from wizard.edits import Codemod
from wizard.errors import CannotEdit
from wizard.text import decode

TABLES = "apps class_attributes dicts imports lists names settings shutdown".split()
OURS = r"(?i)posthog|EXCEPTION_HANDLER|\bos\b|\bvalues\b"
"""What every node that the codemods of ENSURE add has in its code."""

_SETTINGS = (Setting("POSTHOG_TOKEN", "POSTHOG_TOKEN"), Setting("POSTHOG_HOST", "POSTHOG_URL", "https://x"))
_APPS = ("flask.Flask", "fastapi.FastAPI")
_READY = "import posthog\n\nif posthog.a:\n    posthog.setup(1)"


def _wire(name: str) -> str:
    return f"PosthogIntegration({name}, client=get_posthog())"


def _wires(name: str) -> str:
    return f"posthog = 1\nwith posthog as {name}_posthog:\n    posthog.setup({name})"


ENSURE: dict[str, tuple[Codemod, ...]] = {
    "ensure_after_construction": (
        ensure_after_construction(*_APPS, snippet=_wire, marker="PosthogIntegration"),
        ensure_after_construction(*_APPS, snippet=_wires, marker="posthog", variable="app"),
    ),
    "ensure_beside_init_app": (
        ensure_beside_init_app(*_APPS, snippet=_wire, marker="PosthogIntegration"),
        ensure_beside_init_app(*_APPS, snippet=_wires, marker="posthog"),
    ),
    "refuse_late_environment": (
        refuse_late_environment(*_APPS),
        refuse_late_environment(*_APPS, variable="app"),
    ),
    "ensure_keyword": (
        calls.ensure_keyword("lifespan", "posthog_lifespan", *_APPS),
        calls.ensure_keyword("posthog", "posthog", *_APPS, variable="app"),
    ),
    "prepend_to_keyword_list": (
        calls.prepend_to_keyword_list("middleware", "M(Posthog, a=1)", *_APPS, marker="Posthog"),
        calls.prepend_to_keyword_list("title", "posthog", *_APPS, marker="posthog", variable="app"),
    ),
    "ensure_environment_attributes": (
        ensure_environment_attributes("Common", _SETTINGS, "PostHog"),
        ensure_environment_attributes("Base", _SETTINGS[:1]),
    ),
    "ensure_attributes": tuple(ensure_attributes(n, [("POSTHOG", '"a"')], "x") for n in ("Common", "Base", "Settings")),
    "ensure_key": (
        ensure_key("REST_FRAMEWORK", "EXCEPTION_HANDLER", '"posthog.handler"'),
        ensure_key("D", "posthog", "1"),
    ),
    "ensure_import": (imports.ensure_import("os"), imports.ensure_import("posthog.integrations")),
    "ensure_from_import": (
        imports.ensure_from_import("posthog", "Posthog", "posthog_b"),
        imports.ensure_from_import(".posthog_client", "get_posthog", first_party=True),
        imports.ensure_from_import("flask", "posthog"),
        imports.ensure_from_import("app.posthog_client", "get_posthog", first_party=True, lazy=True),
    ),
    "ensure_in_list": (
        ensure_in_list("MIDDLEWARE", '"posthog.M"', behind="auth"),
        ensure_in_list(
            "MIDDLEWARE", 'M("posthog", 1)', behind="django.contrib.auth.middleware.AuthenticationMiddleware"
        ),
        ensure_in_list("INSTALLED_APPS", '"posthog.app"'),
        ensure_in_list("MIDDLEWARE", '"posthog.M"', in_class="Common"),
        ensure_in_list("A", '{\n    "posthog": 1,\n}'),
    ),
    "ensure_extended": (ensure_extended("MIDDLEWARE", '"posthog.M"'), ensure_extended("A", "posthog(1)")),
    "ensure_in_method": (
        ensure_in_method("ready", _READY, "django.apps.AppConfig", marker="posthog"),
        ensure_in_method("ready", "posthog = 1", "django.apps.AppConfig", marker="posthog", class_name="CoreConfig"),
    ),
    "ensure_assignment": (ensure_assignment("POSTHOG", "False"),),
    "ensure_below_assignments": (
        ensure_below_assignments("posthog.a = A\nif posthog:\n    posthog.b = 1", "A", "DEBUG", "X", marker="posthog"),
    ),
    "ensure_assignments": (
        settings.ensure_assignments(_SETTINGS, "PostHog"),
        settings.ensure_assignments(_SETTINGS[:1]),
        settings.ensure_assignments(_SETTINGS, "PostHog", at_end=True),
    ),
    "ensure_settings_fields": (settings.ensure_settings_fields(_SETTINGS),),
    "ensure_after_yield": (
        shutdown.ensure_after_yield("get_posthog().flush()", *_APPS, marker="get_posthog"),
        shutdown.ensure_after_yield("if posthog:\n    posthog.flush()", *_APPS, marker="posthog"),
    ),
    "ensure_in_every_list": (
        ensure_in_every_list("MIDDLEWARE", '"posthog.M"', behind="auth"),
        ensure_in_every_list("MIDDLEWARE", '"posthog.M"', behind="auth", in_class="Common"),
    ),
    "ensure_import_as": (imports.ensure_import_as("django.conf", "settings", "posthog_settings"),),
    "ensure_added_on_shutdown": (shutdown.ensure_added_on_shutdown("posthog.flush", marker="posthog"),),
    "ensure_on_shutdown": (shutdown.ensure_on_shutdown("flush_posthog", "posthog.flush()", marker="posthog"),),
}

LOOKS: dict[str, Callable[[str], object]] = {
    "app_variables": lambda text: calls.app_variables(text, *_APPS),
    "has_keyword": lambda text: calls.has_keyword(text, "lifespan", *_APPS),
    "reads_environment": env_reader.reads_environment,
    "local_name": lambda text: imports.local_name(text, "flask.Flask"),
    "usable_name": lambda text: imports.usable_name(text, "django.conf.settings", "django_settings"),
    "app_configs": names.app_configs,
    "assigns": lambda text: names.assigns(text, "MIDDLEWARE"),
    "star_imports": names.star_imports,
    "string_list": lambda text: names.string_list(text, "INSTALLED_APPS"),
    "string_setdefault": lambda text: names.string_setdefault(text, "DJANGO_SETTINGS_MODULE"),
    "has_settings_class": settings.has_settings_class,
    "settings_field": lambda text: settings.settings_field(text, "POSTHOG_TOKEN"),
    "settings_object": settings.settings_object,
    "shutdown_style": lambda text: shutdown.shutdown_style(text, *_APPS),
    "check": lambda text: importlib.import_module("wizard.codemods.python.limits").check(text),
    "parse": lambda text: importlib.import_module("wizard.codemods.python.tree").parse(text),
}
"""The functions that take a text and only look."""

WORDS = (
    *("posthog", "import os", "import posthog", "from flask import Flask", "app = Flask(__name__)", "return", "pass"),
    *("MIDDLEWARE = []", "MIDDLEWARE += ['a']", "INSTALLED_APPS = (", "yield", "await ", "lambda x: ", "global os"),
    *("if True:", "try:", "else:", "finally:", "except* ValueError:", "with a as os:", "match x:", "    case os:"),
    *("@app.on_event('shutdown')", "from __future__ import annotations", "load_dotenv()", "x = 1; y = 2", "del os"),
    *("*args", "**base", "(os := 1)", "type X = int", "def f[T](a): ...", "class A(BaseSettings): a: int = 1"),
    *("f'{a!r:>{b}}'", "f'{x['a']}'", "b'a'", "r'\\'", "'''", '"""', "# comment", "\\\n", "\x0c", "\t", "    ", ";"),
    *(
        "async def f():",
        "from . import *",
        "from .a import (b, c)",
        "# -*- coding: latin-1 -*-",
        "#!/usr/bin/env python",
    ),
)


def public_functions() -> Iterator[tuple[str, str, inspect.Signature]]:
    """`(module, name, signature)` of the public functions of the package."""
    for info in pkgutil.iter_modules(wizard.codemods.python.__path__):
        module = importlib.import_module(f"{wizard.codemods.python.__name__}.{info.name}")
        for name, value in vars(module).items():
            if inspect.isfunction(value) and value.__module__ == module.__name__ and not name.startswith("_"):
                yield info.name, name, inspect.signature(value)


@cache
def rows() -> tuple[tuple[str, Codemod, str], ...]:
    """`(codemod's name, codemod, source)` of every row of the tables."""
    found = []
    for table in TABLES:
        for value in vars(importlib.import_module(f"tests.test_python_{table}")).values():
            for row in value.values() if isinstance(value, dict) else ():
                parts = row if isinstance(row, tuple) else ()
                codemod = next((p for p in parts if callable(p)), None)
                name = getattr(codemod, "__qualname__", "").partition(".")[0]
                if codemod is not None and name in ENSURE:
                    found += [(name, codemod, text) for text in parts if isinstance(text, str) and len(text) > 12]
    return tuple(found)


@cache
def sources() -> tuple[str, ...]:
    """The Python files of all fixtures, and odd syntax."""
    found = dict.fromkeys(ODD)
    for case in cases():
        for path, data in files_of(case).items():
            if path.endswith(".py"):
                try:
                    found[decode(data)[0]] = None
                except CannotEdit:
                    continue
    return tuple(text for text in found if text.strip())


ODD = (
    "\x0cimport os\n\x0c\nMIDDLEWARE = [\n\x0c    'auth',\n]\n",
    "#!/usr/bin/env python\n# -*- coding: latin-1 -*-\n'''doc'''\nfrom __future__ import annotations\nA = 1\n",
    "import a; import b; MIDDLEWARE = ['auth']; x = 2\n",
    "MIDDLEWARE = ['auth', \\\n    'x']\nA = 1 + \\\n    2\n",
    "MIDDLEWARE = (  # first\n    'auth'  # here\n    # last\n)  # after\n",
    "MIDDLEWARE: list[str] = [\n\t'auth'\n\t, 'x'\n\t]\n",
    "if (n := 3) > 2: MIDDLEWARE = []\nelse: pass\n",
    "match command:\n    case [a, *rest] if a:\n        MIDDLEWARE = ['auth']\n    case _: pass\n",
    "type X[T] = list[T]\ndef f[T: int](a: T, /, *, b) -> T: return a\nclass A[T](B): x: int\n",
    "try:\n    pass\nexcept* ValueError as e:\n    pass\nelse:\n    pass\nfinally:\n    pass\n",
    "from flask import (  # a\n    Flask,  # b\n)\napp = Flask(__name__  # c\n)  # d\napp.config.x = 1  # e\n",
    "from flask import Flask\ndef create_app(): app = Flask(__name__); return app\n",
    "from fastapi import FastAPI\nclass S:\n  def __init__(self):\n    a: FastAPI = FastAPI(\n    )\n    self.a = a\n",
    "from contextlib import asynccontextmanager\n@asynccontextmanager\nasync def lifespan(app):\n  try:\n    yield\n"
    "  finally: pass\n",
    "from contextlib import asynccontextmanager\n@asynccontextmanager\nasync def lifespan(app):\n\tasync with x:\n"
    "\t\tyield {'a': 1}  # state\n\n\t# the end\n",
    "from django.apps import AppConfig\n\n\nclass CoreConfig(AppConfig):\n    name = 'core'\n\n    def ready(s): a\n",
    "from django.apps import AppConfig\nclass CoreConfig(AppConfig):\n\tname = 'core'\n\tdef ready(self):\n\t\t'doc'",
    "from pydantic_settings import BaseSettings\nclass Settings(BaseSettings):\n    '''doc'''\nsettings = Settings()\n",
    "D = {\n    'a': 1,  # x\n    # y\n    **(z),\n}\nREST_FRAMEWORK = dict(a=1)\n",
    "import os\nA = os.environ['A']\ntry:\n    from .local import *\nexcept ImportError:\n    pass",
    "async def f():\n    async for x in y:\n        await x\n    return [z async for z in y]\nf'{a!r:>{b}} {c=}'\n",
    "class Common(Configuration):\n    A = values.Value('a')\n    B: str = 'x'; C = 1\n\n\n    # end\nDEBUG = True\n",
    "x = '''\nMIDDLEWARE = [\n    'auth',\n]\n'''\nMIDDLEWARE = ['auth'\n              ]\n",
)
