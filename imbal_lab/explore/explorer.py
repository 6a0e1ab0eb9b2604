"""The explorer: move a control and watch every class learn, with your own code in the picture."""

from __future__ import annotations

import base64
import html
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imbal_lab.explore import arguments, settings, share
from imbal_lab.explore.controls import SEEDS, Controls
from imbal_lab.explore.explain import explain, stuck
from imbal_lab.explore.live import Live, State
from imbal_lab.explore.opened import opened
from imbal_lab.explore.pictures import Pictures
from imbal_lab.explore.runs import Job, Runs
from imbal_lab.explore.scene import Scene
from imbal_lab.explore.scenes import SCENES
from imbal_lab.explore.settings import MINE, SETUPS, Setting
from imbal_lab.explore.skip import skipped
from imbal_lab.explore.trained import Own

if TYPE_CHECKING:  # it comes with the methods, which a student's process may lack
    from imbal_lab.instruments import Recording

Function = Callable[..., Any]
OPENING = 5.0  # seconds after which a cell is over and its first run goes on beside it


def explore(
    scene: str = "minority_drop",
    *,
    mine: Function | None = None,
    step: Function | None = None,
    gradients: Function | None = None,
    data: str | None = None,
    method: str | None = None,
    rho: float | None = None,
    lr: float | None = None,
    batch: int | None = None,
    lam: float | None = None,
    gamma: float | None = None,
    seed: int | None = None,
    beside: str | None = None,
    seeds: int = 1,
    prediction: str | None = None,
) -> Explorer | None:
    """Open an explorer; as the last line of a cell it shows itself. `scenes()` lists the scenes.

    Args:
        scene: what to explore.
        mine: your own function, in the place that the scene has for one; or your own class of
            torch optimizer.
        step: the same, for scenes about steps: step(params [P], grads [C, P], lr) -> params.
        gradients: your own class_gradients(model, x, y, num_classes) -> [C, P].
        data, method: where the menus start; "mine" for your own.
        rho: imbalance ratio n_max / n_min.
        lr: step size; it stays when method or data change.
        batch, lam, gamma: where a scene has a slider for it.
        seed: chooses examples, initial weights and batches; None takes the data's usual one.
        beside: a second method, to stand beside the first on the same seed.
        seeds: how many seeds, drawn as mean and 95 % interval.
        prediction: the id of a `predict` question, whose answer is drawn beside the truth when the
            first run is done.

    Raises:
        ValueError: an unknown name, an argument that the scene does not have, a number out of
            range, or something that is not a function; the message says what is allowed.

    While grading, and where the methods are kept away, one line is printed and None returned.
    """
    if skipped("The explorer"):
        return None
    settings.one_of("scene", scene, tuple(SCENES))
    chosen = SCENES[scene]
    given = {"rho": rho, "lr": lr, "batch": batch, "lam": lam, "gamma": gamma}
    own = arguments.own(chosen, mine, step, gradients)
    numbers = arguments.numbers(chosen, given)
    return Explorer(chosen, own, data, method, numbers, seed, beside, seeds, prediction)


