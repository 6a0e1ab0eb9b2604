"""Answers as a stranger writes them: every known mistake again, unlisted ones, right ones.

Written from the names and the sentences of the mistakes alone, without the library's own
versions in sight, in the many styles that learners bring along. Each module holds

    MISTAKES  name of a known mistake -> answers that make it
    UNLISTED  what is wrong -> an answer that is wrong in a way that has no name
    RIGHT     style -> an answer that is right
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from answers import (
    absgd_weights,
    arb_losses,
    attraction_and_repulsion,
    cdt_loss,
    cdt_temperatures,
    class_gradients,
    class_recalls,
    class_strengths,
    feature_deviation,
    feature_gradients,
    imbalance_ratio,
    macro_f1,
    mean_iou,
    pcngd_step,
    projections,
    rescaled_step,
    robust_loss,
    running_normaliser,
    sampling_weights,
    shifted_probabilities,
    unit_directions,
    weaken_features,
)

Answer = Callable[..., Any]


class Answers(NamedTuple):
    mistakes: dict[str, tuple[Answer, ...]]
    unlisted: dict[str, Answer]
    right: dict[str, Answer]


ANSWERS = {
    module.__name__.rpartition(".")[2]: Answers(module.MISTAKES, module.UNLISTED, module.RIGHT)
    for module in (
        imbalance_ratio,
        class_recalls,
        macro_f1,
        shifted_probabilities,
        class_gradients,
        unit_directions,
        pcngd_step,
        projections,
        rescaled_step,
        sampling_weights,
        robust_loss,
        absgd_weights,
        running_normaliser,
        feature_deviation,
        cdt_temperatures,
        cdt_loss,
        feature_gradients,
        class_strengths,
        weaken_features,
        attraction_and_repulsion,
        arb_losses,
        mean_iou,
    )
}
