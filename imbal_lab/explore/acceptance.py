"""Acceptance: does the paper's effect hold at small scale, over seeds, with your own functions?"""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Callable
from typing import Any

from imbal_lab.explore.explain import explain
from imbal_lab.explore.skip import skipped

CLAIMS = ("minority_initial_drop",)
ALT = "Loss of each class over steps, a panel a method; the numbers are listed below."


def acceptance(
    claim: str,
    *,
    step: Callable[..., Any] | None = None,
    gradients: Callable[..., Any] | None = None,
) -> Acceptance | None:
    """Repeat a claim of the paper over seeds; as the last line of a cell it shows itself.

    While grading, and where the methods are kept away, one line is printed and None returned.

    Args:
        claim: "minority_initial_drop", see `imbal_lab.training.minority_drop`.
        step: your own step(params, grads, lr) -> params; None takes the library's PCNGD.
        gradients: your own class_gradients; None takes the library's.

    Raises:
        ValueError: an unknown claim.
    """
    if claim not in CLAIMS:
        raise ValueError(f"claim = {claim!r}: choose one of {', '.join(map(repr, CLAIMS))}")
    if skipped("The acceptance test"):
        return None
    return Acceptance(step, gradients)


class Acceptance:
    """A table over the seeds and its picture, or three lines if your code could not be run.

    Attributes:
        result: the numbers, a `MinorityDrop`; None if your code could not be run.
    """

    def __init__(
        self, step: Callable[..., Any] | None, gradients: Callable[..., Any] | None
    ) -> None:
        from imbal_lab.checks import CheckFailed
        from imbal_lab.figures.over_seeds import over_seeds
        from imbal_lab.methods import class_gradients
        from imbal_lab.training.minority_drop import minority_initial_drop

        self.result = None
        self._text, self._png = "", b""
        try:
            self.result = minority_initial_drop(step, gradients=gradients or class_gradients)
        except (Exception, SystemExit) as problem:  # the learner's code may raise anything
            self._text = "\n".join(explain(problem))
            return
        self._text = str(self.result)
        try:
            self.result.check()
        except CheckFailed as failed:
            self._text += f"\n\n{failed}"
        picture = io.BytesIO()
        over_seeds(self.result.losses, ("majority", "minority")).savefig(picture, format="png")
        self._png = picture.getvalue()

    def __repr__(self) -> str:
        return self._text

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        bundle = {"text/plain": self._text}
        if self._png:  # one output shows one of its forms: picture and table go into the HTML
            encoded = base64.b64encode(self._png).decode("ascii")
            picture = f'<img alt="{ALT}" src="data:image/png;base64,{encoded}">'
            table = f"<pre>{html.escape(self._text, quote=False)}</pre>"
            bundle |= {"image/png": encoded, "text/html": picture + table}
        return bundle
