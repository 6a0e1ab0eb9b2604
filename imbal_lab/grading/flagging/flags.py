"""Lines of students' code that a person should look at, found in the source; nothing is run.

A flag never changes a score. Names are followed through imports and assignments; who wants to hide
a name from this rule can, and then finds the process without answers, network and programs.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from imbal_lab.grading.flagging import flag_rules as rules
from imbal_lab.grading.flagging.dotted import Scope, imported
from imbal_lab.grading.flagging.suspicion import Suspicion
from imbal_lab.grading.gradebook.conversion import printable
from imbal_lab.grading.judging.graded import Flag
from imbal_lab.grading.submissions.planned import PlannedCell
from imbal_lab.grading.submissions.source_tree import TooInvolvedError, bound_by, parse

if TYPE_CHECKING:
    from imbal_lab.checks.exercise import Exercise

MOST_FLAGS = 50

Ban = Mapping[str, str]  # dotted name -> why


def flags(cells: Sequence[PlannedCell], exercises: Sequence[Exercise]) -> tuple[Flag, ...]:
    """The flags of a submission's code cells, in their order, each line and reason once.

    What an exercise forbids is looked for in its answer cells and in what these use of the
    student's own definitions. A cell that is no Python gets no flag: it cannot run.
    """
    codes = [cell for cell in cells if cell.kind == "code"]
    trees = [_tree(cell) for cell in codes]
    scope: Scope = {}
    for tree in trees:
        scope.update(_imports(tree))
    bans = _bans(codes, trees, exercises)
    found: dict[Flag, None] = {}
    for cell, tree in zip(codes, trees, strict=True):
        for line, why in _look(cell.source, tree, scope, bans):
            found[Flag(cell.exercise, printable(line), why)] = None
    return tuple(found)[:MOST_FLAGS]


def _tree(cell: PlannedCell) -> ast.Module | None:
    """The cell's tree, empty where it is no Python; None where it is too involved to be read."""
    try:
        return parse(cell.source)
    except SyntaxError:
        return ast.Module([], [])
    except TooInvolvedError:
        return None


def _imports(tree: ast.Module | None) -> Scope:
    """What the imports of a cell bind: a function may use what is imported below it."""
    nodes = ast.walk(tree) if tree else ()
    found = [imported(node) for node in nodes if isinstance(node, ast.Import | ast.ImportFrom)]
    return {name: meaning for names in found for name, meaning, _ in names}


def _look(
    source: str, tree: ast.Module | None, scope: Scope, bans: Mapping[ast.stmt, Ban]
) -> Iterator[tuple[str, str]]:
    """Lines of a cell, each with what is to be said about it."""
    lines = source.strip("\n").split("\n")
    try:
        if tree is None:
            raise TooInvolvedError
        for statement in tree.body:
            suspicion = Suspicion(scope, bans.get(statement, {}))
            suspicion.visit(statement)
            for number, why in suspicion.found:
                yield lines[min(number, len(lines)) - 1].strip(), why
            for body in suspicion.magic_bodies:
                yield from _look(body, parse(body), scope, {})
    except SyntaxError:  # under a magic: perhaps another language
        return
    except (TooInvolvedError, RecursionError):
        yield lines[0], rules.NOT_READ


def _bans(
    codes: Sequence[PlannedCell],
    trees: Sequence[ast.Module | None],
    exercises: Sequence[Exercise],
) -> Mapping[ast.stmt, Ban]:
    """For each statement that an answer consists of or uses, what its exercise forbids."""
    bans: dict[ast.stmt, dict[str, str]] = {}
    pairs = [(cell, tree.body) for cell, tree in zip(codes, trees, strict=True) if tree]
    for exercise in exercises:
        answer = [s for cell, body in pairs if cell.exercise == exercise.id for s in body]
        others = [s for cell, body in pairs if cell.exercise is None for s in body]
        for statement in _used(answer, others) if exercise.forbidden else ():
            for name in exercise.forbidden:
                bans.setdefault(statement, {})[name] = rules.FORBIDDEN
    return bans


def _used(statements: list[ast.stmt], definitions: list[ast.stmt]) -> list[ast.stmt]:
    """`statements` and every one of `definitions` that they use, also by way of others."""
    by_name: dict[str, list[ast.stmt]] = {}
    for definition in definitions:
        for name in bound_by(definition):
            by_name.setdefault(name, []).append(definition)
    used = list(statements)
    for statement in used:  # grows while it is walked
        for node in ast.walk(statement):
            used += by_name.pop(node.id, []) if isinstance(node, ast.Name) else []
    return used
