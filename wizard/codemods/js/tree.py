"""JavaScript and TypeScript text as a syntax tree whose offsets are characters, and how to look for things in it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from tree_sitter import Node

from wizard.codemods.js.reading import errors_in, read, unreadable
from wizard.edits import Codemod
from wizard.errors import CannotEdit
from wizard.text import line_end, line_number

FUNCTIONS = (
    "arrow_function",
    "function_expression",
    "function_declaration",
    "generator_function",
    "generator_function_declaration",
    "method_definition",
)
_BLOCKS = ("program", "statement_block", "switch_case", "switch_default")
_UNREADABLE = "has a syntax error, or syntax this tool does not know, at the place to edit"
_NOT_CALLEE = re.compile(r"\s|\?(?=\.)|/\*.*?\*/", re.DOTALL)
_NOT_CODE = ("string_fragment", "regex_pattern", "jsx_text", "escape_sequence")


@dataclass(frozen=True, slots=True)
class Script:
    """A parsed file. Read positions and text of nodes only through it: `Node.text` is not the original text."""

    text: str
    root: Node
    whole: bool = True
    """False for a text that `read` does not take; its tree is nothing but an error."""

    def start(self, node: Node) -> int:
        """Offset of the node's first character."""
        return node.start_byte

    def end(self, node: Node) -> int:
        """Offset after the node's last character."""
        return node.end_byte

    def span(self, node: Node) -> tuple[int, int]:
        return node.start_byte, node.end_byte

    def source(self, node: Node) -> str:
        return self.text[node.start_byte : node.end_byte]

    def line(self, node: Node) -> int:
        """1-based line where the node starts."""
        return line_number(self.text, node.start_byte)

    def refuse(self, reason: str, node: Node | None = None) -> CannotEdit:
        """The exception to raise, with the node's line."""
        plain = reason.encode("ascii", "backslashreplace").decode()
        return CannotEdit(plain, self.line(node) if node else None)

    def find(self, *types: str, under: Node | None = None) -> Iterator[Node]:
        """Nodes of these types below `under` (the whole file when None), in source order."""
        return (node for node in descend(under or self.root) if node.type in types)

    def calls(self, callee: str, under: Node | None = None) -> Iterator[Node]:
        """Calls whose callee, without blanks and block comments, matches the regex `callee` as a whole."""
        for node in self.find("call_expression", under=under):
            function = node.child_by_field_name("function")
            if function and re.fullmatch(callee, _NOT_CALLEE.sub("", self.source(function))):
                yield node

    def string(self, node: Node | None) -> str | None:
        """The text inside a plain string literal; None for anything else."""
        return self.source(node)[1:-1] if node and node.type == "string" else None


def parse(text: str) -> Script:
    """The tree of TypeScript, JavaScript, TSX or JSX; errors stay in the tree (see `require_sound`)."""
    return _parse(text)


@lru_cache(maxsize=16)
def _parse(text: str) -> Script:
    root = read(text)
    return Script(text, root) if root is not None else Script(text, unreadable(), whole=False)


def descend(node: Node, stop: Callable[[Node], bool] = lambda node: False) -> Iterator[Node]:
    """`node`'s named descendants in source order, without those below a node for which `stop` holds."""
    pending = list(reversed(node.named_children))
    while pending:
        current = pending.pop()
        yield current
        if not stop(current):
            pending.extend(reversed(current.named_children))


def own_nodes(function: Node) -> Iterator[Node]:
    """Descendants of a function that run in its own body, not in functions or classes inside it."""
    return descend(function, stop=lambda node: node.type in FUNCTIONS or node.type == "class_body")


def ancestors(node: Node) -> Iterator[Node]:
    """Parents of `node`, innermost first."""
    while parent := node.parent:
        yield parent
        node = parent


def statement_of(node: Node) -> Node:
    """The innermost statement, in a block or at top level, that is or holds `node`."""
    for parent in ancestors(node):
        if parent.type in _BLOCKS:
            return node
        node = parent
    return node


def named(node: Node) -> list[Node]:
    """Named children without comments: the arguments of a call, the members of an object."""
    return [child for child in node.named_children if child.type != "comment"]


def arguments(call: Node) -> list[Node]:
    """Arguments of a call; empty for tagged templates."""
    found = call.child_by_field_name("arguments")
    return named(found) if found and found.type == "arguments" else []


def require_sound(script: Script, node: Node) -> None:
    """Raise CannotEdit when the parser met what it cannot read in, or within two lines of, `node`'s top statement."""
    if not script.whole:
        raise script.refuse("is too long or too deeply nested for this tool, or has line ends of old Macs")
    top = next((n for n in [node, *ancestors(node)] if n.parent is not None and n.parent.parent is None), node)
    first, last = top.start_point.row - 2, top.end_point.row + 2
    for broken in errors_in(script.root) if script.root.has_error else ():
        # a template literal without an end swallows what follows, so that nothing is where it seems to be
        torn = broken == script.root or "`" in script.source(broken)
        if torn or (broken.start_point.row <= last and broken.end_point.row >= first):
            raise script.refuse(_UNREADABLE, broken)


def after_line(script: Script, node: Node) -> int:
    """Where a new line can be added below the one on which `node` ends: its line end, behind comments.

    Raises CannotEdit when other code follows on that line.
    """
    # a semicolon that guards the next line, `;[a].map(b)`, is parsed as the end of this statement
    guard = node.children[-1] if node.child_count > 1 and node.children[-1].type == ";" else None
    if guard and guard.prev_sibling and guard.start_point.row > guard.prev_sibling.end_point.row:
        return line_end(script.text, script.end(guard.prev_sibling))
    place = line_end(script.text, script.end(node))
    sibling = node.next_sibling
    while sibling and script.start(sibling) < place:
        if sibling.type == "comment":
            place = line_end(script.text, script.end(sibling))
        elif sibling.type not in (";", ","):
            raise script.refuse("has several statements on one line", node)
        sibling = sibling.next_sibling
    return place


def code_of(text: str, *, strings: bool = False) -> str:
    """`text` with comments, and unless `strings` also the content of strings and JSX text, blanked out; same length."""
    script = parse(text)
    blank = ("comment",) if strings else ("comment", *_NOT_CODE)
    parts: list[str] = []
    position = 0
    for node in script.find(*blank):
        start, end = script.span(node)
        parts += text[position:start], re.sub(r"[^\r\n]", " ", text[start:end])
        position = end
    return "".join([*parts, text[position:]])


def has_code(text: str, pattern: str, *, strings: bool = False) -> bool:
    """Whether the regex matches outside comments and, unless `strings`, outside strings and JSX text."""
    return re.search(pattern, text) is not None and re.search(pattern, code_of(text, strings=strings)) is not None


def naming(find: Callable[[str], str | None], make: Callable[[str], Codemod], what: str) -> Codemod:
    """The codemod that `make` builds for the name that `find` reads from the text; `what` is what has no name."""

    def run(text: str) -> str:
        name = find(text)
        if name is None:
            raise CannotEdit(f"has no {what}")
        return make(name)(text)

    return run
