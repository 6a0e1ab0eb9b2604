"""Run: everything that one training run depends on, as plain data.

Plain data can be compared, hashed, stored and sent to another process, and a result can be
found again by what made it.
"""

import hashlib
import inspect
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import torch
from torch import nn

from imbal_lab import models
from imbal_lab.data import Dataset, load, names
from imbal_lab.data.arguments import integer, is_number
from imbal_lab.methods import METHODS, Method, get
from imbal_lab.training.schedule import SCHEDULES

Options = Mapping[str, Any] | tuple[tuple[str, Any], ...]

# Arguments of `load` and of the models that are fields of the run.
OWN = {
    "data_options": {"name": "data", "rho": "rho", "seed": "seed"},
    "model_options": {"seed": "seed"},
}
DTYPES = {"float32": torch.float32, "float64": torch.float64}


class Built(NamedTuple):
    """What a run trains: fresh objects, not trained yet."""

    dataset: Dataset
    model: nn.Module
    criterion: nn.Module | None  # None for a method that has an explicit step only


@dataclass(frozen=True, kw_only=True)
class Run:
    """One training run: SGD on one data set, one model, one method, one seed.

    Raises ValueError, naming the field, for anything that cannot be trained, as far as this
    can be seen without drawing the data; :meth:`build` sees the rest.

    >>> run = Run(data="gauss2d", method="cdt", model_options={"widths": (2, 64, 4)}, steps=300)
    >>> run.batch, run.recorded_steps
    (64, (0, 300))
    >>> run == Run(data="gauss2d", method="sgd", model_options={"widths": (2, 64, 4)}, steps=300)
    False

    Attributes:
        data, rho, data_options: what :func:`imbal_lab.data.load` is asked for.
        method, method_options: of :mod:`imbal_lab.methods.registry`, with its criterion's options.
        model, model_options: a network of :mod:`imbal_lab.models`, without its seed.
        steps: of the optimizer; the same number for every rho, unlike epochs.
        batch: examples a batch. In mixed batches an epoch ends where fewer are left over; class
            batches round, and full batches take no notice.
        lr, momentum, weight_decay: as in ``torch.optim.SGD``.
        schedule: "constant", "cosine" (to zero) or "steps" (a tenth at 80 and at 90 %).
        seed: draws the examples, the initial weights and the batches.
        every: record at steps 0, every, 2 every, ... and the last; None: the first and the last.
        dtype: "float32", or "float64" for exact comparisons.
    """

    data: str
    method: str
    model: str = "mlp"
    rho: float | None = None
    seed: int = 0
    steps: int
    batch: int = 64
    lr: float = 0.05
    momentum: float = 0.0
    weight_decay: float = 0.0
    schedule: str = "constant"
    every: int | None = None
    dtype: str = "float32"
    data_options: Options = ()
    method_options: Options = ()
    model_options: Options = ()

    def __post_init__(self) -> None:
        for field in ("data_options", "method_options", "model_options"):
            self._set(field, _as_pairs(field, getattr(self, field)))
        for field, allowed in (
            ("data", names()),
            ("method", METHODS),
            ("model", models.__all__),
            ("schedule", SCHEDULES),
            ("dtype", DTYPES),
        ):
            _expect_one_of(field, getattr(self, field), tuple(allowed))
        for field, least in (("seed", 0), ("steps", 0), ("batch", 1), ("every", 1)):
            if field != "every" or self.every is not None:
                self._set(field, integer(field, getattr(self, field), least))
        for field, floor in (("rho", 1), ("lr", 0), ("momentum", 0), ("weight_decay", 0)):
            if field != "rho" or self.rho is not None:
                self._set(field, _number(field, getattr(self, field), floor))
        if self.lr == 0:
            raise ValueError("lr=0.0: the step size must be a positive number, such as 0.05")
        _expect_model_options(self.model, dict(self.model_options))

    def _set(self, field: str, value: Any) -> None:
        object.__setattr__(self, field, value)

    @property
    def key(self) -> str:
        """SHA-256 of all fields: two runs have the same key when they say the same."""
        text = json.dumps(asdict(self), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def recorded_steps(self) -> tuple[int, ...]:
        """The steps at which the run is recorded; the first is 0, the last is ``steps``."""
        every = self.every or max(self.steps, 1)
        return (*range(0, self.steps, every), self.steps)

    @property
    def technique(self) -> Method:
        """The method's entry in the registry."""
        return get(self.method)

    def dataset(self) -> Dataset:
        """The data, in the run's precision. Raises what :func:`~imbal_lab.data.load` raises."""
        options = dict(self.data_options)
        return load(self.data, rho=self.rho, seed=self.seed, **options).to(DTYPES[self.dtype])

    def network(self) -> nn.Module:
        """The model, not trained yet. Raises ValueError as the model does."""
        options = dict(self.model_options)
        model: nn.Module = getattr(models, self.model)(seed=self.seed, **options)
        return model.to(DTYPES[self.dtype])

    def build(self) -> Built:
        """Data set, model and criterion; ValueError if they do not fit together."""
        dataset, model = self.dataset(), self.network()
        _expect_fit(self, dataset, model)
        make, options = self.technique.criterion, dict(self.method_options)
        if make is None:
            if options:
                raise ValueError(f"method_options={options}: {self.method!r} has none")
            return Built(dataset, model, None)
        try:
            return Built(dataset, model, make(model, dataset.counts, **options))
        except TypeError as error:
            raise ValueError(f"method_options={options}: {error}") from None


def _as_pairs(field: str, options: Any) -> tuple[tuple[str, Any], ...]:
    try:
        pairs = dict(options).items()
    except (TypeError, ValueError):
        raise ValueError(f'{field}={options!r}: give a dictionary such as {{"name": 1}}') from None
    for option in OWN.get(field, {}).keys() & dict(pairs):
        raise ValueError(f"{field}: leave out {option}; the run has {OWN[field][option]}= for it")
    return tuple(sorted((str(name), _plain(f"{field}[{name!r}]", v)) for name, v in pairs))


def _plain(name: str, value: Any) -> Any:
    if value is None or type(value) in (str, bool, int, float):
        return value
    if isinstance(value, list | tuple | range):
        return tuple(_plain(name, each) for each in value)
    raise ValueError(
        f"{name}={value!r}: a run is plain data; use strings, numbers, True, False, None, or "
        "lists of these"
    )


def _expect_one_of(field: str, given: Any, allowed: tuple[str, ...]) -> None:
    if given not in allowed:
        raise ValueError(f"{field}={given!r}: choose one of {', '.join(map(repr, allowed))}")


def _number(field: str, given: Any, least: float) -> float:
    if not is_number(given) or given < least:
        raise ValueError(f"{field}={given!r}: use a finite number >= {least}")
    return float(given)


def _expect_model_options(model: str, options: dict[str, Any]) -> None:
    signature = inspect.signature(getattr(models, model))
    try:
        signature.bind(**options, seed=0) if options else signature.bind(seed=0)
    except TypeError:
        pass
    else:
        return
    allowed = [str(p) for name, p in signature.parameters.items() if name != "seed"]
    raise ValueError(f"model_options={options}: {model!r} takes {'; '.join(allowed)}")


def _expect_fit(run: Run, dataset: Dataset, model: nn.Module) -> None:
    what = f"model_options={dict(run.model_options)}"
    try:
        with torch.no_grad():
            shape = tuple(model.eval()(dataset.x[:1]).shape)
    except RuntimeError as error:
        inputs = tuple(dataset.x.shape[1:])
        raise ValueError(
            f"{what}: the model does not take the inputs of {run.data!r}, of shape {inputs} each: "
            f"{error}"
        ) from None
    model.train()
    needed = (1, dataset.num_classes, *dataset.y.shape[1:])
    if shape != needed:
        raise ValueError(
            f"{what}: the model gives outputs of shape {shape[1:]} for an example; {run.data!r} "
            f"needs {needed[1:]}, classes first"
        )
