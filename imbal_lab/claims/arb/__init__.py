"""Protocol: ARB-Loss, attraction and repulsion balanced.

Xie, Yang, Cai, He, Neurocomputing 527 (2023) (arXiv 2204.08735). The files of this folder are the
protocol: what is said, how it is measured, what decides, and which seeds.
"""

from pathlib import Path

from imbal_lab.claims.arb import accuracy, components, geometry, not_tested, segmentation
from imbal_lab.claims.arb.setting import SETTING
from imbal_lab.claims.paper import Paper

PAPER = Paper(
    name="arb",
    title="ARB-Loss",
    citation="Xie, Yang, Cai, He: *Neural Collapse Inspired Attraction-Repulsion-Balanced Loss for "
    "Imbalanced Learning*, Neurocomputing 527, 2023 "
    "([arXiv 2204.08735](https://arxiv.org/abs/2204.08735)).",
    note="None of the paper's own numbers is quoted; they could not be verified. With the counts "
    "of the training set the loss is balanced softmax, or logit adjustment with τ = 1, so what is "
    "said of it here is said of these too. Attraction A and repulsion R of class k are the weights "
    "with which its vector of the classifier is pulled to its own examples and pushed from all "
    f"others. Where the setting says digits or MNIST-1D: {SETTING}. Of the quoted seeds, 108 and "
    "109 were added after the slope of the ratio on digits had been seen for 100 to 107.",
    protocol=Path(__file__).parent,
    development=range(10),
    quoted=range(100, 110),
    claims=(
        *components.CLAIMS,
        *accuracy.CLAIMS,
        *geometry.CLAIMS,
        *segmentation.CLAIMS,
        *not_tested.CLAIMS,
    ),
)
