"""Tree-sitter grammars from their wheels, loaded without running the packages around them."""

from __future__ import annotations

import re
from functools import cache
from importlib.machinery import PathFinder
from importlib.util import find_spec, module_from_spec

from tree_sitter import Language, Parser

from wizard.errors import Bug


@cache
def parser(package: str, language: str = "language") -> Parser:
    """A parser for `package` (`tree_sitter_typescript`); `language` names the function of its binding.

    Only the binding is loaded: the packages' own __init__ imports importlib.resources, which costs twice as much.
    """
    spec = find_spec(package)
    binding = PathFinder.find_spec(f"{package}._binding", spec.submodule_search_locations) if spec else None
    if binding is None or binding.loader is None:
        raise Bug(f"{package} is not installed")
    module = module_from_spec(binding)
    binding.loader.exec_module(module)
    return Parser(Language(getattr(module, language)()))


def one_byte_per_character(text: str) -> bytes:
    """What a parser is given: its byte offsets are then character offsets of `text`.

    Characters outside ASCII become `_`, blanks of other scripts a blank, line separators and a CR alone a line end.
    Names and strings must therefore be read from `text`, never from the tree.
    """
    text = re.sub(r"\r(?!\n)", "\n", text)
    if text.isascii():
        return text.encode()
    return "".join(char if char < "\x80" else _stand_in(char) for char in text).encode()


def _stand_in(char: str) -> str:
    if char in "\u2028\u2029":
        return "\n"
    return " " if char.isspace() or char == "\ufeff" else "_"
