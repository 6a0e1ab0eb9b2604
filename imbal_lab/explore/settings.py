"""What the explorer can show: one row a data set, and one setting a run."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache

from torch import nn

from imbal_lab.data import Dataset, load
from imbal_lab.models import mlp

RHOS = (1, 2, 3, 5, 10, 20, 50, 100)
STEP_SIZES = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
LR = 0.1  # where the step size starts, for every method: no difference is one of step size
MINE = "mine"  # the method name of the learner's own step


@dataclass(frozen=True)
class Setup:
    """A data set with a model and a run length that takes about a second."""

    label: str
    source: str
    hidden: tuple[int, ...]
    seed: int = 0
    steps: int = 300
    options: Mapping[str, object] = field(default_factory=dict)


# Seeds: of the first 16, ones whose losses start near log C, so that a rise is easy to see. The
# lesson's acceptance cell looks at many seeds.
SETUPS = {
    "gauss2d_binary": Setup(
        "Two blobs", "gauss2d_binary", (24, 24), seed=11, options={"n_max": 200, "n_test": 250}
    ),
    "gauss2d": Setup(
        "Four classes, 2-D", "gauss2d", (32, 32), options={"n_max": 400, "n_test": 250}
    ),
    "digits38": Setup(
        "Digits 3 and 8", "digits", (24, 24), seed=4, options={"classes": (3, 8), "n_max": 100}
    ),
    "digits": Setup("Ten digits", "digits", (24, 24), options={"n_max": 100}),
}


@dataclass(frozen=True)
class Setting:
    """Everything that decides a run, but for the learner's own functions."""

    data: str
    rho: float
    method: str
    lr: float
    seed: int

    def __str__(self) -> str:
        setup = SETUPS[self.data].label
        return f"{setup}, ρ = {self.rho:g}, step size {self.lr:g}"

    def as_arguments(self) -> str:
        """The setting as keyword arguments of `explore`."""
        return (
            f'data="{self.data}", rho={self.rho:g}, method="{self.method}", '
            f"lr={self.lr:g}, seed={self.seed}"
        )

    def with_method(self, method: str) -> "Setting":
        """The same run with another method."""
        return replace(self, method=method)


@lru_cache(maxsize=32)
def dataset(data: str, rho: float, seed: int) -> Dataset:
    """The data of a setting; the same object for the same arguments."""
    setup = SETUPS[data]
    return load(setup.source, rho=rho, seed=seed, **setup.options)  # type: ignore[arg-type]


def model(setting: Setting) -> nn.Module:
    """A fresh model for a setting."""
    data = dataset(setting.data, setting.rho, setting.seed)
    widths = (data.x[0].numel(), *SETUPS[setting.data].hidden, data.num_classes)
    return mlp(widths, seed=setting.seed)


def one_of(argument: str, given: str, allowed: tuple[str, ...]) -> None:
    """Raise ValueError, which lists what is allowed, unless `given` is."""
    if given not in allowed:
        raise ValueError(f"{argument} = {given!r}: choose one of {', '.join(map(repr, allowed))}")
