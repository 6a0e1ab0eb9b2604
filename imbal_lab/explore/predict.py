"""A prediction made before the plot opens, to be seen beside it later."""

from collections.abc import Sequence

from imbal_lab.explore import answers
from imbal_lab.explore.question import Question

_truths: dict[str, str] = {}


def predict(
    question: str,
    choices: Sequence[str],
    *,
    id: str,
    truth: str | None = None,
    choice: int | None = None,
) -> Question:
    """Ask for a prediction; nothing says yet whether it is right.

    Args:
        question: what will be seen.
        choices: what may be predicted, two or more.
        id: the name under which it is kept; `explore(prediction=id)` shows it below the picture.
        truth: the choice that comes true, to be said beside the plot and not before.
        choice: the number of a choice, counted from 1, to answer without clicking.

    Raises:
        ValueError: fewer than two choices, or `truth` or `choice` is not one of them.
    """
    if truth is not None:
        if truth not in choices:
            raise ValueError(f"truth = {truth!r}: must be one of the choices {list(choices)}")
        _truths[id] = truth
    return Question("predict", question, choices, id, "I have decided", _noted, choice)


def prediction(id: str) -> str | None:
    """What was predicted; None if nothing was."""
    return answers.kept(id)


def beside(id: str) -> str | None:
    """What to say beside the plot: the prediction, and the truth if it was given."""
    predicted = prediction(id)
    if predicted is None:
        return None
    truth = f" What happens: {_truths[id]}" if id in _truths else ""
    return f"You predicted: {predicted}{truth}"


def _noted(choice: str) -> str:
    return f"Noted: {choice}"
