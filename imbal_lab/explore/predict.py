"""A prediction made before the plot opens, to be seen beside it later."""

from collections.abc import Sequence
from typing import NamedTuple

from imbal_lab.explore import answers
from imbal_lab.explore.question import Question

MISSING = "You made no prediction. Decide above, then run this cell again."

_truths: dict[str, str] = {}
_falls: dict[str, dict[str, float]] = {}


class Predicted(NamedTuple):
    """A prediction beside what came true.

    Attributes:
        text: both in words.
        falls: the prediction as a curve: how far the minority's loss falls, the majority's fall
            being 1; None if it is about something else.
    """

    text: str
    falls: float | None


def predict(
    question: str,
    choices: Sequence[str],
    *,
    id: str,
    truth: str | None = None,
    falls: Sequence[float] | None = None,
    choice: int | None = None,
) -> Question:
    """Ask for a prediction; nothing says yet whether it is right.

    Args:
        question: what will be seen.
        choices: what may be predicted, two or more.
        id: the name under which it is kept; `explore(prediction=id)` shows it on the picture.
        truth: the choice that comes true, to be said on the picture and not before.
        falls: for predictions about the minority's loss, what each choice says: how far it falls
            while the majority's falls by 1 (0 it stays, below 0 it rises). The explorer draws it.
        choice: the number of a choice, counted from 1, to answer without clicking.

    Raises:
        ValueError: fewer than two choices, `truth` or `choice` is not one of them, or `falls`
            has not one number a choice.
    """
    if truth is not None:
        if truth not in choices:
            raise ValueError(f"truth = {truth!r}: must be one of the choices {list(choices)}")
        _truths[id] = truth
    if falls is not None:
        if len(falls) != len(choices):
            raise ValueError(f"falls = {list(falls)}: give {len(choices)} numbers, one a choice")
        _falls[id] = dict(zip(choices, falls, strict=True))
    return Question("predict", question, choices, id, "I have decided", _noted, choice)


def prediction(id: str) -> str | None:
    """What was predicted; None if nothing was."""
    return answers.kept(id)


def beside(id: str) -> Predicted | None:
    """What to show beside the truth, which is said if it was given; None if nothing was decided."""
    predicted = prediction(id)
    if predicted is None:
        return None
    truth = f"  What happens: {_truths[id]}." if id in _truths else ""
    return Predicted(f"You predicted: {predicted}.{truth}", _falls.get(id, {}).get(predicted))


def _noted(choice: str) -> str:
    return f"Noted: {choice}"
