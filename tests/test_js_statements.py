"""Statements in JavaScript files: where they go and how they are spaced and indented."""

from __future__ import annotations

import pytest

from tests.laws import check, check_keeps, check_refuses
from wizard.codemods.js.anchors import (
    before_errors_of,
    call_of,
    created,
    end_of_routes,
    end_of_routes_of,
    variable_of,
)
from wizard.codemods.js.statements import ensure_after, ensure_after_imports, ensure_at, ensure_before
from wizard.codemods.js.tree import naming
from wizard.edits import chain

INIT = ensure_after_imports('posthog.init("t", {\n  api_host: "h",\n});\n', r"\bposthog\.init\(")
CONTEXT = ensure_after(created("express"), "setupContext(posthog, app);", r"\bsetupContext\(")
ERRORS = ensure_at(end_of_routes("express"), "setupErrors(posthog, app);", r"\bsetupErrors\(")
IMPORTED = ensure_at(end_of_routes_of("app"), "setupErrors(posthog, app);", r"\bsetupErrors\(")
HANDED = ensure_at(before_errors_of("app"), "setupErrors(posthog, app);", r"\bsetupErrors\(")
LISTEN = ensure_before(call_of(r"\w+\.listen"), "ready();", r"\bready\(")

AFTER_IMPORTS = {
    "blank_line_follows": (
        "import a from 'a'\n\nrun(a)\n",
        "import a from 'a'\n\nposthog.init('t', {\n  api_host: 'h',\n})\n\nrun(a)\n",
    ),
    "code_follows": (
        'import a from "a";\nrun(a);\n',
        'import a from "a";\n\nposthog.init("t", {\n  api_host: "h",\n});\n\nrun(a);\n',
    ),
    "nothing_follows": ("import a from 'a'\n", "import a from 'a'\n\nposthog.init('t', {\n  api_host: 'h',\n})\n"),
    "nothing_follows_no_line_end": ("import 'a'", "import 'a'\n\nposthog.init('t', {\n  api_host: 'h',\n})"),
    "next_line_would_continue_ours": (
        "import a from 'a'\n\n;[1].map(a)\nconst b = 1\n",
        "import a from 'a'\n\nposthog.init('t', {\n  api_host: 'h',\n})\n\n;[1].map(a)\nconst b = 1\n",
    ),
    "next_line_starts_with_parenthesis": (
        "import a from 'a'\nimport b from 'b'\nimport c from 'c';\n\n(async () => {})()\n",
        "import a from 'a'\nimport b from 'b'\nimport c from 'c';\n\n"
        "posthog.init('t', {\n  api_host: 'h',\n});\n\n(async () => {})()\n",
    ),
    "requires": (
        "const a = require('a')\nconst b = a()\n",
        "const a = require('a')\n\nposthog.init('t', {\n  api_host: 'h',\n})\n\nconst b = a()\n",
    ),
    "no_imports": (
        "'use client'\n\nexport default 1\n",
        "'use client'\n\nposthog.init('t', {\n  api_host: 'h',\n})\n\nexport default 1\n",
    ),
}


@pytest.mark.parametrize(("before", "after"), AFTER_IMPORTS.values(), ids=AFTER_IMPORTS)
def test_after_imports(before: str, after: str) -> None:
    check(INIT, before, after)


DECLARED = {
    "require_below_the_use": (
        "// ours\nconst config = { url: host };\nmodule.exports = config;\n\nconst wrap = require('w');\n",
        "const host = env.HOST;\n\n// ours\nconst config = { url: host };\nmodule.exports = config;\n\n"
        "const wrap = require('w');\n",
    ),
    "import_below_the_use": (
        'import a from "a";\n\nconst rules = [`${host}/x`];\nimport b from "b";\n',
        'import a from "a";\n\nconst host = env.HOST;\n\nconst rules = [`${host}/x`];\nimport b from "b";\n',
    ),
    "use_below_the_imports": (
        'import a from "a";\nimport b from "b";\n\nexport default { url: host };\n',
        'import a from "a";\nimport b from "b";\n\nconst host = env.HOST;\n\nexport default { url: host };\n',
    ),
}


