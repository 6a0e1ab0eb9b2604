"""One row a data set of the explorer, and one setting a run."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache

from torch import nn

from imbal_lab.data import Dataset, load
from imbal_lab.explore.scenes import SCENES
from imbal_lab.models import cnn1d, mlp

MINE = "mine"  # the method name of the learner's own function


@dataclass(frozen=True)
class Setup:
    """A data set with a model and a run length that takes about a second."""

    label: str
    source: str
    hidden: tuple[int, ...]  # of a perceptron; of none, a 1-D CNN with batch normalisation
    seed: int = 0
    steps: int = 300
    options: Mapping[str, object] = field(default_factory=dict)
    imbalance: Callable[[float], Mapping[str, object]] = lambda rho: {"rho": rho}
    plane: bool = False  # whether an example is a point that can be drawn
    weakened: str = "1"  # the layer whose output MFW mixes: the first hidden one, or block
    momentum: float = 0.0  # of SGD where features are weakened


def _of_seven(rho: float) -> Mapping[str, object]:
    """`shuttle_like` takes no ratio; these counts have one: three states many, two few."""
    return {"counts": [500] * 3 + [round(500 / rho**0.5)] * 2 + [round(500 / rho)] * 2}


def _of_curves(rho: float) -> Mapping[str, object]:
    """90 examples of a frequent class, and as many as a rare one needs to have one."""
    return {"rho": rho, "n_max": max(90, round(rho))}


# Seeds: of the first 16, ones whose losses start near log C, so that a rise is easy to see. The
# lesson's acceptance cell looks at many seeds.
BLOBS = {"n_max": 200, "n_test": 250}
PLANE = {"n_max": 400, "n_test": 250}
TWO_DIGITS = {"classes": (3, 8), "n_max": 100}
TEN_GROUPS = {"classes": range(10), "n_max": 200}
CURVES = {"profile": "step", "n_test": 30}
SETUPS = {
    "gauss2d_binary": Setup(
        "Two blobs", "gauss2d_binary", (24, 24), seed=11, options=BLOBS, plane=True
    ),
    "gauss2d": Setup("Four classes, 2-D", "gauss2d", (32, 32), options=PLANE, plane=True),
    "digits38": Setup("Digits 3 and 8", "digits", (24, 24), seed=4, options=TWO_DIGITS),
    "digits": Setup("Ten digits", "digits", (24, 24), options={"n_max": 100}),
    "shuttle_like": Setup(
        "Seven states", "shuttle_like", (32, 32), options={"n_test": 100}, imbalance=_of_seven
    ),
    "features_lt": Setup("Ten classes of features", "features_lt", (24, 24), options=TEN_GROUPS),
    "curves": Setup(
        "Ten kinds of curves",
        "mnist1d",
        (),
        steps=200,
        options=CURVES,
        imbalance=_of_curves,
        weakened="stem",
        momentum=0.9,
    ),
}


@dataclass(frozen=True)
class Setting:
    """Everything that decides a run, but for the learner's own functions."""

    scene: str
    data: str
    method: str
    rho: float = 10
    lr: float = 0.1
    batch: int = 64
    lam: float = 0.5
    gamma: float = 0.2
    seed: int = 0

    def __str__(self) -> str:
        return f"{SETUPS[self.data].label}, {self.numbers}"

    @property
    def numbers(self) -> str:
        """Where the scene's sliders stand, for a headline."""
        values = {c: getattr(self, c.name) for c in SCENES[self.scene].controls}
        labels = {c: "ρ =" if c.name == "rho" else c.label.lower() for c in values}
        return ", ".join(f"{labels[c]} {value:g}" for c, value in values.items())

    def as_arguments(self) -> str:
        """The setting as arguments of `explore`."""
        shown = ["data", "method", *(control.name for control in SCENES[self.scene].controls)]
        pairs = [f"{name}={_plain(getattr(self, name))}" for name in (*shown, "seed")]
        return ", ".join([f'"{self.scene}"', *pairs])

    def with_method(self, method: str) -> "Setting":
        """The same run with another method."""
        return replace(self, method=method)


def _plain(value: str | float) -> str:
    return f'"{value}"' if isinstance(value, str) else f"{value:g}"


@lru_cache(maxsize=32)
def dataset(data: str, rho: float, seed: int) -> Dataset:
    """The data of a setting; the same object for the same arguments."""
    setup = SETUPS[data]
    options = {**setup.options, **setup.imbalance(rho)}
    return load(setup.source, seed=seed, **options)  # type: ignore[arg-type]


def model(setting: Setting) -> nn.Sequential:
    """A fresh model for a setting."""
    data, hidden = dataset(setting.data, setting.rho, setting.seed), SETUPS[setting.data].hidden
    if not hidden:
        return cnn1d(data.num_classes, seed=setting.seed, norm="batch")
    return mlp((data.x[0].numel(), *hidden, data.num_classes), seed=setting.seed)


def one_of(argument: str, given: object, allowed: tuple[str, ...]) -> None:
    """Raise ValueError, which lists what is allowed, unless `given` is."""
    if given not in allowed:
        raise ValueError(f"{argument} = {given!r}: choose one of {', '.join(map(repr, allowed))}")
