"""From what lark reads to the tree: one method for each rule of the grammar."""

from typing import Any

from lark import Token, Transformer

from imbal_lab.authoring.formulas.names import token_name, with_sub, with_sup, written
from imbal_lab.authoring.formulas.tree import (
    Big,
    Cases,
    FormulaError,
    Fraction,
    Function,
    Group,
    Node,
    Number,
    Product,
    Relation,
    Sum,
    Symbol,
)

SAME = {"\\leq": "\\le", "\\geq": "\\ge", "\\neq": "\\ne"}


class ToTree(Transformer[Token, Any]):
    """One method a rule of the grammar."""

    def formula(self, parts: list[Any]) -> tuple[Relation, ...]:
        return tuple(part for part in parts if isinstance(part, Relation))

    def relation(self, parts: list[Any]) -> Relation:
        signs = tuple(SAME.get(str(sign), str(sign)) for sign in parts[1::2])
        return Relation(tuple(parts[::2]), signs)

    def sum(self, parts: list[Any]) -> Node:
        sign, terms = 1, []
        for part in parts:
            if isinstance(part, Token):
                sign = -1 if part == "-" else 1
            else:
                terms.append((sign, part))
        return terms[0][1] if terms == [(1, terms[0][1])] else Sum(tuple(terms))

    def quotient(self, parts: list[Any]) -> Node:
        above, below = parts
        return above if below is None else Fraction(above, below)

    def product(self, parts: list[Any]) -> Node:
        dot, factors, dots = "", [], []
        for part in parts:
            if isinstance(part, Token):
                dot = "\\odot" if part == "\\odot" else "\\cdot"
            else:
                factors.append(part)
                dots.append(dot)
                dot = ""
        return factors[0] if len(factors) == 1 else Product(tuple(factors), tuple(dots))

    def big(self, parts: list[Any]) -> Big:
        name, (indices, condition), *upper, body = parts
        return _big(str(name), indices, condition, upper, body)

    def function(self, parts: list[Any]) -> Function:
        name = str(parts[0]).lstrip("\\").replace("ln", "log")
        return Function(name, (parts[1],))

    def pick(self, parts: list[Any]) -> Big:
        name, (indices, condition), body = parts
        return _big(str(name), indices, condition, [], body)

    def pick_of_list(self, parts: list[Any]) -> Function:
        return Function(str(parts[0]).replace("\\", ""), parts[1].items)

    def over(self, letters: list[Token]) -> tuple[tuple[str, ...], Node | None]:
        return tuple(map(str, letters)), None

    def over_such_that(self, parts: list[Any]) -> tuple[tuple[str, ...], Node]:
        return (str(parts[0]),), parts[1]

    def over_relation(self, parts: list[Any]) -> tuple[tuple[str, ...], Node]:
        match parts[0].sides[0]:
            case Symbol(base, (), ""):
                return (base,), parts[0]
        raise FormulaError("below a sum stand an index, or an index : condition")

    def scripted(self, parts: list[Any]) -> Node:
        node, *scripts = parts
        for kind, value in sorted(scripts, key=lambda script: script[0]):  # sub before sup
            node = with_sub(node, value) if kind == "sub" else with_sup(node, value)
        return node

    def sub(self, parts: list[Any]) -> tuple[str, tuple[Node, ...]]:
        return "sub", parts[1]

    def sup(self, parts: list[Any]) -> tuple[str, Any]:
        return "sup", parts[0]

    def subscript(self, parts: list[Any]) -> tuple[Node, ...]:
        if isinstance(parts[0], Token):  # n_{\\max}
            return (Symbol(str(parts[0])),)
        items = parts[0] if isinstance(parts[0], list) else [parts[0]]
        split = [i.factors if isinstance(i, Product) else (i,) for i in items]
        return tuple(index for factors in split for index in factors)

    def superscript(self, parts: list[Any]) -> Any:
        return parts[0]

    def single(self, parts: list[Token]) -> Node:
        return Number(float(parts[0])) if parts[0].type == "DIGIT" else Symbol(token_name(parts[0]))

    def symbol(self, parts: list[Token]) -> Symbol:
        return Symbol(token_name(parts[0]))

    def accented(self, parts: list[Any]) -> Symbol:
        accent, inner = parts
        if isinstance(inner, Number):
            return Symbol(f"{accent} {inner.value:g}")
        if not isinstance(inner, Symbol):
            raise FormulaError(f"{accent} stands over one symbol")
        return Symbol(f"{accent} {inner.base}", inner.subs, inner.mark)

    def gradient(self, parts: list[Any]) -> Symbol:
        sign, *scripts, inner = parts
        if not isinstance(inner, Symbol):
            raise FormulaError(f"after {sign} stands one symbol")
        by = "".join(f"_{{{' '.join(map(written, value))}}}" for _, value in scripts)
        return Symbol(f"{sign}{by} {inner.base}", inner.subs, inner.mark)

    def number(self, parts: list[Token]) -> Number:
        return Number(float(parts[0]))

    def fraction(self, parts: list[Any]) -> Node:
        match parts:
            case [Symbol(a, above, ""), Symbol(b, below, "")] if a.startswith("\\partial "):
                return Symbol(f"\\frac{{{a}}}{{{b}}}", above + below)
        return Fraction(*parts)

    def root(self, parts: list[Any]) -> Function:
        return Function("sqrt", (parts[0],))

    def group(self, parts: list[Any]) -> Group:
        return Group(tuple(parts[0]))

    def items(self, parts: list[Any]) -> list[Node]:
        return list(parts)

    def norm(self, parts: list[Any]) -> Function:
        return Function("norm", (parts[0],))

    def absolute(self, parts: list[Any]) -> Function:
        return Function("abs", (parts[0],))

    def inner(self, parts: list[Any]) -> Function:
        return Function("inner", (parts[0], parts[1]))

    def cases(self, rows: list[Any]) -> Cases:
        return Cases(tuple(row for row in rows if not isinstance(row, Token)))

    def row(self, parts: list[Any]) -> tuple[Node, Node | None]:
        conditions = [part for part in parts[1:] if not isinstance(part, Token)]
        return parts[0], conditions[0] if conditions else None


def _big(
    name: str, indices: tuple[str, ...], condition: Node | None, upper: list[Node], body: Node
) -> Big:
    limits = None
    if upper:
        match condition:
            case Relation((_, lower), ("=",)):
                condition, limits = None, (lower, upper[0])
            case _:
                raise FormulaError("a sum with an upper limit needs a lower one: i=0")
    return Big(name.replace("\\", ""), indices, condition, limits, body)
