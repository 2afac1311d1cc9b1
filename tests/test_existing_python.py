"""How Python sets PostHog up, however it is written: found, and nothing else is."""

from __future__ import annotations

import pytest

from wizard.existing.python import set_ups

FOUND: dict[str, tuple[str, list[str]]] = {
    "client": ("from posthog import Posthog\nclient = Posthog(KEY, host=HOST)\n", ["2 client"]),
    "client_renamed": ("from posthog import Posthog as Client\nc = Client(KEY)\n", ["2 client"]),
    "client_of_the_module": ("import posthog\nc = posthog.Posthog(KEY)\n", ["2 client"]),
    "client_of_the_renamed_module": ("import posthog as ph\nc = ph.Posthog(KEY)\n", ["2 client"]),
    "client_class": ("from posthog.client import Client\nc = Client(KEY)\n", ["2 client"]),
    "asynchronous": ("from posthog import AsyncPosthog\nc = AsyncPosthog(KEY)\n", ["2 client"]),
    "from_a_module": ("from .vendor import Posthog\nc = Posthog(KEY)\n", ["2 client"]),
    "subclass": ("from posthog import Posthog\nclass Analytics(Posthog):\n    pass\n", ["2 client"]),
    "singleton": (
        "_client = None\n\ndef get():\n    global _client\n    from posthog import Posthog\n    if _client is None:\n"
        "        _client = Posthog(KEY)\n    return _client\n",
        ["7 client"],
    ),
    "walrus": ("from posthog import Posthog\nif (c := Posthog(KEY)):\n    pass\n", ["2 client"]),
    "dependency": ("from posthog import Posthog\ndef dep():\n    yield Posthog(KEY)\n", ["3 client"]),
    "lifespan": (
        "from posthog import Posthog\nasync def lifespan(app):\n    app.state.posthog = Posthog(KEY)\n    yield\n",
        ["3 client"],
    ),
    "extension": (
        "from posthog import Posthog\nclass Analytics:\n    def init_app(self, app):\n        self.client = Posthog(\n"
        "            app.config['KEY'],\n        )\n",
        ["4 client"],
    ),
    "annotated": ("from posthog import Posthog\nclient: Posthog = Posthog(KEY)\n", ["2 client"]),
    "module_level": ("import posthog\nposthog.api_key = KEY\nposthog.host = HOST\n", ["2 module"]),
    "module_level_project_key": ("import posthog\nposthog.project_api_key = KEY\n", ["2 module"]),
    "module_level_renamed": ("import posthog as ph\nph.api_key = KEY\n", ["2 module"]),
    "module_level_host_first": ("import posthog\nposthog.host = HOST\nposthog.api_key = KEY\n", ["3 module"]),
    "module_level_several": ("import posthog\nposthog.api_key = posthog.x = KEY\n", ["2 module"]),
    "module_level_tuple": ("import posthog\nposthog.api_key, posthog.host = KEY, HOST\n", ["2 module"]),
    "module_level_annotated": ("import posthog\nposthog.api_key: str = KEY\n", ["2 module"]),
    "setattr": ('import posthog\nsetattr(posthog, "api_key", KEY)\n', ["2 module"]),
    "in_ready": (
        "class A(AppConfig):\n    def ready(self):\n        import posthog\n        posthog.api_key = KEY\n",
        ["4 module"],
    ),
    "default_client": ("import posthog\nposthog.default_client = make()\n", ["2 module"]),
    "try_import": (
        "try:\n    import posthog\nexcept ImportError:\n    posthog = None\nposthog.api_key = K\n",
        ["5 module"],
    ),
    "integration": ("from posthog.integrations.flask import PosthogFlaskIntegration\n", ["1 integration"]),
    "integration_module": ("import posthog.integrations.django\n", ["1 integration"]),
    "integration_listed": (
        'MIDDLEWARE = [\n    "posthog.integrations.django.PosthogContextMiddleware",\n]\n',
        ["2 integration"],
    ),
    "client_and_integration": (
        "from posthog import Posthog\nfrom posthog.integrations.asgi import PosthogASGIMiddleware\nc = Posthog(KEY)\n",
        ["2 integration", "3 client"],
    ),
    "old_name": ("import posthoganalytics\nposthoganalytics.api_key = KEY\n", ["2 module"]),
    "crlf": ("import posthog\r\nposthog.api_key = KEY\r\n", ["2 module"]),
    "bom": ("\ufeffimport posthog\nposthog.api_key = KEY\n", ["2 module"]),
    "does_not_parse": ("import posthog\nprint 'x'\nposthog.api_key = KEY\n", ["3 module"]),
}

