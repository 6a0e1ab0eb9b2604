"""What a formula is made of: one frozen dataclass for each kind of node."""

from __future__ import annotations

from dataclasses import dataclass


class FormulaError(ValueError):
    """LaTeX that is no formula of this course, or one that has no value: says where and why."""


@dataclass(frozen=True)
class Number:
    value: float


@dataclass(frozen=True)
class Symbol:
    r"""``\hat g_l^{(t)}`` has the base ``\hat g``, the subscript l and the mark (t)."""

    base: str
    subs: tuple[Node, ...] = ()
    mark: str = ""


@dataclass(frozen=True)
class Sum:
    """Terms, each with +1 or -1."""

    terms: tuple[tuple[int, Node], ...]


@dataclass(frozen=True)
class Product:
    r"""Factors side by side; ``dots[i]`` is what stands before factor i: "", \\cdot or \\odot."""

    factors: tuple[Node, ...]
    dots: tuple[str, ...]


@dataclass(frozen=True)
class Fraction:
    above: Node
    below: Node


@dataclass(frozen=True)
class Power:
    base: Node
    exponent: Node


@dataclass(frozen=True)
class Transposed:
    of: Node


@dataclass(frozen=True)
class Group:
    """Parentheses, with commas or a relation inside where there are any."""

    items: tuple[Node, ...]


@dataclass(frozen=True)
class Function:
    """log, exp, norm, abs, inner, ... of its arguments."""

    name: str
    arguments: tuple[Node, ...]


@dataclass(frozen=True)
class Big:
    """sum, prod, max, min or argmax over indices, those for which the condition holds."""

    name: str
    indices: tuple[str, ...]
    condition: Node | None
    limits: tuple[Node, Node] | None
    body: Node


@dataclass(frozen=True)
class Relation:
    """a = b < c: sides, and what stands between them."""

    sides: tuple[Node, ...]
    signs: tuple[str, ...]


@dataclass(frozen=True)
class Cases:
    """Values with their conditions; the last one may have none."""

    rows: tuple[tuple[Node, Node | None], ...]


Node = (
    Number | Symbol | Sum | Product | Fraction | Power | Transposed | Group | Function | Big
    | Relation | Cases
)  # fmt: skip
