"""Statements behind the construction of an app, in AppConfig.ready, and keywords of constructor calls."""

from __future__ import annotations

import pytest

from tests.laws import check, check_keeps, check_refuses
from wizard.codemods.python.app_setup import (
    ensure_after_construction,
    ensure_beside_init_app,
    refuse_late_environment,
)
from wizard.codemods.python.calls import app_variables, ensure_keyword, has_keyword, prepend_to_keyword_list
from wizard.codemods.python.methods import ensure_in_method
from wizard.edits import Codemod

FLASK = "flask.Flask"
FASTAPI = ("fastapi.FastAPI", "fastapi.applications.FastAPI")
WRAP = ensure_after_construction(
    FLASK, snippet=lambda app: f"PosthogFlaskIntegration({app})", marker="PosthogFlaskIntegration"
)
LINES = ensure_after_construction(
    FLASK, snippet=lambda app: f"if client:\n    Posthog({app}, client)", marker="Posthog"
)
ASGI = ensure_after_construction(*FASTAPI, snippet=lambda app: f"{app}.add_middleware(P)", marker="P")
INIT = ensure_beside_init_app(FLASK, snippet=lambda app: f"Posthog({app})", marker="Posthog")
READY = ensure_in_method("ready", "import posthog\n\nposthog.api_key = 1", "django.apps.AppConfig", marker="posthog")
FIRST = prepend_to_keyword_list("middleware", "Middleware(P, client=client)", *FASTAPI, marker="P")
LIFESPAN = ensure_keyword("lifespan", "lifespan", *FASTAPI)
OUTER = ensure_keyword("lifespan", "lifespan", *FASTAPI, variable="app")
FIRST_OUTER = prepend_to_keyword_list("middleware", "Middleware(P)", *FASTAPI, marker="P", variable="app")

