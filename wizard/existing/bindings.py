"""What the names in a script stand for: which of them are the PostHog SDK, however it was imported."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from tree_sitter import Node

from wizard.codemods.js.tree import FUNCTIONS, Script, ancestors, named, parse

Follow = Callable[[str, str], bool]
"""Does a name that a local module exports stand for PostHog? `(specifier, name)`."""

BROWSER = re.compile(r"posthog-js(?:-lite)?(?:/.*)?|@posthog/(?:react|browser)(?:/.*)?|posthog-react-native")
SERVER = re.compile(r"posthog-node(?:/.*)?")
LOCAL = re.compile(r"[.@~#$]|src/")
NAME = re.compile(r"posthog|^ph$", re.IGNORECASE)
"""A receiver of this name is PostHog, wherever it comes from."""


def exports_posthog(text: str, name: str, follow: Follow) -> bool:
    """Does a module export the SDK's instance under `name`: by a re-export, or by an import that it passes on?"""
    script = parse(text)
    bindings = Bindings(script, follow)
    for statement in script.find("export_statement"):
        source = script.string(statement.child_by_field_name("source"))
        exported = [named(s) for s in script.find("export_specifier", under=statement)]
        local = next((script.source(s[0]) for s in exported if script.source(s[-1]) == name), None)
        if source is not None:
            star = not exported and "*" in script.source(statement)
            if (local or star) and _from_sdk(source, local or name, follow):
                return True
        elif local and bindings.passes_on(local):
            return True
    return any(bindings.passes_on(value) for value in _exported_values(script, name))


def _exported_values(script: Script, name: str) -> Iterator[str]:
    """The text of what a module exports as `name` by a declaration, by default, or by an assignment to `exports`."""
    for statement in script.find("export_statement"):
        value = statement.child_by_field_name("value")
        if value and name == "default":
            yield script.source(value)
        for one in script.find("variable_declarator", under=statement):
            target, value = one.child_by_field_name("name"), one.child_by_field_name("value")
            if target and value and script.source(target) == name:
                yield script.source(value)
    for assignment in script.find("assignment_expression"):
        left, right = assignment.child_by_field_name("left"), assignment.child_by_field_name("right")
        path = re.sub(r"\s", "", script.source(left)) if left else ""
        whole = path == "module.exports" and (name == "default" or (right is not None and right.type == "object"))
        if right and (whole or re.fullmatch(rf"(?:module\.)?exports\.{re.escape(name)}", path)):
            yield script.source(right)


def _from_sdk(source: str, name: str, follow: Follow) -> bool:
    return BROWSER.fullmatch(source) is not None or follow(source, name)


class Bindings:
    """What the names of one script stand for."""

    def __init__(self, script: Script, follow: Follow) -> None:
        self.script, self.follow = script, follow
        self.imports = dict(self._imports())

    def _imports(self) -> Iterator[tuple[str, tuple[str, str]]]:
        """Local name to `(module, exported name)` of static imports and of `require`, also behind `await import()`."""
        script = self.script
        for node in script.find("import_statement"):
            source = script.string(node.child_by_field_name("source"))
            if source is None:
                required = re.search(r"import\s+(\w+)\s*=\s*require\(\s*[\"']([^\"']+)", script.source(node))
                if required:
                    yield required[1], (required[2], "default")
                continue
            for clause in script.find("import_clause", under=node):
                for child in named(clause):
                    if child.type == "identifier":
                        yield script.source(child), (source, "default")
                    elif child.type == "namespace_import":
                        yield script.source(named(child)[0]), (source, "*")
                    else:
                        for one in script.find("import_specifier", under=child):
                            yield script.source(named(one)[-1]), (source, script.source(named(one)[0]))
        for node in script.find("variable_declarator"):
            value, target = node.child_by_field_name("value"), node.child_by_field_name("name")
            loaded = re.match(
                r"(?:\(?\s*await\s+import|require)\s*\(\s*[\"']([^\"']+)[\"']\s*\)\)?(?:\.(\w+))?",
                script.source(value) if value else "",
            )
            if loaded and target:
                if target.type == "identifier":
                    yield script.source(target), (loaded[1], loaded[2] or "default")
                else:
                    for key, _, name in re.findall(r"(\w+)(\s*:\s*(\w+))?", script.source(target)):
                        yield name or key, (loaded[1], key)

    def passes_on(self, value: str) -> bool:
        """Does a value mention a name that is imported from the SDK, or load it in place?"""
        if re.search(r"(?:require|import)\s*\(\s*[\"']posthog-js", value):
            return True
        words = (word for word in re.findall(r"[\w$]+", value) if word in self.imports)
        return len(value) < 400 and any(_from_sdk(*self.imports[word], self.follow) for word in words)

    def is_sdk(self, name: str, use: Node) -> bool | None:
        """Is `name` the browser SDK's instance? None when only its own name says so."""
        if bound := self.imports.get(name):
            module, exported = bound
            if BROWSER.fullmatch(module) or self.follow(module, exported):
                return True
            return None if NAME.search(name) and not SERVER.fullmatch(module) else False
        if self._loaded_here(name, use):
            return True
        return None if NAME.search(name) else False

    def _loaded_here(self, name: str, use: Node) -> bool:
        """A parameter of `import("posthog-js").then((m) => ...)`, or a variable that holds what was loaded."""
        script = self.script
        for scope in ancestors(use):
            if scope.type in FUNCTIONS and scope.parent and scope.parent.parent:
                parameters = scope.child_by_field_name("parameters") or scope.child_by_field_name("parameter")
                call = scope.parent.parent
                head = script.source(call.child_by_field_name("function") or call)[:400]
                if parameters and re.search(rf"\b{re.escape(name)}\b", script.source(parameters)):
                    return re.search(r"[\"']posthog-js", head) is not None
        for node in script.find("variable_declarator", "assignment_expression"):
            target = node.child_by_field_name("name") or node.child_by_field_name("left")
            value = node.child_by_field_name("value") or node.child_by_field_name("right")
            if target and value and re.search(rf"(?<![\w.]){re.escape(name)}\b", script.source(target)):
                source = script.source(value)
                root = re.match(r"\(?\s*(?:await\s+)?(\w+)", source)
                if re.search(r"[\"']posthog-js", source[:400]):
                    return True
                if root and root[1] != name and root[1] in self.imports:
                    return BROWSER.fullmatch(self.imports[root[1]][0]) is not None
        return False

    def is_provider(self, name: str) -> bool:
        """Is a component the SDK's PostHogProvider?"""
        root, _, last = name.rpartition(".")
        bound = self.imports.get(root or name)
        if last != "PostHogProvider" and (root or not bound or bound[1] != "PostHogProvider"):
            return False  # before other files are read to find out what it is
        if bound and (BROWSER.fullmatch(bound[0]) or self.follow(*bound)):
            return (last if root else bound[1]) == "PostHogProvider"
        return last == "PostHogProvider" and (bound is None or not LOCAL.match(bound[0]))
