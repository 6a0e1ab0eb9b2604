"""From a setting to a run of the training code, with the learner's own function in its slot."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain, islice, repeat
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import Tensor, nn

from imbal_lab.data import Dataset, batches_of
from imbal_lab.explore import settings
from imbal_lab.explore.own_code import OwnLoss, OwnWeights, Told
from imbal_lab.explore.scenes import SCENES
from imbal_lab.explore.settings import MINE, SETUPS, Setting
from imbal_lab.figures import VIEWS

if TYPE_CHECKING:  # these come with the methods, which a student's process may lack
    from imbal_lab.instruments import Record, Snapshot

BATCHES_SEEN = 4  # mini-batches over which a projection is averaged
OTHER_STREAM = 1000  # added to the seed of those, so that the run's own batches are not drawn


class Own(NamedTuple):
    """The learner's code: a function or an optimizer class, and class gradients."""

    mine: Callable[..., Any] | None = None
    gradients: Callable[..., Any] | None = None


class Moment(NamedTuple):
    """One step of a run: its record and, at some steps, a snapshot."""

    record: Record
    snapshot: Snapshot | None


class Parts(NamedTuple):
    """A run that has not begun, and what a snapshot needs to know of it."""

    records: Iterator[Record]
    weights: nn.Module | None = None
    batches: list[Tensor] = []  # noqa: RUF012  (never written to)


def trained(setting: Setting, own: Own) -> Iterator[Moment]:
    """The run of a setting, one step at a time; nothing happens before the first ``next``."""
    from imbal_lab.instruments import snapshot_steps, take_snapshot
    from imbal_lab.training.one_thread import one_thread

    data = settings.dataset(setting.data, setting.rho, setting.seed)
    model = settings.model(setting)
    parts = _parts(setting, own, data, model)
    wanted = wanted_of(setting)
    due = set(snapshot_steps(SETUPS[setting.data].steps)) if wanted else set()
    for record in parts.records:
        seen = None
        if record.step in due:
            with one_thread():
                seen = take_snapshot(model, data, record.step, wanted, parts.weights, parts.batches)
        yield Moment(record, seen)


def wanted_of(setting: Setting) -> list[str]:
    """What the views of the setting's scene need of a snapshot."""
    views = views_on(setting.data, SCENES[setting.scene].views)
    return [name for view in views for name in VIEWS[view].needs]


def views_on(data: str, views: tuple[str, ...]) -> tuple[str, ...]:
    """The views as this data can show them: a heat map where regions cannot be drawn."""
    instead = "loss_map" if "recall_map" in views else "recall_map"
    plane = SETUPS[data].plane
    return tuple(instead if view == "regions" and not plane else view for view in views)


def _parts(setting: Setting, own: Own, data: Dataset, model: nn.Sequential) -> Parts:
    if setting.method == MINE and is_optimizer(own.mine):
        return _own_optimizer(setting, own, data, model)
    if SCENES[setting.scene].slot == "step":
        return _steps(setting, own, data, model)
    if "mfw" in (setting.method, SCENES[setting.scene].stands_for):
        return _weakened(setting, own, data, model)
    return _losses(setting, own, data, model)


def is_optimizer(mine: object) -> bool:
    """Whether the learner gave an optimizer class and not a function."""
    return isinstance(mine, type) and issubclass(mine, torch.optim.Optimizer)


def _steps(setting: Setting, own: Own, data: Dataset, model: nn.Sequential) -> Parts:
    """The loop of explicit steps: class gradients in, parameters out."""
    from imbal_lab.gradients import is_perceptron, perceptron_gradients
    from imbal_lab.methods import METHODS, class_gradients
    from imbal_lab.training import train

    scene = SCENES[setting.scene]
    mine = setting.method == MINE
    method = METHODS[scene.method_of(own.mine) if mine else setting.method]
    step: Any = own.mine if mine else method.step
    gradients = perceptron_gradients if is_perceptron(model) else class_gradients
    run = train(
        data,
        model,
        step,
        lr=setting.lr,
        steps=SETUPS[setting.data].steps,
        gradients=own.gradients or gradients,
        batches=_batches(method.batches, setting, data),
        full_gradients=method.full_gradients,
        record_gradients="grad_norm" in scene.views,
    )
    return Parts(run, batches=_seen_batches(method.batches, setting, data))


