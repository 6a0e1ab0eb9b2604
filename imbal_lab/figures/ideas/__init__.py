"""The idea of each lesson as one drawing, by code: geometry, weights, features pushed about.

One module an idea; its ``draw()`` and its ``ALT``, which says what is to be seen, make an entry of
`IDEAS`.
"""

from collections.abc import Callable
from dataclasses import dataclass

from matplotlib.figure import Figure

from imbal_lab.figures.ideas import (
    accuracy_and_recall,
    attraction,
    equal_beds,
    fans,
    lean,
    prior_shift,
    room_to_slide,
    ropes,
)


@dataclass(frozen=True)
class Idea:
    """A drawing and its description in words."""

    draw: Callable[[], Figure]
    alt: str


IDEAS: dict[str, Idea] = {
    "accuracy_and_recall": Idea(accuracy_and_recall.draw, accuracy_and_recall.ALT),
    "prior_shift": Idea(prior_shift.draw, prior_shift.ALT),
    "ropes": Idea(ropes.draw, ropes.ALT),
    "fans": Idea(fans.draw, fans.ALT),
    "lean": Idea(lean.draw, lean.ALT),
    "room_to_slide": Idea(room_to_slide.draw, room_to_slide.ALT),
    "equal_beds": Idea(equal_beds.draw, equal_beds.ALT),
    "attraction": Idea(attraction.draw, attraction.ALT),
}
