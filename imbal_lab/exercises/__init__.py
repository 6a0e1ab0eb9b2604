"""The exercises of the course by id. An id never changes: it stands in gradebooks."""

from imbal_lab.checks.exercise import Exercise
from imbal_lab.exercises import (
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

EXERCISES = {
    exercise.id: exercise
    for exercise in (
        imbalance_ratio.EXERCISE,
        class_recalls.EXERCISE,
        macro_f1.EXERCISE,
        shifted_probabilities.EXERCISE,
        class_gradients.EXERCISE,
        unit_directions.EXERCISE,
        pcngd_step.EXERCISE,
        projections.EXERCISE,
        rescaled_step.EXERCISE,
        sampling_weights.EXERCISE,
        robust_loss.EXERCISE,
        absgd_weights.EXERCISE,
        running_normaliser.EXERCISE,
        feature_deviation.EXERCISE,
        cdt_temperatures.EXERCISE,
        cdt_loss.EXERCISE,
        feature_gradients.EXERCISE,
        class_strengths.EXERCISE,
        weaken_features.EXERCISE,
        attraction_and_repulsion.EXERCISE,
        arb_losses.EXERCISE,
        mean_iou.EXERCISE,
    )
}


def names() -> tuple[str, ...]:
    """Every exercise id, in the order of the course."""
    return tuple(EXERCISES)


def get(id: str) -> Exercise:
    """The exercise called ``id``; ValueError lists the ids there are."""
    if id not in EXERCISES:
        raise ValueError(f"exercise={id!r}: choose one of {list(EXERCISES)}")
    return EXERCISES[id]
