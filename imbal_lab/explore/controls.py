"""The widgets of an explorer and where they stand; what they do is in `explorer`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import ipywidgets

from imbal_lab.explore.keys import KEYS_ARE_OURS
from imbal_lab.explore.scene import Control, Scene
from imbal_lab.explore.settings import SETUPS, Setting

SEEDS = (1, 3, 5, 10)


class Controls:
    """Core widgets only, which every front end has.

    Attributes:
        menus: the controls that decide a run, by name: data, method, the scene's sliders, and
            "beside" (a second method) and "seeds".
        widget: all of them with the picture and the texts.
    """

    def __init__(
        self, scene: Scene, labels: Mapping[str, str], setting: Setting, size: tuple[int, int]
    ) -> None:
        columns = 2 if len(scene.controls) == 2 else 3  # full rows
        self.menus: dict[str, Any] = {
            control.name: _slider(control, getattr(setting, control.name), columns)
            for control in scene.controls
        }
        methods = [(label, name) for name, label in labels.items()]
        data = [(SETUPS[name].label, name) for name in scene.data]
        trains, trained_on = "What trains the network", "What it is trained on"
        self.menus["method"] = _menu("Method", methods, setting.method, trains, columns)
        self.menus["data"] = _menu("Data", data, setting.data, trained_on, columns)
        others = [("nothing", ""), *methods]
        self.menus["beside"] = _small("Beside", others, "A second method, on the same seed")
        self.menus["seeds"] = _small(
            "Seeds", [(str(n), n) for n in SEEDS], "Runs, drawn as mean and 95 % interval"
        )
        self.image = ipywidgets.Image(
            format="png",
            width=size[0],
            height=size[1],
            layout={
                "max_width": "100%",
                "height": "auto",
                "object_fit": "contain",
                "border": "1px solid rgba(128,128,128,0.35)",
                "margin": "4px 0",
            },
        )
        self.text = ipywidgets.HTML()
        self.stop = _button("Stop", "Stop this run")
        self.stop.disabled = True
        self.status = ipywidgets.HTML(layout={"margin": "0 0 0 8px", "flex": "1 1 auto"})
        self.pin = ipywidgets.ToggleButton(
            description="Pin",
            tooltip="Keep this run, pale behind the next ones",
            layout={"width": "70px"},
        )
        self.save = _button("Save", "Write the picture as PNG and SVG beside the notebook")
        self.line = ipywidgets.HTML()
        self.widget = self._arranged(scene, size[0])

    def _arranged(self, scene: Scene, width: int) -> ipywidgets.VBox:
        decides = [w for name, w in self.menus.items() if name not in ("beside", "seeds")]
        wrap = {"flex_flow": "row wrap"}
        centred = {**wrap, "align_items": "center"}
        tools = [self.menus["beside"], self.menus["seeds"], self.pin, self.save]
        head = ipywidgets.HTML(f"<b>{scene.title}.</b> {scene.look_for}{KEYS_ARE_OURS}")
        return ipywidgets.VBox(
            [
                head,
                ipywidgets.HBox(decides, layout=wrap),
                self.image,
                self.text,
                ipywidgets.HBox([self.stop, self.status, *tools], layout=centred),
                self.line,
            ],
            layout={"max_width": f"{width + 20}px"},
        )

    def close(self) -> None:
        """Close every widget, with its layout and style."""
        _close(self.widget)


def _slider(control: Control, value: float, columns: int) -> Any:
    return ipywidgets.SelectionSlider(
        options=[(f"{p:g}", p) for p in sorted({*control.positions, value})],
        value=value,
        description=control.label,
        tooltip=control.what,
        **_wide(columns),
    )


def _menu(label: str, options: list[tuple[str, str]], value: str, what: str, columns: int) -> Any:
    return ipywidgets.Dropdown(
        options=options, value=value, description=label, tooltip=what, **_wide(columns)
    )


def _small(label: str, options: list[tuple[str, Any]], what: str) -> Any:
    return ipywidgets.Dropdown(
        options=options,
        description=label,
        tooltip=what,
        style={"description_width": "4em"},
        layout={"width": "190px" if label == "Beside" else "110px"},
    )


def _button(label: str, what: str) -> Any:
    return ipywidgets.Button(description=label, tooltip=what, layout={"width": "70px"})


def _wide(columns: int) -> dict[str, Any]:
    return {
        "style": {"description_width": "8em" if columns == 2 else "6.5em"},
        "layout": {"width": f"{860 // columns}px", "max_width": "100%"},
    }


def _close(widget: Any) -> None:
    for child in getattr(widget, "children", ()):
        _close(child)
    for part in (getattr(widget, "style", None), widget.layout):
        if part is not None:
            part.close()
    widget.close()
