"""The explorer: move a control and watch every class learn, with your own step in the picture."""

from __future__ import annotations

import base64
import html
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import ipywidgets

from imbal_lab.explore import settings
from imbal_lab.explore.explain import explain
from imbal_lab.explore.live import Live, State
from imbal_lab.explore.painter import Painter
from imbal_lab.explore.predict import beside
from imbal_lab.explore.runs import Run, Runs
from imbal_lab.explore.settings import LR, MINE, SETUPS, Setting
from imbal_lab.explore.skip import skipped
from imbal_lab.figures import departure, summary

if TYPE_CHECKING:  # it comes with the methods, which a student's process may lack
    from imbal_lab.instruments import Recording


def explore(
    step: Callable[..., Any] | None = None,
    gradients: Callable[..., Any] | None = None,
    *,
    rho: float = 10,
    lr: float = LR,
    method: str | None = None,
    data: str = "gauss2d_binary",
    seed: int | None = None,
    prediction: str | None = None,
) -> Explorer | None:
    """Open an explorer; as the last line of a cell it shows itself.

    Args:
        step: your own step(params [P], grads [C, P], lr) -> params; the library's runs behind it,
            pale.
        gradients: your own class_gradients(model, x, y, num_classes) -> [C, P].
        rho: imbalance ratio n_max / n_min.
        lr: step size; it stays when method or data change.
        method: "gd", "pcngd", or "mine" for `step`. None: yours if given, else "gd".
        data: "gauss2d_binary", "gauss2d", "digits38" or "digits".
        seed: chooses examples and initial weights; None takes the data's usual one.
        prediction: the id of a `predict` question, to show its answer below the picture.

    Raises:
        ValueError: an unknown name, a step size that is not positive, a step that is not a
            function; the message says what is allowed.

    While grading, and where the methods are kept away, one line is printed and None returned.
    """
    if skipped("The explorer"):
        return None
    return Explorer(step, gradients, rho, lr, method, data, seed, prediction)


