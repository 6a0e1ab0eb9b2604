"""Evaluate: what a formula says, on given values.

Numbers are float64 throughout and indices are loops, one value after another: the inputs are
small, and the point is to be plainly another way to the same number than the reference.
"""

import itertools
from collections.abc import Iterator

import torch
from torch import Tensor

from imbal_lab.authoring.formulas.arithmetic import apply, compare, times
from imbal_lab.authoring.formulas.facts import Facts
from imbal_lab.authoring.formulas.scope import Scope
from imbal_lab.authoring.formulas.symbols import parts
from imbal_lab.authoring.formulas.tree import (
    Big,
    Cases,
    FormulaError,
    Fraction,
    Function,
    Group,
    Node,
    Number,
    Power,
    Product,
    Relation,
    Sum,
    Symbol,
    Transposed,
)


def is_true(relations: tuple[Relation, ...], facts: Facts) -> bool:
    """Whether every relation holds, for every value of the indices that no sum binds."""
    return all(
        _holds(relation, scope, facts.within)
        for relation in relations
        for scope in _scopes(relation, facts)
    )


def sides(relation: Relation, facts: Facts) -> list[Tensor]:
    """What each side of ``relation`` is worth, for each value of its free indices in turn."""
    return [value(side, scope) for scope in _scopes(relation, facts) for side in relation.sides]


def value(node: Node, scope: Scope) -> Tensor:
    """What ``node`` is worth in ``scope``; FormulaError says what is missing or does not fit."""
    match node:
        case Number(number):
            return torch.tensor(number, dtype=torch.float64)
        case Symbol(base) if base.startswith("\\math") and base.endswith(" 1"):
            return torch.tensor(1.0, dtype=torch.float64)  # what follows it is a condition
        case Symbol():
            return scope.look_up(node, lambda sub: value(sub, scope))
        case Sum(terms):
            first, *rest = [sign * value(term, scope) for sign, term in terms]
            return sum(rest, first)
        case Product():
            return _product(node, scope)
        case Fraction(above, below):
            divisor = value(below, scope)
            if divisor.dim():
                raise FormulaError("below a fraction bar stands a vector")
            return value(above, scope) / divisor
        case Power(base, exponent):
            return value(base, scope) ** value(exponent, scope)
        case Transposed(of):
            return value(of, scope)
        case Group((Relation() as relation,)):
            return torch.tensor(float(_holds(relation, scope, 1e-9)), dtype=torch.float64)
        case Group((inside,)):
            return value(inside, scope)
        case Function(name, arguments):
            return apply(name, [value(argument, scope) for argument in arguments])
        case Big():
            return _big(node, scope)
        case Cases(rows):
            for result, condition in rows:
                if condition is None or bool(value(Group((condition,)), scope)):
                    return value(result, scope)
            raise FormulaError("cases: none of the conditions is met")
    raise FormulaError(f"a {type(node).__name__.lower()} has no value here")


def _scopes(relation: Relation, facts: Facts) -> Iterator[Scope]:
    return Scope(facts).over(_free(relation, facts))


def _holds(relation: Relation, scope: Scope, within: float) -> bool:
    sides = relation.sides
    steps = zip(sides[:-1], relation.signs, sides[1:], strict=True)
    return all(compare(value(a, scope), sign, value(b, scope), within) for a, sign, b in steps)


def _product(node: Product, scope: Scope) -> Tensor:
    """Factors from left to right; a function and the parentheses after it are one factor."""
    result, turned = torch.tensor(1.0, dtype=torch.float64), False
    waiting = list(zip(node.factors, node.dots, strict=True))
    while waiting:
        factor, dot = waiting.pop(0)
        function = scope.function(factor)
        if function is None:
            this = value(factor, scope)
        elif waiting and isinstance(group := waiting.pop(0)[0], Group):
            this = function(*(value(item, scope) for item in group.items))
        else:
            raise FormulaError(f"{factor}: a function, with no parentheses after it")
        result = times(result, dot, this, turned=turned)
        turned = isinstance(factor, Transposed)
    return result


def _big(node: Big, scope: Scope) -> Tensor:
    bodies = [value(node.body, inner) for inner in _rounds(node, scope)]
    if node.name == "sum":
        return sum(bodies, torch.tensor(0.0, dtype=torch.float64))
    if node.name == "prod":
        return torch.stack(bodies).prod(dim=0)
    return apply(node.name, bodies)


def _rounds(node: Big, scope: Scope) -> Iterator[Scope]:
    """A scope for each value of the indices that counts."""
    if node.limits is None:
        for inner in scope.over(node.indices):
            if node.condition is None or bool(value(Group((node.condition,)), inner)):
                yield inner
    else:
        low, high = (int(value(limit, scope)) for limit in node.limits)
        for number in range(low, high + 1):
            yield scope.within({node.indices[0]: number})


def _free(relation: Relation, facts: Facts) -> list[str]:
    """The indices that stand in ``relation`` outside every sum over them."""

    def found(node: Node, bound: frozenset[str]) -> Iterator[str]:
        match node:
            case Symbol(base, ()) if base in facts.over and base not in bound:
                yield base
            case Big(_, indices):
                bound |= frozenset(indices)
        yield from itertools.chain.from_iterable(found(part, bound) for part in parts(node))

    return list(dict.fromkeys(found(relation, frozenset())))
