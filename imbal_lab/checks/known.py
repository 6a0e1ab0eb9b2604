"""What is known of an exercise: its reference and its mistakes, each called once a case."""

import torch
from torch import Tensor

from imbal_lab.checks.call import Other, Outcome, outcome_of, raised
from imbal_lab.checks.exercise import Case, Exercise, Function, Inputs


class Known:
    """The library's own functions on the cases of one seed.

    They are trusted, so nothing global is touched around them: several threads may do this at
    once. What they did is kept.
    """

    def __init__(self, exercise: Exercise, seed: int) -> None:
        self.exercise, self.seed = exercise, seed
        self._inputs: dict[Case, Inputs] = {}
        self._outcomes: dict[tuple[Function, Case], Outcome] = {}

    def inputs(self, case: Case) -> Inputs:
        """What is drawn for ``case``: to be read, and never to be written to."""
        if case not in self._inputs:
            self._inputs[case] = self.exercise.draw(case, self.seed)
        return self._inputs[case]

    def expected(self, case: Case) -> Tensor:
        """The right result."""
        result = self.outcome(self.exercise.reference, case).result
        if not isinstance(result, Tensor):
            raise TypeError(f"the reference of {self.exercise.id} fails on case {case.name!r}")
        return result

    def outcome(self, function: Function, case: Case) -> Outcome:
        """What one of the exercise's functions does on ``case``."""
        key = (function, case)
        if key not in self._outcomes:
            self._outcomes[key] = self._call(function, case)
        return self._outcomes[key]

    def broken_property(self, case: Case, result: Tensor | Other | None) -> str | None:
        """The first property that ``result`` breaks, where it can be asked at all."""
        if not isinstance(result, Tensor) or result.is_complex():
            return None
        if result.shape != self.expected(case).shape:
            return None
        inputs = self.exercise.draw(case, self.seed)
        with torch.enable_grad():
            broken = (p.says for p in self.exercise.properties if not p.holds(inputs, result))
            return next(broken, None)

    def _call(self, function: Function, case: Case) -> Outcome:
        inputs = self.exercise.draw(case, self.seed)
        try:
            with torch.enable_grad():
                return outcome_of(function, inputs, self.inputs(case))
        except Exception as error:
            return Outcome(raised=raised(error))
