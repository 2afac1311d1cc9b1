"""Where an import goes, which ones count as there, and names that are taken."""

from __future__ import annotations

import pytest

from tests.laws import check, check_keeps, check_refuses
from wizard.codemods.python.imports import ensure_from_import, ensure_import, ensure_import_as, local_name, usable_name
from wizard.edits import Codemod

POSTHOG = ensure_import("posthog")
OS = ensure_import("os")
FLASK = ensure_from_import("posthog.integrations.flask", "PosthogFlaskIntegration")
TWO = ensure_from_import("posthog", "Posthog", "identify_context")
OWN = ensure_from_import("shop.posthog_client", "client", first_party=True)
LAZY = ensure_from_import("posthog_client", "get_posthog", first_party=True, lazy=True)
ALIAS = ensure_import_as("django.conf", "settings", "conf")
RELATIVE = ensure_from_import(".posthog_client", "client")

CHANGES: dict[str, tuple[Codemod, str, str]] = {
    "by_another_name": (
        ALIAS,
        "from shop import settings\n",
        "from django.conf import settings as conf\nfrom shop import settings\n",
    ),
    "empty_file": (POSTHOG, "", "import posthog\n"),
    "no_imports": (POSTHOG, "x = 1\n", "import posthog\n\nx = 1\n"),
    "no_imports_leading_comment": (POSTHOG, "# the answer\nx = 1\n", "import posthog\n\n# the answer\nx = 1\n"),
    "no_imports_licence": (POSTHOG, "# Licence: MIT\n\nx = 1\n", "# Licence: MIT\nimport posthog\n\nx = 1\n"),
    "backslash_joins_a_blank_line": (
        POSTHOG,
        "import flask \\\n\n\nx = 1\n",
        "import flask \\\n\nimport posthog\n\nx = 1\n",
    ),
    "form_feeds_on_their_own": (POSTHOG, "import os\n\x0c\nx = 1\n", "import os\n\nimport posthog\n\n\x0c\nx = 1\n"),
    "indented_comment_at_the_end": (
        POSTHOG,
        "import os\n\n\t# to come",
        "import os\n\nimport posthog\n\n\t# to come",
    ),
    "blanks_at_the_end": (POSTHOG, "import os\n\n  \n", "import os\n\nimport posthog\n\n  \n"),
    "only_comments": (POSTHOG, "# nothing yet", "# nothing yet\nimport posthog\n"),
    "shebang_and_coding": (
        POSTHOG,
        "#!/usr/bin/env python\n# -*- coding: utf-8 -*-\nx = 'é'\n",
        "#!/usr/bin/env python\n# -*- coding: utf-8 -*-\nimport posthog\n\nx = 'é'\n",
    ),
    "docstring_only": (POSTHOG, '"""Docs."""\n', '"""Docs."""\n\nimport posthog\n'),
    "docstring_no_final_newline": (POSTHOG, '"""Docs."""', '"""Docs."""\n\nimport posthog'),
    "docstring_then_code": (POSTHOG, '"""Docs."""\nx = 1\n', '"""Docs."""\n\nimport posthog\n\nx = 1\n'),
    "future_only": (
        POSTHOG,
        '"""Docs."""\n\nfrom __future__ import annotations\n\nx = 1\n',
        '"""Docs."""\n\nfrom __future__ import annotations\n\nimport posthog\n\nx = 1\n',
    ),
    "django_settings_stdlib_only": (
        POSTHOG,
        "from pathlib import Path\n\n# Build paths inside the project like this.\nBASE = Path()\n",
        "from pathlib import Path\n\nimport posthog\n\n# Build paths inside the project like this.\nBASE = Path()\n",
    ),
    "stdlib_into_its_sorted_group": (
        OS,
        "import logging\nimport sys\nfrom pathlib import Path\n\nimport environ\n",
        "import logging\nimport os\nimport sys\nfrom pathlib import Path\n\nimport environ\n",
    ),
    "stdlib_above_third_party": (OS, "import environ\n\nX = 1\n", "import os\n\nimport environ\n\nX = 1\n"),
    "stdlib_before_from_in_group": (
        OS,
        "from pathlib import Path\n\nBASE = 1\n",
        "import os\nfrom pathlib import Path\n\nBASE = 1\n",
    ),
    "third_party_between_groups": (
        FLASK,
        "import os\n\nfrom flask import Flask\nfrom redis import Redis\n\nfrom .routes import bp\n",
        "import os\n\nfrom flask import Flask\nfrom posthog.integrations.flask import PosthogFlaskIntegration\n"
        "from redis import Redis\n\nfrom .routes import bp\n",
    ),
    "third_party_when_only_stdlib_and_ours": (
        POSTHOG,
        "import os\n\nfrom . import views\n",
        "import os\n\nimport posthog\n\nfrom . import views\n",
    ),
    "third_party_when_only_ours": (POSTHOG, "from . import views\n", "import posthog\n\nfrom . import views\n"),
    "unsorted_group_appends": (
        POSTHOG,
        "from redis import Redis\nimport flask\nimport attrs\n\nX = 1\n",
        "from redis import Redis\nimport flask\nimport attrs\nimport posthog\n\nX = 1\n",
    ),
    "force_sorted_group": (
        POSTHOG,
        "from flask import Flask\nimport numpy\nfrom redis import Redis\n",
        "from flask import Flask\nimport numpy\nimport posthog\nfrom redis import Redis\n",
    ),
    "no_blank_lines_between_groups": (
        POSTHOG,
        "import os\nfrom flask import Flask\nfrom .db import db\n",
        "import os\nimport posthog\nfrom flask import Flask\nfrom .db import db\n",
    ),
    "multi_line_import_before": (
        POSTHOG,
        "from flask import (\n    Flask,  # the app\n    request,\n)\n\napp = Flask()\n",
        "import posthog\nfrom flask import (\n    Flask,  # the app\n    request,\n)\n\napp = Flask()\n",
    ),
    "type_checking_does_not_count": (
        TWO,
        "from typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n    from posthog import Posthog, identify_context\n",
        "from typing import TYPE_CHECKING\n\nfrom posthog import Posthog, identify_context\n\n"
        "if TYPE_CHECKING:\n    from posthog import Posthog, identify_context\n",
    ),
    "function_import_does_not_count": (
        POSTHOG,
        "import os\n\n\ndef f():\n    import posthog\n",
        "import os\n\nimport posthog\n\n\ndef f():\n    import posthog\n",
    ),
    "guarded_import_does_not_count": (
        POSTHOG,
        "import os\n\nif os.name == 'nt':\n    import posthog\n",
        "import os\n\nimport posthog\n\nif os.name == 'nt':\n    import posthog\n",
    ),
    "extends_inline": (
        TWO,
        "from posthog import Posthog\n",
        "from posthog import Posthog, identify_context\n",
    ),
    "extends_inline_sorted": (
        ensure_from_import("flask", "Flask"),
        "from flask import Blueprint, Response  # web\n",
        "from flask import Blueprint, Flask, Response  # web\n",
    ),
    "extends_parentheses": (
        TWO,
        "from posthog import (\n    Posthog,\n    tag,  # labels\n)\n",
        "from posthog import (\n    Posthog,\n    identify_context,\n    tag,  # labels\n)\n",
    ),
    "extends_parentheses_at_end": (
        ensure_from_import("posthog", "tag"),
        "from posthog import (\n    Posthog,\n    identify_context\n)\n",
        "from posthog import (\n    Posthog,\n    identify_context,\n    tag\n)\n",
    ),
    "does_not_extend_backslashes": (
        ensure_from_import("posthog", "tag"),
        "from posthog import Posthog, \\\n    identify_context\n",
        "from posthog import Posthog, \\\n    identify_context\nfrom posthog import tag\n",
    ),
    "does_not_extend_star": (
        ensure_from_import("posthog", "tag"),
        "from posthog import *\n",
        "from posthog import *\nfrom posthog import tag\n",
    ),
    "alias_is_another_name": (
        ensure_from_import("posthog", "tag"),
        "from posthog import tag as label\n",
        "from posthog import tag as label, tag\n",
    ),
    "module_alias_is_another_name": (POSTHOG, "import posthog as ph\n", "import posthog as ph\nimport posthog\n"),
    "ours_beside_our_package": (
        OWN,
        "from fastapi import FastAPI\n\nfrom shop.config import settings\nfrom shop.routes import router\n",
        "from fastapi import FastAPI\n\nfrom shop.config import settings\nfrom shop.posthog_client import client\n"
        "from shop.routes import router\n",
    ),
    "third_party_not_among_ours": (
        FLASK,
        "import sentry_sdk\nfrom fastapi import FastAPI\n\n# the app\nfrom app.api import router\n\napp = 1\n",
        "import sentry_sdk\nfrom fastapi import FastAPI\n"
        "from posthog.integrations.flask import PosthogFlaskIntegration\n"
        "\n# the app\nfrom app.api import router\n\napp = 1\n",
    ),
    "ours_above_relative_ones": (
        OWN,
        "from fastapi import FastAPI\n\nfrom .db import db\n",
        "from fastapi import FastAPI\n\nfrom shop.posthog_client import client\n\nfrom .db import db\n",
    ),
    "relative_among_relative_ones": (
        RELATIVE,
        "from fastapi import FastAPI\n\nfrom .config import x\nfrom .views import y\n",
        "from fastapi import FastAPI\n\nfrom .config import x\nfrom .posthog_client import client\n"
        "from .views import y\n",
    ),
    "ours_in_a_new_group": (
        OWN,
        "from fastapi import FastAPI\n\napp = FastAPI()\n",
        "from fastapi import FastAPI\n\nfrom shop.posthog_client import client\n\napp = FastAPI()\n",
    ),
    "ours_below_load_dotenv": (
        OWN,
        "import os\n\nfrom dotenv import load_dotenv\nfrom fastapi import FastAPI\n\nload_dotenv()\n\n"
        "app = FastAPI()\n",
        "import os\n\nfrom dotenv import load_dotenv\nfrom fastapi import FastAPI\n\nload_dotenv()\n\n"
        "from shop.posthog_client import client\n\napp = FastAPI()\n",
    ),
    "lazy_ours_above_load_dotenv": (
        LAZY,
        "from dotenv import load_dotenv\nfrom flask import Flask\n\nload_dotenv()\n\nfrom shop import db\n",
        "from dotenv import load_dotenv\nfrom flask import Flask\n\nfrom posthog_client import get_posthog\n\n"
        "load_dotenv()\n\nfrom shop import db\n",
    ),
    "ours_in_a_second_group": (
        LAZY,
        "import os\n\nimport requests\nfrom flask import Flask\n\nfrom config import settings\n\nX = 1\n",
        "import os\n\nimport requests\nfrom flask import Flask\n\nfrom config import settings\n"
        "from posthog_client import get_posthog\n\nX = 1\n",
    ),
    "ours_below_load_dotenv_with_imports": (
        RELATIVE,
        "from dotenv import load_dotenv\nload_dotenv()\nfrom fastapi import FastAPI\nfrom .db import db\n",
        "from dotenv import load_dotenv\nload_dotenv()\nfrom fastapi import FastAPI\nfrom .db import db\n"
        "from .posthog_client import client\n",
    ),
    "below_calls_between_imports": (
        FLASK,
        "import os\n\nfrom gevent import monkey\n\nmonkey.patch_all()\n\nfrom flask import Flask\n\napp = Flask('a')\n",
        "import os\n\nfrom gevent import monkey\n\nmonkey.patch_all()\n\nfrom flask import Flask\n"
        "from posthog.integrations.flask import PosthogFlaskIntegration\n\napp = Flask('a')\n",
    ),
    "ours_below_the_call_that_extends_the_path": (
        LAZY,
        "import sys\n\nsys.path.insert(0, 'src')\n\nfrom shop import app\n",
        "import sys\n\nsys.path.insert(0, 'src')\n\nfrom shop import app\n\nfrom posthog_client import get_posthog\n",
    ),
    "stdlib_above_calls_between_imports": (
        OS,
        "import sys\n\nsys.path.insert(0, 'src')\n\nimport shop\n",
        "import os\nimport sys\n\nsys.path.insert(0, 'src')\n\nimport shop\n",
    ),
    "calls_that_no_import_follows": (
        POSTHOG,
        "import logging\n\nlogging.basicConfig()\n\nx = 1\n\nimport late\n",
        "import logging\n\nimport posthog\n\nlogging.basicConfig()\n\nx = 1\n\nimport late\n",
    ),
    "below_try_import": (
        POSTHOG,
        "import os\ntry:\n    import redis\nexcept ImportError:\n    redis = None\nimport flask\n\nX = 1\n",
        "import os\ntry:\n    import redis\nexcept ImportError:\n    redis = None\nimport flask\n"
        "import posthog\n\nX = 1\n",
    ),
    "semicolons": (POSTHOG, "import os; import attrs\nX = 1\n", "import os; import attrs\nimport posthog\nX = 1\n"),
    "late_imports_stay_out": (
        POSTHOG,
        "import flask\n\napp = flask.Flask('x')\n\nfrom views import *\n",
        "import flask\nimport posthog\n\napp = flask.Flask('x')\n\nfrom views import *\n",
    ),
    "form_feed_and_tabs": (
        POSTHOG,
        "import flask\n\x0c\nif 1:\n\tx = 1\n",
        "import flask\nimport posthog\n\x0c\nif 1:\n\tx = 1\n",
    ),
}

