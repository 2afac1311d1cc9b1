"""A Python file parsed for locating: libcst nodes with character offsets, and statements by block."""

from __future__ import annotations

import gc
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from functools import cache, lru_cache

import libcst as cst
from libcst.metadata import ByteSpanPositionProvider, MetadataWrapper

from wizard.codemods.python.limits import check
from wizard.edits import Edit, insert
from wizard.errors import CannotEdit
from wizard.text import indent_at, indented, line_end, line_number, line_start, next_line

Span = tuple[int, int]
Block = Sequence[cst.BaseStatement] | Sequence[cst.BaseSmallStatement]
_LONE_CR = re.compile(r"\r(?!\n)")
_OPENING_BACKSLASH = re.compile(r"(?:\s|#[^\n]*\n)*+\\")
_JOINED = re.compile(r"[ \t\f]*\\\r?\n")
_UNREADABLE = re.compile("[\0\ud800-\udfff]|\\A\ufeff")
_UNSEEN = (
    cst.BaseParenthesizableWhitespace,
    cst.TrailingWhitespace,
    cst.EmptyLine,
    cst.Comma,
    cst.Newline,
)


class Source:
    """The text of a Python file, its libcst module, and where each node lies in the text (character offsets)."""

    __slots__ = ("_ascii", "_chars", "_spans", "module", "text")

    def __init__(self, text: str, module: cst.Module) -> None:
        self.text = text
        wrapper = MetadataWrapper(module, unsafe_skip_copy=True)
        self.module = wrapper.module
        self._spans = wrapper.resolve(ByteSpanPositionProvider)
        self._ascii = text.isascii()
        self._chars: list[int] = []

    def span(self, node: cst.CSTNode) -> Span:
        """Offsets of a node without its own parentheses, comments and decorators."""
        place = self._spans[node]
        return self._char(place.start), self._char(place.start + place.length)

    def code(self, node: cst.CSTNode) -> str:
        """The source text of a node."""
        start, end = self.span(node)
        return self.text[start:end]

    def line(self, node: cst.CSTNode) -> int:
        """1-based line on which a node begins."""
        return line_number(self.text, self.span(node)[0])

    def refusal(self, reason: str, node: cst.CSTNode | None = None) -> CannotEdit:
        """The error to raise, with the line of `node`."""
        return CannotEdit(reason, None if node is None else self.line(node))

    def _char(self, byte: int) -> int:
        if self._ascii:
            return byte
        if not self._chars:
            for index, char in enumerate(self.text):
                self._chars += [index] * len(char.encode())
            self._chars.append(len(self.text))
        return self._chars[byte]


@lru_cache(maxsize=8)
def parse(text: str) -> Source:
    """Parse a decoded file (BOM removed).

    Raises CannotEdit, with the line, when it is not valid Python, or longer or deeper than `limits` allows.
    """
    if cr := _LONE_CR.search(text):
        raise CannotEdit("has a carriage return inside a line", line_number(text, cr.start()))
    if odd := _UNREADABLE.search(text):
        raise CannotEdit("has a character that Python does not read", line_number(text, odd.start()))
    check(text)
    try:
        with _no_collection():
            source = Source(text, cst.parse_module(text))
    except cst.ParserSyntaxError as error:
        raise CannotEdit("does not parse as Python", error.raw_line) from error
    except cst.CSTValidationError as error:
        raise CannotEdit("does not parse as Python") from error
    except (RecursionError, KeyError) as error:
        # KeyError: libcst looks up the position of a node that it could not reach.
        raise CannotEdit("is nested too deeply to be read") from error
    _check_positions(source)
    return source


def _check_positions(source: Source) -> None:
    """Raises CannotEdit when libcst drops blanks in front of a statement (a form feed): it misplaces all the rest."""
    body, text, code = source.module.body, source.text, source.module.code
    end = extent(source, body[-1])[1] if body else 0
    if code[:end] != text[:end] or _OPENING_BACKSLASH.match(text):
        same = next((i for i, (a, b) in enumerate(zip(text, code, strict=False)) if a != b), 0)
        raise CannotEdit("has blanks that are not read as they are written", line_number(text, same))


