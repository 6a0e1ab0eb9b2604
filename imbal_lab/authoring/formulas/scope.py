"""Scope: what a symbol stands for at one place of a formula."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import torch
from torch import Tensor

from imbal_lab.authoring.formulas.facts import Facts
from imbal_lab.authoring.formulas.names import written
from imbal_lab.authoring.formulas.parse import parse_symbol
from imbal_lab.authoring.formulas.tree import FormulaError, Node, Symbol


class Scope:
    """The values of ``facts``, with a number for each index whose sum we are inside of."""

    def __init__(self, facts: Facts) -> None:
        self.sizes = facts.over
        self.values = {parse_symbol(name): given for name, given in facts.values.items()}
        self.numbers: Mapping[str, int] = {}

    def within(self, numbers: Mapping[str, int]) -> Scope:
        """The same with these indices at these numbers."""
        inner = Scope.__new__(Scope)
        inner.sizes, inner.values = self.sizes, self.values
        inner.numbers = {**self.numbers, **numbers}
        return inner

    def over(self, indices: Iterable[str]) -> Iterator[Scope]:
        """A scope for each combination of the values of ``indices``."""
        names = list(indices)
        for name in names:
            if name not in self.sizes:
                raise FormulaError(f"index {name}: say in over= how many values it has")
        for numbers in itertools.product(*(range(self.sizes[name]) for name in names)):
            yield self.within(dict(zip(names, numbers, strict=True)))

    def function(self, node: Node) -> Callable[..., Any] | None:
        """The function that ``node`` names, if it names one."""
        given = self.values.get(node) if isinstance(node, Symbol) else None
        return given if callable(given) else None

    def look_up(self, symbol: Symbol, number: Callable[[Node], Tensor]) -> Tensor:
        """The value of ``symbol``; ``number`` evaluates what stands in its subscripts."""
        if symbol.base in self.numbers and not (symbol.subs or symbol.mark):
            return torch.tensor(float(self.numbers[symbol.base]), dtype=torch.float64)
        if symbol in self.values and not any(map(self._is_index, symbol.subs)):
            return _tensor(self.values[symbol])
        for name, given in self.values.items():
            if _fits(name, symbol):
                pairs = zip(name.subs, symbol.subs, strict=True)
                places = [(number(used)) for mine, used in pairs if self._is_index(mine)]
                if all(map(self._agrees, name.subs, symbol.subs)):
                    return self._at(symbol, _tensor(given), places)
        raise FormulaError(f"{written(symbol)}: no value; give it one, or its general form")

    def _at(self, symbol: Symbol, tensor: Tensor, places: list[Tensor]) -> Tensor:
        for place in places:
            index = int(place)
            if index != place or not 0 <= index < len(tensor):
                raise FormulaError(f"{written(symbol)}: no entry {float(place):g}, from 0 on")
            tensor = tensor[index]
        return tensor

    def _is_index(self, node: Node) -> bool:
        return isinstance(node, Symbol) and not node.subs and node.base in self.sizes

    def _agrees(self, mine: Node, used: Node) -> bool:
        return mine == used or self._is_index(mine)


def _fits(name: Symbol, symbol: Symbol) -> bool:
    same = (name.base, name.mark, len(name.subs)) == (symbol.base, symbol.mark, len(symbol.subs))
    return same and bool(name.subs)


def _tensor(given: Any) -> Tensor:
    if isinstance(given, Tensor) and given.dtype != torch.float64 and given.is_floating_point():
        raise FormulaError("a value in single precision: draw and compute it in float64")
    return torch.as_tensor(given, dtype=torch.float64)
