"""Ways to write the same Python: quotes, commas, layout of lists, comments, headers, joined and continued lines."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Callable, Iterator
from random import Random

from tests.variants.styles import Style
from wizard.edits import Edit, insert, splice

Token = tokenize.TokenInfo
Edits = Callable[["Tokens", Random], Iterator[Edit]]
_BLANK = (tokenize.NL, tokenize.COMMENT)
_CLOSERS = {")": "(", "]": "[", "}": "{"}


class Tokens:
    """The tokens of a text, with character offsets."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.all = list(tokenize.generate_tokens(io.StringIO(text, newline="").readline))
        self._lines = [0]
        for line in text.splitlines(keepends=True):
            self._lines.append(self._lines[-1] + len(line))

    def start(self, token: Token) -> int:
        return self._lines[token.start[0] - 1] + token.start[1]

    def end(self, token: Token) -> int:
        return self._lines[token.end[0] - 1] + token.end[1]


def _python(edits: Edits, *, same: bool = True) -> Callable[[str, str, Random], str | None]:
    """A style of Python files. `same`: an edit that changes what the code means is left out."""

    def restyle(path: str, text: str, random: Random) -> str | None:
        tree = _tree(text) if path.endswith(".py") else None
        if tree is None or "\r" in text or "\x0c" in text:
            return None
        wanted = list(edits(Tokens(text), random))
        changed = splice(text, wanted)
        if same and _tree(changed) != tree:
            changed = splice(text, [edit for edit in wanted if _tree(splice(text, [edit])) == tree])
        now = _tree(changed)
        return None if changed == text or now is None or (same and now != tree) else changed

    return restyle


def _tree(text: str) -> str | None:
    try:
        compile(text, "a.py", "exec", dont_inherit=True)
        return ast.dump(ast.parse(text))
    except (SyntaxError, ValueError):
        return None


def _quotes(style: str) -> Edits:
    def edits(tokens: Tokens, random: Random) -> Iterator[Edit]:
        for token in tokens.all:
            plain = re.fullmatch(r"""(["'])([^"'\\\n]*)\1""", token.string)
            if token.type == tokenize.STRING and plain:
                yield Edit(tokens.start(token), tokens.end(token), style + plain[2] + style)

    return edits


def _closed(tokens: Tokens) -> Iterator[tuple[Token, Token, list[Token]]]:
    """`(opener, closer, tokens between)` of every pair of brackets, inner ones first."""
    opened: list[int] = []
    for index, token in enumerate(tokens.all):
        if token.type == tokenize.OP and token.string in "([{":
            opened.append(index)
        elif token.type == tokenize.OP and token.string in _CLOSERS and opened:
            first = opened.pop()
            yield tokens.all[first], token, tokens.all[first + 1 : index]


def _commas(wanted: bool) -> Edits:
    def edits(tokens: Tokens, random: Random) -> Iterator[Edit]:
        for _, _, inner in _closed(tokens):
            last = next((t for t in reversed(inner) if t.type not in _BLANK), None)
            if last is not None and wanted and last.string != ",":
                yield insert(tokens.end(last), ",")
            elif last is not None and not wanted and last.string == ",":
                yield Edit(tokens.start(last), tokens.end(last), "")

    return edits


def _inline(tokens: Tokens, random: Random) -> Iterator[Edit]:
    """Every list without comments in one line, as yapf likes it."""
    seen: list[Token] = []
    for opener, closer, inner in _closed(tokens):
        if not any(t.type == tokenize.COMMENT or "\n" in t.string.strip() for t in inner):
            known = {t.start for t in seen}
            seen += inner
            for one, other in zip([opener, *inner], [*inner, closer], strict=True):
                gap = re.compile(r"\s*").match(tokens.text, tokens.end(one))
                if gap and other.type == tokenize.NL and one.type != tokenize.NL and other.start not in known:
                    spaced = one.string == "," and tokens.text[gap.end()] not in ")]}"
                    yield Edit(tokens.end(one), gap.end(), " " if spaced else "")


def _exploded(tokens: Tokens, random: Random) -> Iterator[Edit]:
    """One item per line, as black does it for a trailing comma."""
    for opener, closer, inner in _closed(tokens):
        if opener.start[0] == closer.end[0] and opener.string != "{" and inner and random.random() < 0.7:
            indent = re.match(r"[ \t]*", opener.line)
            lead = "\n" + (indent[0] if indent else "")
            depth = 0
            yield insert(tokens.end(opener), " " + lead + "    ")
            for token in inner:
                depth += (token.string in tuple("([{")) - (token.string in _CLOSERS)
                if token.string == "," and depth == 0 and token is not inner[-1]:
                    yield insert(tokens.end(token), " " + lead + "    ")
            yield insert(tokens.start(closer), " " + lead)


def _comments_behind(tokens: Tokens, random: Random) -> Iterator[Edit]:
    for token in tokens.all:
        if token.type in (tokenize.NEWLINE, tokenize.NL) and token.line.strip() and random.random() < 0.6:
            before = tokens.text[: tokens.start(token)].rpartition("\n")[2]
            if before.strip() and "#" not in before:
                yield insert(tokens.start(token), f"  # note {token.start[0]}: (x], \"y', = 1")


