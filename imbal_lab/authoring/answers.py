"""Answers: the body of a reference function, lifted into the lesson's answer cell.

The lesson's source has only the signature, the learner's docstring and ``...``; what stands
there instead in the instructor's notebook is read from `imbal_lab.methods`, so an answer is
written once. Nothing is executed here: names are followed with ``symtable``.
"""

import ast
import builtins
import inspect
import symtable
import textwrap
from collections.abc import Callable, Iterator
from typing import Any

Reference = Callable[..., Any]

STUB = "# YOUR CODE HERE\nraise NotImplementedError()"
IN_EVERY_NOTEBOOK = {*dir(builtins), "display", "get_ipython"}


def lift(reference: Reference) -> str:
    """The body of ``reference`` without its docstring, comments kept, not indented.

    ValueError if it is decorated (the decorator would be lost) or has no docstring.
    """
    source = textwrap.dedent(inspect.getsource(reference))
    function = _only_function(source)
    if function is None or function.decorator_list or ast.get_docstring(function) is None:
        raise ValueError(
            f"reference {reference.__name__!r}: a body is lifted from one plain function "
            "with a docstring; give it one and no decorator"
        )
    docstring_end = function.body[0].end_lineno
    return textwrap.dedent("\n".join(source.splitlines()[docstring_end:])).strip()


def wrong_stub(stub: str, reference: Reference) -> str:
    """What is wrong with the answer cell ``stub``, and what to do; empty if nothing is."""
    function = _only_function(stub)
    if function is None or ast.get_docstring(function) is None or _ellipsis_line(function) is None:
        return "not a bare stub: write one function with a docstring and ... on a line of its own"
    if function.name != reference.__name__:
        return f"defines {function.name}: call it {reference.__name__}, as the exercise does"
    asked, known = _signature(function), _signature(_only_function(_source(reference)))
    if asked != known:
        return f"takes ({asked}) but the reference takes ({known}): make them the same"
    return ""


def fill(stub: str, body: str) -> str:
    """The answer cell ``stub`` with ``body`` in place of its ``...``."""
    function = _only_function(stub)
    line = None if function is None else _ellipsis_line(function)
    if line is None:
        raise ValueError("stub: has no function with ... on a line of its own; write one")
    lines = stub.splitlines()
    indent = lines[line - 1][: -len(lines[line - 1].lstrip())]
    lines[line - 1 : line] = textwrap.indent(body, indent).splitlines()
    return "\n".join(lines)


def names_bound(code: str) -> set[str]:
    """The names that running ``code`` defines at its top level."""
    symbols = symtable.symtable(code, "<cell>", "exec").get_symbols()
    return {s.get_name() for s in symbols if s.is_assigned() or s.is_imported()}


def names_wanted(code: str) -> set[str]:
    """The names that ``code`` uses and neither defines nor finds in every notebook."""
    return set(_globals(symtable.symtable(code, "<cell>", "exec"))) - (
        names_bound(code) | IN_EVERY_NOTEBOOK
    )


def _globals(table: symtable.SymbolTable) -> Iterator[str]:
    at_top = table.get_type() == "module"
    for symbol in table.get_symbols():
        if symbol.is_referenced() and (at_top or symbol.is_global()):
            yield symbol.get_name()
    for child in table.get_children():
        yield from _globals(child)


def _source(reference: Reference) -> str:
    return textwrap.dedent(inspect.getsource(reference))


def _only_function(source: str) -> ast.FunctionDef | None:
    try:
        body = ast.parse(source).body
    except SyntaxError:
        return None
    return body[0] if len(body) == 1 and isinstance(body[0], ast.FunctionDef) else None


def _ellipsis_line(function: ast.FunctionDef) -> int | None:
    """The line of the ``...`` that follows the docstring, counted from 1."""
    match function.body:
        case [first, ast.Expr(value=ast.Constant(value=value)) as dots] if value is ...:
            return dots.lineno if dots.lineno != first.end_lineno else None
    return None


def _signature(function: ast.FunctionDef | None) -> str:
    """The parameters with kinds and defaults, without annotations."""
    if function is None:
        return "?"
    for argument in ast.walk(function.args):
        if isinstance(argument, ast.arg):
            argument.annotation = None
    return ast.unparse(function.args)
