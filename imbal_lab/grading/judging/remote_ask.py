"""Asking a student's function, which lives in another process, as judge() asks."""

from __future__ import annotations

from imbal_lab.checks import Case, Exercise, Group, Outcome
from imbal_lab.checks.judge import not_started
from imbal_lab.checks.known import Known
from imbal_lab.grading.judging.missing_import import missing_import
from imbal_lab.student_process.submission import State, Submission


class RemoteAsk:
    """Asks each case once; what came back is kept, so that judging twice calls once.

    `place` is the state in which the check stands. What is missing there, but stands in the state
    at the `end`, is asked there. Both must have been kept. `notes` say what was mended.
    """

    def __init__(
        self,
        submission: Submission,
        exercise: Exercise,
        seed: int,
        *,
        place: State,
        end: State,
    ) -> None:
        self.submission, self.exercise = submission, exercise
        self.known = Known(exercise, seed)
        self.place, self.end = place, end
        self.notes: list[str] = []
        self._outcomes: dict[tuple[Group, Case], Outcome] = {}
        self._imported: set[str] = set()
        self._open: bool | None = None  # whether the throw-away process is for hidden groups

    def __call__(self, group: Group, case: Case) -> Outcome:
        """See :data:`imbal_lab.checks.Ask`."""
        if (group, case) not in self._outcomes:
            first = not self._outcomes
            outcome = self._mended(group, case)
            if first and _missing(outcome) and self.end is not self.place:
                outcome = self._at_the_end(group, case, outcome)
            self._outcomes[group, case] = outcome
        return self._outcomes[group, case]

    def close(self) -> None:
        """End the throw-away process, as is done before the first hidden case, too."""
        self.submission.close_calls()
        self._open = None

    def _at_the_end(self, group: Group, case: Case, at_its_place: Outcome) -> Outcome:
        self.place, place = self.end, self.place
        self.close()
        outcome = self._mended(group, case)
        self.close()
        if _missing(outcome):
            self.place = place
            return at_its_place
        self.notes.append(
            f"{self.exercise.id}: what the check needs stands below it in the notebook; "
            "it was judged after the last cell."
        )
        return outcome

    def _mended(self, group: Group, case: Case) -> Outcome:
        """Call; for each forgotten import run that in a fork of the state, and call again."""
        outcome = self._call(group, case)
        while (needed := _forgotten(outcome)) and needed not in self._imported:
            self._imported.add(needed)
            self.close()
            self.place = self.submission.run(self.place, needed).state
            outcome = self._call(group, case)
            if _forgotten(outcome) != needed:
                self.notes.append(f"{self.exercise.id} needed `{needed}`; it was run for you.")
        return outcome

    def _call(self, group: Group, case: Case) -> Outcome:
        if self._open is not group.hidden:
            self.close()
            self._open = group.hidden
        inputs = self.known.inputs(case)
        outcome = self.submission.call(self.place, self.exercise.id, inputs)
        if outcome.changed_input not in (None, *inputs):
            return Outcome(stopped="died")  # no such argument: that was no answer of ours
        return outcome


def _missing(outcome: Outcome) -> bool:
    """Whether the function, or something that it uses, was not there yet."""
    error = outcome.raised
    return not_started(outcome) or (error is not None and error.kind == "NameError")


def _forgotten(outcome: Outcome) -> str | None:
    error = outcome.raised
    return missing_import(error.kind, error.text) if error else None
