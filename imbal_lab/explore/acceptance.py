"""Acceptance: does the paper's effect hold at small scale, over seeds, with your own functions?"""

from __future__ import annotations

import base64
import html
import inspect
import io
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from imbal_lab.explore.explain import explain
from imbal_lab.explore.skip import skipped

if TYPE_CHECKING:  # it comes with the methods, which a student's process may lack
    from imbal_lab.acceptance import Finding

Function = Callable[..., Any]


def acceptance(claim: str, **functions: Function) -> Acceptance | None:
    """Repeat a claim of the paper over seeds; as the last line of a cell it shows itself.

    While grading, and where the methods are kept away, one line is printed and None returned.

    Args:
        claim: the name of a function in `imbal_lab.acceptance`, as "minority_initial_drop".
        functions: your own, by the names of that function's arguments; the library's stand in
            for those that are not given.

    Raises:
        ValueError: an unknown claim, or a function that the claim has no place for.
    """
    if skipped("The acceptance test"):
        return None
    from imbal_lab.acceptance import CLAIMS

    if claim not in CLAIMS:
        raise ValueError(f"claim = {claim!r}: choose one of {', '.join(map(repr, CLAIMS))}")
    arguments = inspect.signature(CLAIMS[claim]).parameters.values()
    takes = [argument.name for argument in arguments if argument.default is None]
    for name, function in functions.items():
        if name not in takes:
            raise ValueError(f"{name}: {claim} takes {', '.join(takes)}")
        if not callable(function):
            raise ValueError(f"{name} = {function!r}: give your function, without a call")
    return Acceptance(CLAIMS[claim], functions)


class Acceptance:
    """A table over the seeds and its picture, or three lines if your code could not be run.

    Attributes:
        result: what was found; None if your code could not be run.
    """

    def __init__(self, claim: Callable[..., Finding], functions: dict[str, Function]) -> None:
        from imbal_lab.checks import CheckFailed

        self.result = None
        self._text, self._png = "", b""
        try:
            self.result = claim(**functions)
        except (Exception, SystemExit) as problem:  # the learner's code may raise anything
            self._text = "\n".join(explain(problem))
            return
        self._text = str(self.result)
        try:
            self.result.check()
        except CheckFailed as failed:
            self._text += f"\n\n{failed}"
        picture = io.BytesIO()
        self.result.figure().savefig(picture, format="png")
        self._png = picture.getvalue()

    def __repr__(self) -> str:
        return self._text

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        bundle = {"text/plain": self._text}
        if self._png and self.result:  # one output shows one of its forms: so both go into HTML
            encoded = base64.b64encode(self._png).decode("ascii")
            alt = html.escape(self.result.alt)
            picture = f'<img alt="{alt}" src="data:image/png;base64,{encoded}">'
            table = f"<pre>{html.escape(self._text, quote=False)}</pre>"
            bundle |= {"image/png": encoded, "text/html": picture + table}
        return bundle
