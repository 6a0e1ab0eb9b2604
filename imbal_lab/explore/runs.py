"""What the explorer trains: the runs that one position of the controls asks for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from imbal_lab.explore.explain import explain
from imbal_lab.explore.scene import Scene
from imbal_lab.explore.settings import MINE, Setting
from imbal_lab.explore.trained import Own, is_optimizer, trained

if TYPE_CHECKING:  # these come with the methods, which a student's process may lack
    from imbal_lab.instruments import Record, Recording, Snapshot

KEPT_RUNS = 48  # finished library runs that are shown again instead of trained again


@dataclass
class Run:
    """One run on its way: what was recorded so far, and what went wrong."""

    setting: Setting
    records: list[Record] = field(default_factory=list)
    snapshots: list[Snapshot] = field(default_factory=list)
    problem: tuple[str, str, str] | None = None
    _stacked: Recording | None = None

    @property
    def recording(self) -> Recording | None:
        """What was recorded so far; None before the first record."""
        from imbal_lab.instruments import Recording

        if self.records and (self._stacked is None or len(self._stacked.step) < len(self.records)):
            self._stacked = Recording.of(list(self.records))
        return self._stacked


@dataclass
class Job:
    """What one position of the controls asks for.

    Attributes:
        sides: the runs of one method, or of two side by side; one run a seed.
        behind: the library's run, pale behind the learner's.
    """

    sides: tuple[tuple[Run, ...], ...]
    behind: Run | None = None

    @property
    def setting(self) -> Setting:
        """That of the first run."""
        return self.sides[0][0].setting

    @property
    def problem(self) -> tuple[str, str, str] | None:
        """The first problem that one of its runs met."""
        found = (run.problem for side in self.sides for run in side)
        return next((problem for problem in found if problem), None)

    @property
    def step(self) -> int:
        """How far the first run has come; -1 before its first record."""
        records = self.sides[0][0].records
        return records[-1].step if records else -1


class Runs:
    """Makes the jobs of an explorer and trains them.

    Attributes:
        labels: the scene's methods by name, as menus show them; "mine" if there is a function of
            your own.
        stands_for: the library's method that yours is compared with: the one whose function has
            the same name, else the scene's.
    """

    def __init__(self, scene: Scene, own: Own) -> None:
        self.scene, self.own = scene, own
        self.labels = {name: label_of(name) for name in scene.methods}
        if own.mine is not None:
            self.labels[MINE] = f"Your {'optimizer' if is_optimizer(own.mine) else scene.slot}"
        self.stands_for = scene.method_of(own.mine)
        self._finished: dict[Setting, Run] = {}

    def job(self, setting: Setting, beside: str | None = None, seeds: int = 1) -> Job:
        """The runs of a setting: its method and another one beside it, with so many seeds."""
        methods = [setting.method] if beside is None else [setting.method, beside]
        each = [replace(setting, seed=setting.seed + k) for k in range(seeds)]
        sides = tuple(tuple(Run(s.with_method(m)) for s in each) for m in methods)
        reference = self.reference_of(setting) if beside is None and seeds == 1 else None
        return Job(sides, None if reference is None else Run(reference))

    def reference_of(self, setting: Setting) -> Setting | None:
        """The library's run to show behind this one; None if this is the library's own."""
        if setting.method == MINE:
            return setting.with_method(self.stands_for)
        return setting if self.own.gradients is not None else None

    def filled(self, job: Job) -> bool:
        """Whether all runs of the job were finished before; if so they are in it now."""
        runs = [run for side in job.sides for run in side]
        if job.behind is not None or not all(run.setting in self._finished for run in runs):
            return False
        job.sides = tuple(tuple(self._finished[r.setting] for r in side) for side in job.sides)
        return True

    def kept(self, job: Job) -> bool:
        """Whether all runs of the job are finished ones of the library, and kept."""
        runs = [run for side in job.sides for run in side]
        return job.behind is None and all(self._finished.get(r.setting) is r for r in runs)

    def train(self, job: Job) -> Iterator[None]:
        """Fill the job one step at a time: all its runs in turn, then the one behind them."""
        yield from _in_turn([self._fill(run, self.own) for side in job.sides for run in side])
        if job.behind is not None:
            yield from self._fill(job.behind, Own())

    def _fill(self, run: Run, own: Own) -> Iterator[None]:
        library = run.setting.method != MINE and own.gradients is None
        if library and run.setting in self._finished:
            known = self._finished[run.setting]
            run.records, run.snapshots = known.records, known.snapshots
            return
        try:
            for moment in trained(run.setting, own):
                run.records.append(moment.record)
                if moment.snapshot is not None:
                    run.snapshots.append(moment.snapshot)
                yield
        except (Exception, SystemExit) as problem:  # the learner's code may raise anything
            run.problem = explain(problem)
        else:
            if library:
                self._keep(run)

    def _keep(self, run: Run) -> None:
        while len(self._finished) >= KEPT_RUNS:
            del self._finished[next(iter(self._finished))]
        self._finished[run.setting] = run


def label_of(method: str) -> str:
    """The short form of a method's label."""
    from imbal_lab.methods import METHODS

    return "MFW" if method == "mfw" else METHODS[method].label.split(":")[0]


def _in_turn(runs: Sequence[Iterator[None]]) -> Iterator[None]:
    """One step of each, and again, until all have ended."""
    going = list(runs)
    while going:
        for run in list(going):
            try:
                next(run)
            except StopIteration:
                going.remove(run)
            else:
                yield
