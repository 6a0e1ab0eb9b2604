"""A cell's source as a syntax tree. Nothing is run, whatever stands in it."""

from __future__ import annotations

import ast
import re
import warnings

MOST_MAGIC_WORK = 30_000  # special lines times characters: each line costs a pass over the cell
SPECIAL = re.compile(r"^[ \t]*[%!?/,;]|^[^#\n]*[!?][ \t]*$|=[ \t]*[%!]", re.MULTILINE)
NAME = "<student>"  # the file name of every tree: warnings about students' code carry it


class TooInvolvedError(Exception):
    """The source may be Python, but it takes too much to look through."""


def parse(source: str) -> ast.Module:
    """The tree of a code cell, IPython's magics and `!` turned into calls of `get_ipython()`.

    Raises SyntaxError for what is no Python, and TooInvolvedError.
    """
    try:
        return _tree(source)
    except SyntaxError:
        return _tree(as_python(source))


def try_parse(source: str) -> ast.Module | None:
    """The tree of a code cell; None where there is none to be had."""
    try:
        return parse(source)
    except (SyntaxError, TooInvolvedError):
        return None


def as_python(source: str) -> str:
    """The source with IPython's own syntax turned into Python.

    Raises SyntaxError where IPython itself cannot, and TooInvolvedError.
    """
    from IPython.core.inputtransformer2 import TransformerManager

    if special_lines(source) * len(source) > MOST_MAGIC_WORK:
        raise TooInvolvedError("too many magics and shell commands for a cell of its length")
    try:
        return TransformerManager().transform_cell(source)
    except SyntaxError:
        raise
    except Exception as error:  # a stranger's text, in code that was made for friends
        raise TooInvolvedError(type(error).__name__) from error


def special_lines(source: str) -> int:
    """How many lines look like IPython's own syntax; a few others may be among them."""
    return len(SPECIAL.findall(source))


def _tree(source: str) -> ast.Module:
    # A filter by file name and not catch_warnings: that one is not safe in threads.
    warnings.filterwarnings("ignore", module=re.escape(NAME))
    try:
        return ast.parse(source, NAME)
    except (RecursionError, MemoryError) as error:  # how the parser says "nested too deeply"
        raise TooInvolvedError("nested too deeply") from error
    except ValueError as error:  # a NUL, in some versions of Python
        raise SyntaxError(str(error)) from error


def bound_by(statement: ast.stmt) -> set[str]:
    """The names that a statement at the top of a cell defines."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {statement.name}
    names = set()
    for node in ast.walk(statement):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif isinstance(node, ast.alias):
            names.add(node.asname or node.name.partition(".")[0])
    return names


def bound_names(source: str) -> frozenset[str]:
    """The names that a cell defines; none where it is no Python."""
    tree = try_parse(source)
    return frozenset().union(*map(bound_by, tree.body)) if tree else frozenset()


def checks_called(statement: ast.stmt) -> str | None:
    """The exercise that a statement checks: `check("name", points=2)`, all by itself."""
    match statement:
        case ast.Expr(ast.Call(ast.Name("check"), [ast.Constant(str(name)), *_])):
            return name
    return None


def checks_only(source: str) -> frozenset[str]:
    """The exercises that a cell checks; none where it does anything else."""
    tree = try_parse(source) if "check" in source else None
    checked = [checks_called(statement) for statement in tree.body] if tree else []
    return frozenset() if None in checked else frozenset(filter(None, checked))


def without_checks(source: str) -> str:
    """The source with each `check("name")` that stands on lines of its own made a comment."""
    tree = try_parse(source) if "check" in source else None
    lines = source.split("\n")
    for call in tree.body if tree else []:
        first, last = call.lineno - 1, call.end_lineno or call.lineno
        own = lines[first:last]
        # After a magic the numbers may be off; then the line is another one and stays.
        if checks_called(call) and own and own[0].startswith("check") and ";" not in own[-1]:
            lines[first:last] = [f"# {line}" for line in own]
    return "\n".join(lines)


def additions(source: str, released: str) -> str:
    """What a learner added to a released cell: the statements that define names it has not."""
    ours, theirs = try_parse(released), try_parse(source)
    if ours is None or theirs is None:
        return ""
    known = set().union(*map(bound_by, ours.body))
    new = [s for s in theirs.body if bound_by(s) - known]
    try:
        return "\n".join(map(ast.unparse, new))
    except RecursionError:
        return ""