class Explorer:
    """Controls, picture, text. Made by `explore`."""

    def __init__(
        self,
        scene: Scene,
        own: Own,
        data: str | None,
        method: str | None,
        numbers: dict[str, float],
        seed: int | None,
        beside: str | None,
        seeds: int,
        prediction: str | None,
    ) -> None:
        self.scene = scene
        self._runs = Runs(scene, own)
        self._seed = seed
        data = data or scene.data[0]
        settings.one_of("data", data, scene.data)
        method = method or (MINE if own.mine is not None else scene.methods[0])
        settings.one_of("method", method, tuple(self._runs.labels))
        if beside is not None:
            settings.one_of("beside", beside, tuple(self._runs.labels))
        if seeds not in SEEDS:
            raise ValueError(f"seeds = {seeds!r}: choose one of {', '.join(map(str, SEEDS))}")
        start = Setting(scene.name, data, method, **numbers)  # type: ignore[arg-type]
        start = replace(start, seed=SETUPS[data].seed if seed is None else seed)
        self._pictures = Pictures(self._runs, prediction, start)
        size = self._pictures.painter(data, 1).size
        self.controls = Controls(scene, self._runs.labels, start, size)
        self.controls.menus["beside"].value = beside or ""
        self.controls.menus["seeds"].value = seeds
        self._shown = self._wanted()
        self._state: State = "running"
        watched = self._stuck if any(own) else None  # the library's steps return
        self._live: Live[Job] = Live(self._runs.train, self._paint, self._fail, watched)
        on_a_page = opened(self)
        try:
            self._live.open(self._shown, OPENING if on_a_page else None)
        except KeyboardInterrupt:
            self.close()
            raise
        self._connect()

    def run(self, setting: Setting) -> Recording:
        """Train to the end and return what was recorded; errors of your code are raised."""
        from imbal_lab.explore.trained import trained
        from imbal_lab.instruments import Recording

        return Recording.of(moment.record for moment in trained(setting, self._runs.own))

    @property
    def recording(self) -> Recording | None:
        """What the picture shows of the first method and seed; None before the first record."""
        return self._shown.sides[0][0].recording

    @property
    def reference(self) -> Recording | None:
        """The library's run, pale behind it; None if the picture is the library's own."""
        return None if self._shown.behind is None else self._shown.behind.recording

    @property
    def current(self) -> Setting:
        """The setting of the picture."""
        return self._shown.setting

    @property
    def setting(self) -> str:
        """A line of Python that opens this explorer again."""
        return self._line(self._shown)

    def _line(self, job: Job) -> str:
        more: dict[str, Any] = {}
        if len(job.sides) == 2:
            more["beside"] = job.sides[1][0].setting.method
        if len(job.sides[0]) > 1:
            more["seeds"] = len(job.sides[0])
        return share.line(job.setting.as_arguments(), self._runs.own._asdict(), more)

    def save(self, path: str | Path) -> None:
        """Write the picture, PNG or SVG by the suffix, with its setting and text inside.

        Raises ValueError for another suffix.
        """
        picture = self._pictures.still(self._shown, self._state)
        text = "\n".join(self._pictures.lines(self._shown, self._state))
        share.save(picture, path, self.setting, text)

    def close(self) -> None:
        """End the run and its thread, and take the widgets off the page."""
        self._live.close()
        self.controls.close()

    def _connect(self) -> None:
        for menu in self.controls.menus.values():
            menu.observe(lambda _: self._moved(), names="value")
        self.controls.stop.on_click(lambda _: self._live.stop())
        self.controls.pin.observe(lambda change: self._pin(change["new"]), names="value")
        self.controls.save.on_click(lambda _: self._save())

    def _wanted(self) -> Job:
        """The job that the controls ask for."""
        values = {name: menu.value for name, menu in self.controls.menus.items()}
        beside, seeds = values.pop("beside") or None, values.pop("seeds")
        seed = SETUPS[values["data"]].seed if self._seed is None else self._seed
        return self._runs.job(Setting(self.scene.name, seed=seed, **values), beside, seeds)

    def _moved(self) -> None:
        job = self._wanted()
        if self._runs.filled(job):
            self._live.show(job)
        else:
            self._live.request(job)

    def _pin(self, on: bool) -> None:
        self._pictures.pin(self._shown if on else None)
        if self._state != "running":
            self._live.show(self._shown, self._state)

    def _save(self) -> None:
        setting = self.current
        name = f"{setting.scene}_{setting.data}_{setting.method}_rho{setting.rho:g}"
        try:
            for suffix in (".png", ".svg"):
                self.save(name + suffix)
        except OSError as problem:
            self.controls.status.value = html.escape(f"not saved: {problem}")
        else:
            self.controls.status.value = f"saved {name}.png and .svg beside the notebook"

    def _paint(self, job: Job, state: State) -> None:
        self.controls.image.value = self._pictures.png(job, state)
        self._say(job, state)
        self.controls.stop.disabled = state != "running"
        steps = SETUPS[job.setting.data].steps
        bar = f'<progress value="{max(job.step, 0)}" max="{steps}"></progress> '
        self.controls.status.value = {
            "running": f"{bar}step {max(job.step, 0)} of {steps}",
            "done": "" if job.problem else f"done, {steps} steps",
            "stopped": f"stopped at step {max(job.step, 0)}; move a control to run again",
        }[state]
        self.controls.line.value = share.field(self._line(job))
        self._shown, self._state = job, state

    def _fail(self, job: Job, problem: BaseException) -> None:
        job.sides[0][0].problem = explain(problem)
        self._say(job, "done")
        self.controls.stop.disabled, self.controls.status.value = True, ""
        self._shown, self._state = job, "done"

    def _stuck(self, job: Job, seconds: float) -> None:
        self._paint(job, "running")
        own = next(function for function in self._runs.own if function is not None)
        self._say_lines("alert", stuck(getattr(own, "__name__", "Your function"), seconds))

    def _say(self, job: Job, state: State) -> None:
        role = "alert" if job.problem is not None else "status"
        self._say_lines(role, self._pictures.lines(job, state))

    def _say_lines(self, role: str, lines: Sequence[str]) -> None:
        text = "<br>".join(html.escape(line, quote=False) for line in lines)
        self.controls.text.value = (
            f'<div role="{role}" aria-live="polite" style="line-height:1.5">{text}</div>'
        )

    def __repr__(self) -> str:
        return "\n".join([str(self.current), *self._pictures.lines(self._shown, self._state)])

    def _repr_mimebundle_(self, **_: object) -> dict[str, Any]:
        """The widget for a live page, the picture and its text for every other reader."""
        bundle = dict(self.controls.widget._repr_mimebundle_() or {})
        bundle["image/png"] = base64.b64encode(self.controls.image.value).decode("ascii")
        bundle["text/plain"] = repr(self)
        return bundle
