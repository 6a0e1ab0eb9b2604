"""What curves show, in one line of text, for readers who cannot see them or want it said."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from imbal_lab.figures import curves, style

if TYPE_CHECKING:  # it comes with the methods, which a student's process may lack
    from imbal_lab.instruments import Recording

RISE = 5e-3  # a loss has risen when it exceeds its start by more than this
NOT_RECORDED = "Class gradients were not recorded in this run."
SAME = 1e-4  # two curves agree within this, relative to the largest loss


def summary(recording: curves.Run) -> str:
    """One line: does the loss of the rarest and of the most frequent class rise, final recall.

    With more than four classes "minority" and "majority" are the means of few and many.
    """
    return _sentence(_losses(recording), _recalls(recording))


def loss(run: curves.Run, classes: Any) -> str:
    """One line: does the loss of the rarest and of the most frequent class rise."""
    return _sentence(_losses(run))


def recall(run: curves.Run, classes: Any) -> str:
    """One line: the final recall of each class, or of many, medium and few."""
    return _sentence(_recalls(run))


def grad_norm(run: curves.Run, classes: Any) -> str:
    """One line: how long the rarest class's gradient is beside the most frequent one's."""
    return _ratio(run, "grad_norm", "gradient")


def feature_gradient(run: curves.Moments, classes: Any) -> str:
    """One line: how long the gradient at the features is, rarest beside most frequent."""
    return _ratio(run, "feature_gradient", "gradient at the features")


def cosine(run: curves.Run, classes: Any) -> str:
    """One line: where the rarest class's gradient points, beside the most frequent one's."""
    step, values = curves.over_steps(run, "cosine")
    with_first = values.mean(axis=0)[:, 0].copy()
    with_first[:, 0] = np.nan  # with itself
    course = curves.grouped(with_first)[:, -1]
    if np.isnan(course).all():
        return NOT_RECORDED
    least = int(np.nanargmin(course))
    return _sentence(
        f"the cosine of the gradients of {_rarest(values.shape[2])} and of the most frequent class "
        f"begins at {style.signed(course[0])}, is lowest at step {int(step[least])} "
        f"({style.signed(course[least])}) and ends at {style.signed(course[-1])}"
    )


def projection(run: curves.Moments, classes: Any) -> str:
    """One line: how much of each class's direction is left in a mini-batch, start and end."""
    step, values = curves.over_steps(run, "projection")
    course = curves.grouped(values.mean(axis=0))
    number = values.shape[2]
    return _sentence(
        f"a mini-batch keeps {course[0, -1]:.2f} of the direction of {_rarest(number)} at step "
        f"{int(step[0])} and {course[-1, -1]:.2f} at step {int(step[-1])}, "
        f"{course[0, 0]:.2f} and {course[-1, 0]:.2f} of that of {_most_frequent(number)}"
    )


def departure(recording: Recording, reference: Recording, name: str) -> str:
    """One line: where a run leaves its reference, or that it does not."""
    length = min(len(recording.step), len(reference.step))
    ours, theirs = curves.array(recording.loss)[:length], curves.array(reference.loss)[:length]
    far = ~np.isclose(ours, theirs, rtol=0, atol=SAME * np.nanmax(theirs), equal_nan=True)
    if not far.any():
        return f"Your curves lie on {name}'s (pale)."
    first = int(recording.step[int(far.any(axis=1).argmax())])
    return f"Your curves leave {name}'s (pale) at step {first}."


def _names(num_classes: int) -> tuple[str, str]:
    """What the most frequent and the rarest line are called."""
    return ("many", "few") if num_classes > style.MOST_LINES else ("majority", "minority")


def _rarest(num_classes: int) -> str:
    """The rarest line within a sentence."""
    return "few" if num_classes > style.MOST_LINES else "the minority"


def _most_frequent(num_classes: int) -> str:
    return "many" if num_classes > style.MOST_LINES else "the majority"


def _losses(run: curves.Run) -> str:
    step, values = curves.over_steps(run, "loss")
    losses = curves.grouped(values.mean(axis=0))
    frequent, rare = _names(values.shape[2])
    text = [f"{rare} {_course(step, losses[:, -1])}"]
    if losses.shape[1] > 1:
        text.append(f"{frequent} {_course(step, losses[:, 0])}")
    return "; ".join(text)


def _recalls(run: curves.Run) -> str:
    step, values = curves.over_steps(run, "recall")
    recalls = curves.grouped(values.mean(axis=0))[-1]
    frequent, rare = _names(values.shape[2])
    final = " / ".join(f"{value:.2f}" for value in recalls)
    order = f"{frequent} to {rare}" if len(recalls) > 2 else f"{frequent} / {rare}"
    return f"recall at step {int(step[-1])}: {final} ({order})"


def _ratio(run: Any, quantity: str, what: str) -> str:
    """How long the rarest class's vector is beside the most frequent one's, at both ends."""
    step, values = curves.over_steps(run, quantity)
    norms = curves.grouped(values.mean(axis=0))
    if np.isnan(norms).all():
        return NOT_RECORDED
    rare, frequent = _rarest(values.shape[2]), _most_frequent(values.shape[2])
    there = np.flatnonzero(norms[:, 0] > 0)
    if not len(there):
        return _sentence(f"the {what} of {frequent} is zero")
    ratio = norms[there, -1] / norms[there, 0]
    first, last = (int(step[there[end]]) for end in (0, -1))
    line = (
        f"the {what} of {rare} is {ratio[0]:.2g} times as long as that of {frequent} at step "
        f"{first} and {ratio[-1]:.2g} times at step {last}"
    )
    return _sentence(line if last == step[-1] else f"{line}, after which the latter is zero")


def _sentence(*parts: str) -> str:
    line = "; ".join(parts)
    return line[0].upper() + line[1:] + "."


def _course(step: curves.Values, loss: curves.Values) -> str:
    """The course of one loss in words."""
    broken = np.isnan(loss)
    if broken.any():
        return f"loss is not finite from step {int(step[broken.argmax()])} on"
    start, peak = loss[0], int(loss.argmax())
    if loss[peak] <= start + RISE:
        return f"loss never rises above its start, {start:.2f} to {loss[-1]:.2f}"
    rises = f"loss rises from {start:.2f} to {loss[peak]:.2f} by step {int(step[peak])}"
    back = np.flatnonzero(loss[peak:] <= start)
    if len(back):
        home = f"is back at its start at step {int(step[peak + back[0]])}"
        return f"{rises}, {home} and ends at {loss[-1]:.2f}"
    return f"{rises} and ends at {loss[-1]:.2f}, above its start"
