"""What runs when an ASGI app stops: lifespans of every shape, on_event handlers."""

from __future__ import annotations

import pytest

from tests.laws import check, check_keeps, check_refuses
from wizard.codemods.python.shutdown import (
    ensure_added_on_shutdown,
    ensure_after_yield,
    ensure_on_shutdown,
    shutdown_style,
)
from wizard.edits import Codemod

FASTAPI = ("fastapi.FastAPI",)
STOP = ensure_after_yield("client.shutdown()", *FASTAPI, marker="client")
EVENT = ensure_on_shutdown("close_client", "client.shutdown()", marker="client")
ADDED = ensure_added_on_shutdown("client.flush", marker="client")
HEAD = (
    "from contextlib import asynccontextmanager\n\nfrom fastapi import FastAPI\n\n\n"
    "@asynccontextmanager\nasync def lifespan(app):\n"
)
APP = "\n\napp = FastAPI(lifespan=lifespan)\n"

CHANGES: dict[str, tuple[Codemod, str, str]] = {
    "combined_with_others": (
        STOP,
        HEAD + "    yield\n\n\napp = FastAPI(lifespan=both(lifespan, mcp.lifespan))\n",
        HEAD + "    yield\n    client.shutdown()\n\n\napp = FastAPI(lifespan=both(lifespan, mcp.lifespan))\n",
    ),
    "combined_by_a_function_of_the_file": (
        STOP,
        HEAD
        + "    yield\n\n\ndef both(*parts):\n    @asynccontextmanager\n    async def merged(app):\n        yield\n\n"
        "    return merged\n\n\nparts = [lifespan, mcp.lifespan]\napp = FastAPI(lifespan=both(*parts))\n",
        HEAD + "    yield\n    client.shutdown()\n\n\ndef both(*parts):\n    @asynccontextmanager\n"
        "    async def merged(app):\n        yield\n\n"
        "    return merged\n\n\nparts = [lifespan, mcp.lifespan]\napp = FastAPI(lifespan=both(*parts))\n",
    ),
    "added_in_a_factory": (
        ADDED,
        "def make():\n    api = FastAPI()\n    api.add_event_handler(\n        'startup', begin(api)\n    )\n"
        "    api.add_event_handler(\n        'shutdown',\n        end(api),\n    )\n    return api\n",
        "def make():\n    api = FastAPI()\n    api.add_event_handler(\n        'startup', begin(api)\n    )\n"
        "    api.add_event_handler(\n        'shutdown',\n        end(api),\n    )\n"
        "    api.add_event_handler('shutdown', client.flush)\n    return api\n",
    ),
    "added_for_the_start_only": (
        ADDED,
        'app.add_event_handler("startup", begin)\n',
        'app.add_event_handler("startup", begin)\napp.add_event_handler("shutdown", client.flush)\n',
    ),
    "yield_last": (
        STOP,
        HEAD + "    start()\n    yield\n" + APP,
        HEAD + "    start()\n    yield\n    client.shutdown()\n" + APP,
    ),
    "yield_then_more": (
        STOP,
        HEAD + "    yield  # serve\n    # stop\n    await close()\n" + APP,
        HEAD + "    yield  # serve\n    client.shutdown()\n    # stop\n    await close()\n" + APP,
    ),
    "yield_a_state": (
        STOP,
        HEAD + '    yield {\n        "db": 1,\n    }\n' + APP,
        HEAD + '    yield {\n        "db": 1,\n    }\n    client.shutdown()\n' + APP,
    ),
    "yield_in_finally": (
        STOP,
        HEAD + "    try:\n        yield\n    finally:\n        # stop\n        await close()\n" + APP,
        HEAD + "    try:\n        yield\n    finally:\n        # stop\n        client.shutdown()\n"
        "        await close()\n" + APP,
    ),
    "yield_in_except_and_finally": (
        STOP,
        HEAD + "    try:\n        yield\n    except E:\n        log()\n    finally:\n        await close()\n" + APP,
        HEAD + "    try:\n        yield\n    except E:\n        log()\n    finally:\n        client.shutdown()\n"
        "        await close()\n" + APP,
    ),
    "yield_in_except_only": (
        STOP,
        HEAD + "    try:\n        yield\n    except E:\n        log()\n    bye()\n" + APP,
        HEAD + "    try:\n        yield\n    except E:\n        log()\n    client.shutdown()\n    bye()\n" + APP,
    ),
    "yield_in_nested_with": (
        STOP,
        HEAD + "    async with a() as x:\n        async with b():\n            yield\n        done()\n" + APP,
        HEAD + "    async with a() as x:\n        async with b():\n            yield\n"
        "            client.shutdown()\n        done()\n" + APP,
    ),
    "yield_in_with_in_finally": (
        STOP,
        HEAD + "    try:\n        async with a():\n            yield\n    finally:\n        done()\n" + APP,
        HEAD + "    try:\n        async with a():\n            yield\n    finally:\n        client.shutdown()\n"
        "        done()\n" + APP,
    ),
    "the_lifespan_that_is_given": (
        STOP,
        HEAD + "    yield\n\n\n@asynccontextmanager\nasync def session():\n    yield 1\n" + APP,
        HEAD + "    yield\n    client.shutdown()\n\n\n@asynccontextmanager\nasync def session():\n    yield 1\n" + APP,
    ),
    "own_file_without_app": (
        STOP,
        "import contextlib\n@contextlib.asynccontextmanager\nasync def life(app):\n\tyield",
        "import contextlib\n@contextlib.asynccontextmanager\nasync def life(app):\n\tyield\n\tclient.shutdown()",
    ),
    "on_event_shutdown": (
        EVENT,
        "@app.on_event('shutdown')\nasync def stop():\n    await db.close()\n",
        "@app.on_event('shutdown')\nasync def stop():\n    await db.close()\n    client.shutdown()\n",
    ),
    "on_event_last_of_several": (
        EVENT,
        "@app.on_event('shutdown')\ndef a():\n    x()\n\n\n@app.on_event('shutdown')\ndef b():\n    return y()\n",
        "@app.on_event('shutdown')\ndef a():\n    x()\n\n\n@app.on_event('shutdown')\ndef b():\n"
        "    client.shutdown()\n    return y()\n",
    ),
    "on_event_startup_only": (
        EVENT,
        '@api.on_event("startup")\nasync def start() -> None:\n    await db.open()\n\n\nX = 1\n',
        '@api.on_event("startup")\nasync def start() -> None:\n    await db.open()\n\n\n@api.on_event("shutdown")\n'
        "def close_client() -> None:\n    client.shutdown()\n\n\nX = 1\n",
    ),
    "on_event_startup_among_others": (
        EVENT,
        "@startup.on_event('startups')\n@startup.on_event('start' 'up')\ndef start(): pass\n",
        "@startup.on_event('startups')\n@startup.on_event('start' 'up')\ndef start(): pass\n\n\n"
        "@startup.on_event('shutdown')\ndef close_client():\n    client.shutdown()\n",
    ),
    "on_event_startup_in_factory": (
        EVENT,
        "def create():\n    app = FastAPI()\n\n    @app.on_event('startup')\n    def start():\n"
        "        go()\n\n    return app\n",
        "def create():\n    app = FastAPI()\n\n    @app.on_event('startup')\n    def start():\n        go()\n\n"
        "    @app.on_event('shutdown')\n    def close_client():\n        client.shutdown()\n\n    return app\n",
    ),
}

