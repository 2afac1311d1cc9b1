"""Reads how Python sets PostHog up: clients, the module-level configuration, integrations, and their options."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator

from wizard.existing.set_up import Kind, Options, SetUp
from wizard.text import line_number

_PACKAGES = ("posthog", "posthoganalytics")
_CLIENTS = ("Posthog", "AsyncPosthog", "Client", "AsyncClient")
_OWN_NAMES = ("Posthog", "AsyncPosthog")
_INTEGRATION = re.compile(r"posthog\.integrations\.[\w.]+")
_ENV = re.compile(r"(?:environ\[|environ\.get\(|getenv\(|\b(?:env|config)(?:\.\w+)?\()\s*[\"']([A-Za-z_]\w*)[\"']")
_KEYS = ("api_key", "project_api_key")
_UNPARSED: tuple[tuple[Kind, str, re.Pattern[str]], ...] = (
    ("client", "creates a PostHog client", re.compile(r"(?<![\w])(?:Async)?Posthog\s*\(")),
    ("module", "configures the module-level client", re.compile(r"\bposthog\s*\.\s*(?:project_)?api_key\s*=(?!=)")),
    ("integration", "uses an integration of the SDK", re.compile(r"posthog\.integrations\.\w+")),
)


def set_ups(text: str) -> list[SetUp]:
    """Everything in a Python file that sets PostHog up, in order.

    A file that this interpreter cannot parse is read by regexes: too much is found rather than too little.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            reader = _Reader(ast.parse(text.lstrip("\ufeff")))
        found = [*reader.clients(), *reader.module_level(), *reader.integrations()]
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        found = list(_unparsed(text))
    return sorted(found, key=lambda one: one.line)


def _unparsed(text: str) -> Iterator[SetUp]:
    code = re.sub(r"(?m)#[^\n\"']*$", "", text)
    for kind, reason, pattern in _UNPARSED:
        if match := pattern.search(code):
            yield SetUp(line_number(code, match.start()), "server", kind, reason)


class _Reader:
    """Finds the set-ups of one file."""

    def __init__(self, tree: ast.Module) -> None:
        self.nodes = list(ast.walk(tree))
        self.modules: set[str] = set()
        self.names: dict[str, tuple[str, str]] = {}
        for node in self.nodes:
            if isinstance(node, ast.Import):
                for alias in node.names:
                    if alias.name.split(".")[0] in _PACKAGES:
                        self.modules.add(alias.asname or alias.name.split(".")[0])
            elif isinstance(node, ast.ImportFrom):
                for alias in node.names:
                    module = "." * node.level + (node.module or "")
                    self.names[alias.asname or alias.name] = (module, alias.name)

    def clients(self) -> Iterator[SetUp]:
        """`Posthog(...)` and classes that extend it."""
        for node in self.nodes:
            if isinstance(node, ast.Call) and self._is_client(node.func):
                yield self._client(node)
            elif isinstance(node, ast.ClassDef) and any(self._is_client(base) for base in node.bases):
                yield SetUp(node.lineno, "server", "client", "creates a PostHog client")

    def _is_client(self, node: ast.expr) -> bool:
        if isinstance(node, ast.Name):
            module, name = self.names.get(node.id, ("", node.id))
            if module.split(".")[0] in _PACKAGES:
                return name in _CLIENTS
            return name in _OWN_NAMES
        if isinstance(node, ast.Attribute):
            root = _root(node)
            return node.attr in (_CLIENTS if root in self.modules else _OWN_NAMES)
        return False

    def _client(self, call: ast.Call) -> SetUp:
        values = {word.arg: ast.unparse(word.value) for word in call.keywords if word.arg is not None}
        positional = [ast.unparse(argument) for argument in call.args]
        values |= dict(zip(("project_api_key", "host"), positional, strict=False))
        unclear = any(word.arg is None for word in call.keywords) or any(
            isinstance(argument, ast.Starred) for argument in call.args
        )
        token = next((values[key] for key in (*_KEYS, "project_token") if key in values), "")
        variables = (self._variable(token), self._variable(values.get("host", "")))
        options = None if unclear else Options(values, call.end_lineno or call.lineno)
        asynchronous = ast.unparse(call.func).rpartition(".")[2].startswith("Async")
        reason = "creates an asynchronous PostHog client" if asynchronous else "creates a PostHog client"
        return SetUp(call.lineno, "server", "client", reason, options, variables)

    def module_level(self) -> Iterator[SetUp]:
        """`posthog.api_key = ...`: one for the file, with all that it assigns."""
        values: dict[str, str] = {}
        lines: list[int] = []
        first = None
        for node in self.nodes:
            for key, value, line in self._assigned(node):
                values[key] = value
                lines.append(line)
                if key in (*_KEYS, "default_client") and (first is None or line < first):
                    first = line
        if first is not None:
            token = values.get("api_key") or values.get("project_api_key") or ""
            variables = (self._variable(token), self._variable(values.get("host", "")))
            prefix = next((f"{name}." for name in sorted(self.modules)), "posthog.")
            options = Options(values, max(lines), prefix=prefix)
            yield SetUp(first, "server", "module", "configures the module-level client", options, variables)

    def _assigned(self, node: ast.AST) -> Iterator[tuple[str, str, int]]:
        targets: list[ast.expr] = []
        value: ast.expr | None = None
        if isinstance(node, ast.Assign):
            targets, value = node.targets, node.value
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            targets, value = [node.target], node.value
        elif isinstance(node, ast.Call) and len(node.args) == 3 and _root(node.func) == "setattr":
            module, key, given = node.args
            if isinstance(key, ast.Constant) and self._is_module(module):
                yield str(key.value), ast.unparse(given), node.lineno
        for target in targets:
            elements = target.elts if isinstance(target, ast.Tuple) else [target]
            for one in elements:
                if isinstance(one, ast.Attribute) and self._is_module(one.value) and value is not None:
                    yield one.attr, ast.unparse(value), one.lineno

    def _is_module(self, node: ast.expr) -> bool:
        if not isinstance(node, ast.Name):
            return False
        return node.id in self.modules or (node.id == "posthog" and node.id in self.names)

    def integrations(self) -> Iterator[SetUp]:
        """Imports of `posthog.integrations.x`, and its dotted path as a whole string (Django's MIDDLEWARE)."""
        for node in self.nodes:
            match node:
                case ast.Constant(value=str(path)):
                    found = _INTEGRATION.fullmatch(path) is not None
                case ast.ImportFrom(module=str(path)):
                    found = path.startswith("posthog.integrations")
                case ast.Import(names=names):
                    found = any(alias.name.startswith("posthog.integrations") for alias in names)
                case _:
                    continue
            if found:
                yield SetUp(node.lineno, "server", "integration", "uses an integration of the SDK")
                return

    def _variable(self, value: str) -> str | None:
        """The one environment variable that a value reads, also through a constant of the same file."""
        if re.fullmatch(r"\w+", value):
            assigned = (node for node in self.nodes if isinstance(node, ast.Assign))
            value = next((ast.unparse(node.value) for node in assigned if _assigns(node, value)), value)
        found = set(_ENV.findall(value))
        return found.pop() if len(found) == 1 else None


def _root(node: ast.expr) -> str:
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _assigns(node: ast.Assign, name: str) -> bool:
    return any(isinstance(target, ast.Name) and target.id == name for target in node.targets)
