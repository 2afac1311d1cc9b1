"""Reads which events a Python file captures: names written in it, its constants, and the wrappers it declares."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Callable, Iterator, Mapping

from wizard.events.in_javascript import Capture, Read, Wrapper

_PACKAGES = ("posthog", "posthoganalytics")
_BY_METHOD = {
    "capture": "",
    "identify": "$identify",
    "group_identify": "$groupidentify",
    "capture_exception": "$exception",
    "identify_context": "$identify",
}
_NAME = re.compile(r"posthog|^ph$", re.IGNORECASE)
_STEPS = 8


def read_module(text: str, follow: Callable[[str, str], bool]) -> Read:
    """All captures of a file whose event is certain, calls of its own wrappers included; none when it does not parse.

    `follow` tells whether a module, as it is imported, with a name from it, is one that sets PostHog up.
    """
    tree = _parsed(text)
    if tree is None:
        return Read((), ())
    reader = _Reader(tree, follow)
    found = [*reader.captures()]
    wrappers = tuple(dict.fromkeys(reader.wrappers))
    found += reader.calls_of({wrapper.name: wrapper for wrapper in wrappers})
    return Read(tuple(sorted(dict.fromkeys(found), key=lambda one: one.line)), wrappers)


def imported_calls(text: str, source_of: Mapping[tuple[str, str], Wrapper]) -> tuple[Capture, ...]:
    """Captures through wrappers of other files; `source_of` maps (module as imported, name) to them."""
    tree = _parsed(text)
    if tree is None:
        return ()
    reader = _Reader(tree)
    local = {name: source_of[origin] for name, origin in reader.names.items() if origin in source_of}
    for name, (module, exported) in reader.names.items():
        inner = f"{module}{'' if module.endswith('.') else '.'}{exported}"
        local |= {f"{name}.{w}": wrapper for (source, w), wrapper in source_of.items() if source == inner}
    return tuple(reader.calls_of(local)) if local else ()


def imports_of(text: str) -> set[str]:
    """The modules that a file imports from, `package.name` of each imported name too."""
    tree = _parsed(text)
    if tree is None:
        return set()
    found = set()
    for module, name in _Reader(tree).names.values():
        found |= {module, f"{module}{'' if module.endswith('.') else '.'}{name}"}
    return found


def _parsed(text: str) -> ast.Module | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text.lstrip("\ufeff"))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


class _Reader:
    """Finds the captures of one file; `wrappers` fills on the way."""

    def __init__(self, tree: ast.Module, follow: Callable[[str, str], bool] = lambda module, name: False) -> None:
        self.nodes, self.follow = list(ast.walk(tree)), follow
        self.modules: set[str] = set()
        self.names: dict[str, tuple[str, str]] = {}
        self.wrappers: list[Wrapper] = []
        self.within: dict[ast.AST, list[ast.FunctionDef | ast.AsyncFunctionDef]] = {}
        for node in self.nodes:
            match node:
                case ast.Import(names=names):
                    self.modules |= {a.asname or a.name for a in names if a.name in _PACKAGES}
                case ast.ImportFrom(names=names):
                    module = "." * node.level + (node.module or "")
                    self.names |= {a.asname or a.name: (module, a.name) for a in names}
                case ast.FunctionDef() | ast.AsyncFunctionDef():
                    for inner in ast.walk(node):
                        self.within.setdefault(inner, []).append(node)
        self.values = dict(self._constants(tree))

    def _constants(self, tree: ast.Module) -> Iterator[tuple[str, ast.expr]]:
        """Names and `Class.NAME`s that are assigned once at the top of the file or of a class."""
        seen: dict[str, list[ast.expr]] = {}
        classes = [(f"{n.name}.", n.body) for n in self.nodes if isinstance(n, ast.ClassDef)]
        for prefix, body in [("", tree.body), *classes]:
            for statement in body:
                match statement:
                    case ast.Assign(targets=[ast.Name(id=name)], value=value):
                        seen.setdefault(prefix + name, []).append(value)
                    case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                        seen.setdefault(prefix + name, []).append(value)
        yield from ((name, values[0]) for name, values in seen.items() if len(values) == 1)

    def captures(self) -> Iterator[Capture]:
        for node in self.nodes:
            if not isinstance(node, ast.Call) or (event := self._method(node.func)) is None:
                continue
            if event:
                yield Capture(event, node.lineno)
            elif (value := _event(node)) is not None:
                found = self._strings(value)
                yield from (Capture(name, node.lineno) for name in found)
                if not found and isinstance(value, ast.Name):
                    self.wrappers += self._wrapper(node, value.id)

    def calls_of(self, wrappers: Mapping[str, Wrapper]) -> Iterator[Capture]:
        """Captures by calls of these functions."""
        for node in self.nodes:
            wrapper = wrappers.get(ast.unparse(node.func)) if isinstance(node, ast.Call) and wrappers else None
            if isinstance(node, ast.Call) and wrapper:
                value = next((word.value for word in node.keywords if word.arg == wrapper.keyword), None)
                if value is None and len(node.args) > wrapper.position:
                    value = node.args[wrapper.position]
                yield from (Capture(name, node.lineno) for name in (self._strings(value) if value else ()))

    def _method(self, function: ast.expr) -> str | None:
        """The event that a call of `function` sends; empty for the one that it is given, None when it is another's."""
        if isinstance(function, ast.Name):
            module, name = self.names.get(function.id, ("", ""))
            return _BY_METHOD.get(name) if module.partition(".")[0] in _PACKAGES else None
        if isinstance(function, ast.Attribute) and function.attr in _BY_METHOD and self._is_posthog(function.value):
            return _BY_METHOD[function.attr]
        return None

    def _is_posthog(self, node: ast.expr) -> bool:
        match node:
            case ast.Name(id=name):
                module, exported = self.names.get(name, ("", ""))
                own = _NAME.search(name) or _NAME.search(module.rpartition(".")[2])
                if own is not None or name in self.modules or self._made(name):
                    return True
                return bool(module) and self.follow(module, exported)
            case ast.Attribute(value=holder, attr=name):
                return _NAME.search(name) is not None or (isinstance(holder, ast.Name) and self._is_imported(holder.id))
            case ast.Call(func=function):
                return self._is_posthog(function)
        return False

    def _is_imported(self, name: str) -> bool:
        """Is a name a module of the app that sets PostHog up?"""
        module, exported = self.names.get(name, ("", ""))
        inner = f"{module}{'' if module.endswith('.') else '.'}{exported}"
        return bool(module) and self.follow(inner, "")

    def _made(self, name: str) -> bool:
        """Is a variable assigned from a client's class, or from a function that is called after PostHog?"""
        for node in self.nodes:
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
                targets = [target.id for target in node.targets if isinstance(target, ast.Name)]
                function = node.value.func
                last = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
                if name in targets and _NAME.search(last):
                    return True
        return False

    def _strings(self, node: ast.expr, steps: int = 0) -> tuple[str, ...]:
        if steps > _STEPS:
            return ()
        match node:
            case ast.Constant(value=str(text)):
                return (text,) if 0 < len(text) <= 200 else ()
            case ast.IfExp(body=body, orelse=other):
                found = [self._strings(body, steps + 1), self._strings(other, steps + 1)]
                return (*found[0], *found[1]) if all(found) else ()
            case ast.Attribute(value=holder, attr="value"):
                return self._strings(holder, steps + 1)
            case ast.Name(id=name) if not self._shadowed(node, name):
                value = self.values.get(name)
                return self._strings(value, steps + 1) if value else ()
            case ast.Attribute(value=ast.Name(id=owner), attr=name):
                value = self.values.get(f"{owner}.{name}")
                return self._strings(value, steps + 1) if value else ()
        return ()

    def _shadowed(self, node: ast.expr, name: str) -> bool:
        """Is a name a parameter, or assigned again, in the function that uses it?"""
        for function in self.within.get(node, ()):
            if name in _parameters(function):
                return True
            stores = (one for one in ast.walk(function) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store))
            if any(one.id == name for one in stores):
                return True
        return False

    def _wrapper(self, call: ast.Call, name: str) -> Iterator[Wrapper]:
        for function in reversed(self.within.get(call, [])):
            parameters = _parameters(function)
            if name in parameters:
                if parameters[0] not in ("self", "cls"):
                    yield Wrapper(function.name, parameters.index(name), name)
                return


def _parameters(function: ast.FunctionDef | ast.AsyncFunctionDef) -> list[str]:
    given = function.args
    return [one.arg for one in (*given.posonlyargs, *given.args, *given.kwonlyargs)]


def _event(call: ast.Call) -> ast.expr | None:
    """What names the event: `event=`, the only argument without a keyword, or the second one (SDK 5 and earlier)."""
    if named := next((word.value for word in call.keywords if word.arg == "event"), None):
        return named
    if any(isinstance(one, ast.Starred) for one in call.args) or not call.args:
        return None
    return call.args[0] if len(call.args) == 1 else call.args[1]
