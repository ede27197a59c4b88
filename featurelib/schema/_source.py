"""Source: Python text of declarations, broken into lines as ruff breaks them."""

import textwrap
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

_WIDTH = 120
_INDENT = 4  # of the body of a class


@dataclass(frozen=True, slots=True)
class Group:
    """Parts between brackets.

    Parameters
    ----------
    opening, closing
        The brackets, and what stands before the opening one.
    parts
        Each with what stands before it, such as ``dtype=``.
    """

    opening: str
    parts: Sequence[tuple[str, "Node"]]
    closing: str


Node: TypeAlias = str | Group


def literal(text: str) -> str:
    r"""Return a text as Python writes it, in double quotes unless that takes more escapes.

    Examples
    --------
    >>> print(literal("it's"), literal('say "x"'), literal("tab\t"))
    "it's" 'say "x"' "tab\t"
    """
    shown = repr(text)
    if shown[0] == '"':
        return shown
    inside = shown[1:-1].replace("\\'", "'")
    if inside.count('"') > inside.count("'"):
        return shown
    return '"' + inside.replace('"', '\\"') + '"'


def call(function: str, *parts: tuple[str, Node]) -> Group:
    """Return the call of a function."""
    return Group(f"{function}(", parts, ")")


def items(nodes: Sequence[Node]) -> Group:
    """Return a tuple."""
    return Group("(", [("", node) for node in nodes], ")")


def strings(texts: Iterable[str]) -> Group:
    """Return a tuple of texts."""
    return items([literal(text) for text in texts])


def statement(before: str, node: Node) -> list[str]:
    """Return the lines of an assignment in the body of a class."""
    return _lines(before, node, "", _INDENT)


def comment(text: str, *, sign: str = "# ") -> list[str]:
    """Return the lines of a comment, or of a docstring, in the body of a class."""
    before = " " * _INDENT + sign
    return textwrap.wrap(
        text, _WIDTH, initial_indent=before, subsequent_indent=before, break_long_words=False, break_on_hyphens=False
    )


def _lines(before: str, node: Node, after: str, indent: int) -> list[str]:
    margin = " " * indent
    whole = f"{margin}{before}{_flat(node)}{after}"
    if isinstance(node, str) or not node.parts or _width(whole) <= _WIDTH:
        return [whole]
    head, tail = f"{margin}{before}{node.opening}", f"{margin}{node.closing}{after}"
    inside = " " * (indent + 4) + ", ".join(name + _flat(part) for name, part in node.parts)
    if node.opening.endswith("(") and len(node.opening) > 1 and _width(inside) <= _WIDTH:
        return [head, inside, tail]  # only the arguments of a call may share a line
    lines = [line for name, part in node.parts for line in _lines(name, part, ",", indent + 4)]
    return [head, *lines, tail]


def _flat(node: Node) -> str:
    if isinstance(node, str):
        return node
    lone = "," if node.opening == "(" and len(node.parts) == 1 else ""
    return node.opening + ", ".join(name + _flat(part) for name, part in node.parts) + lone + node.closing


def _width(line: str) -> int:
    """Return how wide a line is shown: some signs take the place of two."""
    return len(line) if line.isascii() else sum(1 + (unicodedata.east_asian_width(sign) in "WF") for sign in line)
