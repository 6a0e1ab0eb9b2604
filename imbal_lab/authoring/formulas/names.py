"""Names: what belongs to a symbol of what stands around its letter, and how it is written."""

from typing import Any

from lark import Token

from imbal_lab.authoring.formulas.tree import (
    FormulaError,
    Function,
    Group,
    Node,
    Number,
    Power,
    Product,
    Sum,
    Symbol,
    Transposed,
)


def written(node: Node) -> str:
    """LaTeX for what can stand in a name: symbols, numbers, sums, groups."""
    match node:
        case Number(value):
            return f"{value:g}"
        case Symbol(base, subs, mark):
            below = f"_{{{','.join(map(written, subs))}}}" if subs else ""
            return base + below + (f"^{{{mark}}}" if mark else "")
        case Sum(terms):
            signs = "".join(("+" if sign > 0 else "-") + written(term) for sign, term in terms)
            return signs.removeprefix("+")
        case Group(items):
            return f"({','.join(map(written, items))})"
    raise FormulaError(f"a {type(node).__name__.lower()} cannot stand in a name")


def token_name(token: Token) -> str:
    """The name a token gives; the words of a text without the box around them."""
    if token.type == "TEXT":
        return "\\text{" + str(token).partition("{")[2][:-1].strip() + "}"
    return str(token)


def with_sub(node: Node, subs: tuple[Node, ...]) -> Node:
    match node:
        case Symbol(base, (), mark) if base.startswith("\\math") and base.endswith(" 1"):
            return Product((node, Group(subs)), ("", ""))  # an indicator: 1_{y = c}
        case Symbol(base, (), mark):
            return Symbol(base, subs, mark)
        case Function("norm", arguments) if subs in ((Number(1),), (Number(2),)):
            return Function("norm", (*arguments, *subs))
    raise FormulaError("a subscript belongs to a symbol, or 1 or 2 to a norm")


def with_sup(node: Node, sup: Any) -> Node:
    if sup in ("\\top", Symbol("\\top")):
        return Transposed(node)
    is_mark = isinstance(sup, Token | Group) or (
        isinstance(sup, Symbol) and sup.base.startswith(("\\text", "\\star"))
    )
    if is_mark:
        if not isinstance(node, Symbol):
            raise FormulaError("a mark such as (t) or * belongs to a symbol")
        mark = str(sup) if isinstance(sup, Token) else written(sup)
        return Symbol(node.base, node.subs, mark)
    if node == Symbol("e"):
        return Function("exp", (sup,))
    return Power(node, sup)
