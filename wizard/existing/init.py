"""Reads how JavaScript sets PostHog up: calls of init, providers, clients, the snippet, and which options they have."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tree_sitter import Node

from wizard.codemods.html import scripts, without_comments
from wizard.codemods.js.tree import Script, arguments, named, parse
from wizard.codemods.js.values import declared, literal
from wizard.errors import CannotEdit
from wizard.existing.bindings import LOCAL, NAME, SERVER, Bindings, Follow
from wizard.existing.set_up import Options, SetUp
from wizard.existing.signs import WRAPPED, in_script
from wizard.text import line_number

_INTEGRATION = re.compile(
    r"""["'](?:@posthog/(?:next|nuxt)|nuxt-posthog|gatsby-plugin-posthog|posthog-docusaurus|astro-posthog)(?:/[\w-]+)?["']"""
)
_SNIPPET = re.compile(
    r"/static/(?:\d[^/\s]*/)?array(?:\.full)?(?:\.\w+)?\.js|window\.posthog\s*=(?!=)|\bwindow\.posthog\s*\|\|\s*\[\]"
)
_MARKUP = re.compile(r"dangerouslySetInnerHTML|innerHTML|<[Ss]cript\b|createElement\s*\(\s*[\"'`]script")
_ENV = re.compile(r"(?:process\.env|import\.meta\.env|\benv)\s*(?:\.\s*(\w+)|\[\s*[\"'](\w+)[\"']\s*\])")
_MOST_SPREADS = 5


def script_of(path: str, text: str) -> str:
    """The JavaScript of a file with everything else blanked out, so that lines stay."""
    if not path.endswith((".html", ".vue", ".svelte", ".astro")):
        return text
    keep = [(s.start, s.end) for s in scripts(text) if not re.search(r"json|template|text/html", s.attributes)]
    if path.endswith(".astro") and (fence := re.match(r"\s*---[ \t]*\r?\n(.*?)^---[ \t]*\r?$", text, re.S | re.M)):
        keep.append(fence.span(1))
    out, position = [], 0
    for start, end in sorted(keep):
        if start >= position:
            out += [_blank(text[position:start]), text[start:end]]
            position = end
    return "".join([*out, _blank(text[position:])])


def _blank(text: str) -> str:
    return re.sub(r"[^\r\n]", " ", text)


def set_ups(path: str, text: str, follow: Follow = lambda source, name: False) -> list[SetUp]:
    """Everything in a script or page that sets PostHog up, in order."""
    if not in_script(text):
        return []
    script = parse(script_of(path, text))
    reader = _Reader(script, follow)
    found = [*reader.inits(), *reader.providers(), *reader.clients()]
    code = _without_comments(script)
    page = path.endswith((".html", ".astro", ".vue", ".svelte"))
    shown = without_comments(text) if page else code
    snippet = _SNIPPET.search(shown)
    if snippet and (page or _MARKUP.search(code) or not re.search(r"^\s*(?:import|export)\b", code, re.MULTILINE)):
        inits = [one for one in found if one.kind == "init"]
        line = inits[0].line if inits else line_number(shown, snippet.start())
        options = inits[0].options if inits else None
        found = [one for one in found if one.kind != "init"]
        found.append(SetUp(line, "browser", "snippet", "loads the HTML snippet", options))
    listed = (match for match in _INTEGRATION.finditer(code) if _loads(code, match.group()[1:-1]))
    if integration := next(listed, None) or WRAPPED.search(code):
        line = line_number(code, integration.end() - 1)
        found.append(SetUp(line, "browser", "integration", "uses an integration of the SDK"))
    return sorted(found, key=lambda one: one.line)


def _loads(code: str, package: str) -> bool:
    """Is the string a module that is loaded or a plugin that is listed, not only a word in a text?"""
    word = re.escape(package)
    return re.search(rf"(?:from|import|require\s*\(|import\s*\(|[\[,:({{])\s*[\"']{word}[\"']", code) is not None


def _without_comments(script: Script) -> str:
    parts, position = [], 0
    for node in script.find("comment"):
        start, end = script.span(node)
        parts += [script.text[position:start], _blank(script.text[start:end])]
        position = end
    return "".join([*parts, script.text[position:]])