@contextmanager
def _no_collection() -> Iterator[None]:
    """Without garbage collection: a parser makes many objects, and none of them is garbage."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


@dataclass(frozen=True, slots=True)
class Statement:
    """A small or compound statement. `start`..`end` is its logical line: with decorators and `;` neighbours.

    `block` holds it at `index`; `around` are the compound statements of the same scope around it, outermost first.
    """

    node: cst.BaseSmallStatement | cst.BaseCompoundStatement
    start: int
    end: int
    block: Block
    index: int
    around: tuple[cst.BaseCompoundStatement, ...] = ()


def statements(source: Source, block: Block, around: tuple[cst.BaseCompoundStatement, ...] = ()) -> Iterator[Statement]:
    """The direct statements of a block; those of one line joined by `;` come one by one."""
    for index, node in enumerate(block):
        start, end = extent(source, node)
        if isinstance(node, cst.SimpleStatementLine):
            for small in node.body:
                yield Statement(small, start, end, block, index, around)
        elif isinstance(node, cst.BaseSmallStatement | cst.BaseCompoundStatement):
            yield Statement(node, start, end, block, index, around)


def scope(source: Source, block: Block, around: tuple[cst.BaseCompoundStatement, ...] = ()) -> Iterator[Statement]:
    """Like `statements`, and those inside `if`, `try`, `with`, loops and `match`; not those of functions, classes."""
    for statement in statements(source, block, around):
        yield statement
        node = statement.node
        if isinstance(node, cst.BaseCompoundStatement) and not isinstance(node, cst.FunctionDef | cst.ClassDef):
            for inner in blocks(node):
                yield from scope(source, inner, (*around, node))


def extent(source: Source, node: cst.CSTNode) -> Span:
    """Offsets of the first character (decorators included) and behind the last one (before a trailing comment)."""
    if isinstance(node, cst.SimpleStatementLine | cst.SimpleStatementSuite):
        return source.span(node.body[0])[0], source.span(node.body[-1])[1]
    if isinstance(node, cst.IndentedBlock):
        return extent(source, node.body[0])[0], extent(source, node.body[-1])[1]
    start, end = source.span(node)
    if isinstance(node, cst.FunctionDef | cst.ClassDef) and node.decorators:
        start = source.span(node.decorators[0])[0]
    if isinstance(node, cst.BaseCompoundStatement):
        end = max((extent(source, b[-1])[1] for b in blocks(node) if b), default=end)
    return start, end


def blocks(node: cst.CSTNode) -> Iterator[Block]:
    """The blocks of a compound statement in order: body, handlers, else, finally, cases."""
    body = getattr(node, "body", None)
    if isinstance(body, cst.BaseSuite):
        yield body.body
    handlers = getattr(node, "handlers", None) or getattr(node, "cases", None) or ()
    parts = [*handlers, getattr(node, "orelse", None), getattr(node, "finalbody", None)]
    for part in parts:
        if isinstance(part, cst.CSTNode):
            yield from blocks(part)


@cache
def _slots(kind: type[cst.CSTNode]) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))


def walk(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """`node` and everything below it but for blanks, comments and commas; parents come before their children."""
    yield node
    for name in _slots(type(node)):
        value = getattr(node, name)
        if isinstance(value, cst.CSTNode):
            if not isinstance(value, _UNSEEN):
                yield from walk(value)
        elif isinstance(value, list | tuple):
            for item in value:
                if isinstance(item, cst.CSTNode) and not isinstance(item, _UNSEEN):
                    yield from walk(item)


def functions(source: Source) -> Iterator[cst.FunctionDef]:
    """All functions and methods of a file, nested ones too."""
    return (node for node in walk(source.module) if isinstance(node, cst.FunctionDef))


def classes(source: Source) -> Iterator[cst.ClassDef]:
    """All classes of a file, nested ones too."""
    return (node for node in walk(source.module) if isinstance(node, cst.ClassDef))


def string_value(node: cst.CSTNode | None) -> str | None:
    """The value of a plain string literal (also implicitly concatenated); None for all else, f-strings and bytes."""
    if isinstance(node, cst.SimpleString | cst.ConcatenatedString):
        value = node.evaluated_value
        return value if isinstance(value, str) else None
    return None


def body_of(source: Source, node: cst.FunctionDef | cst.ClassDef) -> Sequence[cst.BaseStatement]:
    """The statements of an indented body. Raises CannotEdit when it stands on the line of the colon."""
    if isinstance(node.body, cst.IndentedBlock):
        return node.body.body
    raise source.refusal(f"the body of {node.name.value} stands on one line", node)


def block_indent(source: Source, block: Block) -> str:
    """The leading blanks of the statements of a block."""
    return indent_at(source.text, extent(source, block[0])[0])


def whole_lines(source: Source, statement: Statement) -> Block:
    """The block of a statement. Raises CannotEdit when that stands on the line of its colon (`if x: y = 1`)."""
    if any(isinstance(node, cst.BaseSmallStatement) for node in statement.block):
        raise source.refusal("has a block on the line of its colon", statement.node)
    return statement.block


def one_level(source: Source) -> str:
    """One level of indentation as the file does it: four spaces when nothing shows."""
    return source.module.default_indent


def after(source: Source, end: int, code: str, indent: str = "") -> Edit:
    """Insert whole lines below the line that ends a statement at offset `end`."""
    text, block = source.text, indented(code, indent)
    end = logical_end(source, end)
    stop = line_end(text, end)
    if next_line(text, end) == stop:
        return insert(stop, "\n" + block)
    return insert(next_line(text, end), block + "\n")


def logical_end(source: Source, end: int) -> int:
    """An offset on the last line of a statement that ends at offset `end`: a backslash may join blank lines to it."""
    while joined := _JOINED.match(source.text, end):
        end = joined.end()
    return end


def before(source: Source, start: int, code: str, indent: str = "") -> Edit:
    """Insert whole lines above the line on which a statement starts, below the comments that lead it."""
    return insert(line_start(source.text, start), indented(code, indent) + "\n")
