"""Protocol: learning dynamics under class imbalance.

Francazi, Baity-Jesi, Lucchi, ICML 2023 (arXiv 2207.00391). The files of this folder are the
protocol: what is said, how it is measured, what decides, and which seeds. The measurements were
written with the development seeds; nothing here changes between a run and the page that
quotes it.
"""

from pathlib import Path

from imbal_lab.claims.dynamics import (
    delay,
    initial_drop,
    layers,
    mini_batches,
    noise,
    not_tested,
    overlap,
    pcngd,
)
from imbal_lab.claims.dynamics.setting import COMMON
from imbal_lab.claims.paper import Paper

HISTORY = (
    "*This is the second quoted run.* In the first, seeds 200 to 211, times counted the start as "
    "step 0; one majority was learnt at the start, so that the three claims about the lag had an "
    "infinite value and could not be judged. Of the other 30, 29 were reproduced, and one early in "
    "training only. The protocol was changed in this one point, no range was, and every claim was "
    "measured again with fresh seeds."
)

PAPER = Paper(
    name="dynamics",
    title="Learning dynamics",
    citation="Francazi, Baity-Jesi, Lucchi: *A Theoretical Analysis of the Learning Dynamics under "
    "Class Imbalance*, ICML 2023 ([arXiv 2207.00391](https://arxiv.org/abs/2207.00391)).",
    note='None of the paper\'s own numbers is quoted: they are for CIFAR. What "follows from" '
    "something was derived for this course from the update rules, and may be worded differently "
    "in the paper. f_l is a class's contribution to the loss (1/n over all examples), g_l its "
    "gradient, ĝ_l that divided by its length, v the direction of a step; class 0 is the majority. "
    f"Losses in the table are class means.\n\n{COMMON}\n\n{HISTORY}",
    protocol=Path(__file__).parent,
    # 100 to 109 were seen for one claim, while the frame of this page was tried; 200 to 211 were
    # the first quoted run.
    development=(*range(10), *range(100, 110), *range(200, 212)),
    quoted=range(300, 312),
    claims=(
        *initial_drop.CLAIMS,
        *pcngd.CLAIMS,
        *overlap.CLAIMS,
        *delay.CLAIMS,
        *noise.CLAIMS,
        *mini_batches.CLAIMS,
        *layers.CLAIMS,
        *not_tested.CLAIMS,
    ),
)
