"""Acceptance tests: a paper's figure at small scale, over seeds, with a learner's own functions.

One module a claim, whose function has the claim's name, takes functions (None: the library's) and
returns a `Finding`.
"""

from collections.abc import Callable

from imbal_lab.acceptance.attraction_balances import attraction_balances
from imbal_lab.acceptance.feature_deviation_and_cdt import feature_deviation_and_cdt
from imbal_lab.acceptance.finding import Finding, Part
from imbal_lab.acceptance.hard_examples_first import hard_examples_first
from imbal_lab.acceptance.iou_or_recall import iou_or_recall
from imbal_lab.acceptance.minibatch_noise import minibatch_noise
from imbal_lab.acceptance.minority_initial_drop import minority_initial_drop
from imbal_lab.acceptance.weakened_major_features import weakened_major_features
from imbal_lab.acceptance.which_remedy_wins import which_remedy_wins

CLAIMS: dict[str, Callable[..., Finding]] = {
    claim.__name__: claim  # in the order of the course
    for claim in (
        which_remedy_wins,
        minority_initial_drop,
        minibatch_noise,
        hard_examples_first,
        feature_deviation_and_cdt,
        weakened_major_features,
        attraction_balances,
        iou_or_recall,
    )
}

__all__ = ["CLAIMS", "Finding", "Part"]
