"""What an app that does not run says about itself becomes a named cause; what a healthy app prints does not."""

from __future__ import annotations

import pytest

from wizard.emits.complaints import Impatience, complaint, crashed

NODE = "node:internal/modules/cjs/loader:1228\n  throw err;\n  ^\n"


@pytest.mark.parametrize(
    ("output", "name"),
    [
        ("Error: connect ECONNREFUSED 127.0.0.1:27017", "needs-database"),
        ("Error [MongoError]: failed to connect to server [localhost:27017] on first connect", "needs-database"),
        ("MongooseServerSelectionError: connect ECONNREFUSED ::1:27017", "needs-database"),
        ("MongooseError: The `uri` parameter to `openUri()` must be a string, got \"undefined\".", "needs-database"),
        ("    at x\nConnectionRefusedError [SequelizeConnectionRefusedError]: connect", "needs-database"),
        ("PrismaClientInitializationError: \nCan't reach database server at `db:5432`", "needs-database"),
        ("error: Environment variable not found: DATABASE_URL.", "needs-database"),
        ("Error: DATABASE_URL is not set", "needs-database"),
        ("psycopg2.OperationalError: connection to server at \"localhost\" (127.0.0.1), port 5432 failed",
         "needs-database"),
        ("psycopg.OperationalError: failed to resolve host 'db': [Errno -2] Name or service not known",
         "needs-database"),
        ("redis.exceptions.ConnectionError: Error 111 connecting to localhost:6379. Connection refused.",
         "needs-database"),
        ("pymysql.err.OperationalError: (2003, \"Can't connect to MySQL server on 'db'\")", "needs-database"),
        ("Error: getaddrinfo ENOTFOUND postgres", "needs-database"),
        ("Unable to connect to the database: x", "needs-database"),
        ("Error: getaddrinfo ENOTFOUND api.github.com", "needs-network"),
        ("sqlite3.OperationalError: no such table: auth_user", "needs-migration"),
        ("django.db.utils.ProgrammingError: relation \"shop_item\" does not exist", "needs-migration"),
        (f"{NODE}Error: Cannot find module 'compression'\nRequire stack:", "missing-package"),
        ("ModuleNotFoundError: No module named 'environ'", "missing-package"),
        ("sh: 1: nodemon: not found", "missing-package"),
        ("npm error npx canceled due to missing packages and no YES option: [\"nodemon@3\"]", "missing-package"),
        ("ImportError: cannot import name 'url_quote' from 'werkzeug.urls' (/x/site-packages/werkzeug/urls.py)",
         "packages-misfit"),
        ("Error: Cannot find module 'posthog-node'", "sdk-import"),
        ("ModuleNotFoundError: No module named 'posthog'", "sdk-import"),
        ("Error: listen EADDRINUSE: address already in use :::3000", "port-taken"),
        ("KeyError: 'SECRET_KEY'", "missing-settings"),
        ("django.core.exceptions.ImproperlyConfigured: Set the SECRET_KEY environment variable", "missing-settings"),
        ("MissingEnvVarsError: The following variables were defined in .env.example but are not present in the "
         "environment:\n  EMAIL_PORT", "missing-settings"),
        ("Error: Config validation error: \"JWT_SECRET\" is required", "missing-settings"),
        ("Error: Invalid environment variables", "missing-settings"),
        ("pydantic_core._pydantic_core.ValidationError: 2 validation errors for Settings", "missing-settings"),
        ("node: .env: not found", "missing-settings"),
    ],
)  # fmt: skip
def test_trouble_has_a_name(output: str, name: str) -> None:
    found = complaint(f"> shop@1.0.0 dev\n{output}\nNode.js v20.20.2\n")
    assert found is not None
    assert found.name == name
    assert found.hint.endswith("then verify again.")
    assert found.text.endswith(")")


@pytest.mark.parametrize(
    "output",
    [
        "",
        "Listening on http://localhost:3000",
        "Connected to MongoDB\nServer ready",
        "Database connected",
        "Using database db.sqlite3",
        "You have 18 unapplied migration(s).",
        "SyntaxError: Unexpected token",
        "Error: Cannot find module '/app/src/db' imported from /app/src/index.js",
        "Error: Cannot find module './db'",
        "KeyError: 'name'",
        "PostHog: POSTHOG_PROJECT_TOKEN is not set\nSyntaxError: Unexpected token",
        "  10 |       console.warn('SHOP_KEY is not set');\n> 11 | throw new Error('Missing environment variable')",
        "ImportError: cannot import name 'db' from 'shop' (/app/shop/__init__.py)",
        "WARNING: This is a development server.",
        "ready - started server on 0.0.0.0:5432",
    ],
)
def test_the_rest_has_none(output: str) -> None:
    assert complaint(output) is None


def test_a_secret_in_the_line_is_not_repeated() -> None:
    found = complaint("KeyError: 'X_Y'\nDATABASE_URL is not set for phx_" + "a" * 40)
    assert found is not None
    assert "phx_aaaa" not in found.text


@pytest.mark.parametrize(
    ("output", "ended"),
    [
        ("[nodemon] app crashed - waiting for file changes before starting...", True),
        ("Failed running 'src/index.js'", True),
        ("Failed running 'src/index.js'. Waiting for file changes before restarting...", True),
        ("[nodemon] watching path(s): *.*", False),
        ("Restarting 'src/index.js'", False),
    ],
)
def test_a_watcher_that_waits_for_the_author(output: str, ended: bool) -> None:
    assert crashed(output) is ended


@pytest.mark.parametrize(
    ("outputs", "given_up"),
    [
        pytest.param({0: "ECONNREFUSED 127.0.0.1:5432"}, 6.0, id="a-database-after-a-while"),
        pytest.param({n: f"ECONNREFUSED 127.0.0.1:5432 again {n}" for n in range(20)}, 6.0, id="tried-again-and-again"),
        pytest.param({0: "ECONNREFUSED 127.0.0.1:5432", 3: "Connected"}, None, id="a-database-that-came"),
        pytest.param({2: "app crashed - waiting for file changes"}, 7.0, id="a-crash-that-is-left-so"),
        pytest.param({n: "app crashed - waiting for file changes" + "." * n for n in range(20)}, None,
                     id="a-crash-while-others-build"),
        pytest.param({0: "KeyError: 'A_B'"}, None, id="a-line-that-may-mean-nothing"),
        pytest.param({}, None, id="silence"),
    ],
)  # fmt: skip
def test_how_long_it_waits(outputs: dict[int, str], given_up: float | None) -> None:
    now = 0.0
    said = ""
    watched = Impatience(lambda: said, 5.0)
    while now < 20:
        said = outputs.get(int(now), said)
        if watched.trouble(now) is not None:
            break
        now += 0.5
    assert (now if now < 20 else None) == given_up