NOT_FOUND: dict[str, str] = {
    "comment": "import posthog\n# posthog.api_key = KEY\n# Posthog(KEY)\n",
    "docstring": '"""posthog.api_key = KEY\n\nclient = Posthog(KEY)\n"""\n',
    "string": 'HELP = "client = Posthog(KEY)"\n',
    "integration_in_a_sentence": 'HELP = "see posthog.integrations.django for more"\n',
    "capture": "import posthog\nposthog.capture('x', distinct_id='y')\n",
    "read": "import posthog\nkey = posthog.api_key\n",
    "compared": "import posthog\nif posthog.api_key == KEY:\n    pass\n",
    "only_disabled": "import posthog\nposthog.disabled = True\n",
    "annotation": "from posthog import Posthog\ndef f(client: Posthog) -> Posthog: ...\n",
    "isinstance": "from posthog import Posthog\nisinstance(x, Posthog)\n",
    "type_checking": "if TYPE_CHECKING:\n    from posthog import Posthog\n",
    "attribute_of_something_else": "settings.posthog.api_key = KEY\nself.api_key = KEY\n",
    "own_variable": "posthog = make()\nposthog.api_key = KEY\n",
    "other_client": "from redis import Client\nc = Client()\n",
    "settings": 'POSTHOG_API_KEY = os.environ["POSTHOG_API_KEY"]\n',
}


@pytest.mark.parametrize("case", FOUND)
def test_found(case: str) -> None:
    text, expected = FOUND[case]
    assert [f"{one.line} {one.kind}" for one in set_ups(text)] == expected


@pytest.mark.parametrize("case", NOT_FOUND)
def test_not_found(case: str) -> None:
    assert set_ups(NOT_FOUND[case]) == []


CLIENT, MODULE = "from posthog import Posthog\n", "import posthog\n"

OPTIONS: dict[str, tuple[str, dict[str, str] | None, int]] = {
    "keywords": (CLIENT + "Posthog(K, host=H)\n", {"project_api_key": "K", "host": "H"}, 2),
    "positional": (CLIENT + "Posthog(K, H)\n", {"project_api_key": "K", "host": "H"}, 2),
    "over_lines": (CLIENT + "Posthog(\n    K,\n    debug=True,\n)\n", {"project_api_key": "K", "debug": "True"}, 5),
    "assignments": (MODULE + "posthog.api_key = K\n\nposthog.debug = 1\n", {"api_key": "K", "debug": "1"}, 4),
    "unpacked": (CLIENT + "Posthog(**settings)\n", None, 0),
    "unpacked_beside": (CLIENT + "Posthog(K, host=H, **more)\n", None, 0),
    "starred": (CLIENT + "Posthog(*arguments)\n", None, 0),
}


@pytest.mark.parametrize("case", OPTIONS)
def test_options(case: str) -> None:
    text, values, line = OPTIONS[case]
    (one,) = set_ups(text)
    assert (one.options.values if one.options else None) == values
    assert (one.options.line if one.options else 0) == line


VARIABLES: dict[str, tuple[str, tuple[str | None, str | None]]] = {
    "environ": (CLIENT + 'Posthog(os.environ["KEY"], host=os.environ.get("HOST", "x"))\n', ("KEY", "HOST")),
    "getenv": (CLIENT + 'Posthog(os.getenv("KEY"))\n', ("KEY", None)),
    "named": (CLIENT + 'Posthog(project_api_key=os.getenv("KEY"))\n', ("KEY", None)),
    "environs": (MODULE + 'posthog.api_key = env.str("KEY")\n', ("KEY", None)),
    "decouple": (MODULE + 'posthog.api_key = config("KEY", default="")\n', ("KEY", None)),
    "constant": (CLIENT + 'TOKEN = os.environ["KEY"]\nPosthog(TOKEN)\n', ("KEY", None)),
    "literal": (CLIENT + 'Posthog("phc_x")\n', (None, None)),
    "settings": (MODULE + "posthog.api_key = settings.POSTHOG_KEY\n", (None, None)),
    "two": (CLIENT + 'Posthog(os.getenv("A") or os.getenv("B"))\n', (None, None)),
}


@pytest.mark.parametrize("case", VARIABLES)
def test_variables(case: str) -> None:
    text, expected = VARIABLES[case]
    assert set_ups(text)[0].variables == expected
