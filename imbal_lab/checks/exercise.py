"""What an exercise is: declared once, used by every check, test and diagnosis."""

import inspect
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

Inputs = dict[str, Any]
Function = Callable[..., Any]


@dataclass(frozen=True)
class Case:
    """One input: ``draw`` makes it from a seeded generator, fresh at every call."""

    name: str
    draw: Callable[[torch.Generator], Inputs]


@dataclass(frozen=True)
class Group:
    """Cases that earn their ``weight`` together.

    ``shows`` completes "shown: ..."; ``advice`` is what to try when no known mistake fits.
    Hidden groups are judged at grading only.
    """

    name: str
    shows: str
    weight: int
    cases: tuple[Case, ...]
    advice: str
    hidden: bool = False


@dataclass(frozen=True)
class Property:
    """Something every right answer satisfies; ``says`` is read by learners who break it."""

    says: str
    holds: Callable[[Inputs, Tensor], bool]


@dataclass(frozen=True)
class Mistake:
    """A known misunderstanding: wrong ``functions`` that make it, why, and what to try."""

    name: str
    why: str
    advice: str
    functions: tuple[Function, ...]


@dataclass(frozen=True)
class Exercise:
    """One function to write. Groups stand in the order in which a learner meets them.

    A use of what is ``forbidden`` is shown to a person; it changes no score.
    """

    id: str
    reference: Function
    axes: tuple[str, ...]  # what the axes of the result count, for messages
    groups: tuple[Group, ...]
    properties: tuple[Property, ...]
    mistakes: tuple[Mistake, ...]
    forbidden: tuple[str, ...] = ()  # dotted names that the task forbids, e.g. "torch.optim"

    @property
    def signature(self) -> str:
        """Name and arguments, as a learner sees them."""
        return f"{self.id}({', '.join(inspect.signature(self.reference).parameters)})"

    def draw(self, case: Case, seed: int) -> Inputs:
        """The inputs of ``case`` for ``seed``: equal at every call, never the same objects."""
        stream = zlib.crc32(f"{self.id}/{case.name}/{seed}".encode())
        return case.draw(torch.Generator().manual_seed(stream))
