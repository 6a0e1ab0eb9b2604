"""Protocol: learning dynamics under class imbalance (PCNGD)."""

from collections.abc import Sequence
from pathlib import Path

from torch import Tensor

from imbal_lab.claims.claim import Claim, Within
from imbal_lab.claims.paper import Paper
from imbal_lab.methods import class_gradients, gd_step, pcngd_step
from imbal_lab.training.minority_drop import measure


def initial_drop(seeds: Sequence[int]) -> dict[str, Tensor]:

    gd = measure("GD", gd_step, class_gradients, "digits", 10, seeds, 100)
    pcngd = measure("PCNGD", pcngd_step, class_gradients, "digits", 10, seeds, 100)
    return {"rise of the minority, GD": gd.rise, "GD minus PCNGD": gd.rise - pcngd.rise}


PAPER = Paper(
    name="dynamics",
    title="Learning dynamics",
    citation="c",
    note="n",
    protocol=Path(__file__),
    development=(*range(10), *range(100, 110)),
    quoted=range(200, 212),
    claims=(
        Claim(
            id="dynamics-initial-drop",
            says="Under gradient descent the minority's loss first rises.",
            origin="abstract",
            setting="digits",
            measure=initial_drop,
            reproduced=(
                Within("rise of the minority, GD", low=0.05),
                Within("GD minus PCNGD", low=0.05),
            ),
        ),
        Claim(
            id="dynamics-cifar",
            says="It does so for CIFAR.",
            origin="experiments",
            why_not="hours on a CPU",
        ),
    ),
)
