"""Elements around what is already rendered: the root of a React app, a layout's children, a page's component."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from tree_sitter import Node

from wizard.codemods.js.imports import imports
from wizard.codemods.js.tree import Script, arguments, named, parse, require_sound
from wizard.codemods.js.values import bare, declared, described, exported_function, only_return
from wizard.edits import Codemod, Edit, insert, splice
from wizard.errors import CannotEdit
from wizard.text import indent_at, line_end, line_start

Locate = Callable[[Script], Node]
"""Finds the JSX (or identifier that holds some) to wrap; raises CannotEdit when it does not know."""

_JSX = ("jsx_element", "jsx_self_closing_element")
_STRICT = re.compile(r"(React\.)?StrictMode")


def wrap_jsx(opening: str, closing: str, locate: Locate) -> Codemod:
    """What `locate` finds is inside `opening` ... `closing`; several nested tags may be one string each.

    A file that has an element of the name of the first tag counts as done. An element on lines of its own keeps them
    as they are: the tags get lines around it. One inside a line is wrapped in that line.
    """
    tag = re.match(r"<([\w.]+)", opening)

    def run(text: str) -> str:
        script = parse(text)
        if tag and any(name == tag[1] for name in element_names(script)):
            return text
        node = locate(script)
        require_sound(script, node)
        return splice(text, _around(script, node, opening, closing))

    return run


def element_names(script: Script) -> Iterator[str]:
    """The names of all elements in the file, `Foo.Provider` included."""
    for node in script.find("jsx_opening_element", "jsx_self_closing_element"):
        if name := node.child_by_field_name("name"):
            yield script.source(name)


def rendered_root(script: Script) -> Node:
    """What a React entry file renders: `createRoot(e).render(x)`, `hydrateRoot(e, x)`, `ReactDOM.render(x, e)`.

    Inside `<StrictMode>` if that is outermost. Raises CannotEdit when the file renders nothing, or several things.
    """
    rendered = list(_rendered(script))
    if not rendered:
        raise CannotEdit("renders no React root this tool can find")
    if len(rendered) > 1:
        raise script.refuse(f"renders {len(rendered)} React roots", rendered[1])
    node = bare(rendered[0])
    if node.type == "jsx_element" and _STRICT.fullmatch(_name(script, node)):
        inner = [child for child in named(node)[1:-1] if child.type in _JSX or _expression(child)]
        text = [child for child in named(node) if child.type == "jsx_text" and script.source(child).strip()]
        if len(inner) != 1 or text:
            raise script.refuse("has something else than one element in StrictMode", node)
        node = inner[0]
    return _wrappable(script, node)


def the_element(*names: str) -> Locate:
    """The one element of the file that has one of these names (`Outlet`, `Stack`, `Theme.Provider`)."""

    def locate(script: Script) -> Node:
        found = [node for node in script.find(*_JSX) if _name(script, node) in names]
        if len(found) != 1:
            raise script.refuse(f"has <{names[0]}> {len(found)} times where this tool needs one")
        return found[0]

    return locate


def returned_element(script: Script) -> Node:
    """What the component that the file exports by default returns, when it has one return."""
    return _wrappable(script, bare(only_return(script, exported_function(script))))


def layout_children(script: Script) -> Node:
    """The one `{children}` inside `<body>` of a Next.js root layout."""
    bodies = [node for node in script.find("jsx_element") if _name(script, node) == "body"]
    if len(bodies) != 1:
        raise CannotEdit("has no <body> element" if not bodies else "has several <body> elements")
    found = [
        node
        for node in script.find("jsx_expression", under=bodies[0])
        if (inner := _expression(node))
        and re.fullmatch(r"(props\.)?children", script.source(inner))
        and node.parent is not None
        and node.parent.type == "jsx_element"
    ]
    if len(found) != 1:
        raise script.refuse(f"has {len(found)} times {{children}} in <body> where this tool needs one", bodies[0])
    return found[0]


def page_component(script: Script) -> Node:
    """The one `<Component {...pageProps} />` of a Next.js `_app`."""
    return the_element("Component", "props.Component", "this.props.Component")(script)


def _wrappable(script: Script, node: Node) -> Node:
    has_jsx = next(script.find(*_JSX), None) is not None
    if node.type in (*_JSX, "jsx_expression") or (node.type == "identifier" and has_jsx):
        return node
    raise script.refuse(f"renders {described(node)}, not an element", node)


def _rendered(script: Script) -> Iterator[Node]:
    from_dom = {i.local for i in imports(script) if i.module in ("react-dom", "react-dom/client") and i.local}
    for call in script.calls(r"(?s:.*[.)])?(render|hydrate|hydrateRoot)"):
        function = call.child_by_field_name("function")
        given = arguments(call)
        if function is None:
            continue
        owner = function.child_by_field_name("object")
        method = script.source(function.child_by_field_name("property") or function)
        if method == "hydrateRoot" and len(given) > 1:
            yield given[1]
        elif given and ((owner and _is_root(script, owner, from_dom)) or (not owner and method in from_dom)):
            yield given[0]


def _is_root(script: Script, owner: Node, from_dom: set[str]) -> bool:
    owner = bare(owner)
    if owner.type == "identifier":
        if script.source(owner) in (from_dom | {"ReactDOM"}):
            return True
        try:
            owner = bare(declared(script, owner))
        except CannotEdit:
            return False
    return re.match(r"([\w$]+\.)?createRoot\s*\(", script.source(owner)) is not None


def _around(script: Script, node: Node, opening: str, closing: str) -> list[Edit]:
    text = script.text
    start, end = script.span(node)
    if node.type == "identifier":
        opening, closing = opening + "{", "}" + closing
    before, after = text[line_start(text, start) : start], text[end : line_end(text, end)]
    indent = indent_at(text, start)
    own_lines = not before.strip() and re.fullmatch(r"[,;)\s]*(//.*)?", after) and node.type != "identifier"
    if node.type == "jsx_expression" and node.start_point.row == node.end_point.row:
        # `<P>{children}</P>` in one line is what prettier writes
        own_lines = False
    if not own_lines:
        return [insert(start, opening), insert(end, closing)]
    return [insert(line_start(text, start), indent + opening + "\n"), insert(end, "\n" + indent + closing)]


def _name(script: Script, node: Node) -> str:
    tag = node.child_by_field_name("open_tag") or node
    name = tag.child_by_field_name("name")
    return script.source(name) if name else ""


def _expression(node: Node) -> Node | None:
    inner = named(node)
    return inner[0] if node.type == "jsx_expression" and len(inner) == 1 else None