KEEPS: dict[str, tuple[Codemod, str]] = {
    "there": (STOP, HEAD + "    yield\n    client.shutdown()\n" + APP),
    "flushed_by_hand": (STOP, HEAD + "    yield\n    posthog.client.flush()\n" + APP),
    "added_there": (ADDED, "app.add_event_handler('shutdown', client.flush)\n"),
    "on_event_there": (EVENT, "@app.on_event('shutdown')\ndef stop():\n    client.shutdown()\n"),
}

REFUSES: dict[str, tuple[Codemod, str, str, int | None]] = {
    "imported": (
        STOP,
        "from fastapi import FastAPI\nfrom .life import lifespan\napp = FastAPI(lifespan=lifespan)\n",
        "no @async",
        3,
    ),
    "a_class": (STOP, "from fastapi import FastAPI\nclass L:\n    pass\napp = FastAPI(lifespan=L)\n", "no @async", 4),
    "combines_two_of_its_own": (
        STOP,
        HEAD + "    yield\n\n\n@asynccontextmanager\nasync def second(app):\n    yield\n\n\n"
        "app = FastAPI(lifespan=both(lifespan, second))\n",
        "no @async",
        16,
    ),
    "combines_only_others": (
        STOP,
        HEAD + "    yield\n\n\napp = FastAPI(lifespan=both(a.run, b.start))\n",
        "no @async",
        11,
    ),
    "added_elsewhere": (ADDED, "app = FastAPI()\nregister(app)\n", "no add_event_handler", None),
    "no_lifespan": (STOP, "from fastapi import FastAPI\napp = FastAPI()\n", "has no lifespan", 2),
    "two_functions": (
        STOP,
        HEAD + "    yield\n\n\n@asynccontextmanager\nasync def other(app):\n    yield\n",
        "has 2",
        12,
    ),
    "no_function": (STOP, "x = 1\n", "has 0", None),
    "undecorated_generator": (
        STOP,
        "from fastapi import FastAPI\nasync def lifespan(app):\n    yield\napp = FastAPI(lifespan=lifespan)\n",
        "no @async",
        4,
    ),
    "no_yield": (STOP, HEAD + "    pass\n" + APP, "no plain yield", 7),
    "two_yields": (STOP, HEAD + "    if X:\n        yield\n    else:\n        yield\n" + APP, "several yields", 11),
    "yield_in_a_loop": (STOP, HEAD + "    for x in y:\n        yield\n" + APP, "inside a loop", 9),
    "yield_in_an_expression": (STOP, HEAD + "    print((yield))\n" + APP, "no plain yield", 8),
    "yield_on_the_line_of_a_colon": (STOP, HEAD + "    async with a(): yield\n" + APP, "line of its colon", 8),
    "two_lifespans": (
        STOP,
        HEAD + "    yield\n" + APP + "b = FastAPI(lifespan=lifespan)\n",
        "2 applications",
        12,
    ),
    "on_event_none": (EVENT, "from fastapi import FastAPI\napp = FastAPI()\n", "no on_event handler", None),
    "on_event_raises": (EVENT, "@app.on_event('shutdown')\ndef stop():\n    raise X\n", "ends in raise", 3),
    "syntax_error": (STOP, "async def f(:\n", "does not parse", 1),
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
    ("text", "style"),
    [
        (HEAD + "    yield\n" + APP, "lifespan"),
        (HEAD + "    yield\n", "lifespan"),
        ("from fastapi import FastAPI\nfrom .life import lifespan\napp = FastAPI(lifespan=lifespan)\n", "imported"),
        ("from fastapi import FastAPI\napp = FastAPI()\n@app.on_event('startup')\ndef f():\n    pass\n", "on_event"),
        ("from fastapi import FastAPI\napp = FastAPI()\n", "none"),
        (HEAD + "    yield\n\n\napp = FastAPI()\n", "none"),
        ("@app.event('shutdown')\ndef f():\n    pass\n", "none"),
    ],
)
def test_style(text: str, style: str) -> None:
    assert shutdown_style(text, *FASTAPI) == style