CHANGES: dict[str, tuple[Codemod, str, str]] = {
    "keyword_of_one_of_several_calls": (
        OUTER,
        "from fastapi import FastAPI\nsub = FastAPI()\napp = FastAPI(title='x')\n",
        "from fastapi import FastAPI\nsub = FastAPI()\napp = FastAPI(title='x', lifespan=lifespan)\n",
    ),
    "first_in_the_list_of_one_of_several_calls": (
        FIRST_OUTER,
        "from fastapi import FastAPI\nsub = FastAPI(middleware=[A])\napp = FastAPI(middleware=[B])\n",
        "from fastapi import FastAPI\nsub = FastAPI(middleware=[A])\napp = FastAPI(middleware=[Middleware(P), B])\n",
    ),
    "flask_module": (
        WRAP,
        "from flask import Flask\n\napp = Flask(__name__)\n\n\n@app.route('/')\ndef index():\n    return ''\n",
        "from flask import Flask\n\napp = Flask(__name__)\nPosthogFlaskIntegration(app)\n\n\n@app.route('/')\n"
        "def index():\n    return ''\n",
    ),
    "flask_module_configured": (
        WRAP,
        "import flask as fl\nweb = fl.Flask(__name__)  # the app\nweb.config['A'] = 1\nprint('x')\n"
        "web.config.from_object('c')\nCORS(web)\n"
        "web.config['LATE'] = 1\n",
        "import flask as fl\nweb = fl.Flask(__name__)  # the app\nweb.config['A'] = 1\nprint('x')\n"
        "web.config.from_object('c')\n"
        "PosthogFlaskIntegration(web)\nCORS(web)\nweb.config['LATE'] = 1\n",
    ),
    "flask_init_app_of_a_configuration_class": (
        WRAP,
        "from flask import Flask\n\n\ndef create_app(name):\n    app = Flask(__name__)\n"
        "    app.config.from_object(config[name])\n    config[name].init_app(app)\n\n    db.init_app(app)\n"
        "    app.register_blueprint(bp)\n    return app\n",
        "from flask import Flask\n\n\ndef create_app(name):\n    app = Flask(__name__)\n"
        "    app.config.from_object(config[name])\n    config[name].init_app(app)\n\n    db.init_app(app)\n"
        "    PosthogFlaskIntegration(app)\n    app.register_blueprint(bp)\n    return app\n",
    ),
    "flask_alias_annotated_no_final_newline": (
        WRAP,
        "from flask import Flask as F\napp: F = F(__name__)",
        "from flask import Flask as F\napp: F = F(__name__)\nPosthogFlaskIntegration(app)",
    ),
    "flask_call_over_lines": (
        WRAP,
        "from flask import Flask\napp = Flask(\n    __name__,\n    static_folder='x',\n)\napp.run()\n",
        "from flask import Flask\napp = Flask(\n    __name__,\n    static_folder='x',\n)\n"
        "PosthogFlaskIntegration(app)\napp.run()\n",
    ),
    "flask_tutorial_factory": (
        LINES,
        "import os\n\nfrom flask import Flask\n\n\ndef create_app(test_config=None):\n    app = Flask(__name__)\n"
        "    app.config.from_mapping(\n        SECRET_KEY='dev',\n    )\n\n    if test_config is None:\n"
        "        app.config.from_pyfile('config.py', silent=True)\n    else:\n"
        "        app.config.update(test_config)\n\n"
        "    # ensure the instance folder exists\n    try:\n        os.makedirs(app.instance_path)\n"
        "    except OSError:\n        pass\n\n"
        "    @app.route('/hello')\n    def hello():\n        return 'Hello'\n\n    from . import db\n"
        "    db.init_app(app)\n\n    return app\n",
        "import os\n\nfrom flask import Flask\n\n\ndef create_app(test_config=None):\n    app = Flask(__name__)\n"
        "    app.config.from_mapping(\n        SECRET_KEY='dev',\n    )\n\n    if test_config is None:\n"
        "        app.config.from_pyfile('config.py', silent=True)\n    else:\n"
        "        app.config.update(test_config)\n\n"
        "    if client:\n        Posthog(app, client)\n\n"
        "    # ensure the instance folder exists\n    try:\n        os.makedirs(app.instance_path)\n"
        "    except OSError:\n        pass\n\n"
        "    @app.route('/hello')\n    def hello():\n        return 'Hello'\n\n    from . import db\n"
        "    db.init_app(app)\n\n    return app\n",
    ),
    "flask_factory_with_functions": (
        WRAP,
        "def create_app():\n\tfrom flask import Flask\n\tapp = Flask(__name__)\n\tload_config(app)\n"
        "\tregister_blueprints(app)\n\treturn app\n",
        "def create_app():\n\tfrom flask import Flask\n\tapp = Flask(__name__)\n\tload_config(app)\n"
        "\tPosthogFlaskIntegration(app)\n"
        "\tregister_blueprints(app)\n\treturn app\n",
    ),
    "flask_several_lines_get_air": (
        LINES,
        "from flask import Flask\napp = Flask(__name__)\nCORS(app)\n",
        "from flask import Flask\napp = Flask(__name__)\n\nif client:\n    Posthog(app, client)\n\nCORS(app)\n",
    ),
    "flask_one_of_several": (
        ensure_after_construction(FLASK, snippet=lambda app: f"P({app})", marker="P", variable="app"),
        "from flask import Flask\napp = Flask(__name__)\nother = Flask(__name__)\n",
        "from flask import Flask\napp = Flask(__name__)\nP(app)\nother = Flask(__name__)\n",
    ),
    "flask_under_a_condition": (
        WRAP,
        "from flask import Flask\nif True:\n    app = Flask(__name__)\n    app.config['A'] = 1\n",
        "from flask import Flask\nif True:\n    app = Flask(__name__)\n    app.config['A'] = 1\n"
        "    PosthogFlaskIntegration(app)\n",
    ),
    "marker_in_import_and_comment_only": (
        WRAP,
        "from flask import Flask\nfrom p import PosthogFlaskIntegration\n# PosthogFlaskIntegration(app)\n"
        "app = Flask(__name__)\n",
        "from flask import Flask\nfrom p import PosthogFlaskIntegration\n# PosthogFlaskIntegration(app)\n"
        "app = Flask(__name__)\n"
        "PosthogFlaskIntegration(app)\n",
    ),
    "fastapi_full_stack_template": (
        ASGI,
        "from fastapi import FastAPI\n\napp = FastAPI(\n    title=settings.PROJECT_NAME,\n"
        "    generate_unique_id_function=unique_id,\n)\n\n# Set all CORS enabled origins\n"
        "if settings.all_cors_origins:\n"
        "    app.add_middleware(\n        CORSMiddleware,\n        allow_headers=['*'],\n    )\n\n"
        "app.include_router(api_router)\n",
        "from fastapi import FastAPI\n\napp = FastAPI(\n    title=settings.PROJECT_NAME,\n"
        "    generate_unique_id_function=unique_id,\n)\napp.add_middleware(P)\n\n"
        "# Set all CORS enabled origins\nif settings.all_cors_origins:\n"
        "    app.add_middleware(\n        CORSMiddleware,\n        allow_headers=['*'],\n    )\n\n"
        "app.include_router(api_router)\n",
    ),
    "init_app_group": (
        INIT,
        "from flask import Flask\n\n\ndef create_app():\n    app = Flask(__name__)\n    db.init_app(app)\n"
        "    migrate.init_app(app, db)\n"
        "    app.register_blueprint(bp)\n    return app\n",
        "from flask import Flask\n\n\ndef create_app():\n    app = Flask(__name__)\n    db.init_app(app)\n"
        "    migrate.init_app(app, db)\n"
        "    Posthog(app)\n    app.register_blueprint(bp)\n    return app\n",
    ),
    "init_app_function": (
        INIT,
        "def register_extensions(server):\n    db.init_app(server)\n    return None\n",
        "def register_extensions(server):\n    db.init_app(server)\n    Posthog(server)\n    return None\n",
    ),
    "init_app_function_with_a_condition": (
        INIT,
        "def extend(app):\n    db.init_app(app)\n    if app.config['CORS']:\n        cors.init_app(app)\n",
        "def extend(app):\n    db.init_app(app)\n    Posthog(app)\n"
        "    if app.config['CORS']:\n        cors.init_app(app)\n",
    ),
    "init_app_in_two_functions": (
        INIT,
        "from flask import Flask\ndef f(app):\n    a.init_app(app)\ndef g(app):\n    b.init_app(app)\n"
        "def create_app():\n    app = Flask('a')\n    f(app)\n    g(app)\n    return app\n",
        "from flask import Flask\ndef f(app):\n    a.init_app(app)\ndef g(app):\n    b.init_app(app)\n"
        "def create_app():\n    app = Flask('a')\n    Posthog(app)\n    f(app)\n    g(app)\n    return app\n",
    ),
    "init_app_only_under_a_condition": (
        INIT,
        "from flask import Flask\ndef f(app):\n    if X:\n        a.init_app(app)\napp = Flask('a')\nf(app)\n",
        "from flask import Flask\ndef f(app):\n    if X:\n        a.init_app(app)\n"
        "app = Flask('a')\nPosthog(app)\nf(app)\n",
    ),
    "init_app_without_group": (
        INIT,
        "from flask import Flask\nfrom .extensions import db\napp = Flask(__name__)\n",
        "from flask import Flask\nfrom .extensions import db\napp = Flask(__name__)\nPosthog(app)\n",
    ),
    "ready_created": (
        READY,
        "from django.apps import AppConfig\n\n\nclass HomeConfig(AppConfig):\n    name = 'home'\n",
        "from django.apps import AppConfig\n\n\nclass HomeConfig(AppConfig):\n    name = 'home'\n\n"
        "    def ready(self):\n"
        "        import posthog\n\n        posthog.api_key = 1\n",
    ),
    "ready_created_typed_tabs": (
        READY,
        "from django import apps\n\n\nclass C(apps.AppConfig):\n\tname = 'c'\n\n\tdef x(self) -> None:\n"
        "\t\tpass\n\n\nY = 1\n",
        "from django import apps\n\n\nclass C(apps.AppConfig):\n\tname = 'c'\n\n\tdef x(self) -> None:\n\t\tpass\n\n"
        "\tdef ready(self) -> None:\n\t\timport posthog\n\n\t\tposthog.api_key = 1\n\n\nY = 1\n",
    ),
    "ready_cookiecutter": (
        READY,
        "import contextlib\n\nfrom django.apps import AppConfig\n\n\nclass UsersConfig(AppConfig):\n"
        "    name = 'shop.users'\n\n"
        "    def ready(self):\n        with contextlib.suppress(ImportError):\n"
        "            import shop.users.signals  # noqa: F401\n",
        "import contextlib\n\nfrom django.apps import AppConfig\n\n\nclass UsersConfig(AppConfig):\n"
        "    name = 'shop.users'\n\n"
        "    def ready(self):\n        with contextlib.suppress(ImportError):\n"
        "            import shop.users.signals  # noqa: F401\n"
        "        import posthog\n\n        posthog.api_key = 1\n",
    ),
    "ready_super_and_return": (
        READY,
        "from django.apps import AppConfig\n\n\nclass C(AppConfig):\n    def ready(self):\n"
        "        super().ready()\n        return\n",
        "from django.apps import AppConfig\n\n\nclass C(AppConfig):\n    def ready(self):\n"
        "        super().ready()\n        import posthog\n\n"
        "        posthog.api_key = 1\n        return\n",
    ),
    "ready_of_a_named_class": (
        ensure_in_method("ready", "x()", "django.apps.AppConfig", marker="x", class_name="B"),
        "from django.apps import AppConfig\n\n\nclass A(AppConfig):\n    name = 'a'\n\n\n"
        "class B(AppConfig):\n    name = 'b'\n",
        "from django.apps import AppConfig\n\n\nclass A(AppConfig):\n    name = 'a'\n\n\n"
        "class B(AppConfig):\n    name = 'b'\n\n"
        "    def ready(self):\n        x()\n",
    ),
    "keyword_list": (
        FIRST,
        "from fastapi import FastAPI\napp = FastAPI(middleware=[Middleware(CORS)], title='x')\n",
        "from fastapi import FastAPI\n"
        "app = FastAPI(middleware=[Middleware(P, client=client), Middleware(CORS)], title='x')\n",
    ),
    "keyword_list_lines": (
        FIRST,
        "import fastapi\napp = fastapi.FastAPI(\n    middleware=[\n        # first\n"
        "        Middleware(CORS),\n    ],\n)\n",
        "import fastapi\napp = fastapi.FastAPI(\n    middleware=[\n        Middleware(P, client=client),\n"
        "        # first\n        Middleware(CORS),\n    ],\n)\n",
    ),
    "keyword_list_missing": (
        FIRST,
        "from fastapi import FastAPI\napp = FastAPI(\n    title='x',\n)\n",
        "from fastapi import FastAPI\napp = FastAPI(\n    title='x',\n"
        "    middleware=[Middleware(P, client=client)],\n)\n",
    ),
    "keyword_added_to_no_arguments": (
        LIFESPAN,
        "from fastapi import FastAPI\napp = FastAPI()\n",
        "from fastapi import FastAPI\napp = FastAPI(lifespan=lifespan)\n",
    ),
    "keyword_added_behind_others": (
        LIFESPAN,
        "from fastapi import FastAPI\napp = FastAPI(title='x', *args)\n",
        "from fastapi import FastAPI\napp = FastAPI(title='x', *args, lifespan=lifespan)\n",
    ),
}