class Explorer:
    """Controls, picture, text. Made by `explore`."""

    def __init__(
        self,
        step: Callable[..., Any] | None,
        gradients: Callable[..., Any] | None,
        rho: float,
        lr: float,
        method: str | None,
        data: str,
        seed: int | None,
        prediction: str | None,
    ) -> None:
        for name, own in (("step", step), ("gradients", gradients)):
            if own is not None and not callable(own):
                raise ValueError(f"{name} = {own!r}: give your function itself, without quotes")
        if not lr > 0:
            raise ValueError(f"lr = {lr!r}: the step size must be positive, such as {LR:g}")
        self._runs = Runs(step, gradients)
        self._seed, self._prediction = seed, prediction
        settings.one_of("data", data, tuple(SETUPS))
        method = method or (MINE if step is not None else "gd")
        settings.one_of("method", method, tuple(self._runs.labels))
        self._painter = Painter()
        self._live: Live[Run] = Live(self._runs.train, self._paint, self._fail)
        self._build(rho, lr, method, data)
        self._shown = Run(self._wanted())
        self._live.run(self._shown)

    def run(self, setting: Setting) -> Recording:
        """Train to the end and return what was recorded; errors of your code are raised."""
        from imbal_lab.instruments import Recording

        return Recording.of(self._runs.records(setting))

    @property
    def recording(self) -> Recording | None:
        """What the picture shows; None before the first record."""
        return self._shown.recording

    @property
    def reference(self) -> Recording | None:
        """The library's run, pale behind it; None if the picture is the library's own."""
        return self._shown.reference

    @property
    def current(self) -> Setting:
        """The setting of the picture."""
        return self._shown.setting

    @property
    def setting(self) -> str:
        """A line of Python that opens this explorer again."""
        own = {"step": self._runs.step, "gradients": self._runs.gradients}
        given = [f"{k}={getattr(f, '__name__', '...')}, " for k, f in own.items() if f is not None]
        return f"explore({''.join(given)}{self.current.as_arguments()})"

    def _build(self, rho: float, lr: float, method: str, data: str) -> None:
        wide: dict[str, Any] = {
            "style": {"description_width": "6.5em"},
            "layout": {"width": "420px", "max_width": "100%"},
        }
        rhos = sorted({*settings.RHOS, rho})
        sizes = sorted({*settings.STEP_SIZES, lr})
        slider = ipywidgets.SelectionSlider
        self.rho = slider(
            options=[(f"{r:g}", r) for r in rhos], value=rho, description="Imbalance ρ", **wide
        )
        self.lr = slider(
            options=[(f"{s:g}", s) for s in sizes], value=lr, description="Step size", **wide
        )
        self.method = ipywidgets.Dropdown(
            options=[(label, name) for name, label in self._runs.labels.items()],
            value=method,
            description="Method",
            **wide,
        )
        self.data = ipywidgets.Dropdown(
            options=[(setup.label, name) for name, setup in SETUPS.items()],
            value=data,
            description="Data",
            **wide,
        )
        width, height = self._painter.size
        self.image = ipywidgets.Image(
            format="png",
            width=width,
            height=height,
            layout={"max_width": "100%", "height": "auto", "object_fit": "contain"},
        )
        self.text = ipywidgets.HTML()
        self.status = ipywidgets.HTML(layout={"margin": "0 0 0 1em"})
        self.stop = ipywidgets.Button(description="Stop", disabled=True, tooltip="Stop this run")
        self.stop.on_click(lambda _: self._live.stop())
        for control in (self.rho, self.lr, self.method, self.data):
            control.observe(lambda _: self._live.request(Run(self._wanted())), names="value")
        row = ipywidgets.HBox
        self.widget = ipywidgets.VBox(
            [
                row([self.rho, self.lr], layout={"flex_flow": "row wrap"}),
                row([self.method, self.data], layout={"flex_flow": "row wrap"}),
                self.image,
                self.text,
                row([self.stop, self.status], layout={"align_items": "center"}),
            ],
            layout={"max_width": f"{width + 20}px"},
        )

    def _wanted(self) -> Setting:
        seed = SETUPS[self.data.value].seed if self._seed is None else self._seed
        return Setting(self.data.value, self.rho.value, self.method.value, self.lr.value, seed)

    def _paint(self, run: Run, state: State) -> None:
        setting, steps = run.setting, SETUPS[run.setting.data].steps
        title = f"{self._runs.labels[setting.method]}: {setting}"
        reference = self._runs.reference_of(setting)
        if reference is not None:
            title += f"   (pale: {self._runs.labels[reference.method]}, the reference)"
        self.image.value = self._painter.paint(
            title,
            run.recording,
            settings.dataset(setting.data, setting.rho, setting.seed),
            steps,
            run.reference,
        )
        self.text.value = self._markup(run)
        self.stop.disabled = state != "running"
        at = run.records[-1].step if run.records else 0
        self.status.value = {
            "running": f"step {at} of {steps}",
            "done": "" if run.problem else f"done, {steps} steps",
            "stopped": f"stopped at step {at}; move a control to run again",
        }[state]
        self._shown = run

    def _fail(self, run: Run, problem: BaseException) -> None:
        run.problem = explain(problem)
        self.text.value = self._markup(run)
        self.stop.disabled, self.status.value = True, ""
        self._shown = run

    def _lines(self, run: Run) -> list[str]:
        """The text below the picture: three lines of a problem, or what the picture shows."""
        if run.problem is not None:
            return list(run.problem)
        recording, reference = run.recording, run.reference
        lines = [] if recording is None else [summary(recording)]
        wanted = self._runs.reference_of(run.setting)
        if recording is not None and reference is not None and wanted is not None:
            lines.append(departure(recording, reference, self._runs.labels[wanted.method]))
        predicted = beside(self._prediction) if self._prediction else None
        return lines if predicted is None else [*lines, predicted]

    def _markup(self, run: Run) -> str:
        role = "alert" if run.problem is not None else "status"
        lines = "<br>".join(html.escape(line, quote=False) for line in self._lines(run))
        return f'<div role="{role}" aria-live="polite" style="line-height:1.5">{lines}</div>'

    def __repr__(self) -> str:
        return "\n".join([str(self.current), *self._lines(self._shown)])

    def _repr_mimebundle_(self, **_: object) -> dict[str, Any]:
        """The widget for a live page, the picture and its text for every other reader."""
        bundle = dict(self.widget._repr_mimebundle_() or {})
        bundle["image/png"] = base64.b64encode(self.image.value).decode("ascii")
        bundle["text/plain"] = repr(self)
        return bundle

    def close(self) -> None:
        """End the worker thread and take the widgets off the page."""
        self._live.close()
        for box in (*self.widget.children, self.widget):
            for child in getattr(box, "children", ()):
                child.close()
            box.close()
