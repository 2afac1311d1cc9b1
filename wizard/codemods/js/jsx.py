"""Elements around what is already rendered: the root of a React app, a layout's children, a page's component."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from tree_sitter import Node

from wizard.codemods.js.imports import imports
from wizard.codemods.js.tree import Script, ancestors, arguments, named, parse, require_sound
from wizard.codemods.js.values import bare, described, exported_function, only_return
from wizard.edits import Codemod, Edit, insert, splice
from wizard.errors import CannotEdit
from wizard.text import indent_at, indent_unit, line_end, line_start

Locate = Callable[[Script], Node]
"""Finds the JSX (or identifier that holds some) to wrap; raises CannotEdit when it does not know."""

_JSX = ("jsx_element", "jsx_self_closing_element")
_VALUES = ("identifier", "ternary_expression", "binary_expression", "call_expression")
"""What gives an element where it is written in braces."""
_STRICT = re.compile(r"(React\.)?StrictMode")


def wrap_jsx(opening: str, closing: str, locate: Locate) -> Codemod:
    """What `locate` finds is inside `opening` ... `closing`; of several nested tags each is on a line of the string.

    A file that has an element of the name of the first tag counts as done. An element on lines of its own keeps them
    as they are: the tags get lines around it. One inside a line is wrapped in that line, which an element around it
    that holds nothing else, or a call that is given nothing else, gives up for more.
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

    Inside `<StrictMode>` if that is outermost and holds one element. Raises CannotEdit when the file renders nothing,
    or several things.
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
        if len(inner) == 1 and not text:
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


def handed_to(*names: str) -> Locate:
    """The one element that the file hands to a function by one of these names (`mount(<App />)`)."""

    def locate(script: Script) -> Node:
        calls = script.calls("|".join(map(re.escape, names))) if names else ()
        found = [given[0] for call in calls if (given := arguments(call)) and bare(given[0]).type in _JSX]
        if len(found) != 1:
            raise CannotEdit("hands no element to what renders it")
        return found[0]

    return locate


def returned_element(script: Script) -> Node:
    """What the component that the file exports by default returns, when it has one return."""
    return _wrappable(script, bare(only_return(script, exported_function(script))))


def layout_children(script: Script) -> Node:
    """The one `{children}` inside `<body>` of a Next.js root layout, or in its `<html>` if a component is its body.

    If a component is all it renders, the one inside that.
    """
    elements = list(script.find("jsx_element"))
    bodies = [node for node in elements if _name(script, node) == "body"]
    bodies = bodies or [node for node in elements if _name(script, node) == "html"]
    bodies = bodies or ([node] if (node := _whole(script)) is not None else [])
    if not bodies:
        raise script.refuse("has no <body> element", next(_uses_of_children(script, script.root), None))
    found = [
        node
        for body in bodies
        for node in script.find("jsx_expression", under=body)
        if (inner := _expression(node))
        and re.fullmatch(r"(props\.)?children", script.source(inner))
        and node.parent is not None
        and node.parent.type == "jsx_element"
    ]
    if len(found) != 1:
        raise script.refuse(f"has {len(found)} times {{children}} in <body> where this tool needs one", bodies[-1])
    if sum(1 for body in bodies for _ in _uses_of_children(script, body)) > 1:
        raise script.refuse("renders children in several places of <body>", bodies[-1])
    return found[0]


def _whole(script: Script) -> Node | None:
    """What the component exported by default returns, when that is one component around others."""
    try:
        node = returned_element(script)
    except CannotEdit:
        return None
    return node if node.type == "jsx_element" and _name(script, node)[:1].isupper() else None


def _uses_of_children(script: Script, under: Node) -> Iterator[Node]:
    """The JSX expressions that mention `children`."""
    nodes = script.find("identifier", "property_identifier", under=under)
    return (
        n for n in nodes if script.source(n) == "children" and any(a.type == "jsx_expression" for a in ancestors(n))
    )