KEEPS: dict[str, tuple[Codemod, str]] = {
    "wrapped": (WRAP, "from flask import Flask\napp = Flask(__name__)\nPosthogFlaskIntegration(app, client=c)\n"),
    "wrapped_elsewhere": (WRAP, "def setup(app):\n    integrations.PosthogFlaskIntegration(app)\n"),
    "init_app_there": (INIT, "def f(app):\n    Posthog(app)\n    db.init_app(app)\n"),
    "ready_there": (
        READY,
        "from django.apps import AppConfig\nclass C(AppConfig):\n    def ready(self):\n        import posthog\n",
    ),
    "env_loaded_above_the_arguments": (
        refuse_late_environment("fastapi.FastAPI"),
        "from fastapi import FastAPI\nload_dotenv()\napp = FastAPI(middleware=[])\n",
    ),
    "keyword_list_there": (FIRST, "from fastapi import FastAPI\napp = FastAPI(middleware=[Middleware(P)])\n"),
    "keyword_there_for_the_variable": (
        OUTER,
        "from fastapi import FastAPI\napp = FastAPI(lifespan=mine)\nsub = FastAPI()\n",
    ),
    "keyword_there": (LIFESPAN, "from fastapi import FastAPI\napp = FastAPI(lifespan=other)\n"),
}

