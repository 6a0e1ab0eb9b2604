"""Idea: the drawing of a lesson's idea, with its description for those who do not see it."""

from __future__ import annotations

import base64
import html
import io

from imbal_lab.explore.skip import skipped

DPI = 150  # sharp on a dense screen too


def idea(name: str) -> Picture | None:
    """Draw the idea called ``name``; as the last line of a cell it shows itself.

    While grading, and where the methods are kept away, one line is printed and None returned.
    Raises ValueError for an unknown name.
    """
    if skipped("The drawing"):
        return None
    from imbal_lab.figures.ideas import IDEAS

    if name not in IDEAS:
        raise ValueError(f"name = {name!r}: choose one of {', '.join(map(repr, IDEAS))}")
    picture, figure = io.BytesIO(), IDEAS[name].draw()
    figure.savefig(picture, format="png", dpi=DPI)
    return Picture(picture.getvalue(), IDEAS[name].alt, figure.get_size_inches()[0])


class Picture:
    """A PNG, shown ``inches`` wide where there is room, and its words."""

    def __init__(self, png: bytes, alt: str, inches: float) -> None:
        self.png, self.alt, self.inches = png, alt, inches

    def __repr__(self) -> str:
        return self.alt

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        encoded = base64.b64encode(self.png).decode("ascii")
        words = html.escape(self.alt)
        size = f"width: {self.inches:g}in; max-width: 100%"
        picture = f'<img alt="{words}" src="data:image/png;base64,{encoded}" style="{size}">'
        return {"text/plain": self.alt, "image/png": encoded, "text/html": picture}