def _losses(setting: Setting, own: Own, data: Dataset, model: nn.Sequential) -> Parts:
    """The loop of criteria, with the registry's batches and SGD."""
    from imbal_lab.methods import METHODS

    if setting.method == MINE:
        kind = "mixed"
        criterion = _own_criterion(setting, own, data)
        optimizer = torch.optim.SGD(model.parameters(), setting.lr)
    else:
        method = METHODS[setting.method]
        kind = method.batches
        options = _options(setting)
        criterion, optimizer = method.build(model, data.counts, setting.lr, **options)
    return Parts(_fit(setting, data, model, criterion, optimizer, kind), criterion)


def _options(setting: Setting) -> dict[str, float]:
    """What the scene's sliders say to the method's criterion.

    ABSGD with the normaliser of each batch alone, as its formula has it and a learner writes it.
    """
    if setting.method == "absgd":
        return {"lam": setting.lam, "gamma": 1.0}
    return {"gamma": setting.gamma} if setting.method == "cdt" else {}


def _own_criterion(setting: Setting, own: Own, data: Dataset) -> nn.Module:
    assert own.mine is not None
    scene = SCENES[setting.scene]
    if scene.slot == "weights":
        return OwnWeights(own.mine, setting.lam)
    more = [setting.gamma] if any(c.name == "gamma" for c in scene.controls) else []
    return OwnLoss(own.mine, data.counts, *more)


def _weakened(setting: Setting, own: Own, data: Dataset, model: nn.Sequential) -> Parts:
    """Cross-entropy on a model whose features are weakened while it trains."""
    from imbal_lab.methods import MajorFeatureWeakening, weaken_features

    setup = SETUPS[setting.data]
    tell: Callable[[Tensor], None] = lambda y: None  # noqa: E731
    if setting.method in (MINE, "mfw"):
        mix: Any = own.mine if setting.method == MINE else weaken_features
        tell = MajorFeatureWeakening(model, setup.weakened, data.counts, mix=mix).tell
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(model.parameters(), setting.lr, setup.momentum)
    return Parts(_fit(setting, data, model, criterion, optimizer, "mixed", tell), criterion)


def _own_optimizer(setting: Setting, own: Own, data: Dataset, model: nn.Sequential) -> Parts:
    """Cross-entropy with the batches of plain SGD, or full ones where the scene has those."""
    kind = "full" if SCENES[setting.scene].methods[0] == "gd" else "mixed"
    optimizer = own.mine(model.parameters(), lr=setting.lr)  # type: ignore[misc]
    criterion = nn.CrossEntropyLoss()
    run = _fit(setting, data, model, criterion, optimizer, kind)
    return Parts(run, criterion, _seen_batches(kind, setting, data))


def _fit(
    setting: Setting,
    data: Dataset,
    model: nn.Sequential,
    criterion: nn.Module,
    optimizer: torch.optim.Optimizer,
    kind: str,
    tell: Callable[[Tensor], None] = lambda y: None,
) -> Iterator[Record]:
    from imbal_lab.training.optimizer_loop import fit

    batches = _batches(kind, setting, data)
    return fit(
        data,
        model,
        criterion,
        optimizer,
        steps=SETUPS[setting.data].steps,
        batches=None if batches is None else Told(batches, data.y, tell),
        record_gradients="grad_norm" in SCENES[setting.scene].views,
    )


def _batches(kind: str, setting: Setting, data: Dataset, stream: int = 0) -> Any:
    size = min(setting.batch, len(data.y))
    return batches_of(kind, data.y, size, seed=setting.seed + stream)


def _seen_batches(kind: str, setting: Setting, data: Dataset) -> list[Tensor]:
    """A few batches of the same kind, to look at; none where the whole set is the batch."""
    batches = _batches(kind, setting, data, OTHER_STREAM)
    if batches is None:
        return []
    return list(islice(chain.from_iterable(repeat(batches)), BATCHES_SEEN))