def _comment_lines(tokens: Tokens, random: Random) -> Iterator[Edit]:
    previous = None
    for token in tokens.all:
        fresh = previous is None or previous.type in (tokenize.NEWLINE, tokenize.NL)
        if fresh and token.type not in (tokenize.NL, tokenize.ENDMARKER, tokenize.DEDENT) and random.random() < 0.6:
            start = tokens.start(token) - token.start[1]
            indent = re.compile(r"[ \t]*").match(tokens.text, start)
            yield insert(start, f"{indent[0] if indent else ''}# line {token.start[0]}: [\n")
        previous = token


def _comments_inside(tokens: Tokens, random: Random) -> Iterator[Edit]:
    """Comments behind opening brackets and commas, which break the line there."""
    for opener, _, inner in _closed(tokens):
        for token in (opener, *inner):
            if token.string in ("(", "[", "{", ",") and random.random() < 0.3:
                yield insert(tokens.end(token), "  # inside ),\n" + " " * random.choice((0, 4, 8)))


def _continued(tokens: Tokens, random: Random) -> Iterator[Edit]:
    """A backslash behind `=`, and in front of `import`."""
    for token in tokens.all:
        if token.string == "=" and random.random() < 0.5:
            yield insert(tokens.end(token), " \\\n   ")
        elif token.string == "import" and token.start[1] and random.random() < 0.5:
            yield insert(tokens.start(token), "\\\n    ")


def _joined(tokens: Tokens, random: Random) -> Iterator[Edit]:
    """Neighbouring lines joined by semicolons."""
    for token, other in zip(tokens.all, tokens.all[1:], strict=False):
        if token.type == tokenize.NEWLINE and other.type == tokenize.NAME and random.random() < 0.3:
            yield Edit(tokens.start(token), tokens.start(other), "; ")


def _form_feeds(tokens: Tokens, random: Random) -> Iterator[Edit]:
    for match in re.finditer(r"\n\n(?=(?:def|class|@)\b)", tokens.text):
        yield insert(match.start() + 1, "\x0c")


def _annotated(tokens: Tokens, random: Random) -> Iterator[Edit]:
    """Annotations for settings and lists at module level."""
    for match in re.finditer(r"^([A-Z][A-Z_]+)(?= = ([\[(\"']))", tokens.text, re.MULTILINE):
        kind = {"[": "list[str]", "(": "tuple[str, ...]"}.get(match[2], "str")
        yield insert(match.end(), f": {kind}")


def _parenthesized(tokens: Tokens, random: Random) -> Iterator[Edit]:
    """`from a import (b)`, and lists in parentheses of their own."""
    for match in re.finditer(r"^from [\w.]+ import ([\w, ]+)$", tokens.text, re.MULTILINE):
        yield insert(match.start(1), "(")
        yield insert(match.end(1), ")")


def header(lines: str) -> Callable[[str, str, Random], str | None]:
    """Lines in front of everything."""

    def restyle(path: str, text: str, random: Random) -> str | None:
        taken = text.startswith(("#!", "'", '"', "\ufeff")) or "coding" in text[:99] or "__future__" in text
        return lines + text if path.endswith(".py") and not taken else None

    return restyle


def padded(path: str, text: str, random: Random) -> str | None:
    """Ten thousand lines more, of code and comments."""
    filler = "".join(f"\n\n# Number {n}\n# of many\ndef padding_{n}(a):\n    return a\n" for n in range(1700))
    return (text if text.endswith("\n") else text + "\n") + filler if path.endswith(".py") else None


# Groups are applied in the order of their names: these before the line ends.
PYTHON = (
    Style("single-quotes-in-python", "Python quotes", _python(_quotes("'"))),
    Style("double-quotes-in-python", "Python quotes", _python(_quotes('"'))),
    Style("trailing-commas-in-python", "Python commas", _python(_commas(True))),
    Style("no-trailing-commas-in-python", "Python commas", _python(_commas(False))),
    Style("lists-in-a-line", "Python layout", _python(_inline)),
    Style("items-in-lines", "Python layout", _python(_exploded)),
    Style("continued-lines", "Python layout", _python(_continued)),
    Style("joined-lines", "Python layout", _python(_joined)),
    Style("form-feeds", "Python layout", _python(_form_feeds)),
    Style("parenthesized-imports", "Python layout", _python(_parenthesized)),
    Style("annotated-settings", "Python annotations", _python(_annotated, same=False)),
    Style("python-comments-behind", "Python comments", _python(_comments_behind)),
    Style("python-comment-lines", "Python comments", _python(_comment_lines)),
    Style("python-comments-inside", "Python comments", _python(_comments_inside)),
    Style("python-shebang", "Python header", header("#!/usr/bin/env python3\n")),
    Style("python-cookie", "Python header", header("#!/usr/bin/env python3\n# -*- coding: latin-1 -*-\n")),
    Style("python-license", "Python header", header("# Copyright\n#\n# All rights reserved.\n\n")),
    Style("python-docstring", "Python header", header('"""What this is.\n\nMIDDLEWARE = []\n"""\n\n')),
    Style("python-future", "Python header", header("from __future__ import annotations\n\n")),
)

TEN_THOUSAND_LINES = Style("ten-thousand-lines-of-python", "length", padded)
"""Too slow for every combination."""
