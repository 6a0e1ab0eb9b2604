"""Scene: what one explorer shows, as plain data; the scenes themselves are in `scenes`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Slot = Literal["step", "loss", "weights", "features"]

SIGNATURES: dict[Slot, str] = {
    "step": "step(params [P], grads [C, P], lr) -> params [P]",
    "loss": "loss(logits [n, C], y [n], counts [C]) -> scalar",
    "weights": "weights(losses [n], lam) -> weights [n]",
    "features": "features(features [n, d], y [n], partner [n], strengths [C]) -> [n, d]",
}


@dataclass(frozen=True)
class Control:
    """A slider: the field of `Setting` it sets, its label, its positions, where it starts."""

    name: str
    label: str
    positions: tuple[float, ...]
    start: float
    what: str


RHO = Control(
    "rho", "Imbalance ρ", (1, 2, 3, 5, 10, 20, 50, 100), 10, "The largest class over the smallest"
)
LR = Control(
    "lr",
    "Step size",
    (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0),
    0.1,
    "The same for every method; it stays when you change the method or the data",
)
BATCH = Control(
    "batch", "Batch size", (64, 128, 256), 64, "Examples a step; all where there are fewer"
)
LAM = Control(
    "lam",
    "Temperature λ",
    (-5, -2, -1, 0.2, 0.5, 1, 2, 5, 100),
    0.5,
    "Above 0 it leans towards hard examples, below 0 towards easy ones",
)
GAMMA = Control(
    "gamma", "Exponent γ", (0, 0.1, 0.2, 0.3, 0.4, 0.5), 0.2, "Of the temperatures (n_max / n_c)^γ"
)


@dataclass(frozen=True)
class Scene:
    """Data, methods, controls and views that belong together.

    Attributes:
        look_for: one sentence that says what to watch.
        data: names of `SETUPS`; the first is where it opens.
        methods: names of the registry, or "mfw"; the first is where it opens.
        controls: sliders beside the two menus for data and method.
        views: panels in reading order.
        beside: the two views that are kept when two methods stand side by side.
        slot: what a function of the learner's own is here, see `SIGNATURES`.
        stands_for: the library's method that it is compared with.
        named: the same, for functions that have the name of a library function.
        starts: where sliders start, if not where they usually do.
    """

    name: str
    title: str
    look_for: str
    data: tuple[str, ...]
    methods: tuple[str, ...]
    controls: tuple[Control, ...]
    views: tuple[str, ...]
    beside: tuple[str, str]
    slot: Slot
    stands_for: str
    named: Mapping[str, str] = field(default_factory=dict)
    starts: Mapping[str, float] = field(default_factory=dict)

    def start(self, control: Control) -> float:
        """Where a slider of this scene starts."""
        return self.starts.get(control.name, control.start)

    def method_of(self, mine: object) -> str:
        """The library's method that a function of the learner's own stands beside."""
        return self.named.get(getattr(mine, "__name__", ""), self.stands_for)
