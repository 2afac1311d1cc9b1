"""Loaded by every Python process of an app under verification: makes the app's own PostHog client send one event.

Nothing happens in a process that never imports `posthog`. In one that does, a thread waits for the trigger file, then
looks up the clients that the app's code made; at its end it leaves a note of what was not sent. Runs on the app's
interpreter, maybe older than ours.
"""

from __future__ import annotations

import importlib.machinery
import importlib.util
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_TRIGGER = os.environ.get("POSTHOG_WIZARD_PROBE", "")
_SINK = os.environ.get("POSTHOG_WIZARD_SINK", "")
_EVENT = "posthog_wizard_verify"


class _Watch:
    """Finds no module; notices that the SDK is about to be imported."""

    started = False

    @classmethod
    def find_spec(cls, name: str, path: object = None, target: object = None) -> None:
        if name == "posthog" and not cls.started:
            cls.started = True
            _listen()
            _tell_at_the_end()
            if hasattr(os, "register_at_fork"):
                # Threads do not survive a fork, and servers fork their workers after loading the app.
                os.register_at_fork(after_in_child=_listen)


def _listen() -> None:
    import threading

    threading.Thread(target=_answer, name="posthog-wizard-probe", daemon=True).start()


def _tell_at_the_end() -> None:
    """Before the SDK registers its own last action, which is therefore done when ours runs."""
    import atexit

    leave = os._exit

    def leave_at_once(status: int) -> None:
        _end()
        leave(status)

    atexit.register(_end)
    os._exit = leave_at_once  # type: ignore[assignment]


def _end() -> None:
    if os.path.exists(_TRIGGER):  # noqa: PTH110
        return
    try:
        clients = _clients()
        found: list[dict[str, object]] = [{"host": _host(client), "enabled": _enabled(client)} for client in clients]
        _report(found, pending=sum(_waiting(client) for client in clients))
    except Exception:  # noqa: BLE001
        # Whatever the SDK of the app does, the app must not notice us.
        return


def _waiting(client: Any) -> int:
    """Events that were captured and not sent."""
    queue = getattr(client, "queue", None) or getattr(getattr(client, "default_client", None), "queue", None)
    return int(getattr(queue, "unfinished_tasks", 0) or 0)


def _answer() -> None:
    import time

    while not os.path.exists(_TRIGGER):  # noqa: PTH110
        time.sleep(0.1)
    found: list[dict[str, object]] = []
    try:
        clients = _clients()
        found = [{"host": _host(client), "enabled": _enabled(client)} for client in clients]
        _report(found)
        for client in clients:
            if _enabled(client) and (_host(client) + "/").startswith(_SINK + "/"):
                _speak(client)
    except Exception as error:  # noqa: BLE001
        # Whatever the SDK of the app does, the app must not notice us.
        _report(found, repr(error))


def _report(clients: list[dict[str, object]], error: str = "", pending: int | None = None) -> None:
    import json

    name = f"{_TRIGGER}.{os.getpid()}.json"
    told: dict[str, object] = {"clients": clients, "error": error}
    if pending is not None:
        told["pending"] = pending
    try:
        with open(name + ".part", "w") as file:  # noqa: PTH123
            json.dump(told, file)
        os.replace(name + ".part", name)  # noqa: PTH105
    except OSError:
        # The verification is over and its directory gone.
        return


def _clients() -> list[Any]:
    """The instances that are alive, and the SDK's module itself where only its globals were set."""
    import gc

    module = sys.modules.get("posthog")
    homes = ("posthog.client", "Client"), ("posthog.async_client", "AsyncClient")
    classes = tuple(getattr(sys.modules[m], c) for m, c in homes if m in sys.modules and hasattr(sys.modules[m], c))
    # type(), because isinstance() would wake lazy objects of the app.
    found = [thing for thing in gc.get_objects() if issubclass(type(thing), classes)]
    lazy = getattr(module, "api_key", None) or getattr(module, "project_api_key", None)
    if lazy and getattr(module, "default_client", None) is None:
        found.append(module)
    return found


def _host(client: Any) -> str:
    return str(getattr(client, "host", None) or "https://us.i.posthog.com").rstrip("/")


def _enabled(client: Any) -> bool:
    key = getattr(client, "api_key", None) or getattr(client, "project_api_key", None)
    return bool(key) and not getattr(client, "disabled", False) and bool(getattr(client, "send", True))


def _speak(client: Any) -> None:
    import inspect

    def capture() -> None:
        # By name: old versions take the person first.
        client.capture(event=_EVENT, distinct_id="posthog-wizard", properties={"$process_person_profile": False})

    if not inspect.iscoroutinefunction(getattr(client, "flush", None)):
        capture()
        client.flush()
        return

    async def speak() -> None:
        capture()
        await client.flush()

    import asyncio

    asyncio.run_coroutine_threadsafe(speak(), _loop(client)).result(10)


def _loop(client: Any) -> Any:
    """The event loop that an async client lives on: its own, or before its first use the one that runs."""
    import asyncio
    import gc

    own = getattr(client, "_loop", None)
    if own is not None:
        return own
    loops = [thing for thing in gc.get_objects() if issubclass(type(thing), asyncio.AbstractEventLoop)]
    return next(loop for loop in loops if loop.is_running())


def _load_the_next_one() -> None:
    """Run the sitecustomize that this file hides, if the interpreter or the project has one."""
    here = os.path.realpath(os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120
    others = [entry for entry in sys.path if os.path.realpath(entry or ".") != here]
    spec = importlib.machinery.PathFinder.find_spec("sitecustomize", others)
    if spec is not None and spec.loader is not None:
        module = importlib.util.module_from_spec(spec)
        sys.modules["sitecustomize"] = module
        spec.loader.exec_module(module)


if _TRIGGER and _SINK:
    sys.meta_path.insert(0, _Watch)
_load_the_next_one()
