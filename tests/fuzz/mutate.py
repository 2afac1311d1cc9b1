"""Sources that nobody would write: mutations of real ones, from single characters to whole lines and tokens."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from random import Random, SystemRandom

Mutation = Callable[[str, Random, Sequence[str]], str]
"""`(text, random, words)` to another text; `words` are snippets of the language that is attacked."""

ODD = ("\x00", "\ufeff", "\u2028", "\u00e9", "\U0001f600", "\u200b", "\r", "\r\n", "\n", "\t", "\x0c", "\\", "\u0301")
BRACKETS = "(){}[]<>\"'`"
TOKEN = re.compile(r"\w+|\s+|[^\w\s]")


def delete_span(text: str, random: Random, words: Sequence[str]) -> str:
    start = random.randrange(len(text) + 1)
    return text[:start] + text[start + random.choice((1, 1, 2, 5, 40)) :]


def double_span(text: str, random: Random, words: Sequence[str]) -> str:
    start = random.randrange(len(text) + 1)
    end = start + random.choice((1, 3, 20, 80))
    return text[:end] + text[start:end] + text[end:]


def insert_odd(text: str, random: Random, words: Sequence[str]) -> str:
    at = random.randrange(len(text) + 1)
    return text[:at] + random.choice(ODD) + text[at:]


def insert_bracket(text: str, random: Random, words: Sequence[str]) -> str:
    at = random.randrange(len(text) + 1)
    return text[:at] + random.choice(BRACKETS) + text[at:]


def insert_word(text: str, random: Random, words: Sequence[str]) -> str:
    at = random.randrange(len(text) + 1)
    return text[:at] + random.choice(words) + text[at:]


def insert_line(text: str, random: Random, words: Sequence[str]) -> str:
    lines = text.splitlines(keepends=True)
    at = random.randrange(len(lines) + 1)
    return "".join([*lines[:at], random.choice(words) + "\n", *lines[at:]])


def swap_lines(text: str, random: Random, words: Sequence[str]) -> str:
    lines = text.splitlines(keepends=True)
    if len(lines) > 1:
        a, b = random.randrange(len(lines)), random.randrange(len(lines))
        lines[a], lines[b] = lines[b], lines[a]
    return "".join(lines)


def delete_line(text: str, random: Random, words: Sequence[str]) -> str:
    lines = text.splitlines(keepends=True)
    if lines:
        del lines[random.randrange(len(lines))]
    return "".join(lines)


def double_line(text: str, random: Random, words: Sequence[str]) -> str:
    lines = text.splitlines(keepends=True)
    if lines:
        at = random.randrange(len(lines))
        lines.insert(at, lines[at])
    return "".join(lines)


def swap_tokens(text: str, random: Random, words: Sequence[str]) -> str:
    tokens = TOKEN.findall(text)
    if len(tokens) > 1:
        a, b = random.randrange(len(tokens)), random.randrange(len(tokens))
        tokens[a], tokens[b] = tokens[b], tokens[a]
    return "".join(tokens)


def join_lines(text: str, random: Random, words: Sequence[str]) -> str:
    ends = [m.span() for m in re.finditer(r"\r?\n[ \t]*", text)]
    if not ends:
        return text
    start, end = random.choice(ends)
    return text[:start] + random.choice(("", " ", "; ")) + text[end:]


def change_ends(text: str, random: Random, words: Sequence[str]) -> str:
    return re.sub(r"\r?\n", lambda _: random.choice(("\n", "\r\n", "\n", "\r")), text)


def comment_in(text: str, random: Random, words: Sequence[str]) -> str:
    at = random.randrange(len(text) + 1)
    return text[:at] + random.choice(("/* x */", "// x\n", "# x\n", "{/* x */}", "<!-- x -->", '"""x"""')) + text[at:]


def cut(text: str, random: Random, words: Sequence[str]) -> str:
    at = random.randrange(len(text) + 1)
    return text[:at] if random.random() < 0.5 else text[at:]


MUTATIONS: tuple[Mutation, ...] = (
    delete_span,
    double_span,
    insert_odd,
    insert_bracket,
    insert_word,
    insert_line,
    swap_lines,
    delete_line,
    double_line,
    swap_tokens,
    join_lines,
    change_ends,
    comment_in,
    cut,
)


def mutated(text: str, random: Random, words: Sequence[str]) -> str:
    """The text after one to six mutations. `words` must not be empty."""
    for _ in range(random.choice((1, 1, 1, 2, 3, 6))):
        text = random.choice(MUTATIONS)(text, random, words)
    return text


def summary(area: str, number: int, counts: Mapping[str, int]) -> str:
    """What a run came to, for the figures at the end of the tests. `counts` is by outcome."""
    came = ", ".join(f"{counts.get(one, 0)} {one}" for one in ("changed", "refused", "kept"))
    return f"fuzz {area}: seed {number}, {sum(counts.values())} cases, {came}"


def seed(default: int | None = None) -> int:
    """The seed of this run: WIZARD_SEED, else the default, else a new one."""
    if given := os.environ.get("WIZARD_SEED"):
        return int(given)
    return SystemRandom().randrange(2**32) if default is None else default
