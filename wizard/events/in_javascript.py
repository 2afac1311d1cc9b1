"""Reads which events a JavaScript file captures: names written in it, its constants, and the wrappers it declares."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tree_sitter import Node

from wizard.codemods.html import without_comments
from wizard.codemods.js.tree import FUNCTIONS, Script, ancestors, arguments, named, parse
from wizard.codemods.js.values import bare, declared, literal
from wizard.errors import CannotEdit
from wizard.existing.bindings import NAME, Bindings, Follow
from wizard.existing.init import script_of
from wizard.text import line_number

BY_METHOD = {
    "capture": "",
    "captureImmediate": "",
    "identify": "$identify",
    "identifyImmediate": "$identify",
    "group": "$groupidentify",
    "groupIdentify": "$groupidentify",
    "captureException": "$exception",
    "captureExceptionImmediate": "$exception",
}
"""Methods of the SDK to the event that each sends; empty for the one that is named in the call."""

_PAGE = (".html", ".vue", ".svelte", ".astro")
_IN_MARKUP = re.compile(r"[$\w.]*posthog\??\.capture\(\s*([\"'])([^\"'\\\n]{1,200})\1", re.IGNORECASE)
_MAKES = re.compile(r"(?:new\s+)?[\w$.]*posthog[\w$]*\s*\(|require\(\s*[\"']posthog-", re.IGNORECASE)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_STEPS = 8


@dataclass(frozen=True, slots=True)
class Capture:
    """One place that sends an event; `line` is 1-based."""

    name: str
    line: int


@dataclass(frozen=True, slots=True)
class Wrapper:
    """A function of the file that captures what it is given: `name` as it is exported, the argument's position."""

    name: str
    position: int
    keyword: str = ""


@dataclass(frozen=True, slots=True)
class Read:
    """What a file captures, and through which functions of its own others may capture."""

    captures: tuple[Capture, ...]
    wrappers: tuple[Wrapper, ...]


def read_script(path: str, text: str, follow: Follow) -> Read:
    """All captures of a script or page whose event is certain, calls of its own wrappers included.

    `follow` tells whether a module, as it is imported, is one that sets PostHog up.
    """
    script = parse(script_of(path, text))
    reader = _Reader(script, follow)
    found = [*reader.captures()]
    wrappers = tuple(dict.fromkeys(reader.wrappers))
    found += calls_of(script, {wrapper.name: wrapper for wrapper in wrappers})
    if path.endswith(_PAGE):
        found += _in_markup(text, script.text)
    return Read(tuple(sorted(dict.fromkeys(found), key=lambda one: one.line)), wrappers)


def imported_calls(path: str, text: str, source_of: Mapping[tuple[str, str], Wrapper]) -> tuple[Capture, ...]:
    """Captures through wrappers of other files; `source_of` maps (specifier, exported name) to them."""
    script = parse(script_of(path, text))
    local: dict[str, Wrapper] = {}
    for name, (module, exported) in Bindings(script, lambda source, name: False).imports.items():
        for (specifier, wrapped), wrapper in source_of.items():
            head, _, tail = wrapped.partition(".")
            if specifier != module:
                continue
            if exported == head:
                local[f"{name}.{tail}" if tail else name] = wrapper
            elif exported == "*":
                local[f"{name}.{wrapped}"] = wrapper
    return tuple(calls_of(script, local)) if local else ()


def imports_of(path: str, text: str) -> set[str]:
    """The specifiers that a file imports."""
    script = parse(script_of(path, text))
    return {module for module, _ in Bindings(script, lambda source, name: False).imports.values()}


def calls_of(script: Script, wrappers: Mapping[str, Wrapper]) -> Iterator[Capture]:
    """Captures by calls of these functions."""
    if not wrappers:
        return
    for call in script.calls("|".join(map(re.escape, wrappers))):
        function = call.child_by_field_name("function")
        wrapper = wrappers.get(re.sub(r"\s|\?(?=\.)", "", script.source(function))) if function else None
        given = arguments(call)
        if wrapper and len(given) > wrapper.position:
            for name in _names(script, given[wrapper.position]):
                yield Capture(name, script.line(call))


def _in_markup(text: str, script: str) -> Iterator[Capture]:
    """Captures in attributes: `@click="$posthog.capture('x')"`."""
    # the content of <template> is no markup for the reader of pages
    markup = _COMMENT.sub(lambda found: re.sub(r"[^\r\n]", " ", found[0]), without_comments(text))
    for match in _IN_MARKUP.finditer(markup):
        if len(script) != len(text) or not script[match.start()].strip():
            yield Capture(match[2], line_number(text, match.start()))


