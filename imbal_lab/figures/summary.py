"""What a picture shows, in one line of text, for readers who cannot see it or want it said."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from imbal_lab.figures import curves, style

if TYPE_CHECKING:  # it comes with the methods, which a student's process may lack
    from imbal_lab.instruments import Recording

RISE = 5e-3  # a loss has risen when it exceeds its start by more than this
SAME = 1e-4  # two curves agree within this, relative to the largest loss


def summary(recording: Recording) -> str:
    """One line: does the loss of the rarest and of the most frequent class rise, final recall.

    With more than four classes "minority" and "majority" are the means of few and many.
    """
    losses = curves.grouped(curves.array(recording.loss))
    recalls = curves.grouped(curves.array(recording.recall))
    step = curves.array(recording.step)
    many = recording.loss.shape[1] > style.MOST_LINES
    rare, frequent = ("few", "many") if many else ("minority", "majority")
    text = [f"{rare} {_course(step, losses[:, -1])}"]
    if losses.shape[1] > 1:
        text.append(f"{frequent} {_course(step, losses[:, 0])}")
    final = " / ".join(f"{value:.2f}" for value in recalls[-1])
    order = f"{frequent} to {rare}" if losses.shape[1] > 2 else f"{frequent} / {rare}"
    text.append(f"recall at step {int(step[-1])}: {final} ({order})")
    line = "; ".join(text)
    return line[0].upper() + line[1:] + "."


def departure(recording: Recording, reference: Recording, name: str) -> str:
    """One line: where a run leaves its reference, or that it does not."""
    length = min(len(recording.step), len(reference.step))
    ours, theirs = curves.array(recording.loss)[:length], curves.array(reference.loss)[:length]
    far = ~np.isclose(ours, theirs, rtol=0, atol=SAME * np.nanmax(theirs), equal_nan=True)
    if not far.any():
        return f"Your curves lie on {name}'s (pale)."
    first = int(recording.step[int(far.any(axis=1).argmax())])
    return f"Your curves leave {name}'s (pale) at step {first}."


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
