"""What React apps without a framework share: PostHog starts in the entry file, around what that file renders."""

from __future__ import annotations

import re

from wizard.changes import EditFile, Manual
from wizard.codemods.js.imports import ensure_import, kind_of, local_name
from wizard.codemods.js.jsx import Locate, rendered_root, wrap_jsx
from wizard.codemods.js.statements import ensure_after_imports
from wizard.codemods.js.tree import has_code
from wizard.errors import CannotEdit

TOKEN = "posthogToken"
"""The variable by which our own code is told from an init that somebody wrote by hand."""

_INIT = r"\bposthog\s*\.\s*init\s*\("
_PROVIDER, _BOUNDARY = "PostHogProvider", "PostHogErrorBoundary"


def starts(path: str, source: str) -> EditFile:
    """The file imports posthog-js and starts it below its imports.

    `source` is a whole template: its statements from `const posthogToken` to the end of the `if` go into the file.
    """
    match = re.search(rf"^const {TOKEN}\b.*?^}}$", source, re.MULTILINE | re.DOTALL)
    snippet = match.group() if match else ""

    def started(text: str) -> str:
        if has_code(text, _INIT):
            return text
        if kind_of(text) == "cjs":
            raise CannotEdit("is CommonJS, where posthog-js has no default export")
        if has_code(text, rf"\b{TOKEN}\b"):
            raise CannotEdit(f"already uses the name {TOKEN} for something else")
        if local_name(text, "posthog-js") not in (None, "posthog"):
            raise CannotEdit("imports posthog-js under another name")
        text = ensure_after_imports(snippet, _INIT)(text)
        return ensure_import("posthog-js", default="posthog", kind="esm")(text)

    why = "starts PostHog before the app renders"
    manual = Manual("Start PostHog, below the imports", f'import posthog from "posthog-js";\n\n{snippet}', path)
    return EditFile(path, (started,), why, manual)


def wraps(
    path: str,
    *,
    error_tracking: bool,
    needs: tuple[str, ...] = (),
    locate: Locate = rendered_root,
    renderer: str = "",
) -> EditFile:
    """What the file renders is inside the provider, and with `error_tracking` inside its error boundary.

    `renderer` is the file of another package that renders what `locate` finds, if there is one.
    """
    names = [_PROVIDER, _BOUNDARY] if error_tracking else [_PROVIDER]

    def wrapped(text: str) -> str:
        if has_code(text, rf"<{_PROVIDER}\b"):
            return text
        missing = [name for name in names if not has_code(text, rf"<{name}\b")]
        opening = "\n".join(f"<{name} client={{posthog}}>" if name == _PROVIDER else f"<{name}>" for name in missing)
        text = wrap_jsx(opening, "\n".join(f"</{name}>" for name in reversed(missing)), locate)(text)
        text = ensure_import("posthog-js", default="posthog", kind="esm")(text)
        return ensure_import("@posthog/react", names=sorted(names), kind="esm")(text)

    why = "gives all components the PostHog hooks" + (" and reports errors in rendering" if error_tracking else "")
    manual = Manual("Wrap what the app renders", _example(error_tracking), path)
    if renderer:
        title = "Wrap what the app renders, where a package does it for every app that uses it"
        body = f"// declare posthog-js and @posthog/react in that package, too\n{_example(error_tracking)}"
        manual = Manual(title, body, renderer)
    return EditFile(path, (wrapped,), why, manual, needs)


def is_wrapped(text: str) -> bool:
    """Does a file have a provider of ours or of somebody's own?"""
    return has_code(text, rf"<{_PROVIDER}\b")


def _example(error_tracking: bool) -> str:
    names = f"{_BOUNDARY}, {_PROVIDER}" if error_tracking else _PROVIDER
    imports = f'import {{ {names} }} from "@posthog/react";\nimport posthog from "posthog-js";'
    app = [f"  <{_BOUNDARY}>", "    <App />", f"  </{_BOUNDARY}>"] if error_tracking else ["  <App />"]
    return "\n".join([imports, "", f"<{_PROVIDER} client={{posthog}}>", *app, f"</{_PROVIDER}>"])
