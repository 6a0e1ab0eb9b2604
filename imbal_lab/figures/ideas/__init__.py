"""The idea of each lesson as one drawing, by code: geometry, weights, features pushed about.

One module an idea; its ``draw()`` and its ``ALT``, which says what is to be seen, make an entry of
`IDEAS`.
"""

from collections.abc import Callable
from dataclasses import dataclass

from matplotlib.figure import Figure

from imbal_lab.figures.ideas import attraction, fans, ropes


@dataclass(frozen=True)
class Idea:
    """A drawing and its description in words."""

    draw: Callable[[], Figure]
    alt: str


IDEAS: dict[str, Idea] = {
    "ropes": Idea(ropes.draw, ropes.ALT),
    "fans": Idea(fans.draw, fans.ALT),
    "attraction": Idea(attraction.draw, attraction.ALT),
}