class _Reader:
    """Finds the captures of one script; `wrappers` fills on the way."""

    def __init__(self, script: Script, follow: Follow) -> None:
        self.script, self.names = script, Bindings(script, follow)
        self.wrappers: list[Wrapper] = []

    def captures(self) -> Iterator[Capture]:
        script = self.script
        for call in script.find("call_expression"):
            function = call.child_by_field_name("function")
            if function is None or function.type != "member_expression":
                continue
            method, receiver = function.child_by_field_name("property"), function.child_by_field_name("object")
            event = BY_METHOD.get(script.source(method)) if method else None
            if event is None or receiver is None or not self._is_posthog(bare(receiver)):
                continue
            if event:
                yield Capture(event, script.line(call))
            elif value := self._event(call):
                found = _names(script, value)
                for name in found:
                    yield Capture(name, script.line(call))
                if not found and value.type in ("identifier", "shorthand_property_identifier"):
                    self.wrappers += _wrappers(script, value)

    def _event(self, call: Node) -> Node | None:
        """What names the event: the first argument, or its `event`."""
        given = arguments(call)
        first = bare(given[0]) if given else None
        if first is None or first.type != "object":
            return first
        return _member(self.script, first, "event")

    def _is_posthog(self, node: Node) -> bool:
        """Is a receiver PostHog by its own name, its import, or what makes it?"""
        script = self.script
        if node.type == "call_expression":
            function = node.child_by_field_name("function")
            return function is not None and self._is_posthog(bare(function))
        if node.type == "member_expression":
            last = node.child_by_field_name("property")
            return last is not None and _is_name(script.source(last))
        if node.type != "identifier":
            return False
        name = script.source(node)
        if name in self.names.imports:
            module, exported = self.names.imports[name]
            own = any(map(_is_name, (name, exported, module.rpartition("/")[2])))
            return own or self.names.follow(module, exported)
        if _is_name(name):
            return True
        try:
            return _MAKES.match(script.source(bare(declared(script, node)))[:400]) is not None
        except CannotEdit:
            return False


def _is_name(name: str) -> bool:
    return NAME.search(name) is not None


def _names(script: Script, node: Node, steps: int = 0) -> tuple[str, ...]:
    """The strings that an expression can be, as far as this file tells; empty when it tells not."""
    node = bare(node)
    if steps > _STEPS:
        return ()
    match node.type:
        case "string" | "template_string":
            text = script.source(node)[1:-1]
            return (text,) if 0 < len(text) <= 200 and "\\" not in text and "${" not in text else ()
        case "ternary_expression":
            sides = [node.child_by_field_name(side) for side in ("consequence", "alternative")]
            found = [_names(script, side, steps + 1) for side in sides if side]
            return tuple(name for names in found for name in names) if all(found) else ()
        case "identifier" | "shorthand_property_identifier":
            try:
                return _names(script, declared(script, node), steps + 1)
            except CannotEdit:
                return ()
        case "member_expression":
            value = _constant(script, node)
            return _names(script, value, steps + 1) if value else ()
    return ()


def _constant(script: Script, node: Node) -> Node | None:
    """The value of `EVENTS.signedUp`, from an object or an enum of this file."""
    holder, key = node.child_by_field_name("object"), node.child_by_field_name("property")
    if holder is None or key is None:
        return None
    for enum in script.find("enum_declaration"):
        name, body = enum.child_by_field_name("name"), enum.child_by_field_name("body")
        if name and body and script.source(name) == script.source(holder):
            for one in script.find("enum_assignment", under=body):
                if script.source(one.child_by_field_name("name") or one) == script.source(key):
                    return one.child_by_field_name("value")
    try:
        return _member(script, literal(script, _frozen(script, holder), "object"), script.source(key))
    except CannotEdit:
        return None


def _frozen(script: Script, node: Node) -> Node:
    """What is inside of `Object.freeze({...})` behind a name."""
    value = bare(declared(script, node)) if node.type == "identifier" else node
    if value.type == "call_expression" and script.source(value).startswith("Object.freeze(") and arguments(value):
        return arguments(value)[0]
    return value


def _member(script: Script, node: Node, key: str) -> Node | None:
    for member in named(node):
        name = member.child_by_field_name("key")
        if member.type == "pair" and name and script.source(name).strip("\"'") == key:
            return member.child_by_field_name("value")
        if member.type == "shorthand_property_identifier" and script.source(member) == key:
            return member
    return None


def _wrappers(script: Script, value: Node) -> Iterator[Wrapper]:
    """The function that gets `value` as a parameter, under each name by which it can be called."""
    for function in ancestors(value):
        if function.type not in FUNCTIONS:
            continue
        position = _position(script, function, script.source(value))
        if position is None:
            continue
        for name in _called(script, function):
            yield Wrapper(name, position)
        return


def _position(script: Script, function: Node, name: str) -> int | None:
    given = function.child_by_field_name("parameters")
    for i, parameter in enumerate(named(given) if given else []):
        pattern = parameter.child_by_field_name("pattern") or parameter.child_by_field_name("left") or parameter
        if script.source(pattern) == name:
            return i
    single = function.child_by_field_name("parameter")
    return 0 if single and script.source(single) == name else None


def _called(script: Script, function: Node) -> Iterator[str]:
    """Names of a function in its file and `default`; those of a member of an object that has a name are dotted."""
    name, parent = function.child_by_field_name("name"), function.parent
    if function.type == "method_definition" or (parent and parent.type == "pair"):
        key = name if function.type == "method_definition" else parent and parent.child_by_field_name("key")
        owner = next((one for one in ancestors(function) if one.type in ("variable_declarator", *FUNCTIONS)), None)
        holder = owner.child_by_field_name("name") if owner and owner.type == "variable_declarator" else None
        if key and holder:
            yield f"{script.source(holder)}.{script.source(key)}"
        return
    if parent and parent.type == "variable_declarator":
        name = parent.child_by_field_name("name")
    if name:
        yield script.source(name)
    if parent and parent.type == "export_statement" and any(child.type == "default" for child in parent.children):
        yield "default"