REFUSES: dict[str, tuple[Codemod, str, str, int | None]] = {
    "no_app": (WRAP, "from flask import Blueprint\nbp = Blueprint('x', __name__)\n", r"no Flask\(\.\.\.\) call", None),
    "another_flask": (WRAP, "from mine import Flask\napp = Flask(__name__)\n", r"no Flask\(\.\.\.\) call", None),
    "returned": (WRAP, "from flask import Flask\ndef f():\n    return Flask(__name__)\n", "plain name", 3),
    "an_attribute": (
        WRAP,
        "from flask import Flask\nclass A:\n    def f(self):\n        self.app = Flask(__name__)\n",
        "plain name",
        4,
    ),
    "wrapped_at_once": (WRAP, "from flask import Flask\napp = ProxyFix(Flask(__name__))\n", "plain name", 2),
    "several": (WRAP, "from flask import Flask\na = Flask('a')\nb = Flask('b')\n", "2 times", 3),
    "one_line_block": (WRAP, "from flask import Flask\nif X: app = Flask('a')\n", "line of its colon", 2),
    "env_loaded_when_started": (
        WRAP,
        "from flask import Flask\napp = Flask('a')\n@app.route('/')\ndef f(): pass\n"
        "if __name__ == '__main__':\n    load_dotenv()\n    app.run()\n",
        "loads its env file further below",
        5,
    ),
    "env_loaded_at_the_end_of_the_factory": (
        WRAP,
        "from flask import Flask\ndef create_app():\n    app = Flask('a')\n    app.register_blueprint(b)\n"
        "    env.read_env()\n    return app\n",
        "loads its env file further below",
        5,
    ),
    "env_loaded_below_the_arguments": (
        refuse_late_environment("fastapi.FastAPI"),
        "from fastapi import FastAPI\napp = FastAPI(middleware=[])\nload_dotenv()\n",
        "loads its env file further below",
        3,
    ),
    "init_app_no_app": (INIT, "x = 1\n", r"no Flask\(\.\.\.\) call", None),
    "ready_no_class": (READY, "class C(AppConfig):\n    name = 'c'\n", "no AppConfig class", None),
    "ready_two_classes": (
        READY,
        "from django.apps import AppConfig\nclass A(AppConfig):\n    name = 'a'\nclass B(AppConfig):\n    name = 'b'\n",
        "2 AppConfig classes",
        4,
    ),
    "ready_one_line_class": (
        READY,
        "from django.apps import AppConfig\nclass A(AppConfig): name = 'a'\n",
        "on one line",
        2,
    ),
    "ready_one_line_method": (
        READY,
        "from django.apps import AppConfig\nclass A(AppConfig):\n    def ready(self): go()\n",
        "on one line",
        3,
    ),
    "ready_may_return_early": (
        READY,
        "from django.apps import AppConfig\nclass A(AppConfig):\n    def ready(self):\n        if X:\n"
        "            return\n        go()\n",
        "before its end",
        5,
    ),
    "ready_raises": (
        READY,
        "from django.apps import AppConfig\nclass A(AppConfig):\n    def ready(self):\n"
        "        raise NotImplementedError\n",
        "ends in raise",
        4,
    ),
    "keyword_list_computed": (
        FIRST,
        "from fastapi import FastAPI\napp = FastAPI(middleware=stack)\n",
        "computes middleware",
        2,
    ),
    "keyword_list_no_call": (FIRST, "x = 1\n", "no call of FastAPI", None),
    "keyword_unpacked": (LIFESPAN, "from fastapi import FastAPI\napp = FastAPI(**options)\n", "unpacks", 2),
    "keyword_two_calls_of_the_variable": (
        OUTER,
        "from fastapi import FastAPI\napp = FastAPI()\napp = FastAPI()\n",
        "2 times",
        3,
    ),
    "keyword_two_calls": (LIFESPAN, "from fastapi import FastAPI\na = FastAPI()\nb = FastAPI()\n", "2 calls", 3),
    "syntax_error": (WRAP, "from flask import Flask\napp = Flask(\n", "does not parse", None),
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


def test_apps_are_listed_with_their_factories() -> None:
    text = "from flask import Flask\nweb = Flask('x')\n\n\ndef create_app():\n    app = Flask('y')\n    return app\n"
    assert app_variables(text, FLASK) == [("web", None), ("app", "create_app")]


@pytest.mark.parametrize(("arguments", "expected"), [("lifespan=x", True), ("", False), ("**lifespan", False)])
def test_has_keyword(arguments: str, expected: bool) -> None:
    assert has_keyword(f"from fastapi import FastAPI\napp = FastAPI({arguments})\n", "lifespan", *FASTAPI) is expected
