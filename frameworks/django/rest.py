"""Django REST framework: errors that it turns into responses are reported by its exception handler."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from frameworks.django.settings import Settings
from wizard.changes import Change, EditFile, Manual, Note
from wizard.codemods.python.dicts import ensure_key

_HANDLER = "posthog.integrations.drf.exception_handler"
_LATE_USER = r"\b(?:TokenAuthentication|JWT\w*Authentication|OAuth2Authentication)\b"


def changes(settings: Settings) -> Iterator[Change]:
    """Yield the handler for a plain REST_FRAMEWORK dict that has none, and what its authentication means."""
    if "rest_framework" not in settings.apps():
        return
    found = settings.assigned("REST_FRAMEWORK")
    handler = next((h for a in found if (h := _handler(a.value))), None)
    if handler == "rest_framework.views.exception_handler":
        yield Note("REST framework does not report the server errors that it handles", f"EXCEPTION_HANDLER: {_HANDLER}")
    elif handler is not None and not handler.startswith("posthog."):
        yield Note(
            f"REST framework reports handled server errors only if {handler} does it",
            "Wrap it with create_exception_handler from posthog.integrations.drf, or call posthog.capture_exception.",
        )
    elif handler is None and len(found) == 1 and found[0].owner is None and isinstance(found[0].value, ast.Dict):
        yield EditFile(
            found[0].path,
            (ensure_key("REST_FRAMEWORK", "EXCEPTION_HANDLER", f'"{_HANDLER}"'),),
            "reports server errors that REST framework turns into responses",
            otherwise=Manual(
                "Report the errors of REST framework", f'"EXCEPTION_HANDLER": "{_HANDLER}",', found[0].path
            ),
        )
    if settings.mentions(_LATE_USER):
        yield Note(
            "REST framework authenticates after the middleware: its events have no user yet",
            "Call posthog.identify_context(str(request.user.pk)) in a base view, or send X-POSTHOG-DISTINCT-ID.",
        )


def _handler(value: ast.expr) -> str | None:
    """The value of the key EXCEPTION_HANDLER of a dict display, `...` when it is computed."""
    if isinstance(value, ast.Dict):
        for key, item in zip(value.keys, value.values, strict=True):
            if isinstance(key, ast.Constant) and key.value == "EXCEPTION_HANDLER":
                return str(item.value) if isinstance(item, ast.Constant) else "a handler of its own"
    return None