@pytest.mark.parametrize(("before", "after"), DECLARED.values(), ids=DECLARED)
def test_declared_before_its_first_use(before: str, after: str) -> None:
    check(ensure_after_imports("const host = env.HOST;\n", r"const host\b", "host"), before, after)


EXPRESS = {
    "listens": (
        "const app = express();\n\napp.get('/', home);\n\n// go\napp.listen(3000, () => {\n  log('up');\n});\n",
        "const app = express();\nsetupContext(posthog, app);\n\napp.get('/', home);\n\nsetupErrors(posthog, app);\n"
        "// go\napp.listen(3000, () => {\n  log('up');\n});\n",
    ),
    "error_middleware": (
        "const app = express()\napp.use(a)\napp.use((err, req, res, next) => {\n  next(err)\n})\napp.listen(1)\n",
        "const app = express()\nsetupContext(posthog, app)\napp.use(a)\nsetupErrors(posthog, app)\n"
        "app.use((err, req, res, next) => {\n  next(err)\n})\napp.listen(1)\n",
    ),
    "error_middleware_by_name": (
        "const app = express()\napp.use(onFail)\nfunction onFail(e, req, res, next) {}\nmodule.exports = app\n",
        "const app = express()\nsetupContext(posthog, app)\nsetupErrors(posthog, app)\napp.use(onFail)\n"
        "function onFail(e, req, res, next) {}\nmodule.exports = app\n",
    ),
    "error_middleware_imported": (
        "import { errorHandler } from './e'\nconst app = express()\napp.use(errorHandler)\nexport default app\n",
        "import { errorHandler } from './e'\nconst app = express()\nsetupContext(posthog, app)\n"
        "setupErrors(posthog, app)\napp.use(errorHandler)\nexport default app\n",
    ),
    "error_middleware_required": (
        "const app = express()\nconst onErr = require('./e')\nconst errorHandlerMiddleware = require('./e')\n"
        "app.use(notFoundError)\napp.use(errorHandlerMiddleware)\n",
        "const app = express()\nsetupContext(posthog, app)\nconst onErr = require('./e')\n"
        "const errorHandlerMiddleware = require('./e')\napp.use(notFoundError)\nsetupErrors(posthog, app)\n"
        "app.use(errorHandlerMiddleware)\n",
    ),
    "error_middleware_made_by_a_call": (
        "const app = express()\napp.use(a())\napp.use(mw.errorHandler({ log: true }))\napp.listen(1)\n",
        "const app = express()\nsetupContext(posthog, app)\napp.use(a())\nsetupErrors(posthog, app)\n"
        "app.use(mw.errorHandler({ log: true }))\napp.listen(1)\n",
    ),
    "error_middleware_of_an_object": (
        "const app = express()\napp.use(error.converter)\napp.use(error.notFound)\napp.use(error.handler)\n",
        "const app = express()\nsetupContext(posthog, app)\nsetupErrors(posthog, app)\napp.use(error.converter)\n"
        "app.use(error.notFound)\napp.use(error.handler)\n",
    ),
    "wrapped_handlers_are_no_error_middleware": (
        "const app = express()\napp.use(catchErrors(load))\napp.use(handleErrors(async (req, res) => {}))\n"
        "app.use('/', routes)\napp.use(catchErrors)\n",
        "const app = express()\nsetupContext(posthog, app)\napp.use(catchErrors(load))\n"
        "app.use(handleErrors(async (req, res) => {}))\napp.use('/', routes)\n"
        "setupErrors(posthog, app)\napp.use(catchErrors)\n",
    ),
    "error_middleware_for_production": (
        "const app = express()\napp.use(errorHandlers.notFound)\napp.use(errorHandlers.production)\n",
        "const app = express()\nsetupContext(posthog, app)\napp.use(errorHandlers.notFound)\n"
        "setupErrors(posthog, app)\napp.use(errorHandlers.production)\n",
    ),
    "error_middleware_added_by_a_function": (
        "function make() {\n  const app = express()\n  addRoutes(app)\n  addErrorHandlers(app)\n  return app\n}\n",
        "function make() {\n  const app = express()\n  setupContext(posthog, app)\n  addRoutes(app)\n"
        "  setupErrors(posthog, app)\n  addErrorHandlers(app)\n  return app\n}\n",
    ),
    "exported_const": (
        "export const app = express()\napp.get('/', a)\n",
        "export const app = express()\nsetupContext(posthog, app)\napp.get('/', a)\nsetupErrors(posthog, app)\n",
    ),
    "exported": (
        "const app = express();\napp.use('/', routes);\n\nmodule.exports = app;\n",
        "const app = express();\nsetupContext(posthog, app);\napp.use('/', routes);\n\nsetupErrors(posthog, app);\n"
        "module.exports = app;\n",
    ),
    "factory": (
        "export function createApp() {\n\tconst app = express()\n\tapp.use(a)\n\treturn app\n}\n",
        "export function createApp() {\n\tconst app = express()\n\tsetupContext(posthog, app)\n\tapp.use(a)\n"
        "\tsetupErrors(posthog, app)\n\treturn app\n}\n",
    ),
    "listens_inside_callback": (
        "const app = express()\nroutes(app)\nconnect().then(() => {\n  app.listen(1)\n})\n",
        "const app = express()\nsetupContext(posthog, app)\nroutes(app)\nsetupErrors(posthog, app)\n"
        "connect().then(() => {\n  app.listen(1)\n})\n",
    ),
    "listens_before_routes": (
        "const app = express()\napp.listen(1)\napp.get('/', a)\n",
        "const app = express()\nsetupContext(posthog, app)\napp.listen(1)\napp.get('/', a)\n"
        "setupErrors(posthog, app)\n",
    ),
    "server_made_beside_listen": (
        "const app = express()\nfunction start() {\n  http.createServer(app).listen(1)\n}\n",
        "const app = express()\nsetupContext(posthog, app)\nsetupErrors(posthog, app)\n"
        "function start() {\n  http.createServer(app).listen(1)\n}\n",
    ),
    "listens_if_main": (
        "const app = express()\nif (require.main === module) {\n  app.listen(1)\n}\n",
        "const app = express()\nsetupContext(posthog, app)\nsetupErrors(posthog, app)\n"
        "if (require.main === module) {\n  app.listen(1)\n}\n",
    ),
    "assigned_twice": (
        "const app = module.exports = express()\napp.get('/', a)\n",
        "const app = module.exports = express()\nsetupContext(posthog, app)\napp.get('/', a)\n"
        "setupErrors(posthog, app)\n",
    ),
}


