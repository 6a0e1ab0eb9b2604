"""From LaTeX to a tree, with lark's help."""

import functools
import re
from typing import Any

from lark import Lark, Token, Transformer
from lark.exceptions import LarkError, UnexpectedInput, UnexpectedToken, VisitError

from imbal_lab.authoring.formulas.grammar import GRAMMAR
from imbal_lab.authoring.formulas.tree import (
    Big,
    Cases,
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

# What changes how a formula looks, and not what it says.
LOOKS = re.compile(
    r"\\(?:left|right|[bB]igg?[lr]?|limits|nolimits|displaystyle|textstyle|mathopen|mathclose)"
    r"(?![A-Za-z])|(?<!\\)\\[,;:! ]|~|\\begin\{aligned\}|\\end\{aligned\}|[.,;]\s*$"
)
SPELLINGS = {"\\dfrac": "\\frac", "\\tfrac": "\\frac", "\\operatorname*": "\\operatorname"}
SAME = {"\\leq": "\\le", "\\geq": "\\ge", "\\neq": "\\ne"}


class FormulaError(ValueError):
    """LaTeX that is no formula of this course: says where it stops making sense."""


def parse(latex: str) -> tuple[Relation, ...]:
    """The relations that ``latex`` states, in order; FormulaError if it cannot be read."""
    return _read("formula", latex)


def parse_symbol(latex: str) -> Symbol:
    """The one symbol that ``latex`` is; FormulaError if it is anything else."""
    node = _read("atom", latex)
    if not isinstance(node, Symbol):
        raise FormulaError(f"{latex!r} is no symbol: write a letter with its marks and indices")
    return node


def _read(start: str, latex: str) -> Any:
    plain = latex
    if "{aligned}" in latex:  # its rows are formulas side by side
        plain = latex.replace("&", " ").replace("\\\\", "\\quad ")
    for spelling, same in SPELLINGS.items():
        plain = plain.replace(spelling, same)
    plain = LOOKS.sub(" ", plain).strip()
    try:
        return _ToTree().transform(_parser().parse(plain, start=start))
    except VisitError as error:
        raise FormulaError(f"{latex!r}: {error.orig_exc}") from error
    except UnexpectedInput as error:
        if isinstance(error, UnexpectedToken) and error.token.type == "$END":
            what = "ends too early: a formula has = or < in it"
        else:
            what = f"is not understood from {plain[error.pos_in_stream or 0 :][:20]!r} on"
        raise FormulaError(f"{latex!r} {what}") from error
    except LarkError as error:
        raise FormulaError(f"{latex!r}: {error}") from error


@functools.cache
def _parser() -> Lark:
    return Lark(GRAMMAR, parser="lalr", start=["formula", "atom"])


class _ToTree(Transformer[Token, Any]):
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
            node = _with_sub(node, value) if kind == "sub" else _with_sup(node, value)
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
        return Number(float(parts[0])) if parts[0].type == "DIGIT" else Symbol(_name(parts[0]))

    def symbol(self, parts: list[Token]) -> Symbol:
        return Symbol(_name(parts[0]))

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


def _name(token: Token) -> str:
    """The name a token gives; the words of a text without the box around them."""
    if token.type == "TEXT":
        return "\\text{" + str(token).partition("{")[2][:-1].strip() + "}"
    return str(token)


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


def _with_sub(node: Node, subs: tuple[Node, ...]) -> Node:
    match node:
        case Symbol(base, (), mark) if base.startswith("\\math") and base.endswith(" 1"):
            return Product((node, Group(subs)), ("", ""))  # an indicator: 1_{y = c}
        case Symbol(base, (), mark):
            return Symbol(base, subs, mark)
        case Function("norm", arguments) if subs in ((Number(1),), (Number(2),)):
            return Function("norm", (*arguments, *subs))
    raise FormulaError("a subscript belongs to a symbol, or 1 or 2 to a norm")


def _with_sup(node: Node, sup: Any) -> Node:
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
