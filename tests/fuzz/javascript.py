"""Every codemod and every locator for JavaScript, JSX, HTML and Astro, how each is called, and what it is fed."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Literal

from tree_sitter import Node

import wizard.codemods.js
from tests.fixture_case import cases
from wizard import csp, react_entry
from wizard.answers import Answers
from wizard.codemods import html, sfc, syntax
from wizard.codemods.js import (
    anchors,
    env_schema,
    imports,
    interfaces,
    jsx,
    matchers,
    objects,
    reading,
    rewrites,
    signals,
    statements,
    style,
    tree,
    values,
)
from wizard.edits import chain, splice
from wizard.errors import CannotEdit
from wizard.posthog import hosts
from wizard.project import Project, Tree
from wizard.templates import template

Kind = Literal["script", "markup", "any"]
Step = Callable[[str], str]
Look = Callable[[str], object]

SCRIPTS = (".js", ".jsx", ".ts", ".tsx", ".mjs", ".cjs", ".mts", ".cts")
MARKUP = (".astro", ".html", ".vue", ".svelte")
MODULES = (csp, react_entry, html, sfc, syntax)
TABLES = (
    "js_imports js_interfaces js_jsx js_matchers js_objects js_rewrites js_signals js_statements js_style html sfc csp"
).split()


@dataclass(frozen=True, slots=True)
class Attack:
    """One codemod ready to run; `rows` names the test module whose sources it understands."""

    target: str
    codemod: Step
    rows: str
    kind: Kind = "script"


def modules() -> list[ModuleType]:
    """The modules whose public functions must be attacked."""
    found = [
        importlib.import_module(f"{wizard.codemods.js.__name__}.{module.name}")
        for module in pkgutil.iter_modules(wizard.codemods.js.__path__)
    ]
    return [*found, *MODULES]


def public_functions() -> set[str]:
    """`module.function` of all of them."""
    return {
        f"{module.__name__.rpartition('.')[2]}.{name}"
        for module in modules()
        for name, value in vars(module).items()
        if inspect.isfunction(value) and value.__module__ == module.__name__ and not name.startswith("_")
    }


INIT = 'const posthogToken = env.TOKEN;\n\nif (posthogToken) {\n  posthog.init(posthogToken, { a: "b" });\n}'
RULES = ('{\n  source: "/ph/:path*",\n  destination: `${host}/:path*`,\n}', '{ source: "/x", destination: "y" }')
OPENING, CLOSING = "<OurProvider client={posthog}>", "</OurProvider>"
ENTRY = template("react-vite/posthog.ts", {}, {"hash_router"})


def _wrap(locate: jsx.Locate) -> Step:
    return jsx.wrap_jsx(OPENING, CLOSING, locate)


def _at(locate: statements.Locate, snippet: str = "ours(a, b);") -> Step:
    return statements.ensure_at(locate, snippet, r"\bours\(")


_OURS = imports.ensure_import("./p", default="Ours", kind="esm")
_MEMBERS = interfaces.ensure_interface_members("ImportMetaEnv", {"OURS": "string"})
_HEAD_SCRIPT = html.ensure_in_head('<script>\n  ours("a");\n</script>', r"ours\(")


def _named_app(name: str) -> Step:
    return statements.ensure_after(anchors.created("express"), f"ours({name});", r"\bours\(")


ENSURE: tuple[Attack, ...] = (
    Attack("imports.ensure_import", imports.ensure_import("our-module", default="ours"), "js_imports"),
    Attack("imports.ensure_import", imports.ensure_import("m", default="d", names=["a", "b as c"]), "js_imports"),
    Attack("imports.ensure_import", imports.ensure_import("react", names=["useOurs"], kind="esm"), "js_imports"),
    Attack("imports.ensure_import", imports.ensure_import("express", names=["ours"], kind="cjs"), "js_imports"),
    Attack("imports.ensure_import", imports.ensure_import("ours/x", side_effect=True, first=True), "js_imports"),
    Attack("statements.ensure_after_imports", statements.ensure_after_imports(INIT, r"posthog\.init"), "js_statements"),
    Attack("statements.ensure_after_imports", statements.ensure_after_imports("ours();", r"ours\("), "js_statements"),
    Attack(
        "statements.ensure_after",
        statements.ensure_after(anchors.created("express"), "ours(app);", r"\bours\("),
        "js_statements",
    ),
    Attack(
        "statements.ensure_before",
        statements.ensure_before(anchors.call_of(r"[\w.]+\.(listen|render|use)"), "ours();", r"\bours\("),
        "js_statements",
    ),
    Attack(
        "anchors.call_of",
        statements.ensure_after(anchors.call_of(r"[\w.]+"), "ours(() => {\n  a();\n});", r"\bours\("),
        "js_statements",
    ),
    Attack("statements.ensure_at", _at(anchors.end_of_routes("express")), "js_statements"),
    Attack("anchors.end_of_routes", _at(anchors.end_of_routes("express"), "ours(`a`);"), "js_statements"),
    Attack("anchors.end_of_routes_of", _at(anchors.end_of_routes_of("app")), "js_statements"),
    Attack("anchors.before_errors_of", _at(anchors.before_errors_of("app")), "js_statements"),
    Attack("anchors.created", _at(lambda s: ("after", anchors.created("new Hono")(s))), "js_statements"),
    Attack(
        "env_schema.ensure_env_variable", env_schema.ensure_env_variable("client", "NEXT_PUBLIC_OURS"), "env_schema"
    ),
    Attack("env_schema.ensure_env_variable", env_schema.ensure_env_variable("server", "OURS"), "env_schema"),
    Attack("objects.ensure_property", objects.ensure_property("ours", "true"), "js_objects"),
    Attack("objects.ensure_property", objects.ensure_property("server.proxy./x", '{ target: "h" }'), "js_objects"),
    Attack("objects.append_to_list", objects.append_to_list("modules", '"ours"', r"ours|modules"), "js_objects"),
    Attack("objects.append_to_list", objects.append_to_list("vite.plugins", "ours()", r"\bours\("), "js_objects"),
    Attack("objects.append_to_list", objects.append_to_list("plugins", "ours({ a: 1 })", r"\bours\("), "js_objects"),
    Attack("rewrites.ensure_rewrites", rewrites.ensure_rewrites(RULES, r"/ph/"), "js_rewrites"),
    Attack("matchers.exclude_from_matcher", matchers.exclude_from_matcher("ours"), "js_matchers"),
    Attack("signals.ensure_before_exit", signals.ensure_before_exit("flush()", r"\bflush\("), "js_signals"),
    Attack("interfaces.ensure_interface_members", _MEMBERS, "js_interfaces"),
    Attack("jsx.rendered_root", _wrap(jsx.rendered_root), "js_jsx"),
    Attack("jsx.layout_children", _wrap(jsx.layout_children), "js_jsx"),
    Attack("jsx.page_component", _wrap(jsx.page_component), "js_jsx"),
    Attack("jsx.returned_element", _wrap(jsx.returned_element), "js_jsx"),
    Attack("jsx.handed_to", _wrap(jsx.handed_to("render", "mount")), "js_jsx"),
    Attack("jsx.the_element", _wrap(jsx.the_element("App", "Outlet", "div")), "js_jsx"),
    Attack("jsx.wrap_jsx", chain(_wrap(jsx.layout_children), imports.ensure_import("../p", names=["P"])), "js_jsx"),
    Attack("react_entry.starts", chain(*react_entry.starts("main.tsx", ENTRY).codemods), "js_jsx"),
    Attack("react_entry.wraps", chain(*react_entry.wraps("main.tsx", error_tracking=True).codemods), "js_jsx"),
    Attack("html.ensure_in_head", html.ensure_in_head("<Ours />", r"<Ours\b"), "html", "markup"),
    Attack("html.ensure_in_head", _HEAD_SCRIPT, "html", "markup"),
    Attack("sfc.in_frontmatter", sfc.in_frontmatter(_OURS), "sfc", "markup"),
    Attack("sfc.in_script", sfc.in_script(_OURS), "sfc", "markup"),
    Attack(
        "tree.naming",
        tree.naming(lambda text: anchors.variable_of(text, "express"), _named_app, "app"),
        "js_statements",
    ),
)


def _nodes(script: tree.Script, *types: str) -> list[Node]:
    """A few nodes of these types, spread over the file."""
    found = list(script.find(*types))
    return found[:: max(1, len(found) // 6)]


def _each(look: Callable[[tree.Script, Node], object], *types: str) -> Look:
    """`look` at a few nodes, each on its own: one refusal does not keep it from the next."""

    def run(text: str) -> object:
        script = tree.parse(text)
        return [_or_refused(lambda n=node: look(script, n)) for node in _nodes(script, *types)]  # type: ignore[misc]

    return run


def _or_refused(look: Callable[[], object]) -> object:
    try:
        return look()
    except CannotEdit as error:
        return error.reason


def _scripted(look: Callable[[tree.Script], object]) -> Look:
    return lambda text: look(tree.parse(text))


def _project(text: str) -> Project:
    nowhere = Path("/nonexistent/fuzz")
    files = {name: text.encode("utf-8", "surrogatepass") for name in ("astro.config.mjs", "index.html", "src/a.ts")}
    return Project(Tree(nowhere, nowhere, tuple(sorted(files)), files), ".")


_ANSWERS = Answers(hosts.of("us.i.posthog.com"), "phc_x", {})
_ANY = ("identifier", "string", "call_expression", "object", "arrow_function", "jsx_element", "ERROR")

LOOKS: dict[str, Look] = {
    "anchors.variable_of": lambda text: anchors.variable_of(text, "express"),
    "imports.imports": _scripted(imports.imports),
    "imports.kind_of": imports.kind_of,
    "imports.local_name": lambda text: imports.local_name(text, "react"),
    "jsx.element_names": _scripted(lambda s: list(jsx.element_names(s))),
    "reading.errors_in": _scripted(lambda s: list(reading.errors_in(s.root))),
    "reading.read": reading.read,
    "reading.unreadable": lambda text: reading.unreadable(),
    "objects.add_items": _each(lambda s, n: splice(s.text, objects.add_items(s, n, "ours()")), "array"),
    "objects.add_member": _each(lambda s, n: splice(s.text, objects.add_member(s, n, "ours: 1")), "object"),
    "objects.key_of": _each(objects.key_of, "pair", "method_definition", "shorthand_property_identifier"),
    "objects.member": _each(lambda s, n: objects.member(s, n, "ours"), "object"),
    "objects.value_of": _each(objects.value_of, "pair", "shorthand_property_identifier"),
    "statements.at_top": _scripted(lambda s: statements.at_top(s, "ours();")),
    "statements.in_style_of": _scripted(lambda s: statements.in_style_of(s, "ours();", s.text)),
    "statements.is_directive": _each(statements.is_directive, "expression_statement"),
    "statements.is_present": lambda text: statements.is_present(text, r"\bours\("),
    "statements.is_require": _each(statements.is_require, "lexical_declaration", "expression_statement"),
    "statements.last_import": _scripted(statements.last_import),
    "style.needs_semicolon": style.needs_semicolon,
    "style.restyle": lambda text: style.restyle(INIT, style.style_of(text)),
    "style.style_of": style.style_of,
    "tree.after_line": _each(tree.after_line, "expression_statement", "pair", "ERROR"),
    "tree.ancestors": _each(lambda s, n: list(tree.ancestors(n)), *_ANY),
    "tree.arguments": _each(lambda s, n: tree.arguments(n), "call_expression"),
    "tree.code_of": tree.code_of,
    "tree.descend": _scripted(lambda s: list(tree.descend(s.root))),
    "tree.has_code": lambda text: tree.has_code(text, r"\w\("),
    "tree.named": _each(lambda s, n: tree.named(n), *_ANY),
    "tree.own_nodes": _each(lambda s, n: list(tree.own_nodes(n)), *tree.FUNCTIONS),
    "tree.parse": tree.parse,
    "tree.require_sound": _each(tree.require_sound, *_ANY),
    "tree.statement_of": _each(lambda s, n: tree.statement_of(n), *_ANY),
    "values.bare": _each(lambda s, n: values.bare(n), "parenthesized_expression", "as_expression", "ERROR"),
    "values.config_object": _scripted(values.config_object),
    "values.declared": _each(values.declared, "identifier"),
    "values.described": _each(lambda s, n: values.described(n), *_ANY),
    "values.exported_function": _scripted(values.exported_function),
    "values.literal": _each(lambda s, n: values.literal(s, n, "array"), "identifier", "array", "call_expression"),
    "values.only_return": _each(values.only_return, *tree.FUNCTIONS),
    "values.returned": _each(values.returned, *tree.FUNCTIONS),
    "react_entry.is_wrapped": react_entry.is_wrapped,
    "html.require_line_ends": html.require_line_ends,
    "html.scripts": lambda text: list(html.scripts(text)),
    "html.head_ends": lambda text: html.head_ends(text) == sorted(html.head_ends(text)),
    "html.without_comments": lambda text: len(html.without_comments(text)) == len(text),
    "sfc.frontmatter": sfc.frontmatter,
    "csp.sites": lambda text: csp.sites(_project(text)),
    "csp.note": lambda text: list(csp.note(_project(text), _ANSWERS)),
    "syntax.parses": lambda text: [syntax.parses(name, text) for name in ("a.ts", "a.jsx", "package.json", "a.html")],
}
"""Everything that only looks: it must not raise anything but CannotEdit, and end in time."""


def uncovered() -> set[str]:
    """Public functions that no attack reaches."""
    return public_functions() - {attack.target for attack in ENSURE} - LOOKS.keys()


@cache
def rows(topic: str) -> tuple[str, ...]:
    """All sources in the tables of `tests/test_<topic>.py`."""
    module = importlib.import_module(f"tests.test_{topic}")
    return tuple(dict.fromkeys(s for value in vars(module).values() for s in _strings(value) if 12 < len(s) < 20_000))


def _strings(value: object) -> Iterable[str]:
    match value:
        case str():
            yield value
        case dict():
            for inner in value.values():
                yield from _strings(inner)
        case tuple() | list():
            for inner in value:
                yield from _strings(inner)


@cache
def sources(kind: Kind) -> tuple[str, ...]:
    """Every file of the fixtures of a kind, each text once."""
    suffixes = {"script": SCRIPTS, "markup": MARKUP, "any": SCRIPTS + MARKUP}[kind]
    found = {
        path.read_bytes().decode("utf-8", "replace").lstrip("\ufeff")
        for case in cases()
        for path in (case.folder / "project").rglob("*")
        if path.suffix in suffixes and path.is_file()
    }
    return tuple(sorted(found))
