"""Passages: everything in a notebook that can be read as code, cut into tokens.

No place is listed by name: every string in the notebook's JSON is taken, so sources, outputs,
metadata and attachments are covered alike, with what is packed in them.
"""

import ast
import base64
import binascii
import html
import re
import textwrap
import warnings
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any, NamedTuple

# Quotes, backslashes and backticks are no tokens: code in a string reads like code.
TOKEN = re.compile(r"\d[\w.]*(?:(?<=[eE])[-+]\d+)?|\w+|[^\w\s\"'`\\]")
# What may stand before code on a line: comment and list marks, prompts, a traceback's numbers.
BEFORE_CODE = re.compile(r"^(?:\s|#+|>>>|>|\.\.\.|[-*+|](?=\s)|\d+[.:)](?=\s)|-*>?\s*\d+(?=\s))+")
BLOCK = re.compile(r"```\w*\n(.*?)```|`+([^`]+)`+", re.DOTALL)
BASE64 = re.compile(r"[A-Za-z0-9+/_-]{16,}={0,2}")
PACKED = 3  # how often one packing may stand inside another


class Passage(NamedTuple):
    """Some code as tokens, and whether it is a line or a code span by itself."""

    words: list[str]
    whole_line: bool


def strings(node: Any, where: str = "") -> Iterator[tuple[str, str]]:
    """Every string below ``node``, keys too, each with the path to it."""
    if isinstance(node, str):
        yield where, node
    elif isinstance(node, Mapping):
        name = f"[{node['id']}]" if isinstance(node.get("id"), str) else ""
        for key, value in node.items():
            yield f"{where}{name}.{key}", key
            yield from strings(value, f"{where}{name}.{key}")
    elif isinstance(node, list | tuple):
        yield where, "\n".join(item for item in node if isinstance(item, str))
        for item in node:
            yield from strings(item, where)


def readings(text: str, depth: int = PACKED) -> Iterator[str]:
    """``text``, and what is in it once colour codes, escapes, HTML or base64 are undone."""
    yield text
    if depth == 0:
        return
    unpacked = [
        re.sub(r"\x1b\[[0-9;]*m", "", text),
        re.sub(r"\\u([0-9a-fA-F]{4})", lambda match: chr(int(match[1], 16)), text),
        re.sub(r"\\[nrt]", "\n", text),
        html.unescape(text),
        html.unescape(re.sub(r"<[^<>]*>", "", text)),  # tags within a line of code
        html.unescape(re.sub(r"<[^<>]*>", "\n", text)),  # tags around one
        *map(_decoded, BASE64.findall(text) + BASE64.findall(text.replace("\n", ""))),
        *_literals(text),
    ]
    for reading in {*unpacked} - {text, ""}:
        yield from readings(reading, depth - 1)


def passages(text: str) -> Iterator[Passage]:
    """``text`` whole, line by line and in code spans, as it stands and as Python prints it."""
    lines = [BEFORE_CODE.sub("", line, count=1) for line in text.splitlines()]
    blocks = [block or span for block, span in BLOCK.findall(text)]
    yield Passage(words(text), False)
    yield Passage(words("\n".join(lines)), False)
    yield from (Passage(words(line), True) for line in [*lines, *blocks])
    for code in [text, *blocks, *lines]:
        if tree := parsed(code):
            printed = ast.unparse(plain(tree))
            yield Passage(words(printed), False)
            yield from (Passage(words(line), True) for line in printed.splitlines())


def words(code: str) -> list[str]:
    """The tokens of ``code``, without a comma that only ends a list."""
    pairs = pairwise([*TOKEN.findall(code), ""])
    return [token for token, after in pairs if token != "," or after not in (")", "]", "}")]


def parsed(code: str) -> ast.Module | None:
    """The syntax tree of ``code``, or nothing if it is not Python."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # prose has odd escapes in it
        try:
            return ast.parse(textwrap.dedent(code))
        except (SyntaxError, ValueError):
            return None


def plain(tree: ast.Module) -> ast.Module:
    """``tree`` without docstrings and annotations of variables; it is changed in place."""
    _Plain().visit(tree)
    return ast.fix_missing_locations(tree)


class _Plain(ast.NodeTransformer):
    def visit_Expr(self, node: ast.Expr) -> ast.AST:
        self.generic_visit(node)
        return ast.Pass() if _is_text(node.value) else node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        self.generic_visit(node)
        return ast.Assign([node.target], node.value) if node.value else ast.Pass()


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _literals(code: str) -> list[str]:
    """The strings that stand in ``code``."""
    tree = parsed(code)
    nodes = ast.walk(tree) if tree else ()
    return [n.value for n in nodes if isinstance(n, ast.Constant) and isinstance(n.value, str)]


def _decoded(packed: str) -> str:
    """The text in a piece of base64, or nothing."""
    bare = packed.rstrip("=")
    alphabet = b"-_" if re.search("[-_]", bare) else None
    try:
        return base64.b64decode(bare + "=" * (-len(bare) % 4), altchars=alphabet).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""
