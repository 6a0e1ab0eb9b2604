"""The picture of a job and what it says: as PNG for the page, as a figure for a file, as lines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from imbal_lab.explore import settings, words
from imbal_lab.explore.live import State
from imbal_lab.explore.painter import Layer, Painter
from imbal_lab.explore.predict import MISSING, Predicted, beside, prediction
from imbal_lab.explore.runs import KEPT_RUNS, Job, Runs
from imbal_lab.explore.settings import SETUPS, Setting
from imbal_lab.explore.trained import views_on
from imbal_lab.figures import VIEWS
from imbal_lab.figures.panels import square_rows

if TYPE_CHECKING:  # it comes with the methods, which a student's process may lack
    from matplotlib.figure import Figure


class Pictures:
    """Draws the jobs of one explorer.

    Attributes:
        pinned: the job that lies pale behind every other one; None if none does.

    Args:
        runs: where the jobs come from.
        prediction: the id of a `predict` question about the first setting, or None.
        start: that setting.
    """

    def __init__(self, runs: Runs, prediction: str | None, start: Setting) -> None:
        self._runs, self._prediction, self._start = runs, prediction, start
        self._painters: dict[tuple[tuple[str, ...], int], Painter] = {}
        self._kept: dict[object, bytes] = {}
        self.pinned: Job | None = None

    @property
    def labels(self) -> Mapping[str, str]:
        """The scene's methods by name."""
        return self._runs.labels

    def pin(self, job: Job | None) -> None:
        """Keep a job behind every other one; None takes it away."""
        self.pinned = job
        self._kept.clear()  # it is in every one

    def painter(self, data: str, sides: int) -> Painter:
        """The painter for so many sides of this data."""
        scene = self._runs.scene
        views = views_on(data, scene.views if sides == 1 else scene.beside)
        if (views, sides) not in self._painters:
            square = square_rows([VIEWS[view] for view in scene.views], 2)
            self._painters[views, sides] = Painter(views, sides, square)
        return self._painters[views, sides]

    def png(self, job: Job, state: State) -> bytes:
        """The picture of a job; that of a finished one is kept as long as its runs may be."""
        predicted = self._predicted(job, state)
        key = (predicted, *(tuple(run.setting for run in side) for side in job.sides))
        keep = state == "done" and self._runs.kept(job)
        if keep and key in self._kept:
            return self._kept[key]
        painter = self.painter(job.setting.data, len(job.sides))
        picture = painter.paint(*self._drawn(job), predicted, under_way=state == "running")
        if keep:
            while len(self._kept) >= KEPT_RUNS:
                del self._kept[next(iter(self._kept))]
            self._kept[key] = picture
        return picture

    def still(self, job: Job, state: State) -> Figure:
        """The same picture as a figure of its own."""
        painter = self.painter(job.setting.data, len(job.sides))
        return painter.still(*self._drawn(job), self._predicted(job, state))

    def lines(self, job: Job, state: State) -> list[str]:
        """Three lines of a problem, or what the picture shows."""
        if job.problem is not None:
            return list(job.problem)
        setting = job.setting
        views = self.painter(setting.data, len(job.sides)).views
        data = settings.dataset(setting.data, setting.rho, setting.seed)
        lines = words.of_job(job, views, data, self.labels)
        if self._prediction is not None and prediction(self._prediction) is None:
            return [*lines, MISSING]
        predicted = self._predicted(job, state)
        return lines if predicted is None else [*lines, predicted.text]

    def titles(self, job: Job) -> list[str]:
        """The headline of each side."""
        labels = [self.labels[side[0].setting.method] for side in job.sides]
        if len(labels) == 2:
            return [f"{labels[0]}: {job.setting.numbers}", labels[1]]
        first = f"{labels[0]}: {job.setting}"
        behind = self._behind(job)
        if behind:
            method = behind[0].runs[0].setting.method
            what = "pinned" if self.pinned is not None else "the reference"
            first += f"   (pale: {self.labels[method]}, {what})"
        return [first]

    def _drawn(self, job: Job) -> tuple[list[str], list[list[Layer]], Any, int]:
        """What a painter needs to draw a job: titles, layers, classes, steps."""
        setting = job.setting
        data = settings.dataset(setting.data, setting.rho, setting.seed)
        sides = [[*self._behind(job), Layer(side)] for side in job.sides]
        return self.titles(job), sides, data, SETUPS[setting.data].steps

    def _behind(self, job: Job) -> list[Layer]:
        """The pinned run, if it has the same classes, else the library's run."""
        pinned = self.pinned
        if pinned is not None and pinned is not job:
            same = pinned.setting.data == job.setting.data
            return [Layer(pinned.sides[0], faint=True)] if same else []
        return [] if job.behind is None else [Layer((job.behind,), faint=True)]

    def _predicted(self, job: Job, state: State) -> Predicted | None:
        """The prediction, once the run that it was about is done."""
        if self._prediction is None or state != "done" or len(job.sides) > 1:
            return None
        return beside(self._prediction) if job.setting == self._start else None