@pytest.mark.parametrize(("before", "after"), EXPRESS.values(), ids=EXPRESS)
def test_express(before: str, after: str) -> None:
    check(chain(CONTEXT, ERRORS), before, after)


ELSEWHERE = {
    "routes_of_an_imported_app": (
        IMPORTED,
        "import { app, server } from './app'\n\napp.use('/a', a)\n\nserver.listen(1)\n",
        "import { app, server } from './app'\n\napp.use('/a', a)\n\nsetupErrors(posthog, app)\nserver.listen(1)\n",
    ),
    "routes_of_a_required_app": (
        IMPORTED,
        "const { app } = require('./app')\napp.get('/', a)\napp.use(errorHandler)\n",
        "const { app } = require('./app')\napp.get('/', a)\nsetupErrors(posthog, app)\napp.use(errorHandler)\n",
    ),
    "errors_of_a_given_app": (
        HANDED,
        "module.exports = (app) => {\n  app.use(routes)\n  app.use((err, req, res, next) => next(err))\n}\n",
        "module.exports = (app) => {\n  app.use(routes)\n  setupErrors(posthog, app)\n"
        "  app.use((err, req, res, next) => next(err))\n}\n",
    ),
}


@pytest.mark.parametrize(("codemod", "before", "after"), ELSEWHERE.values(), ids=ELSEWHERE)
def test_apps_made_elsewhere(codemod: object, before: str, after: str) -> None:
    check(codemod, before, after)  # type: ignore[arg-type]


