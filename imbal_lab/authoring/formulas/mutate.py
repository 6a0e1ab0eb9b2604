"""Mutate: small errors put into a formula, to see whether its comparison notices.

Signs are changed in the LaTeX itself, as a slip of the author's finger would; fractions are
turned round, and factors and exponents taken away, in the tree.
"""

import dataclasses
import re
from collections.abc import Iterator
from typing import Any

from imbal_lab.authoring.formulas.parse import parse
from imbal_lab.authoring.formulas.tree import Fraction, Node, Power, Product, Relation


def signs_changed(latex: str) -> Iterator[str]:
    """The LaTeX with one + made -, or one - made +, for each of them."""
    for match in re.finditer(r"[+-]", latex):
        other = "-" if match[0] == "+" else "+"
        yield latex[: match.start()] + other + latex[match.end() :]


def parts_changed(latex: str) -> Iterator[tuple[str, tuple[Relation, ...]]]:
    """What was done, and the formula with that done to it."""
    relations = parse(latex)
    for place, relation in enumerate(relations):
        for what, changed in _variants(relation):
            yield what, (*relations[:place], changed, *relations[place + 1 :])


def _variants(node: Any) -> Iterator[tuple[str, Any]]:
    """``node`` with one thing changed in it, for each thing that can be."""
    if isinstance(node, tuple):
        for place, item in enumerate(node):
            for what, changed in _variants(item):
                yield what, (*node[:place], changed, *node[place + 1 :])
    elif dataclasses.is_dataclass(node) and not isinstance(node, type):
        yield from _here(node)  # type: ignore[arg-type]  # a node
        for field in dataclasses.fields(node):
            for what, changed in _variants(getattr(node, field.name)):
                yield what, dataclasses.replace(node, **{field.name: changed})


def _here(node: Node) -> Iterator[tuple[str, Node]]:
    match node:
        case Fraction(above, below):
            yield "a fraction turned round", Fraction(below, above)
        case Power(base, _):
            yield "an exponent dropped", base
        case Product(factors, dots):
            for place in range(len(factors)):
                rest = Product(factors[:place] + factors[place + 1 :], _without(dots, place))
                kept = rest.factors[0] if len(rest.factors) == 1 else rest
                yield f"factor {place + 1} of {len(factors)} dropped", kept


def _without(dots: tuple[str, ...], place: int) -> tuple[str, ...]:
    kept = dots[:place] + dots[place + 1 :]
    return ("", *kept[1:])
