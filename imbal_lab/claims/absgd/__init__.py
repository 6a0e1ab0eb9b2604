"""Protocol: attentional-biased SGD.

Qi, Xu, Jin, Yin, Yang, TMLR 2023 (arXiv 2012.06951). The files of this folder are the protocol:
what is said, how it is measured, what decides, and which seeds. Settings and ranges were chosen
with the development seeds; nothing here changes between a run and the page that quotes it.
"""

from pathlib import Path

from imbal_lab.claims.absgd import (
    convergence,
    cost,
    imbalance,
    noise,
    not_tested,
    one_step,
    prior,
    weighting,
)
from imbal_lab.claims.paper import Paper

PAPER = Paper(
    name="absgd",
    title="ABSGD",
    citation="Qi, Xu, Jin, Yin, Yang: *Attentional-Biased Stochastic Gradient Descent*, TMLR 2023 "
    "([arXiv 2012.06951](https://arxiv.org/abs/2012.06951)).",
    note="The paper's tables were not at hand: claims are worded after its abstract, its first "
    "figure and the authors' code, and no number of theirs is quoted but those of that figure and "
    'of their tutorial. What "follows from" something was derived for this course. Networks on '
    "digits and curves have their gradients cut to length 5. Settings, λ among them, were chosen "
    "on the development seeds, where several were tried; gains are paired by seed and share the "
    "batches.",
    protocol=Path(__file__).parent,
    development=range(10),
    quoted=range(100, 112),
    claims=(
        *one_step.CLAIMS,
        *imbalance.CLAIMS,
        *weighting.CLAIMS,
        *prior.CLAIMS,
        *noise.CLAIMS,
        *convergence.CLAIMS,
        *cost.CLAIMS,
        *not_tested.CLAIMS,
    ),
)
