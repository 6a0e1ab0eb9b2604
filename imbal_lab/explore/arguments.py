"""What was given to `explore`, checked."""

from collections.abc import Callable
from typing import Any

from imbal_lab.explore.scene import SIGNATURES, Scene
from imbal_lab.explore.trained import Own

Function = Callable[..., Any]


def own(
    scene: Scene, mine: Function | None, step: Function | None, gradients: Function | None
) -> Own:
    """The learner's code, or ValueError where this scene has no place for it."""
    for name, given in (("mine", mine), ("step", step), ("gradients", gradients)):
        if given is not None and not callable(given):
            raise ValueError(f"{name} = {given!r}: give your function itself, without quotes")
    for name, given in (("step", step), ("gradients", gradients)):
        if given is not None and scene.slot != "step":
            raise ValueError(
                f"{name}: this scene takes mine={SIGNATURES[scene.slot]}; steps and class "
                'gradients are for explore("minority_drop") and explore("noise")'
            )
    return Own(mine or step, gradients)


def numbers(scene: Scene, given: dict[str, float | None]) -> dict[str, float]:
    """Where the scene's sliders start, or ValueError for a number it does not take."""
    sliders = {control.name: control for control in scene.controls}
    for name, value in given.items():
        if value is not None and name not in sliders:
            raise ValueError(f"{name} = {value:g}: this scene has {', '.join(sliders)}")
    if given["rho"] is not None and not given["rho"] >= 1:
        raise ValueError(f"rho = {given['rho']!r}: the imbalance ratio is 1 or more, such as 10")
    if given["lr"] is not None and not given["lr"] > 0:
        raise ValueError(f"lr = {given['lr']!r}: the step size must be positive, such as 0.1")
    starts = {name: scene.start(control) for name, control in sliders.items()}
    return starts | {name: value for name, value in given.items() if value is not None}