KEEPS: dict[str, tuple[Codemod, str]] = {
    "known_by_another_name": (ALIAS, "from django.conf import settings as conf\n"),
    "there": (POSTHOG, "import posthog\n"),
    "there_among_others": (POSTHOG, "import os, posthog\n"),
    "there_in_try": (POSTHOG, "try:\n    import posthog\nexcept ImportError:\n    posthog = None\n"),
    "from_there": (TWO, "from posthog import identify_context, Posthog\n"),
    "from_there_on_two_lines": (TWO, "from posthog import Posthog\nfrom posthog import identify_context\n"),
    "relative_there": (RELATIVE, "from .posthog_client import client\n"),
    "relative_there_in_try": (RELATIVE, "try:\n    from .posthog_client import client\nfinally:\n    x = 1\n"),
}

REFUSES: dict[str, tuple[Codemod, str, str, int | None]] = {
    "other_name_taken": (ALIAS, "import conf\n", "already uses the name conf", 1),
    "form_feed_in_front_of_a_statement": (POSTHOG, "import os\n\x0cx = 1\n", "not read as they are written", 2),
    "nothing_but_a_backslash": (POSTHOG, "# a\n\\\n\n", "not read as they are written", 1),
    "bytes_beside_a_string": (POSTHOG, "x = 'a' b'b'\n", "does not parse", None),
    "null": (POSTHOG, "x = 1\ny = '\0'\n", "a character that Python does not read", 2),
    "half_of_a_pair": (POSTHOG, "x = '\ud800'\n", "a character that Python does not read", 1),
    "two_marks": (POSTHOG, "\ufeffx = 1\n", "a character that Python does not read", 1),
    "name_is_a_variable": (POSTHOG, "import os\n\nposthog = object()\n", "uses the name posthog", 3),
    "name_is_our_own_module": (POSTHOG, "from . import posthog\n", "uses the name posthog", 1),
    "name_is_an_alias": (POSTHOG, "import posthoganalytics as posthog\n", "uses the name posthog", 1),
    "from_name_is_a_function": (RELATIVE, "x = 1\n\n\ndef client():\n    pass\n", "uses the name client", 4),
    "from_name_is_another_import": (RELATIVE, "from redis import client\n", "uses the name client", 1),
    "from_name_is_a_loop_variable": (RELATIVE, "for client in ():\n    pass\n", "uses the name client", 1),
    "from_name_is_a_context": (RELATIVE, "with open('x') as (client, y):\n    pass\n", "uses the name client", 1),
    "syntax_error": (POSTHOG, "import os\n\nx = (\n", "does not parse", None),
    "python_2": (POSTHOG, "import os\nprint 'x'\n", "does not parse", 2),
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


@pytest.mark.parametrize(
    ("text", "path", "name"),
    [
        ("from flask import Flask as F\n", "flask.Flask", "F"),
        ("import flask\n", "flask.Flask", "flask.Flask"),
        ("import flask as fl\n", "flask.Flask", "fl.Flask"),
        ("if TYPE_CHECKING:\n    from flask import Flask\n", "flask.Flask", None),
        ("def f():\n    from flask import Flask\n", "flask.Flask", None),
        ("import flasks\n", "flask.Flask", None),
        ("from .posthog_client import client as c\n", ".posthog_client.client", "c"),
    ],
)
def test_local_name(text: str, path: str, name: str | None) -> None:
    assert local_name(text, path) == name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("", "settings"),
        ("from django.conf import settings\n", "settings"),
        ("from django.conf import settings as s\n", "s"),
        ("from shop import settings\n", "conf"),
        ("def settings():\n    pass\n", "conf"),
    ],
    ids=["free", "there", "there_as_another", "imported_from_elsewhere", "defined"],
)
def test_usable_name(text: str, name: str) -> None:
    assert usable_name(text, "django.conf.settings", "conf") == name
