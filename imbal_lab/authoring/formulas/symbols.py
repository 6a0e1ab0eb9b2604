"""Symbols: which ones a formula uses, in the order of reading, and who describes them."""

import dataclasses
from collections.abc import Iterable, Iterator
from typing import TypeGuard

from imbal_lab.authoring.formulas.tree import Big, Node, Number, Relation, Sum, Symbol


def parts(node: Node) -> Iterator[Node]:
    """The nodes right below ``node``, in the order of reading."""
    for field in dataclasses.fields(node):
        yield from _nodes(getattr(node, field.name))


def occurring(relations: Iterable[Relation]) -> list[Symbol]:
    """Each symbol once, in the order of its first appearance, without the indices."""
    found = [symbol for relation in relations for symbol in _walk(relation)]
    return list(dict.fromkeys(found))


def indices(relations: Iterable[Relation]) -> set[str]:
    """The letters that count: those below a sum, and single letters in a subscript."""
    return {letter for relation in relations for letter in _letters(relation)}


def describes(general: Symbol, used: Symbol) -> bool:
    r"""Whether ``general`` stands for ``used``: g_l does for g_0, \theta_t for \theta_{t+1}."""
    if (general.base, general.mark, len(general.subs)) != (used.base, used.mark, len(used.subs)):
        return False
    pairs = zip(general.subs, used.subs, strict=True)
    return all(a == b or (_is_letter(a) and not _is_label(b)) for a, b in pairs)


def _walk(node: Node) -> Iterator[Symbol]:
    if isinstance(node, Symbol) and not node.base.endswith(" 1"):  # an indicator is no symbol
        yield node
    for part in parts(node):
        if not (isinstance(node, Symbol) and _is_label(part)):
            yield from _walk(part)


def _letters(node: Node, below: bool = False) -> Iterator[str]:
    if isinstance(node, Big):
        yield from node.indices
    if below and _is_letter(node):
        yield node.base
    for part in parts(node):
        yield from _letters(part, isinstance(node, Symbol) or (below and isinstance(node, Sum)))


def _is_letter(node: Node) -> TypeGuard[Symbol]:
    return isinstance(node, Symbol) and not node.subs and not node.mark and len(node.base) == 1


def _is_label(node: Node) -> TypeGuard[Symbol]:
    r"""Whether it is a word in a subscript, such as \max or \text{new}."""
    return isinstance(node, Symbol) and node.base.startswith(("\\max", "\\min", "\\text"))


def _nodes(value: object) -> Iterator[Node]:
    if isinstance(value, tuple):
        for item in value:
            yield from _nodes(item)
    elif dataclasses.is_dataclass(value) and not isinstance(value, Number | type):
        yield value  # type: ignore[misc]  # the only dataclasses in a tree are nodes