def test_before_goes_above_attached_comments() -> None:
    check(LISTEN, "f()\n\n// go\nserver.listen(1)\n", "f()\n\nready()\n// go\nserver.listen(1)\n")
    check(LISTEN, "f() // go\nserver.listen(1)\n", "f() // go\nready()\nserver.listen(1)\n")


def test_names_are_read_from_the_file() -> None:
    codemod = naming(
        lambda text: variable_of(text, "express"),
        lambda app: ensure_after(created("express"), f"use({app});", r"\buse\("),
        "Express app",
    )
    check(codemod, "const server = express();\n", "const server = express();\nuse(server);\n")
    check_refuses(codemod, "const server = fastify();\n", "no Express app")
    assert variable_of("const app = new Hono()\n", "new Hono") == "app"


def test_settings_are_no_routes() -> None:
    text = "const app = express()\napp.get('/', a)\nconst port = () => app.get('port')\n"
    check(ERRORS, text, text.replace("a)\n", "a)\nsetupErrors(posthog, app)\n"))


KEEPS = {
    "init": (INIT, "import a from 'a'\nposthog.init('x')\n"),
    "context": (CONTEXT, "const app = express()\nsetupContext(posthog, app)\n"),
    "elsewhere": (ERRORS, "export default (app) => setupErrors(x, app)\n"),
}


@pytest.mark.parametrize(("codemod", "text"), KEEPS.values(), ids=KEEPS)
def test_keeps(codemod: object, text: str) -> None:
    check_keeps(codemod, text)  # type: ignore[arg-type]


def test_what_is_only_written_about_is_not_present() -> None:
    check(LISTEN, "// ready()\na.listen('ready()')\n", "ready()\n// ready()\na.listen('ready()')\n")


REFUSES = {
    "no_app": (CONTEXT, "const app = fastify()\n", "next to", None),
    "app_in_class": (CONTEXT, "class A {\n  constructor() {\n    this.app = express()\n  }\n}\n", "inside a class", 3),
    "errors_in_class": (
        ERRORS,
        "class A {\n  constructor() {\n    this.app = express()\n  }\n  f() {\n    this.app.use(a)\n"
        "    this.app.use(errorHandler)\n    this.app.listen(1)\n  }\n}\n",
        "inside a class",
        7,
    ),
    "routes_in_class": (
        ERRORS,
        "class A {\n  constructor() {\n    this.app = express()\n    this.app.use(a)\n    f(this.app.get('p'))\n"
        "  }\n}\n",
        "inside a class",
        4,
    ),
    "app_as_class_field": (CONTEXT, "class A {\n  app = express()\n}\n", "next to", None),
    "two_apps": (CONTEXT, "const a = express()\nconst b = express()\n", "2 times", 2),
    "routes_in_function": (
        ERRORS,
        "const app = express()\nfunction f() {\n  app.get('/', a)\n}\n",
        "inside a function",
        3,
    ),
    "routes_beside_listen": (
        ERRORS,
        "const app = express()\nc().then(() => {\n  app.use(a)\n  app.listen(1)\n})\n",
        "inside a function",
        3,
    ),
    "handed_over_beside_listen": (
        ERRORS,
        "const app = express()\nasync function start() {\n  await routes(app)\n  app.listen(1)\n}\nstart()\n",
        "inside a function",
        3,
    ),
    "app_not_imported": (IMPORTED, "const app = make()\napp.use(a)\n", "does not import app", None),
    "no_error_middleware": (HANDED, "export default (app) => {\n  app.use(routes)\n}\n", "next to", None),
    "one_line": (LISTEN, "f(); app.listen(1)\n", "several statements", 1),
    "code_behind": (CONTEXT, "const app = express(); app.use(a)\n", "several statements", 1),
    "arrow_expression": (LISTEN, "const f = () => app.listen(1)\n", "without a body", 1),
    "syntax_error": (CONTEXT, "const app = express()\nconst = \n", "syntax", None),
}


@pytest.mark.parametrize(("codemod", "text", "reason", "line"), REFUSES.values(), ids=REFUSES)
def test_refuses(codemod: object, text: str, reason: str, line: int | None) -> None:
    check_refuses(codemod, text, reason, line)  # type: ignore[arg-type]
