"""What the explorer trains: the learner's own functions, and the library's run behind them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from imbal_lab.explore import settings
from imbal_lab.explore.explain import explain
from imbal_lab.explore.settings import MINE, SETUPS, Setting

if TYPE_CHECKING:  # these come with the methods, which a student's process may lack
    from imbal_lab.instruments import Record, Recording

KEPT_RUNS = 32  # finished library runs that are replayed instead of trained again


@dataclass
class Run:
    """One run on its way: what was recorded so far, and what went wrong."""

    setting: Setting
    records: list[Record] = field(default_factory=list)
    behind: list[Record] = field(default_factory=list)
    problem: tuple[str, str, str] | None = None

    @property
    def recording(self) -> Recording | None:
        """What was recorded so far; None before the first record."""
        return _stack(self.records)

    @property
    def reference(self) -> Recording | None:
        """What was recorded so far of the library's run behind it."""
        return _stack(self.behind)


class Runs:
    """Makes the runs of an explorer.

    Attributes:
        labels: the full-batch methods by name, as menus show them; "mine" if there is a step of
            your own.
        stands_for: the library's method that your step is compared with: the one whose step has
            the same name, else PCNGD.
    """

    def __init__(
        self, step: Callable[..., Any] | None, gradients: Callable[..., Any] | None
    ) -> None:
        from imbal_lab.methods import METHODS

        self.step, self.gradients = step, gradients
        full = {name: m for name, m in METHODS.items() if m.step and m.batches == "full"}
        self.labels = {name: m.label.split(":")[0] for name, m in full.items()}
        if step is not None:
            self.labels[MINE] = "My step"
        names = {getattr(m.step, "__name__", ""): name for name, m in full.items()}
        self.stands_for = names.get(getattr(step, "__name__", ""), "pcngd")
        self._finished: dict[Setting, list[Record]] = {}

    def reference_of(self, setting: Setting) -> Setting | None:
        """The library's run to show behind this one; None if this is the library's own."""
        if setting.method == MINE:
            return setting.with_method(self.stands_for)
        return setting if self.gradients is not None else None

    def train(self, run: Run) -> Iterator[None]:
        """Fill the run, then the reference behind it, one step at a time."""
        try:
            for record in self.records(run.setting):
                run.records.append(record)
                yield
        except (Exception, SystemExit) as problem:  # the learner's code may raise anything
            run.problem = explain(problem)
        reference = self.reference_of(run.setting)
        if reference is not None:
            for record in self._library(reference):
                run.behind.append(record)
                yield

    def records(self, setting: Setting) -> Iterator[Record]:
        """The run of a setting, with the learner's functions where they were given."""
        from imbal_lab.methods import METHODS, class_gradients

        if self.reference_of(setting) is None:
            return self._library(setting)
        step = self.step if setting.method == MINE else METHODS[setting.method].step
        return _trained(setting, step, self.gradients or class_gradients)

    def _library(self, setting: Setting) -> Iterator[Record]:
        """The library's own run; a finished one is replayed."""
        from imbal_lab.methods import METHODS, class_gradients

        if setting in self._finished:
            yield from self._finished[setting]
            return
        records = []
        for record in _trained(setting, METHODS[setting.method].step, class_gradients):
            records.append(record)
            yield record
        if len(self._finished) >= KEPT_RUNS:
            del self._finished[next(iter(self._finished))]
        self._finished[setting] = records


def _trained(setting: Setting, step: Any, gradients: Callable[..., Any]) -> Iterator[Record]:
    from imbal_lab.training import train

    return train(
        settings.dataset(setting.data, setting.rho, setting.seed),
        settings.model(setting),
        step,
        lr=setting.lr,
        steps=SETUPS[setting.data].steps,
        gradients=gradients,
    )


def _stack(records: list[Record]) -> Recording | None:
    from imbal_lab.instruments import Recording

    return Recording.of(list(records)) if records else None