class _Reader:
    """Finds the set-ups of one script."""

    def __init__(self, script: Script, follow: Follow) -> None:
        self.script, self.names = script, Bindings(script, follow)

    def inits(self) -> Iterator[SetUp]:
        """`posthog.init(token, ...)` on whatever name the SDK has here."""
        script = self.script
        for call in script.find("call_expression"):
            function = call.child_by_field_name("function")
            if function is None:
                continue
            path = re.sub(r"\s|[?!](?=[.\[])|\?\.(?=\[)", "", script.source(function))
            path = re.sub(r"\[[\"'](\w+)[\"']\]", r".\1", path)
            if not path.endswith(".init"):
                continue
            receiver = path.removesuffix(".init")
            given = arguments(call)
            if re.search(r"(?:require|import)\([\"']posthog-js", receiver):
                known: bool | None = True
            else:
                parts = [p for p in receiver.split(".") if p not in ("default", "window", "globalThis", "this", "self")]
                words = re.findall(r"^[\w$]+$", parts[-1]) if parts else []
                root = receiver.split(".")[0]
                known = self.names.is_sdk(root, call) if root not in ("window", "globalThis", "this", "self") else None
                if known is not True and not (words and NAME.search(words[0])):
                    continue
                if known is False and root in self.names.imports:
                    continue
            if not given and known is not True:
                continue
            yield self._init(call, given, bound=known is True or bool(given[1:]))

    def _init(self, call: Node, given: list[Node], bound: bool) -> SetUp:
        options = self._options(given[1] if len(given) > 1 else None, call)
        token = self._variable(given[0]) if given else None
        host = _variable_in(options.values.get("api_host", "")) if options else None
        reason = "initialises posthog-js"
        own = len(given) > 2
        return SetUp(self.script.line(call), "browser", "init", reason, options, (token, host), bound, own)

    def providers(self) -> Iterator[SetUp]:
        """`<PostHogProvider apiKey=...>` under any name, and `createElement(PostHogProvider, { apiKey })`."""
        script = self.script
        for node in script.find("jsx_opening_element", "jsx_self_closing_element"):
            tag = node.child_by_field_name("name")
            if tag is None or not self.names.is_provider(script.source(tag)):
                continue
            given = {script.source(named(a)[0]): named(a)[-1] for a in named(node) if a.type == "jsx_attribute"}
            if "apiKey" in given:
                yield self._provider(node, given["apiKey"], _inside(given.get("options")))
        for call in script.calls(r"(?:React\.)?(?:createElement|h|jsxs?)"):
            first, *rest = arguments(call) or [call]
            if self.names.is_provider(script.source(first)) and rest and rest[0].type == "object":
                pairs = {script.source(n.child_by_field_name("key") or n): n for n in named(rest[0])}
                if "apiKey" in pairs:
                    value = pairs["options"].child_by_field_name("value") if "options" in pairs else None
                    yield self._provider(call, pairs["apiKey"], value)

    def _provider(self, node: Node, token: Node, options: Node | None) -> SetUp:
        found = self._options(options, node)
        host = _variable_in(found.values.get("api_host", "")) if found else None
        reason, key = "a PostHogProvider that initialises", self._variable(_inside(token) or token)
        return SetUp(self.script.line(node), "browser", "provider", reason, found, (key, host))

    def clients(self) -> Iterator[SetUp]:
        """`new PostHog(token, ...)` of posthog-node under any name."""
        script = self.script
        for node in script.find("new_expression"):
            constructor = node.child_by_field_name("constructor")
            path = script.source(constructor) if constructor else ""
            root, last = path.split(".")[0], path.split(".")[-1]
            bound = self.names.imports.get(root)
            server = bound is not None and SERVER.fullmatch(bound[0]) is not None
            local = bound is not None and LOCAL.match(bound[0]) is not None
            if not server and (last != "PostHog" or (bound is not None and not local)):
                continue
            given = arguments(node)
            options = self._options(given[1] if len(given) > 1 else None, node)
            token = self._variable(given[0]) if given else None
            host = _variable_in(options.values.get("host", "")) if options else None
            yield SetUp(script.line(node), "server", "client", "creates a posthog-node client", options, (token, host))

    def _options(self, node: Node | None, call: Node) -> Options | None:
        """The options in an object literal, also behind a name and with spreads of other literals; None if unclear."""
        end = self.script.end(call)
        if node is None:
            return Options({}, line_number(self.script.text, end), call=True)
        try:
            found = literal(self.script, node, "object")
            values = self._members(found)
        except CannotEdit:
            return None
        return Options(values, line_number(self.script.text, self.script.end(found) - 1))

    def _members(self, node: Node, depth: int = 0) -> dict[str, str]:
        script, values = self.script, {}
        for member in named(node):
            key, value = member.child_by_field_name("key"), member.child_by_field_name("value")
            if member.type == "pair" and key and key.type in ("property_identifier", "string"):
                values[script.source(key).strip("\"'")] = self._text(value) if value else ""
            elif member.type == "shorthand_property_identifier":
                values[script.source(member)] = self._text(member)
            elif member.type == "method_definition":
                values[script.source(member.child_by_field_name("name") or member)] = ""
            elif member.type == "spread_element" and depth < _MOST_SPREADS:
                values |= self._members(literal(script, named(member)[0], "object"), depth + 1)
            else:
                raise script.refuse("has a computed option", member)
        return values

    def _text(self, node: Node) -> str:
        """The text of a value, or of what the constant behind a name is."""
        if node.type in ("identifier", "shorthand_property_identifier"):
            try:
                return self.script.source(declared(self.script, node))
            except CannotEdit:
                return self.script.source(node)
        return self.script.source(node)

    def _variable(self, node: Node) -> str | None:
        inner = next((n for n in self.script.find("identifier", under=node) if n.type == "identifier"), None)
        text = self._text(node if node.type == "identifier" or inner is None else inner)
        return _variable_in(self.script.source(node)) or _variable_in(text)


def _variable_in(text: str) -> str | None:
    """The one environment variable that a value reads."""
    # a token that is written down beside it is what counts when the variable is not set
    found = {one or other for one, other in _ENV.findall(text)} if "phc_" not in text else set()
    return found.pop() if len(found) == 1 else None


def _inside(node: Node | None) -> Node | None:
    """The expression of a JSX attribute's `{...}`."""
    if node is not None and node.type == "jsx_expression":
        return next(iter(named(node)), None)
    return node