def page_component(script: Script) -> Node:
    """The one `<Component {...pageProps} />` of a Next.js `_app`."""
    return the_element("Component", "props.Component", "this.props.Component")(script)


def _wrappable(script: Script, node: Node) -> Node:
    has_jsx = next(script.find(*_JSX), None) is not None
    if node.type in (*_JSX, "jsx_expression") or (node.type in _VALUES and has_jsx):
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
        return any(_makes_root(script, value) for value in _given(script, script.source(owner)))
    return _makes_root(script, owner)


def _makes_root(script: Script, value: Node) -> bool:
    function = bare(value).child_by_field_name("function") if bare(value).type == "call_expression" else None
    name = function and (function.child_by_field_name("property") or function)
    return name is not None and script.source(name) == "createRoot"


def _given(script: Script, name: str) -> Iterator[Node]:
    """What a variable is declared as or assigned anywhere in the file."""
    for node in script.find("variable_declarator", "assignment_expression"):
        target = node.child_by_field_name("name") or node.child_by_field_name("left")
        value = node.child_by_field_name("value") or node.child_by_field_name("right")
        if target and value and script.source(target) == name:
            yield value


def _around(script: Script, node: Node, opening: str, closing: str) -> list[Edit]:
    text = script.text
    start, end = script.span(node)
    if node.type in _VALUES:
        opening, closing = opening + "{", "}" + closing
    before, after = text[line_start(text, start) : start], text[end : line_end(text, end)]
    indent = indent_at(text, start)
    own_lines = not before.strip() and re.fullmatch(r"[,;)\s]*(//.*)?", after) and node.type not in _VALUES
    if node.type == "jsx_expression" and node.start_point.row == node.end_point.row:
        # `<P>{children}</P>` in one line is what prettier writes
        own_lines = False
    tags, ends = opening.split("\n"), closing.split("\n")
    if own_lines:
        above = "".join(f"{indent}{tag}\n" for tag in tags)
        return [insert(line_start(text, start), above), insert(end, "".join(f"\n{indent}{tag}" for tag in ends))]
    deep = [f"\n{indent}{indent_unit(text) * depth}" for depth in range(len(tags) + 2)]
    opening, closing = "".join(tags), "".join(ends)
    if node.type == "jsx_expression" and _fills_line(script, node, before, after):
        # prettier gives each element that holds an element lines of its own
        opening, closing = deep[1] + opening, closing + deep[0]
    elif _is_handed_over(script, node, before, after):
        opening = "".join(map(str.__add__, deep[1:], tags)) + deep[-1]
        closing = "".join(map(str.__add__, deep[-2:0:-1], ends)) + "," + deep[0]
    return [insert(start, opening), insert(end, closing)]


def _is_handed_over(script: Script, node: Node, before: str, after: str) -> bool:
    """Is `node` an element in one line, and all that a call is given there?"""
    given = node.parent is not None and node.parent.type == "arguments" and len(named(node.parent)) == 1
    return (
        given
        and node.type in _JSX
        and before.endswith("(")
        and after.startswith(")")
        and "\n" not in script.source(node)
    )


def _fills_line(script: Script, node: Node, before: str, after: str) -> bool:
    """Is a line one element, of which `node` is all that it holds?"""
    parent = node.parent
    tags = (parent.child_by_field_name("open_tag"), parent.child_by_field_name("close_tag")) if parent else ()
    return len(tags) == 2 and [before.strip(), after.strip()] == [script.source(tag) for tag in tags if tag]


def _name(script: Script, node: Node) -> str:
    tag = node.child_by_field_name("open_tag") or node
    name = tag.child_by_field_name("name")
    return script.source(name) if name else ""


def _expression(node: Node) -> Node | None:
    inner = named(node)
    return inner[0] if node.type == "jsx_expression" and len(inner) == 1 else None
