"""Leaks: proof that a notebook shows no statement of an answer, under any names.

Every statement of a reference's body is brought to a normal form: parsed, docstrings and
annotations dropped, variables and functions (not builtins) numbered in order of appearance;
attribute names, keyword names and constants stay. What counts goes by the size of the
statement's expression, in nodes of its syntax tree:

- `SIZE` nodes or more, with a call, operator or subscript among them: a leak wherever it
  stands, also without ``return``, inside a longer expression or in the middle of a sentence;
- fewer, with a call, operator or subscript (``rows.append(x)``, ``return a / b``): a leak where
  the same whole statement stands on a line or in a code span of its own;
- a bare name or constant (``return rows``, ``rows = []``) or the short header of a loop or a
  condition (``for c in range(n):``): never; it says nothing about the idea.

Where the search goes is the business of `passages`.
"""

import ast
import builtins
import inspect
import keyword
import re
import textwrap
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from imbal_lab.authoring.passages import Passage, passages, plain, readings, strings, words

SIZE = 6
BUILTINS = frozenset(dir(builtins))
WORK = (ast.Call, ast.operator, ast.unaryop, ast.boolop, ast.cmpop, ast.Subscript)


class Leak(NamedTuple):
    """One statement of an answer, found in a notebook."""

    where: str
    exercise: str
    statement: str


class Needle(NamedTuple):
    """What to search for; a number among the tokens stands for the name of that number."""

    statement: str
    tokens: tuple[str | int, ...]
    whole_line: bool


def find_leaks(
    notebook: Mapping[str, Any], references: Mapping[str, Callable[..., Any]]
) -> list[Leak]:
    """Every place in ``notebook`` that shows a statement of the ``references``' bodies.

    ``references`` are the reference functions by exercise id.
    """
    wanted = [(ex, needle) for ex, function in references.items() for needle in needles(function)]
    leaks: dict[Leak, None] = {}
    for where, text in strings(notebook):
        for passage in _passages(text):
            for exercise, needle in wanted:
                if _occurs(needle, passage.words, passage.whole_line):
                    leaks[Leak(where, exercise, needle.statement)] = None
    return list(leaks)


@lru_cache(maxsize=4096)  # the same keys and cells come again in every search
def _passages(text: str) -> list[Passage]:
    return [passage for reading in readings(text) for passage in passages(reading)]


def needles(reference: Callable[..., Any]) -> list[Needle]:
    """What of the body of ``reference`` must not be shown, by the rule above."""
    tree = plain(ast.parse(textwrap.dedent(inspect.getsource(reference))))
    (function,) = tree.body
    assert isinstance(function, ast.FunctionDef)
    found: dict[tuple[str | int, ...], Needle] = {}
    for statement in (node for top in function.body for node in ast.walk(top)):
        if not isinstance(statement, ast.stmt):
            continue
        working = [part for part in _expressions(statement) if _works(part)]
        large: list[ast.AST] = [part for part in working if _size(part) >= SIZE]
        is_small = working and not large and not hasattr(statement, "body")
        for node in [statement] if is_small else large:
            tokens = _normal_form(node)
            found[tokens] = Needle(ast.unparse(statement), tokens, node is statement)
    return list(found.values())


def _expressions(statement: ast.stmt) -> Iterator[ast.expr]:
    """The expressions of a statement itself, not of the statements inside it."""
    for child in ast.iter_child_nodes(statement):
        if isinstance(child, ast.withitem):
            yield child.context_expr
        elif isinstance(child, ast.expr):
            yield child


def _works(node: ast.AST) -> bool:
    return any(isinstance(part, WORK) for part in ast.walk(node))


def _size(node: ast.AST) -> int:
    return sum(not isinstance(part, ast.expr_context) for part in ast.walk(node))


class _Numbered(ast.NodeTransformer):
    """Give every variable and function a number, in order of appearance."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}

    def number(self, name: str) -> str:
        if name in BUILTINS:
            return name
        return f"__{self.numbers.setdefault(name, len(self.numbers))}__"

    def visit_Name(self, node: ast.Name) -> ast.AST:
        return ast.Name(id=self.number(node.id), ctx=node.ctx)

    def visit_arg(self, node: ast.arg) -> ast.AST:
        return ast.arg(arg=self.number(node.arg))


def _normal_form(node: ast.AST) -> tuple[str | int, ...]:
    numbered = _Numbered().visit(ast.parse(ast.unparse(node)))
    tokens = words(ast.unparse(numbered))
    return tuple(int(t.strip("_")) if re.fullmatch(r"__\d+__", t) else t for t in tokens)


def _occurs(needle: Needle, found: list[str], whole_line: bool) -> bool:
    length = len(needle.tokens)
    if needle.whole_line:
        return whole_line and len(found) == length and _matches(needle.tokens, found)
    starts = range(len(found) - length + 1)
    return any(_matches(needle.tokens, found[start : start + length]) for start in starts)


def _matches(tokens: tuple[str | int, ...], found: list[str]) -> bool:
    """Whether ``found`` is ``tokens`` under some one-to-one naming of the numbers."""
    names: dict[int, str] = {}
    for token, word in zip(tokens, found, strict=True):
        if isinstance(token, str):
            fits = token == word
        else:
            is_name = word.isidentifier() and not keyword.iskeyword(word)
            fits = is_name and names.setdefault(token, word) == word
        if not fits:
            return False
    return len(set(names.values())) == len(names)
