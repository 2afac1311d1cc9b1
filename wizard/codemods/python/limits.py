"""What is too deep or too long to be parsed: when libcst's parser runs out of stack, it ends the whole process."""

from __future__ import annotations

import re

from wizard.errors import CannotEdit
from wizard.text import line_number

BRACKETS = 50
"""Brackets in one another. A stack of 1 MB ends at 90; CPython itself takes 200."""
PATTERN_BRACKETS = 5
"""Brackets in one another in a `case` pattern: each multiplies the time that libcst needs by up to four."""
BLOCKS = 30
"""Indented blocks in one another. A stack of 1 MB ends at 50; CPython itself takes 100."""
CHAIN = 200
"""Operators, dots and strings on one another in an expression, `elif` in one chain. A stack of 1 MB ends at 500."""
TOKENS = 40_000
"""Tokens in a file, comments aside: some 10,000 lines of code; parsing them takes about a second."""
LENGTH = 1_000_000
"""Characters in a file."""

_TOKEN = re.compile(
    r"""
    [ \t\f]++ | \#[^\n]*+ | \\\r?\n
  | (?P<string> (?P<prefix>[A-Za-z]{0,2})
      (?: \"{3}(?:[^\\"]|\\.|"(?!""))*+(?:\"{3}|\\?\Z) | '{3}(?:[^\\']|\\.|'(?!''))*+(?:'{3}|\\?\Z)
        | "(?:[^\\"\n]|\\.)*+" | '(?:[^\\'\n]|\\.)*+' ) )
  | (?P<word> \w++ )
  | (?P<line> (?:\r?\n[ \t\f]*+)++ )
  | (?P<open> [(\[{] )
  | (?P<close> [)\]}] )
  | (?P<comma> [,;] )
  | (?P<operator> . )
    """,
    re.VERBOSE | re.DOTALL,
)
_JOINING = frozenset(("and", "or", "not", "if", "else", "in", "is", "lambda", "await", "yield", "from", "for"))
_OPENING = frozenset("([{")


def check(text: str) -> None:
    """Raises CannotEdit, with the line, for a text that libcst would not survive, or not finish within two seconds."""
    if len(text) > LENGTH:
        raise CannotEdit(f"has more than the {LENGTH:,} characters that are read at most")
    scan = _Scan(text)
    for count, match in enumerate(m for m in _TOKEN.finditer(text) if m.lastgroup):
        if count > TOKENS:
            raise CannotEdit(f"has more than the {TOKENS:,} tokens that are read at most")
        scan.take(match)


class _Scan:
    """The nesting at one place of a text, token by token."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.indents = [0]
        self.elifs: dict[int, int] = {}
        self.width: int | None = 0  # of the indentation in front of the next token, None inside a line
        self.pattern = False
        self.chains = [0]  # how deep the expression is in each open bracket since its last comma
        self.deepest = [0]  # the same at its deepest
        self.outside = 0  # the sum of the chains around the innermost bracket

    def take(self, match: re.Match[str]) -> None:
        kind = match.lastgroup or ""
        if kind == "line":
            if len(self.chains) == 1:
                self.width = len(match[0].rpartition("\n")[2].expandtabs())
                self.chains[0] = 0
            return
        if self.width is not None:
            self._begin_line(match, self.width)
        if kind == "open":
            self._open(match)
        elif kind == "close":
            self._close()
        elif kind == "comma":
            self.deepest[-1] = max(self.deepest[-1], self.chains[-1])
            self.chains[-1] = 0
        elif kind == "string" or kind == "operator" or match[0] in _JOINING:
            self._join(match, kind)
        self._limit(self.outside + self.chains[-1] <= CHAIN, match)

    def _begin_line(self, match: re.Match[str], width: int) -> None:
        while self.indents and self.indents[-1] >= width:
            self.indents.pop()
        self.indents.append(width)
        self._limit(len(self.indents) <= BLOCKS + 1, match)
        self.elifs = {column: count for column, count in self.elifs.items() if column < width or match[0] == "elif"}
        if match[0] == "elif":
            self.elifs[width] = self.elifs.get(width, 0) + 1
            self._limit(self.elifs[width] <= CHAIN, match)
        self.pattern = match[0] == "case"
        self.width = None

    def _open(self, match: re.Match[str]) -> None:
        self.outside += self.chains[-1]
        self.chains.append(0)
        self.deepest.append(0)
        self._limit(len(self.chains) <= (PATTERN_BRACKETS if self.pattern else BRACKETS) + 1, match)

    def _close(self) -> None:
        if len(self.chains) > 1:
            inner = max(self.chains.pop(), self.deepest.pop())
            self.outside -= self.chains[-1]
            self.chains[-1] = max(self.chains[-1], inner) + 1

    def _join(self, match: re.Match[str], kind: str) -> None:
        self.chains[-1] += 1
        if kind == "operator" or kind == "word":
            # The guard or the body of a case is no pattern.
            self.pattern = self.pattern and not (len(self.chains) == 1 and match[0] in (":", "if"))
        elif "f" in match["prefix"].lower() or "t" in match["prefix"].lower():
            depth = deepest = 0
            for char in match[0]:
                depth += (char in _OPENING) - (char in ")]}" and depth > 0)
                deepest = max(deepest, depth)
            self._limit(len(self.chains) - 1 + deepest <= BRACKETS, match)

    def _limit(self, holds: bool, match: re.Match[str]) -> None:
        if not holds:
            raise CannotEdit("is nested too deeply to be read", line_number(self.text, match.start()))
